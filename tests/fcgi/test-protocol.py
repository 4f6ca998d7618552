# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Peers that keep to FastCGI are answered; those that lie, drip or say nothing are dropped and cost nobody else anything."""
import os
import pathlib
import random
import re
import resource
import signal
import time
import unittest

import fastcgi
from fastcgi import API, PARAMS, STDIN, Service, begin, pairs, record, request, stream, unread
from stack import Credentials, wait_until

PATH = f"{API}livechat/sla"
WORKERS = 2
SLACK_SECONDS = 5  # that a busy machine may add to what is bounded; less than what the fault would
BODY_LIMIT = 65536
PEERS_MOST = 64  # that a worker reads at once
SOMEBODY = Credentials("A" * 17, "A" * 43)

VARIABLES = pairs(fastcgi.variables("OPTIONS", PATH))
GOOD = request("OPTIONS", PATH)

REFUSED = {
	"another version": record(fastcgi.BEGIN_REQUEST, bytes([0, 1, 0, 0, 0, 0, 0, 0]), version=2),
	"HTTP": b"GET /api/v1/livechat/sla HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"request 0": begin(request_id=0),
	"authorizer": begin(role=fastcgi.AUTHORIZER) + stream(PARAMS, VARIABLES) + record(STDIN),
	"filter": begin(role=fastcgi.FILTER) + stream(PARAMS, VARIABLES) + record(STDIN),
	"no beginning": stream(PARAMS, VARIABLES) + record(STDIN),
	"two beginnings": begin() + begin(request_id=2),
	"another request's variables": begin() + record(PARAMS, VARIABLES, request_id=2),
	"body before the end of the variables": begin() + record(PARAMS, VARIABLES) + record(STDIN, b"{}") + record(PARAMS) + record(STDIN),
	"variables after the body": begin() + stream(PARAMS, VARIABLES) + record(STDIN, b"{}") + record(PARAMS, VARIABLES),
	"abort": begin() + record(fastcgi.ABORT_REQUEST),
	"data": begin() + stream(PARAMS, VARIABLES) + record(fastcgi.DATA, b"x"),
	"get values": record(fastcgi.GET_VALUES, pairs({"FCGI_MAX_CONNS": ""}), request_id=0) + GOOD,
	"get values within": begin() + record(fastcgi.GET_VALUES, request_id=0) + stream(PARAMS, VARIABLES) + record(STDIN),
	"management record that carries variables": begin() + record(200, pairs({"HTTP_X_USER_ID": "x"}), request_id=0),
	"empty name": begin() + stream(PARAMS, pairs({"": "x"})),
	"NUL in a name": begin() + stream(PARAMS, pairs({"A\0": "x"})),
	"NUL in a value": begin() + stream(PARAMS, pairs({"REQUEST_URI": PATH + "\0/x"})),
	"= in a name": begin() + stream(PARAMS, pairs({"CONTENT_LENGTH=9": ""})),
	"value over the end": begin() + stream(PARAMS, VARIABLES[:-1]),
	"lengths up to the largest": begin() + stream(PARAMS, b"\xff\xff\xff\xfe\xff\xff\xff\xfe"),
	"variables without end": begin() + record(PARAMS, pairs({"X": "x" * 60000})) * 2,
	"empty pairs": begin() + record(PARAMS, b"\x01\x00A" * 21845) * 2,
}

# Cut off here the request is not whole; the peer then closes its side.
CUT = {
	"nothing": 0,
	"in the first header": 4,
	"after the beginning": 16,
	"in the variables": 16 + 8 + 20,
	"between two variables": 16 + 8 + len(pairs({"REQUEST_METHOD": "OPTIONS"})),
	"before the end of the variables": 16 + 8 + len(VARIABLES),
	"before the end of the body": len(GOOD) - 8,
	"in the last header": len(GOOD) - 1,
}


def memory(pid):
	"""KiB that are resident."""
	return int(re.search(r"^VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])


class Protocol(unittest.TestCase):
	INTAKE_SECONDS = 5

	@classmethod
	def setUpClass(cls):
		cls.service = Service(workers=WORKERS, intake_timeout=f"{cls.INTAKE_SECONDS}s", body_limit=BODY_LIMIT).start()
		cls.service.wait_until_whole()
		cls.workers = cls.service.pool.workers()

	@classmethod
	def tearDownClass(cls):
		cls.service.finish()

	def tearDown(self):
		self.assertTrue(self.service.serves())
		self.assertEqual(self.service.pool.workers(), self.workers, "no worker has died")

	def dropped(self, peer):
		"""The peer is told nothing, and seen off in an orderly way."""
		self.assertEqual(peer.receive(), b"")


class Answers(Protocol):
	def expect(self, status, *arguments, **more):
		answer = self.service.request(*arguments, **more)
		self.assertEqual(answer.status, status)
		return answer

	def test_unknown_path(self):
		self.assertEqual(self.expect(404, "GET", f"{API}nothing").json(), {"status": "error", "message": "API endpoint does not exist"})

	def test_head_has_no_body(self):
		answer = self.expect(404, "HEAD", f"{API}nothing")
		self.assertEqual(answer.body, b"")
		self.assertGreater(int(answer.header("Content-Length")), 0)

	def test_unknown_method(self):
		self.assertEqual(self.expect(405, "PATCH", PATH).header("Allow"), "GET, HEAD, POST, OPTIONS")

	def test_options(self):
		answer = self.expect(204, "OPTIONS", PATH)
		self.assertEqual((answer.body, answer.header("Allow")), (b"", "GET, HEAD, POST, OPTIONS"))

	def test_body_at_the_limit(self):
		self.expect(401, "POST", PATH, b" " * BODY_LIMIT)

	def test_body_over_the_limit_is_read_to_its_end(self):
		self.expect(413, "POST", PATH, b" " * (BODY_LIMIT + 1))
		self.expect(413, "POST", PATH, b" " * 5000000)

	def test_media_type(self):
		self.expect(415, "POST", PATH, b"{}", {"Content-Type": "text/plain"})

	def test_no_credentials(self):
		self.expect(401, "POST", PATH, {})

	def test_database_is_away(self):
		answer = self.expect(503, "POST", PATH, {}, credentials=SOMEBODY)
		self.assertEqual(answer.json(), {"success": False, "error": "error-service-unavailable"})
		self.assertGreater(int(answer.header("Retry-After")), 0)

	def test_variables_that_are_not_there(self):
		self.expect(404, "GET", PATH, REQUEST_URI=None)
		self.expect(405, "GET", PATH, REQUEST_METHOD=None)
		self.expect(204, "OPTIONS", PATH, CONTENT_LENGTH=None, REMOTE_ADDR=None)

	def test_no_variables(self):
		with self.service.peer() as peer:
			self.assertEqual(peer.send(begin() + record(PARAMS) + record(STDIN)).answer().status, 404)

	def test_most_variables(self):
		with self.service.peer() as peer:
			left = 65536 - len(VARIABLES) - len(pairs({"X": "x" * 1000})) + 1000
			peer.send(begin() + stream(PARAMS, VARIABLES + pairs({"X": "x" * left})) + record(STDIN))
			self.assertEqual(peer.answer().status, 204)

	def test_bytes_one_by_one(self):
		with self.service.peer() as peer:
			for at in range(len(GOOD)):
				peer.send(GOOD[at:at + 1])
			self.assertEqual(peer.answer().status, 204)

	def test_padding(self):
		with self.service.peer() as peer:
			peer.send(begin() + record(PARAMS, VARIABLES, padding=255) + record(PARAMS, padding=7) + record(STDIN, padding=1))
			self.assertEqual(peer.answer().status, 204)

	def test_peer_that_does_not_wait_for_its_answer(self):
		for _ in range(50):
			with self.service.peer() as peer:
				peer.send(request("GET", PATH))

	def test_peer_that_stays_after_its_answer(self):
		with self.service.peer() as peer:
			peer.send(GOOD).answer()
			started = time.monotonic()
			for _ in range(20):
				self.service.serves()
			self.assertLess(time.monotonic() - started, self.INTAKE_SECONDS, "nobody waits for it to go")


class Lies(Protocol):
	def test_refused(self):
		for name, data in REFUSED.items():
			with self.subTest(name), self.service.peer(self.INTAKE_SECONDS / 2) as peer:
				self.dropped(peer.send(data))

	def test_cut(self):
		for name, size in CUT.items():
			with self.subTest(name), self.service.peer(self.INTAKE_SECONDS / 2) as peer:
				peer.send(GOOD[:size]).socket.shutdown(1)
				self.dropped(peer)

	def test_garbage(self):
		for seed in range(200):
			with self.service.peer(self.INTAKE_SECONDS * 2) as peer:
				self.dropped(peer.send(random.Random(seed).randbytes(5000)))

	def test_half_a_request_and_gone(self):
		for size in range(0, len(GOOD), 3):
			with self.service.peer() as peer:
				peer.send(GOOD[:size])

	def test_endless_variables_take_no_memory(self):
		before = sum(memory(worker) for worker in self.workers)
		for content in (pairs({"X": "x" * 60000}), b"\x01\x00A" * 20000):
			with self.service.peer() as peer, self.assertRaises((BrokenPipeError, ConnectionResetError)):
				peer.send(begin())
				for _ in range(3000):
					peer.send(record(PARAMS, content))
		self.assertLess(sum(memory(worker) for worker in self.workers) - before, 2048)

	def test_endless_body_takes_no_memory(self):
		before = sum(memory(worker) for worker in self.workers)
		started = time.monotonic()
		with self.service.peer() as peer, self.assertRaises((BrokenPipeError, ConnectionResetError)):
			peer.send(begin() + stream(PARAMS, VARIABLES))
			while time.monotonic() < started + 30:
				peer.send(record(STDIN, b" " * 65535))
		self.assertLess(time.monotonic() - started, self.INTAKE_SECONDS + SLACK_SECONDS, "the deadline is one for the whole request")
		self.assertLess(sum(memory(worker) for worker in self.workers) - before, 2048)


class Silence(Protocol):
	INTAKE_SECONDS = 2  # which these tests wait for

	def expect_drop_at_the_deadline(self, peer, started):
		self.dropped(peer)
		self.assertGreater(time.monotonic() - started, self.INTAKE_SECONDS * 0.9)
		self.assertLess(time.monotonic() - started, self.INTAKE_SECONDS + SLACK_SECONDS)

	def test_more_silent_peers_than_workers(self):
		silent = [self.service.peer() for _ in range(WORKERS + 1)]
		started = time.monotonic()
		self.assertTrue(self.service.serves())
		self.assertLess(time.monotonic() - started, 2 * self.INTAKE_SECONDS + SLACK_SECONDS)
		for peer in silent:
			self.dropped(peer)
			peer.socket.close()

	def test_silence_after_a_beginning(self):
		for name, size in CUT.items():
			started = time.monotonic()
			with self.subTest(name), self.service.peer() as peer:
				self.expect_drop_at_the_deadline(peer.send(GOOD[:size]), started)

	def test_drip(self):
		"""Each byte comes soon after the one before, the last would come late."""
		for name, whole, dripped in (("header", b"", GOOD), ("variables", GOOD[:24], GOOD[24:]), ("body", GOOD[:-8], record(STDIN, b" " * 1000))):
			with self.subTest(name), self.service.peer() as peer:
				started = time.monotonic()
				peer.send(whole)
				with self.assertRaises((BrokenPipeError, ConnectionResetError)):
					for at in range(len(dripped)):
						peer.send(dripped[at:at + 1])
						time.sleep(0.1)
				self.assertLess(time.monotonic() - started, self.INTAKE_SECONDS + SLACK_SECONDS)


class Crowd(unittest.TestCase):
	"""Peers that are slow, silent or many keep no other waiting."""

	def serve(self, hang_database=False, **keys):
		service = Service(**keys)
		self.addCleanup(service.finish)
		if hang_database:
			self.addCleanup(service.hang_database().close)
		service.start().wait_until_whole()
		return service

	def peers(self, service, count, data=b""):
		peers = [service.peer().send(data) for _ in range(count)]
		for peer in peers:
			self.addCleanup(peer.socket.close)
		return peers

	def slowest(self, service, count):
		slowest = 0
		for _ in range(count):
			started = time.monotonic()
			self.assertTrue(service.serves())
			slowest = max(slowest, time.monotonic() - started)
		return slowest

	def test_a_thousand_peers_that_say_nothing_or_half(self):
		least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
		resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
		self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (least, most))
		service = self.serve(workers=2, intake_timeout="10s")
		workers = service.pool.workers()
		for data in (b"", GOOD[:20], GOOD[:-1]):
			self.peers(service, 333, data)
			slowest = self.slowest(service, 20)
			print(f"# 333 more peers with {len(data)} bytes, the slowest honest one after {slowest:.2f} s")
			self.assertLess(slowest, 5)
		self.assertEqual(service.pool.workers(), workers)

	def test_the_oldest_goes_when_there_are_too_many(self):
		service = self.serve(workers=1, intake_timeout="30s")
		peers = self.peers(service, PEERS_MOST + 2, GOOD[:-1])
		for peer in peers[:2]:
			self.assertEqual(peer.receive(), b"")
		for peer in peers[2:]:
			self.assertEqual(peer.send(GOOD[-1:]).answer().status, 204)

	def test_time_in_which_nobody_listens_does_not_count(self):
		"""Of two requests that come slowly to one worker, one has to wait for the other's work."""
		service = self.serve(hang_database=True, workers=1, intake_timeout="3s", request_timeout="5s")

		def attempt():
			slow, = self.peers(service, 1, GOOD[:-1])
			started = time.monotonic()
			self.assertEqual(service.request("GET", PATH, credentials=SOMEBODY).status, 503)
			return slow if time.monotonic() - started > 4 else None

		# A database that failed a moment ago is left alone for a while.
		slow = wait_until(attempt, "work that takes its time")
		self.assertEqual(slow.send(GOOD[-1:]).answer().status, 204)

	def test_peers_that_talk_and_go_take_no_time(self):
		"""A silent peer is given a few milliseconds before the next is looked at; of these that would be some seconds."""
		service = self.serve(workers=1)
		worker, = service.pool.workers()
		os.kill(worker, signal.SIGSTOP)
		for data in (b"garbage!", GOOD[:20]) * 400:
			service.peer().send(data).socket.close()
		honest, = self.peers(service, 1, GOOD)
		started = time.monotonic()
		os.kill(worker, signal.SIGCONT)
		self.assertEqual(honest.answer().status, 204)
		self.assertLess(time.monotonic() - started, 2)

	def test_a_slow_request_is_not_put_off_by_younger_ones(self):
		service = self.serve(workers=1, intake_timeout="30s")
		worker, = service.pool.workers()
		whole = request("GET", f"{API}nothing")
		slow, = self.peers(service, 1, whole[:-1])
		wait_until(lambda: unread(slow.socket) == 0, "the worker to read")
		os.kill(worker, signal.SIGSTOP)
		younger = self.peers(service, 20, GOOD)
		slow.send(whole[-1:])
		os.kill(worker, signal.SIGCONT)
		for peer in younger:
			self.assertEqual(peer.answer().status, 204)
		statuses = re.findall(r"livechat/sla (204)|nothing (404)", service.pool.log.read_text())[-21:]
		self.assertIn(("", "404"), statuses[:2])

	def test_requests_that_come_side_by_side_are_not_mixed(self):
		service = self.serve(workers=1)
		requests = [request("POST", PATH, b" " * (number * 1000), {"Content-Type": "text/plain" if number % 2 else "application/json"})
		            for number in range(1, 40)]
		peers = self.peers(service, len(requests))
		for at in range(0, max(map(len, requests)), 777):
			for peer, whole in zip(peers, requests):
				if at < len(whole):
					peer.send(whole[at:at + 777])
		for number, peer in enumerate(peers, 1):
			self.assertEqual(peer.answer().status, 415 if number % 2 else 401)

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Connections that a web server keeps for its next request: they serve it, starve nobody, and go when they must."""
import contextlib
import threading
import time
import unittest

from fastcgi import API, KEEP_CONN, Service, request
from stack import wait_until

PATH = f"{API}livechat/sla"
PEERS_MOST = 64  # that a worker reads at once
INTAKE_SECONDS = 3
LEAVING_SECONDS = 5  # after which a worker that leaves closes a connection that is never silent

GOOD = request("OPTIONS", PATH, flags=KEEP_CONN)
LAST = request("OPTIONS", PATH)


class Kept(unittest.TestCase):
	def serve(self, **keys):
		service = Service(intake_timeout=f"{INTAKE_SECONDS}s", **keys)
		self.addCleanup(service.finish)
		service.start().wait_until_whole()
		return service

	def kept(self, service):
		"""A connection that has had an answer."""
		peer = service.peer()
		self.addCleanup(peer.socket.close)
		self.assert_kept(peer)
		return peer

	def assert_kept(self, peer):
		self.assertEqual(peer.send(GOOD).next_answer().status, 204)

	def answered(self, peer, most):
		"""How many of so many requests were answered on it before it was closed."""
		answered = 0
		with contextlib.suppress(BrokenPipeError, ConnectionResetError, EOFError):
			while answered < most:
				self.assert_kept(peer)
				answered += 1
		return answered

	def test_requests_follow_each_other(self):
		peer = self.kept(self.serve())
		for body in (b"", b"{}", b" " * 65536, b" " * 65537, b"{}"):
			whole = request("POST", PATH, body, {"Content-Type": "application/json"}, flags=KEEP_CONN)
			self.assertEqual(peer.send(whole).next_answer().status, 413 if len(body) > 65536 else 401)
		self.assertEqual(peer.send(LAST).answer().status, 204, "and the end")

	def test_requests_sent_at_once_are_not_served_at_once(self):
		"""What stands behind a request is not served, and the connection ends."""
		with self.serve().peer() as peer:
			self.assertEqual(peer.send(GOOD * 2).answer().status, 204)

	def test_silence_is_no_fault_but_half_a_request_is(self):
		service = self.serve()
		silent, half = self.kept(service), self.kept(service)
		started = time.monotonic()
		self.assertEqual(half.send(GOOD[:20]).receive(), b"")
		self.assertGreater(time.monotonic() - started, INTAKE_SECONDS - 0.001)  # the service's clock counts whole milliseconds
		self.assert_kept(silent)

	def test_idle_connections_starve_nobody(self):
		service = self.serve(workers=2)
		peers = [self.kept(service) for _ in range(3 * PEERS_MOST)]
		started = time.monotonic()
		for _ in range(50):
			self.assertTrue(service.serves())
		self.assertLess(time.monotonic() - started, INTAKE_SECONDS)
		self.assert_kept(peers[-1])

	def test_the_one_that_is_idle_longest_goes_when_there_are_too_many(self):
		service = self.serve(workers=1)
		peers = [self.kept(service) for _ in range(PEERS_MOST)]
		self.assert_kept(peers[0])
		peers.append(self.kept(service))
		self.assertEqual(peers.pop(1).receive(), b"")
		for peer in peers:
			self.assert_kept(peer)

	def test_idle_connections_hold_up_no_reload_and_no_end(self):
		service = self.serve(workers=2)
		before = set(service.pool.workers())
		peers = [self.kept(service) for _ in range(10)]
		service.pool.reload()
		wait_until(lambda: not before & set(service.pool.workers()), "new workers", LEAVING_SECONDS - 1)
		for peer in peers:
			self.assertEqual(peer.receive(), b"")
		self.kept(service)
		started = time.monotonic()
		self.assertEqual(service.pool.stop(), 0)
		self.assertLess(time.monotonic() - started, LEAVING_SECONDS - 1)

	def test_a_connection_that_is_never_silent_goes_too(self):
		"""It is closed only behind an answer, never instead of one."""
		service = self.serve(workers=1)
		worker, = service.pool.workers()
		peer = self.kept(service)
		ended = threading.Event()

		def ask_until_refused():
			try:
				while True:
					self.assert_kept(peer)
			except (BrokenPipeError, ConnectionResetError, EOFError):
				ended.set()

		client = threading.Thread(target=ask_until_refused)
		client.start()
		service.pool.reload()
		wait_until(lambda: worker not in service.pool.workers(), "the end of the worker", LEAVING_SECONDS + 10)
		client.join()
		self.assertTrue(ended.is_set())

	def test_a_worker_retires_all_the_same(self):
		service = self.serve(workers=1, max_requests=20)
		worker, = service.pool.workers()
		# It goes after 18 to 20 requests, two of which it has had; from then on 10 ms of silence are enough to close a connection.
		self.assertGreaterEqual(self.answered(self.kept(service), 19), 16)
		wait_until(lambda: service.pool.workers() not in ([], [worker]), "another worker", LEAVING_SECONDS - 1)

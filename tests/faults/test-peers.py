# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What becomes of those who call: web servers that are restarted, clients that go away, peers that are slow or lie."""
import contextlib
import json
import random
import resource
import socket
import struct
import time

import fastcgi
from crowd import Crowd
from fastcgi import PARAMS, STDIN, Peer, begin, pairs, record, request, stream
from faults import PATIENT, Faults
from ledger import PATH
from process import wait_until

UNHEARD_DUE_TIME = 1000000000
HONEST = request("OPTIONS", PATH)
LIARS = 1000
HONEST_EVERY = 10  # turns of one that goes away: the socket's queue has an end, and an answer says that those before were taken from it


def reset(connection):
	"""Closes it so that the other side's next write fails."""
	connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	connection.close()


class WebServer(Faults):
	def test_web_server_is_restarted(self):
		with self.load("5 times the web server restarted") as ledger:
			for _ in range(5):
				self.stack.web.stop()
				self.stack.web.start()
				ledger.progress()

	def test_web_server_is_killed(self):
		with self.load("5 times the web server killed, and started") as ledger:
			for _ in range(5):
				self.stack.web.kill()
				self.stack.web.start()
				ledger.progress()


class Clients(Faults):
	KEYS = {**PATIENT, "intake_timeout": "3s"}

	def unheard(self, ledger, number, turn, description=""):
		"""The body of a policy that nobody will know the outcome of."""
		name = f"unheard {number}, {turn}"
		ledger.unheard.add(name)
		return json.dumps(ledger.policy(name, UNHEARD_DUE_TIME + 1000000 * number + turn, description)).encode()

	def headers(self):
		return {"Content-Type": "application/json", "X-User-Id": self.stack.admin.user_id, "X-Auth-Token": self.stack.admin.token}

	def test_clients_go_away_in_the_middle(self):
		"""Anywhere in their request, or without waiting for the answer."""
		chosen = random.Random(1)

		def leave(number, turn):
			body = self.unheard(ledger, number, turn)
			headers = "".join(f"{name}: {value}\r\n" for name, value in {**self.headers(), "Content-Length": len(body)}.items())
			text = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode() + body
			with socket.create_connection(("127.0.0.1", self.stack.web.port), 10) as connection:
				connection.sendall(text[:chosen.choice((len(text), chosen.randrange(len(text))))])
				(reset if turn % 2 else socket.socket.close)(connection)
			if turn % HONEST_EVERY == 0:
				self.stack.request("OPTIONS", PATH)
			time.sleep(0.002)
		with self.load("clients that go away in the middle of a request") as ledger, Crowd(leave) as crowd:
			ledger.progress(300)
		self.assertGreater(crowd.turns, 100)
		self.assertEqual(set(ledger.statuses), {200, 400}, "nobody else notices")

	def test_peers_go_away_in_the_middle(self):
		"""The same without a web server, which hides much of it."""
		chosen = random.Random(1)

		def leave(number, turn):
			text = request("POST", PATH, self.unheard(ledger, number, turn), self.headers())
			with Peer(self.pool.socket) as peer:
				peer.send(text[:chosen.choice((len(text), chosen.randrange(len(text))))])
			if turn % HONEST_EVERY == 0:
				with Peer(self.pool.socket) as peer:
					peer.send(HONEST).receive()
			time.sleep(0.002)
		with self.load("peers that go away in the middle of a request") as ledger, Crowd(leave) as crowd:
			ledger.progress(300)
		self.assertGreater(crowd.turns, 100)
		self.assertEqual(set(ledger.statuses), {200, 400}, "nobody else notices")

	def test_bodies_are_slower_than_the_time_out(self):
		"""A byte now and then: each in time, the last one late by far. The time in which a worker works does not count, so that two clients
		leave the workers half of theirs even on a slow machine."""
		def drip(number, turn):
			text = request("POST", PATH, self.unheard(ledger, number, turn, "d" * 1000), self.headers())
			with Peer(self.pool.socket) as peer:
				peer.send(text[:-900])
				for at in range(len(text) - 900, len(text)):
					peer.send(text[at:at + 1])
					time.sleep(0.05)
			served.append(turn)
		served = []
		with self.load("bodies slower than the time-out", clients=2, least=300) as ledger, Crowd(drip, 50) as crowd:
			wait_until(lambda: crowd.turns >= 100, "each to be cut off", 60)
		self.assertEqual(served, [], "no such request got to its end")
		self.assertEqual(self.database.sql("SELECT name FROM sla_policies WHERE name LIKE 'unheard%'"), [])
		self.assertEqual(set(ledger.statuses), {200, 400}, "nobody else notices")


class Liars(Faults):
	"""Peers that break FastCGI's rules, each in its own way."""

	KEYS = {**PATIENT, "intake_timeout": "5s"}

	def setUp(self):
		super().setUp()
		least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
		resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
		self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (least, most))

	def lies(self, chosen):
		"""What such a peer sends; all but the last is refused or waited for in vain."""
		variables = pairs(fastcgi.variables("POST", PATH, b"{}"))
		yield b""
		yield HONEST[:chosen.randrange(len(HONEST))]
		yield chosen.randbytes(chosen.randrange(1, 5000))
		yield begin() + record(PARAMS, pairs({"X": "x" * 60000})) * 2
		yield begin() + stream(PARAMS, b"\xff\xff\xff\xfe\xff\xff\xff\xfe")
		yield begin() + stream(PARAMS, variables) + record(STDIN, b"{}") * chosen.randrange(1, 20000)
		yield begin() + stream(PARAMS, variables[:-chosen.randrange(1, len(variables))]) + record(STDIN)
		yield record(fastcgi.GET_VALUES, request_id=0) * 1000
		yield begin() + stream(PARAMS, variables) + record(STDIN, b"x" * chosen.choice((1, 3, 60000))) + record(STDIN)

	def test_a_thousand_peers_that_lie(self):
		chosen = random.Random(1)

		def lie(number, turn):
			with contextlib.ExitStack() as peers:
				for data in self.lies(chosen):
					for _ in range(LIARS // 4 // 9 + 1):
						peer = peers.enter_context(Peer(self.pool.socket))
						with contextlib.suppress(OSError):
							peer.send(data)
				# The socket's queue has an end: the next ones come when these have been taken from it.
				self.assertEqual(peers.enter_context(Peer(self.pool.socket)).send(HONEST).answer().status, 204)
		with self.load(f"{LIARS} peers that lie at once") as ledger, Crowd(lie) as crowd:
			ledger.progress(300)
		self.assertGreater(crowd.turns, 1)
		self.assertEqual(set(ledger.statuses), {200, 400}, "those that are honest are answered")

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What a peer can do between a request and its answer, with the database behind."""
import time
import unittest

from database import numbers
from fastcgi import API, END_REQUEST, Peer, answer, records, request
from process import wait_until
from stack import Stack

PATH = f"{API}livechat/sla"
INTAKE_SECONDS = 5
BODY = b'{"name":"Optimum","description":"","dueTimeInMinutes":4}'


class WithDatabase(unittest.TestCase):
	@classmethod
	def setUpClass(cls):
		cls.stack = Stack(workers=1, intake_timeout=f"{INTAKE_SECONDS}s").start()
		cls.headers = {"X-User-Id": cls.stack.admin.user_id, "X-Auth-Token": cls.stack.admin.token, "Content-Type": "application/json"}

	@classmethod
	def tearDownClass(cls):
		cls.stack.finish()

	def setUp(self):
		self.stack.database.sql("DELETE FROM sla_policies")

	def rows(self):
		return self.stack.database.sql("SELECT name FROM sla_policies")

	def send(self, method, path, body=b"", **changed):
		"""A peer that has sent its request."""
		peer = Peer(self.stack.pool.socket)
		self.addCleanup(peer.socket.close)
		return peer.send(request(method, path, body, self.headers, **changed))

	def test_length_that_is_not_the_body_s(self):
		for length in ("0", str(len(BODY) - 1), str(len(BODY) + 1), "-1", f"+{len(BODY)}", f"{len(BODY)}x", f" {len(BODY)}", "1e3", "0x38",
		               str(2 ** 63), str(2 ** 64 + len(BODY)), "9" * 100):
			with self.subTest(length):
				self.assertEqual(self.send("POST", PATH, BODY, CONTENT_LENGTH=length).answer().status, 400)
				self.assertEqual(self.rows(), [])

	def test_length_that_is_not_told(self):
		"""As of a chunked body."""
		for length in (None, ""):
			with self.subTest(length):
				self.assertEqual(self.send("POST", PATH, BODY, CONTENT_LENGTH=length).answer().status, 200)
				self.assertEqual(self.rows(), [["Optimum"]])
				self.setUp()

	def test_peer_that_has_gone(self):
		"""What it asked for is done all the same."""
		self.send("POST", PATH, BODY).socket.close()
		wait_until(self.rows, "the row")
		self.assertEqual(self.send("POST", PATH, BODY).answer().status, 400, "there is one already")

	def fill(self):
		"""So many policies that their list does not fit into a socket."""
		self.stack.database.sql(f"""INSERT INTO sla_policies (id, name, description, due_time_in_minutes, created_at, created_by, updated_at, updated_by)
			SELECT LPAD(seq, 24, '0'), seq, REPEAT('😀', 4000), seq, NOW(3), 'somebody', NOW(3), 'somebody' FROM {numbers(100)}""")

	def test_answer_that_is_not_read(self):
		self.fill()
		pids = self.stack.pool.workers()
		peer = self.send("GET", f"{PATH}?count=100")
		started = time.monotonic()
		self.assertEqual(self.send("OPTIONS", PATH).answer().status, 204)
		self.assertLess(time.monotonic() - started, INTAKE_SECONDS + 5)
		self.assertNotIn(END_REQUEST, [record.type for record in records(whole_records(peer.receive()))])
		self.assertEqual(self.stack.pool.workers(), pids)

	def test_answer_that_is_read_slowly(self):
		self.fill()
		peer = self.send("GET", f"{PATH}?count=100")
		chunks = []
		while chunk := peer.socket.recv(50000):
			chunks.append(chunk)
			time.sleep(0.01)
		self.assertEqual(answer(b"".join(chunks)).json()["count"], 100)


def whole_records(data):
	"""Without the one at the end that was cut."""
	at = 0
	while len(data) - at >= 8:
		size = 8 + int.from_bytes(data[at + 4:at + 6]) + data[at + 6]
		if len(data) - at < size:
			break
		at += size
	return data[:at]

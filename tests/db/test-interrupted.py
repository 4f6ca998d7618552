# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Statements that are killed, by KILL QUERY or by max_statement_time, while the connection stays."""
import contextlib
import re
import subprocess
import threading
import unittest

from driver import Driver, Server
from process import wait_until
from proxy import NOTHING, PASS, QUERY, Failure, Proxy
from stack import instrumented

KILLED = Failure(1317, "70100")


def setUpModule():
	global server
	server = Server()


def tearDownModule():
	server.close()


class Told(unittest.TestCase):
	"""The server, or a proxy in its place, tells of it."""

	def setUp(self):
		self.proxy = Proxy(server.database.socket)
		self.addCleanup(self.proxy.close)

	def driver(self):
		return Driver(server.file, self.proxy.host)

	def assert_outcome(self, result, outcome):
		self.assertEqual(result.outcome, outcome, result)

	def roles(self, username):
		return server.sql(f"SELECT u.id, r.role_id FROM users AS u JOIN user_roles AS r ON r.user_id = u.id WHERE username = '{username}'")

	@staticmethod
	def wait_until_nothing_is_open():
		"""While the driver is connected. A roll-back may be a moment behind the deadline, and InnoDB has transactions of its own. The table
		of them does not change while it is asked for again and again."""
		def nothing_is_open():
			[[_, _, status]] = server.sql("SHOW ENGINE INNODB STATUS")
			return not re.search("^---TRANSACTION .*, ACTIVE ", status, re.MULTILINE)
		wait_until(nothing_is_open, "all transactions to end")

	def test_commit(self):
		"""The transaction is open still."""
		with self.driver() as driver:
			self.proxy.at("COMMIT", KILLED, kind=QUERY)
			result = driver("user", "interrupted", "admin")
			self.assert_outcome(result, "DONE")
			self.assertEqual(self.roles("interrupted"), [[result.text, "admin"]])
			self.wait_until_nothing_is_open()

	def test_commit_that_is_killed_without_end(self):
		with self.driver() as driver:
			driver("open")
			driver("deadline", 1000)
			self.proxy.plan = lambda command: KILLED if command.sql == "COMMIT" else PASS
			self.assert_outcome(driver("user", "without-end", "admin"), "UNAVAILABLE")
			self.proxy.plan = None
			self.wait_until_nothing_is_open()
		self.assertEqual(self.roles("without-end"), [])

	def test_rollback(self):
		"""Left open, the transaction would take in what the connection does next: told as done, and there for nobody."""
		with self.driver() as driver:
			driver("user", "rolled-back", "admin")
			self.proxy.at("ROLLBACK", KILLED, kind=QUERY)
			self.assert_outcome(driver("user", "rolled-back", "admin"), "DUPLICATE")
			name, due = server.policy()
			result = driver("add", name, "", due)
			self.assert_outcome(result, "DONE")
			self.assertEqual(server.sql(f"SELECT id FROM sla_policies WHERE name = '{name}'"), [[result.text]])
			self.wait_until_nothing_is_open()

	def test_delete_that_is_told_as_done(self):
		with self.driver() as driver:
			driver("user", "deprived", "bot")
			self.proxy.at("DELETE FROM user_roles", NOTHING)
			self.assert_outcome(driver("revoke", "deprived", "bot"), "DONE")
			self.assertEqual(self.roles("deprived"), [])


class Storm:
	"""KILL QUERY for one session, some thousand times a second, until the end of the block. Again and again it holds its breath: on a slow
	machine, too, a transaction comes through."""

	LULL = 0.1  # s

	def __init__(self, session):
		self.client = subprocess.Popen(server.database.client("--force"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
		                               stderr=subprocess.DEVNULL)
		self.lines = f"KILL QUERY {session}; DO SLEEP(0.00005);\n".encode() * 100 + f"DO SLEEP({self.LULL});\n".encode()
		self.thread = threading.Thread(target=self.feed)

	def feed(self):
		with contextlib.suppress(OSError):
			while True:
				self.client.stdin.write(self.lines)
				self.client.stdin.flush()

	def __enter__(self):
		self.thread.start()
		return self

	def __exit__(self, *_):
		self.client.kill()
		self.thread.join()
		with contextlib.suppress(OSError):
			self.client.stdin.close()
		self.client.wait()


class NotTold(unittest.TestCase):
	"""A real server, which at the wrong moment does not tell. On a machine that is busy the storm may come late."""

	TRIES = 500 if instrumented() else 2000

	def setUp(self):
		self.file = server.write_file("direct.conf", socket=server.client["socket"])

	@contextlib.contextmanager
	def storm(self):
		"""A driver whose every statement may be killed; its connection is not the only one that is there."""
		before = self.sessions()
		with Driver(self.file, "") as driver:
			self.assertEqual(driver("open").outcome, "DONE")
			session, = self.sessions() - before
			with Storm(session):
				yield driver

	def sessions(self):
		return {int(row[0]) for row in server.sql(f"SELECT id FROM information_schema.processlist WHERE user = '{server.client['user']}'")}

	@staticmethod
	def until_done(driver, *words):
		"""Until it is done; how often it was not. REFUSED: that somebody is left to change rights was asked, and killed, too."""
		failures = 0
		while (result := driver(*words)).outcome in ("UNAVAILABLE", "REFUSED"):
			failures += 1
		return result, failures

	def test_permission_that_a_user_has(self):
		with Driver(self.file, "") as driver:
			user_id = driver("user", "permitted", "admin").text
			token = driver("token", "permitted", "").text
		killed = turns = 0
		with self.storm() as driver:
			while turns < self.TRIES or killed == 0:
				turns += 1
				result, failures = self.until_done(driver, "session", user_id, token, "manage-livechat-sla", "view-l-room")
				self.assertEqual(result.text, f"{user_id}|permitted|1|1")
				killed += failures

	def test_role_that_is_taken(self):
		with Driver(self.file, "") as driver:
			driver("user", "taken", "user")
		killed = turns = 0
		with self.storm() as driver:
			while turns < self.TRIES // 4 or killed == 0:
				turns += 1
				self.until_done(driver, "grant", "taken", "bot")
				result, failures = self.until_done(driver, "revoke", "taken", "bot")
				self.assertIn(result.outcome, ("DONE",) if failures == 0 else ("DONE", "NOT_FOUND"))
				killed += failures

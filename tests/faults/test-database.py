# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What becomes of the database: killed, stopped, full, read-only, out of connections, or no longer fond of ours."""
import contextlib
import itertools
import os
import random
import subprocess
import time
import unittest

from database import copy_tree
from faults import PATIENT, WORKERS, Faults
from ledger import PATH
from process import USER, wait_until
from proxy import CUT, EXECUTE, HANG, PASS, QUERY, SWALLOW, Proxy
from stack import Stack

STOPPED_SECONDS = 10
OURS = "livechat-sla"


class Away(Faults):
	def stop_the_database(self, fault, stop, go_on):
		with self.load(fault) as ledger:
			stop()
			time.sleep(STOPPED_SECONDS)
			ledger.wait_for_status(503, 1)
			go_on()
			ledger.progress(400)

	def test_it_is_stopped_and_started(self):
		self.stop_the_database("database stopped, started after 10 s", self.database.stop, self.database.start)

	def test_it_is_killed_and_started(self):
		self.stop_the_database("database killed, started after 10 s", self.database.kill, self.database.start)

	def test_it_hangs(self):
		self.stop_the_database("database stopped by SIGSTOP for 10 s", self.database.pause, self.database.resume)

	def test_it_is_killed_and_started_at_once_again_and_again(self):
		with self.load("5 times the database killed, and started at once") as ledger:
			for _ in range(5):
				self.database.kill()
				self.database.start()
				ledger.progress()


class Sessions(Faults):
	KEYS = PATIENT

	def sessions(self, user=OURS):
		return [int(row[0]) for row in self.database.sql(f"SELECT id FROM information_schema.processlist WHERE user = '{user}'")]

	def kill_sessions(self, kind, sessions=None):
		"""Those that are there now unless others are named."""
		for session in self.sessions() if sessions is None else sessions:
			with contextlib.suppress(RuntimeError):  # it may have gone
				self.database.sql(f"KILL {kind} {session}")

	def test_connections_are_killed(self):
		"""Each when it has served: one that is killed while it is opened stands for a host that is away, and is left alone for a while."""
		with self.load("50 times every connection killed") as ledger:
			for _ in range(50):
				sessions = self.sessions()
				ledger.progress(5)  # of each client one at least: what was being opened then has served since
				self.kill_sessions("CONNECTION", sessions)
				ledger.progress(5)
		self.assertEqual(set(ledger.statuses), {200, 400}, "another connection is made within the request")

	def test_statements_are_killed(self):
		with self.load("50 times every statement killed") as ledger:
			for _ in range(50):
				self.kill_sessions("QUERY")
				ledger.progress(5)

	def test_idle_connections_are_closed(self):
		"""By wait_timeout, between the bursts of a load."""
		self.database.sql("SET GLOBAL wait_timeout = 1")
		self.addCleanup(self.database.sql, "SET GLOBAL wait_timeout = DEFAULT")
		self.kill_sessions("CONNECTION")
		with self.load("5 times all connections closed by wait_timeout") as ledger:
			for _ in range(5):
				ledger.pause()
				wait_until(lambda: not self.sessions(), "the end of the idle connections")
				ledger.go_on()
				ledger.progress()
		self.assertEqual(set(ledger.statuses), {200, 400}, "no client notices")

	def hold_a_connection(self):
		return subprocess.Popen(self.database.client(user="hog"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
		                        stderr=subprocess.DEVNULL)

	def crowd_out(self, hogs, most):
		"""Others take the connections that ours lose; root may have to wait for one, too."""
		hogs += [self.hold_a_connection() for _ in range(most if len(hogs) < 10 * most else 0)]
		with contextlib.suppress(RuntimeError):
			self.kill_sessions("CONNECTION")

	def test_too_many_connections(self):
		most = 10
		self.database.sql("CREATE USER IF NOT EXISTS hog@localhost", "mysql")
		hogs = []
		with self.load("max_connections reached by others") as ledger:
			self.database.sql(f"SET GLOBAL max_connections = {most}")
			try:
				wait_until(lambda: self.crowd_out(hogs, most) or ledger.statuses[503] >= 10, "refusals")
			finally:
				for hog in hogs:
					hog.kill()
					hog.communicate()
				wait_until(self.lift_limit, "a connection for root")

	def lift_limit(self):
		with contextlib.suppress(RuntimeError):
			self.database.sql("SET GLOBAL max_connections = DEFAULT")
			return True
		return False

	def test_read_only(self):
		"""What is read is answered meanwhile, now and then after a pause of the worker's that was refused last."""
		with self.load("5 times read_only on and off") as ledger:
			for _ in range(5):
				self.database.sql("SET GLOBAL read_only = ON")
				ledger.wait_for_status(503)
				wait_until(lambda: self.stack.request("GET", f"{PATH}?count=1", None, (), self.stack.admin).status == 200, "a reader's answer")
				self.database.sql("SET GLOBAL read_only = OFF")
				ledger.progress()


class LostAcknowledgements(Faults):
	"""A network between the service and its database that now and then loses a statement, or its answer, and the connection."""

	@classmethod
	def make_stack(cls):
		stack = super().make_stack()
		cls.proxy = Proxy(stack.database.socket)
		del stack.client["socket"]
		stack.client.update(host="127.0.0.1", port=cls.proxy.port)
		return stack

	@classmethod
	def tearDownClass(cls):
		super().tearDownClass()
		cls.proxy.close()

	def test_statements_and_answers_are_lost(self):
		chosen = random.Random(1)
		lost = []

		def plan(command):
			writes = command.kind == EXECUTE and not command.sql.startswith("SELECT") or command.kind == QUERY and command.sql == "COMMIT"
			action = chosen.choices((PASS, CUT, SWALLOW, HANG), (180, 9, 10, 1))[0] if writes else PASS
			lost.extend([action] if action != PASS else [])
			return action
		with self.load("1 of 10 writes lost on the way to the database or back") as ledger:
			self.proxy.plan = plan
			ledger.progress(400)
			self.proxy.plan = None
		print(f"# {lost.count(CUT)} statements and {lost.count(SWALLOW)} answers were lost, {lost.count(HANG)} hung")
		self.assertGreater(lost.count(CUT), 10)
		self.assertGreater(lost.count(SWALLOW), 10)


class SmallDisk(Stack):
	"""The database's files are on a small file system of their own, which is in memory."""

	SPARE = 128 << 20  # for what the database makes at its start, and for the load

	def __init__(self, **keys):
		super().__init__(**keys)
		data, template = self.database.data, self.database.data.with_name("template")
		size = int(subprocess.run(["du", "-sb", data], check=True, capture_output=True, text=True).stdout.split()[0]) + self.SPARE
		data.rename(template)
		data.mkdir()
		mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", data], capture_output=True, text=True)
		if mounted.returncode != 0:
			super().close()
			raise unittest.SkipTest(f"no file system of its own: {mounted.stderr.strip()}")
		copy_tree(f"{template}/.", data)
		self.ballast = data / "ballast"

	def fill_disk(self):
		with self.ballast.open("wb") as file:
			with contextlib.suppress(OSError):
				for size in itertools.count():
					os.posix_fallocate(file.fileno(), size << 16, 1 << 16)

	def close(self):
		if self.directory.exists():
			self.database.kill()
			subprocess.run(["umount", "--lazy", self.database.data], check=True)
		super().close()


@unittest.skipIf(USER is None, "only root makes a file system of its own")
class FullDisk(Faults):
	@classmethod
	def make_stack(cls):
		return SmallDisk(workers=WORKERS, database_timeout="2s", request_timeout="4s")

	def read_one(self):
		return self.stack.request("GET", f"{PATH}?count=1", None, (), self.stack.admin).status

	def test_the_disk_is_full_for_a_while(self):
		with self.load("the database's disk full, twice", description="d" * 3000) as ledger:
			for _ in range(2):
				self.stack.fill_disk()
				ledger.wait_for_status(503, 20)
				self.assertEqual(self.read_one(), 200, "what is there can be read")
				self.stack.ballast.unlink()
				ledger.progress()

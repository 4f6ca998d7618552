# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What becomes of the service's own processes: killed, without a master, reloaded without end, out of descriptors or of memory."""
import contextlib
import os
import pathlib
import random
import re
import signal
import socket
import time
import unittest

from crowd import Crowd
from database import numbers
from fastcgi import Peer, request
from faults import PATIENT, Faults
from ledger import PATH
from process import has_ended, wait_until
from stack import instrumented

KILLS = 100
KILL_EVERY = 0.05
RELOADS = 100
RELOAD_EVERY = 0.02


class Workers(Faults):
	KEYS = PATIENT

	def test_a_worker_is_killed_every_50_ms(self):
		chosen = random.Random(1)
		with self.load(f"{KILLS} times a worker killed, every 50 ms"):
			for _ in range(KILLS):
				with contextlib.suppress(ProcessLookupError, IndexError):
					os.kill(chosen.choice(self.pool.workers()), signal.SIGKILL)
				time.sleep(KILL_EVERY)

	def test_all_workers_are_killed_at_once(self):
		with self.load("10 times all workers killed at once") as ledger:
			for _ in range(10):
				ledger.progress()
				for worker in self.pool.workers():
					os.kill(worker, signal.SIGKILL)

	def test_storm_of_reloads(self):
		with self.load(f"{RELOADS} times SIGHUP, every 20 ms") as ledger:
			for _ in range(RELOADS):
				self.pool.reload()
				time.sleep(RELOAD_EVERY)
		self.assertEqual(set(ledger.statuses), {200, 400}, "a reload loses no request")

	def test_reloads_that_replace_every_worker(self):
		with self.load("10 reloads, each until all workers are new") as ledger:
			for _ in range(10):
				before = set(self.pool.workers())
				self.pool.reload()
				wait_until(lambda: not before & set(self.pool.workers()), "new workers", 60)
		self.assertEqual(set(ledger.statuses), {200, 400}, "a reload loses no request")


class Master(Faults):
	"""The service manager starts another as soon as the one before has ended."""

	KEYS = PATIENT

	def kill_and_start(self, **more):
		workers = self.pool.workers()
		os.kill(self.pool.process.pid, signal.SIGKILL)
		self.pool.process.wait()
		wait_until(lambda: all(map(has_ended, workers)), "the workers to end by themselves", 10)
		self.pool.start(**more)

	def test_master_is_killed(self):
		with self.load("5 times the master killed, and another started") as ledger:
			for _ in range(5):
				ledger.progress()
				self.kill_and_start()

	def test_master_is_killed_while_the_service_manager_holds_the_socket(self):
		"""Requests wait in the socket for the next one, so that not one is lost."""
		self.pool.stop()
		with socket.socket(socket.AF_UNIX) as listening:
			listening.bind(str(self.pool.socket))
			self.pool.socket.chmod(0o666)
			listening.listen(1024)
			self.pool.start(stdin=listening)
			with self.load("5 times the master killed, its socket held by the service manager") as ledger:
				for _ in range(5):
					ledger.progress()
					self.kill_and_start(stdin=listening)
			self.pool.stop()
		self.pool.start()
		self.assertEqual(set(ledger.statuses), {200, 400}, "no request is lost")


class Descriptors(Faults):
	"""A worker has nine descriptors of its own; a few connections, and there are no more."""

	KEYS = {**PATIENT, "intake_timeout": "500ms"}
	LIMIT = 12

	def test_descriptors_run_out_again_and_again(self):
		self.pool.stop()
		self.pool.start(starter=["prlimit", f"--nofile={self.LIMIT}", "--"])
		with self.load(f"{self.LIMIT} descriptors a worker, taken by silent peers") as ledger:
			for _ in range(5):
				silent = [socket.socket(socket.AF_UNIX) for _ in range(100)]
				for peer in silent:
					peer.connect(str(self.pool.socket))
				ledger.progress(20)
				for peer in silent:
					peer.close()
		self.assertIn("accept: Too many open files", self.pool.log.read_text())
		self.assertEqual(set(ledger.statuses), {200, 400}, "those that are honest wait")


@unittest.skipIf(instrumented(), "an instrumented program needs memory without measure")
class Memory(Faults):
	"""Bodies of 1 MiB, for which there is no memory beside the load."""

	KEYS = {"body_limit": "1M"}
	BODY = b'{"name":"' + b"n" * 1000000 + b'"}'

	def size(self, worker):
		"""KiB of address space."""
		return int(re.search(r"^VmSize:\s+(\d+)", pathlib.Path(f"/proc/{worker}/status").read_text(), re.MULTILINE)[1])

	def test_memory_runs_out_again_and_again(self):
		def post(*_):
			answers.append(self.stack.request("POST", PATH, self.BODY, {"Content-Type": "application/json"}, self.stack.admin).status)
		answers = []
		limit = max(map(self.size, self.pool.workers())) + 2048
		self.pool.stop()
		self.pool.start(starter=["prlimit", f"--as={limit * 1024}", "--"])
		with self.load("2 MiB of memory beside bodies of 1 MiB") as ledger, Crowd(post):
			wait_until(lambda: sum(status >= 500 for status in answers) >= 20, "20 requests for which there was no memory", 60)
			ledger.progress()
		self.assertNotIn(200, answers)
		self.assertNotIn("ended by signal", self.pool.log.read_text())

	def list_policies(self, method):
		headers = {"X-User-Id": self.stack.admin.user_id, "X-Auth-Token": self.stack.admin.token}
		with Peer(self.pool.socket) as peer:
			return method, peer.send(request(method, PATH + "?count=100", headers=headers)).answer()

	def test_none_is_left_for_the_answer(self):
		"""With less and less of it there comes an amount with which policies can be read from the database, but their list not be written."""
		self.database.sql("INSERT INTO sla_policies SELECT LPAD(seq, 24, '0'), seq, REPEAT('x', 4000), seq, NOW(), '', NOW(), '' "
		                  f"FROM {numbers(100)}")
		begin, answers = len(self.pool.log.read_text()), []
		limit = max(map(self.size, self.pool.workers())) + 5120
		while sum(answer.status != 200 for _, answer in answers) < 8:
			limit -= 128
			self.pool.stop()
			self.pool.start(starter=["prlimit", f"--as={limit * 1024}", "--"])
			for method in ("GET", "HEAD"):
				answers.append(self.list_policies(method))
				wait_until(lambda: len(self.logged(begin)) == len(answers), "the request in the log, before another worker logs the next")
		for method, answer in answers:
			self.assertEqual([answer.header(name) for name in ("Content-Type", "Cache-Control", "X-Content-Type-Options")],
			                 ["application/json", "no-store", "nosniff"])
			length = int(answer.header("Content-Length"))
			self.assertEqual((length > 0, len(answer.body)), (True, length if method == "GET" else 0))
		self.assertEqual(self.logged(begin), [(method, str(answer.status)) for method, answer in answers])
		self.assertEqual((answers[0][1].status, answers[-1][1].status), (200, 500))
		log = self.pool.log.read_text()[begin:]
		self.assertIn("out of memory for the answer", log)
		self.assertNotIn("ended by signal", log)
		self.pool.stop()
		self.pool.start()

	def logged(self, begin):
		"""Method and status of each request since."""
		return re.findall(fr" (GET|HEAD) {PATH.rpartition('/api/v1/')[2]} (\d+) \d+ ms$", self.pool.log.read_text()[begin:], re.MULTILINE)

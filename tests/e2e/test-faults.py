# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What breaks while eight clients create policies; no answered policy is lost or doubled, and the service goes on."""
import os
import signal
import time
import unittest

from ledger import PATH, Ledger
from stack import Stack, wait_until

WORKERS = 4
STOPPED_SECONDS = 10


class Faults(unittest.TestCase):
	@classmethod
	def setUpClass(cls):
		cls.stack = Stack(workers=WORKERS, database_timeout="2s", request_timeout="4s").start()

	@classmethod
	def tearDownClass(cls):
		cls.stack.finish()

	def setUp(self):
		self.stack.database.sql("DELETE FROM sla_policies")
		wait_until(lambda: len(self.stack.pool.workers()) == WORKERS, "all workers")

	def serves_again(self):
		def created():
			body = {"name": "afterwards", "description": "", "dueTimeInMinutes": 2000000000}
			return self.stack.request("POST", PATH, body, (), self.stack.admin).status == 200
		wait_until(created, "service")
		self.stack.database.sql("DELETE FROM sla_policies WHERE name = 'afterwards'")
		wait_until(lambda: len(self.stack.pool.workers()) == WORKERS, "all workers")

	def settle(self, ledger):
		print(f"# answers {dict(ledger.statuses)}, the slowest after {ledger.slowest:.1f} s")
		self.serves_again()
		ledger.check(self)

	def test_every_worker_is_killed_again_and_again(self):
		with Ledger(self.stack) as ledger:
			for least in range(100, 1000, 100):
				wait_until(lambda: len(ledger.acknowledged) >= least, f"{least} policies", 60)
				for worker in self.stack.pool.workers():
					os.kill(worker, signal.SIGKILL)
		self.settle(ledger)

	def stop_the_database(self, stop, go_on):
		"""Returns the ledger of a load during which the database was away."""
		with Ledger(self.stack) as ledger:
			wait_until(lambda: len(ledger.acknowledged) >= 200, "200 policies", 60)
			stop()
			time.sleep(STOPPED_SECONDS)
			unavailable = ledger.statuses[503]
			go_on()
			wait_until(lambda: len(ledger.acknowledged) >= 800, "800 policies", 60)
		self.settle(ledger)
		self.assertGreater(unavailable, 0, "callers were told that the database is away")

	def test_database_is_restarted_after_a_while(self):
		database = self.stack.database
		self.stop_the_database(database.stop, database.start)

	def test_database_is_killed_and_restarted_after_a_while(self):
		database = self.stack.database
		self.stop_the_database(database.kill, database.start)

	def test_database_hangs_for_a_while(self):
		database = self.stack.database
		self.stop_the_database(database.pause, database.resume)

	def test_pool_is_reloaded_again_and_again(self):
		with Ledger(self.stack) as ledger:
			for least in range(100, 1000, 100):
				wait_until(lambda: len(ledger.acknowledged) >= least, f"{least} policies", 60)
				before = set(self.stack.pool.workers())
				self.stack.pool.reload()
				wait_until(lambda: not before & set(self.stack.pool.workers()), "new workers", 60)
		self.settle(ledger)
		self.assertEqual(set(ledger.statuses), {200, 400}, "a reload loses no request")

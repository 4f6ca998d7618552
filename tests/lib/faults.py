# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What the tests of faults share: a service under the load of eight clients, and the look at their ledger afterwards."""
import contextlib
import unittest

from ledger import PATH, Ledger
from stack import Stack, wait_until

WORKERS = 4
AFTERWARDS = {"name": "afterwards", "description": "", "dueTimeInMinutes": 2000000000}
# For tests whose clients must not notice: a busy disk alone keeps a COMMIT for seconds.
PATIENT = {"database_timeout": "8s", "request_timeout": "30s"}


class Faults(unittest.TestCase):
	"""One stack for all tests of a case, made by make_stack(), its tables empty before each."""

	KEYS = {}  # of the configuration

	@classmethod
	def make_stack(cls):
		return Stack(workers=WORKERS, **{"database_timeout": "2s", "request_timeout": "4s", **cls.KEYS})

	@classmethod
	def setUpClass(cls):
		cls.stack = cls.make_stack().start()
		cls.pool, cls.database = cls.stack.pool, cls.stack.database

	@classmethod
	def tearDownClass(cls):
		cls.stack.finish()

	def setUp(self):
		self.database.sql("DELETE FROM sla_policies; DELETE FROM sla_policy_history")
		self.wait_for_workers()

	def wait_for_workers(self):
		wait_until(lambda: len(self.pool.workers()) == WORKERS, "all workers")

	def serves_again(self):
		wait_until(lambda: self.stack.request("POST", PATH, AFTERWARDS, (), self.stack.admin).status == 200, "service")
		self.database.sql(f"DELETE FROM sla_policies WHERE name = '{AFTERWARDS['name']}'")
		self.wait_for_workers()

	@contextlib.contextmanager
	def load(self, fault, **more):
		"""The ledger of a load that goes on until the end of the block; then the service has to go on and the ledger to be right."""
		with Ledger(self.stack, fault=fault, **more) as ledger:
			ledger.progress()
			yield ledger
			ledger.progress()
		self.serves_again()
		ledger.check(self)

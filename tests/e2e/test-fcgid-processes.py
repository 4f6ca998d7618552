# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Apache's mod_fcgid starts and counts processes itself: each serves alone, and ends only after its request."""
import contextlib
import pathlib
import signal
import threading
import unittest

from fronts import ApacheFcgid
from process import children
from stack import Stack, wait_until

PATH = "/api/v1/livechat/sla"
CLIENTS = 6
PROCESSES_MOST = 16  # the snippet's
WAITING = "SELECT 1 FROM information_schema.processlist WHERE user = 'livechat-sla' AND info LIKE 'INSERT INTO sla_policies%'"

stack = None


def setUpModule():
	global stack
	stack = Stack(ApacheFcgid).start()


def tearDownModule():
	stack.finish()


def pending(pid, number):
	"""Whether a signal waits for the process to open it; one that has ended waits for none."""
	with contextlib.suppress(OSError):
		status = pathlib.Path(f"/proc/{pid}/status").read_text()
		[mask] = [line.split()[1] for line in status.splitlines() if line.startswith("ShdPnd:")]
		return bool(int(mask, 16) >> (number - 1) & 1)
	return False


def uncommitted(name):
	"""Somebody else is about to create this policy, and those who create it too must wait."""
	return stack.database.transaction(
		"INSERT INTO sla_policies (id, name, description, due_time_in_minutes, created_at, created_by, updated_at, updated_by) "
		f"VALUES (REPEAT('0', 24), '{name}', '', 2, UTC_TIMESTAMP(3), '', UTC_TIMESTAMP(3), '')")


def post(name, answers):
	answers.append(stack.request("POST", PATH, {"name": name, "description": "", "dueTimeInMinutes": 1}, (), stack.admin))


class Processes(unittest.TestCase):
	def setUp(self):
		stack.database.sql("DELETE FROM sla_policies")

	def test_each_serves_alone_on_one_connection(self):
		statuses = []

		def client():
			statuses.extend(stack.request("GET", PATH, credentials=stack.admin).status for _ in range(30))

		threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		self.assertEqual(set(statuses), {200})
		found = stack.pool.parents()
		self.assertTrue(1 <= len(found) <= PROCESSES_MOST, found)
		self.assertEqual(len(set(found.values())), 1, "all have the same parent")
		self.assertEqual([child for pid in found for child in children(pid)], [])
		[[connections]] = stack.database.sql("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'livechat-sla'")
		self.assertLessEqual(int(connections), len(found))

	def test_request_in_the_middle_of_a_reload_is_answered(self):
		answers = []
		with uncommitted("held"):
			client = threading.Thread(target=post, args=("held", answers))
			client.start()
			wait_until(lambda: stack.database.sql(WAITING), "the request")
			before = stack.pool.parents()
			stack.web.reload()
			wait_until(lambda: any(pending(pid, signal.SIGTERM) for pid in before), "Apache to end the process")
			self.assertEqual(answers, [])
		client.join()
		self.assertEqual([answer.status for answer in answers], [200])
		self.assertEqual(stack.database.sql("SELECT name FROM sla_policies"), [["held"]])
		wait_until(lambda: not set(before) & set(stack.pool.parents()), "the end of the processes before")
		post("after", answers)
		self.assertEqual(answers[-1].status, 400, "the same time")

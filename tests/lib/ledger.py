# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Clients that write down what they were answered while something breaks, and the comparison with the database afterwards."""
import collections
import http.client
import itertools
import threading
import time

from process import wait_until

PATH = "/api/v1/livechat/sla"
TURNS = 1000000  # of one client, at most
REFUSED_DUE_TIME = 900000000
DUPLICATED = "error-duplicated-sla"


class Entry:
	"""What a client knows of one of its policies."""

	def __init__(self, policy_id, due_time, description):
		self.id = policy_id  # None if a repeated request was told that the policy is there
		self.due_time = due_time
		self.description = description
		self.changes = self.changes_tried = 0
		self.removed = False


class Ledger:
	"""`clients` threads that create policies until stop(), and each at least its share of `least`; some of the policies they change and
	some they remove. An answer that leaves the outcome open (5xx, a broken connection) is followed by the same request until it is
	settled. `fault` is how the row of the report is called."""

	def __init__(self, stack, clients=8, least=1000, fault=None, description=""):
		self.stack = stack
		self.least = least // clients
		self.fault = fault
		self.description = description
		self.statuses = collections.Counter()
		self.acknowledged = {}  # name -> Entry
		self.made = [0] * clients  # acknowledged policies of each client
		self.refused = set()
		self.unheard = set()  # names that others asked for without waiting for an answer: they may be there
		self.wrong = []
		self.going = threading.Event()
		self.stopping = threading.Event()
		self.slowest = 0.0  # request
		self.longest = 0.0  # time that a client waited until its request was settled
		self.threads = [threading.Thread(target=self.client, args=(number,), daemon=True) for number in range(clients)]

	def __enter__(self):
		self.going.set()
		for thread in self.threads:
			thread.start()
		return self

	def __exit__(self, *_):
		self.stop()

	def stop(self):
		self.stopping.set()
		self.going.set()
		for thread in self.threads:
			thread.join()

	def pause(self):
		"""No client begins another turn until go_on()."""
		self.going.clear()

	def go_on(self):
		self.going.set()

	def progress(self, more=100, each=1, seconds=60):
		"""Waits until so many more policies are acknowledged, and so many of each client: whoever has met the fault is past it."""
		least, before = len(self.acknowledged) + more, list(self.made)
		wait_until(lambda: len(self.acknowledged) >= least and all(now >= then + each for now, then in zip(list(self.made), before)),
		           f"{more} more policies", seconds)

	def wait_for_status(self, status, more=10, seconds=60):
		"""Waits until so many more requests are answered with it."""
		least = self.statuses[status] + more
		wait_until(lambda: self.statuses[status] >= least, f"{more} more answers with {status}", seconds)

	def client(self, number):
		for turn in itertools.count():
			if turn >= self.least and self.stopping.is_set():
				return
			self.going.wait()
			name = f"client {number}, turn {turn}"
			entry = self.create(name, number * TURNS + turn + 1)
			self.made[number] += entry is not None
			if entry is not None and entry.id is not None and turn % 4 == 1:
				self.change(name, entry)
			if entry is not None and entry.id is not None and turn % 8 == 1:
				self.remove(name, entry)
			if turn % 10 == 0:
				self.refuse(name, turn)
			time.sleep(0.002)

	def request(self, method, path, body=None):
		started = time.monotonic()
		try:
			answer = self.stack.request(method, path, body, (), self.stack.admin)
		except (OSError, http.client.HTTPException):
			answer = None
		self.slowest = max(self.slowest, time.monotonic() - started)
		self.statuses[answer.status if answer else "broken"] += 1
		return answer

	def settle(self, *request):
		"""The answer that settles a request, and how often it was made for that."""
		started = time.monotonic()
		for attempts in itertools.count(1):
			answer = self.request(*request)
			if answer is not None and answer.status < 500:
				self.longest = max(self.longest, time.monotonic() - started)
				return answer, attempts
			time.sleep(0.05)

	@staticmethod
	def policy(name, due_time, description=""):
		return {"name": name, "description": description, "dueTimeInMinutes": due_time}

	def create(self, name, due_time):
		answer, attempts = self.settle("POST", PATH, self.policy(name, due_time, self.description))
		policy_id = answer.json()["sla"]["_id"] if answer.status == 200 else None
		if policy_id is None and not (attempts > 1 and answer.status == 400 and answer.json()["error"] == DUPLICATED):
			self.wrong.append((name, answer))
			return None
		self.acknowledged[name] = Entry(policy_id, due_time, self.description)
		return self.acknowledged[name]

	def change(self, name, entry):
		description = f"changed, {self.description}"
		answer, attempts = self.settle("PUT", f"{PATH}/{entry.id}", self.policy(name, entry.due_time, description))
		if answer.status != 200 or answer.json()["sla"]["description"] != description:
			self.wrong.append((name, answer))
			return
		entry.description = description
		entry.changes += 1
		entry.changes_tried += attempts

	def remove(self, name, entry):
		answer, attempts = self.settle("DELETE", f"{PATH}/{entry.id}")
		if answer.status != 200 and not (attempts > 1 and answer.status == 404):
			self.wrong.append((name, answer))
			return
		entry.removed = True

	def refuse(self, name, turn):
		"""A duplicate of the name or a time that is out of range: whatever breaks, it never gets in."""
		refused = f"{name}, refused"
		self.refused.add(refused)
		duplicate = turn % 20 == 0 and name in self.acknowledged and not self.acknowledged[name].removed
		body = self.policy(name, REFUSED_DUE_TIME + turn) if duplicate else self.policy(refused, 0)
		answer = self.request("POST", PATH, body)
		if answer is not None and answer.status < 500 and answer.status != 400:
			self.wrong.append((refused, answer))

	def check(self, test):
		"""After stop(): asserts that nothing is missing, double or there against its answer."""
		rows = self.stack.database.sql("SELECT name, id, description, due_time_in_minutes FROM sla_policies")
		stored = {row[0]: row[1:] for row in rows}
		lost = list(self.lost(stored)) + list(self.history_lost())
		doubled = len(rows) - len(stored) + sum(1 for _ in self.history_doubled())
		self.report(len(lost), doubled)
		test.assertEqual(self.wrong, [])
		test.assertEqual(lost, [], "all that was answered is there")
		test.assertEqual(doubled, 0, "and is there once")
		test.assertEqual(sorted(set(stored) - set(self.acknowledged) - self.unheard), [], "nothing is there that was refused or never asked for")
		test.assertEqual([row for row in rows if int(row[3]) >= REFUSED_DUE_TIME and row[0] not in self.unheard], [])
		test.assertGreaterEqual(len(self.acknowledged), self.least * len(self.threads))

	def lost(self, stored):
		"""What was acknowledged and is not so."""
		for name, entry in self.acknowledged.items():
			row = stored.get(name)
			if entry.removed and row is not None:
				yield f"{name} was removed, and is there"
			elif not entry.removed and row is None:
				yield f"{name} is missing"
			elif not entry.removed and (entry.id not in (None, row[0]) or row[1:] != [entry.description, str(entry.due_time)]):
				yield f"{name} is another than was answered: {row}"

	def history(self):
		"""(policy's id, kind) -> rows."""
		rows = self.stack.database.sql("SELECT policy_id, change_kind, COUNT(*) FROM sla_policy_history GROUP BY policy_id, change_kind")
		return {(policy_id, kind): int(count) for policy_id, kind, count in rows}

	def history_lost(self):
		kept = self.history()
		for name, entry in self.acknowledged.items():
			if kept.get((entry.id, "PUT"), 0) < entry.changes or kept.get((entry.id, "DELETE"), 0) < entry.removed:
				yield f"the history of {name} is not whole"

	def history_doubled(self):
		"""A change that was asked for twice may have been made twice, a removal never."""
		kept = self.history()
		for name, entry in self.acknowledged.items():
			if kept.get((entry.id, "PUT"), 0) > entry.changes_tried or kept.get((entry.id, "DELETE"), 0) > 1:
				yield name

	def report(self, lost, doubled):
		"""The row of a table: fault, requests, acknowledged writes, lost, doubled, the longest that a client waited for an outcome."""
		written = sum(1 + entry.changes + entry.removed for entry in self.acknowledged.values())
		fault = self.fault or "load"
		print(f"# | {fault} | {sum(self.statuses.values())} | {written} | {lost} | {doubled} | {self.longest:.1f} s | {dict(self.statuses)}")

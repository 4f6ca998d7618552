# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Clients that write down what they were answered while something breaks, and the comparison with the database afterwards."""
import collections
import http.client
import itertools
import threading
import time

PATH = "/api/v1/livechat/sla"


class Ledger:
	"""`clients` threads that create policies until stop(), and each at least its share of `least`. An answer that leaves the outcome
	open (5xx, a broken connection) is followed by the same request until it is settled."""

	def __init__(self, stack, clients=8, least=1000):
		self.stack = stack
		self.least = least // clients
		self.statuses = collections.Counter()
		self.acknowledged = {}  # name -> id, None if a repeated request was told that the policy is there
		self.refused = set()
		self.wrong = []
		self.stopping = threading.Event()
		self.slowest = 0.0
		self.threads = [threading.Thread(target=self.client, args=(number,)) for number in range(clients)]

	def __enter__(self):
		for thread in self.threads:
			thread.start()
		return self

	def __exit__(self, *_):
		self.stop()

	def stop(self):
		self.stopping.set()
		for thread in self.threads:
			thread.join()

	def client(self, number):
		for turn in itertools.count():
			if turn >= self.least and self.stopping.is_set():
				return
			name = f"client {number}, turn {turn}"
			self.create(name, number * 1000000 + turn + 1)
			if turn % 10 == 0:
				self.refuse(name, turn)
			time.sleep(0.002)

	def post(self, name, due_time):
		started = time.monotonic()
		try:
			answer = self.stack.request("POST", PATH, {"name": name, "description": "", "dueTimeInMinutes": due_time}, (), self.stack.admin)
		except (OSError, http.client.HTTPException):
			answer = None
		self.slowest = max(self.slowest, time.monotonic() - started)
		self.statuses[answer.status if answer else "broken"] += 1
		return answer

	def create(self, name, due_time):
		for attempt in itertools.count():
			answer = self.post(name, due_time)
			if answer is not None and answer.status == 200:
				self.acknowledged[name] = answer.json()["sla"]["_id"]
				return
			if answer is not None and answer.status == 400 and attempt > 0 and answer.json()["error"] == "error-duplicated-sla":
				self.acknowledged[name] = None
				return
			if answer is not None and answer.status < 500:
				self.wrong.append((name, answer))
				return
			time.sleep(0.05)

	def refuse(self, name, turn):
		"""A duplicate of the name or a time that is out of range: whatever breaks, it never gets in."""
		refused = f"{name}, refused"
		self.refused.add(refused)
		answer = self.post(name, 900000000 + turn) if turn % 20 == 0 else self.post(refused, 0)
		if answer is not None and answer.status < 500 and answer.status != 400:
			self.wrong.append((refused, answer))

	def check(self, test):
		"""After stop(): asserts that nothing is missing, double or there against its answer."""
		rows = self.stack.database.sql("SELECT name, id FROM sla_policies")
		stored = dict(rows)
		test.assertEqual(self.wrong, [])
		test.assertEqual(len(stored), len(rows), "no policy is there twice")
		test.assertEqual([name for name in self.acknowledged if name not in stored], [], "no answered policy is missing")
		test.assertEqual([name for name, policy_id in self.acknowledged.items() if policy_id not in (None, stored[name])], [],
		                 "each has the id that was answered")
		test.assertEqual(sorted(set(stored) - set(self.acknowledged)), [], "nothing is there that was not asked for, or was refused")
		test.assertEqual(self.stack.database.sql("SELECT * FROM sla_policies WHERE due_time_in_minutes >= 900000000"), [])
		test.assertGreaterEqual(len(self.acknowledged), self.least * len(self.threads))

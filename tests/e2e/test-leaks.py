# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Ten thousand requests of every kind: no worker dies, none grows, and valgrind or a sanitizer, if there is one, has nothing to say."""
import itertools
import json
import threading
import unittest

from process import looks_into_processes
from stack import Credentials, Stack, instrumented, private_memory

PATH = "/api/v1/livechat/sla"
REQUESTS = 10000
ROUND, ROUNDS_MOST = 2000, 12
GROWTH_MOST = 16  # KiB in a round; until it has found its size the heap may grow by more
PASSWORD = "correct horse battery staple"
HASH = "$2y$04$mKlyZcjpJv4gIURumLYuVOtSIA23JOZ/Gn4oCE.SHWysKWiZBfIGi"  # of its SHA-256; so cheap that ten thousand requests stay quick

numbers = itertools.count(1)


def policy(**changed):
	number = next(numbers)
	return {"name": f"policy {number}", "description": "d" * (number % 4000), "dueTimeInMinutes": number, **changed}


def kinds(stack, agent):
	"""Functions that make one request each, and the status it has to have."""
	nobody, stranger = Credentials("", ""), Credentials("A" * 17, "A" * 43)
	json_type, text_type = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}

	def post(make_body, headers=json_type, credentials=stack.admin):
		return lambda: stack.request("POST", PATH, make_body(), headers, credentials)

	def account(path, body=None):
		return lambda: stack.request("GET" if body is None else "POST", f"/api/v1/{path}", body, (), stack.admin)

	return (
		(account("login", {"user": "agent", "password": PASSWORD}), 200), (account("login", {"user": "agent", "password": "x"}), 401),
		(account("login", {"resume": "A" * 43}), 401), (account("login", {"resume": stack.admin.token}), 200), (account("login", []), 401),
		(account("me"), 200), (account("roles.list"), 200), (account("permissions.listAll"), 200),
		(account("permissions.update", {"permissions": [{"_id": "view-l-room", "roles": ["admin", "bot"]}]}), 200),
		(account("permissions.update", {"permissions": [{"_id": "view-l-room", "roles": ["admin", "x"]}]}), 400),
		(account("permissions.update", {"permissions": 7}), 400),
		(account("users.generatePersonalAccessToken", {"tokenName": "x"}), (200, 400)), (account("users.getPersonalAccessTokens"), 200),
		(account("users.removePersonalAccessToken", {"tokenName": "x"}), (200, 400)),
		(post(policy), 200),
		(post(lambda: policy(name="the same")), (200, 400)),
		(post(lambda: policy(dueTimeInMinutes=2000000000)), (200, 400)),
		(post(lambda: policy(name="\U0001f600" * 255, dueTimeInMinutes="0x7fffffff")), (200, 400)),
		(post(lambda: policy(name="")), 400), (post(lambda: policy(name=[])), 400), (post(lambda: policy(extra={"a": [1, 2, {}]})), 400),
		(post(lambda: policy(description="d" * 4001)), 400), (post(lambda: policy(dueTimeInMinutes="x")), 400), (post(dict), 400),
		(post(list), 400), (post(lambda: "null"), 400), (post(lambda: "["), 400), (post(lambda: b"\xff"), 400), (post(lambda: b""), 400),
		(post(lambda: "[" * 1000), 400), (post(lambda: json.dumps(policy()) + "x"), 400), (post(lambda: '{"name":1,"name":NaN}'), 400),
		(post(lambda: " " * 65537), 413), (post(policy, text_type), 415),
		(post(policy, credentials=nobody), 401), (post(policy, credentials=stranger), 401), (post(policy, credentials=agent), 403),
		(lambda: stack.request("PATCH", PATH, policy(), (), stack.admin), 405),
		(lambda: stack.request("OPTIONS", PATH), 204),
		(lambda: stack.request("GET", "/api/v1/nothing?" + "x" * 5000), 404),
		(lambda: stack.request("HEAD", "/api/v1/livechat/%2e%2e/nothing"), 404),
	)


class Leaks(unittest.TestCase):
	def setUp(self):
		self.stack = Stack(workers=2, max_requests=0, log_level="info").start()
		self.kinds = kinds(self.stack, self.stack.add_user("agent", "livechat-agent"))
		self.stack.database.sql(f"UPDATE users SET password_hash = '{HASH}' WHERE username = 'agent'")
		self.wrong = []

	def client(self, turns):
		for turn in turns:
			request, status = self.kinds[turn % len(self.kinds)]
			answer = request()
			if answer.status not in (status if isinstance(status, tuple) else (status,)):
				self.wrong.append((turn % len(self.kinds), answer))

	def load(self, requests):
		threads = [threading.Thread(target=self.client, args=(range(first, requests, 4),)) for first in range(4)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		self.assertEqual(self.wrong, [])

	def growth(self):
		"""KiB that a worker grows by in a round, at the most."""
		workers = self.stack.pool.workers()
		before = [private_memory(worker) for worker in workers]
		self.load(ROUND)
		return max(private_memory(worker) - least for worker, least in zip(workers, before))

	@looks_into_processes
	def test_memory_after_many_requests(self):
		workers = self.stack.pool.workers()
		self.load(REQUESTS - ROUND)
		growths = [self.growth()]
		while not instrumented() and growths[-1] > GROWTH_MOST and len(growths) < ROUNDS_MOST:
			growths.append(self.growth())
		self.assertEqual(self.stack.pool.workers(), workers, "no worker ended")
		print(f"# KiB that a worker grew by in rounds of {ROUND}: {growths}")
		if not instrumented():
			self.assertLessEqual(growths[-1], GROWTH_MOST)
		self.stack.finish()

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The examples of the API's description, run against the server: it answers what is written there."""
import re
import unittest
import urllib.parse

import openapi
from contract import compact
from stack import Credentials, Stack, wait_until

stack = None
UNKNOWN = "641db89a7718f90c810429cc"
TEXT = {"Content-Type": "text/plain"}


def setUpModule():
	global stack
	stack = Stack().start()


def tearDownModule():
	stack.finish()


def request_example(operation):
	if "requestBody" not in operation:
		return None
	[(_, value), *_] = openapi.examples(openapi.resolve(operation["requestBody"])["content"]["application/json"])
	return value


def query_example(operation):
	shown = {parameter["name"]: parameter["example"] for parameter in operation.get("parameters", ()) if "example" in parameter}
	return "?" + urllib.parse.urlencode(shown) if shown else ""


class Examples(unittest.TestCase):
	def setUp(self):
		stack.database.sql("DELETE FROM sla_policies")

	def call(self, method, path, body=None, credentials=None, headers=()):
		return stack.request(method, "/api/v1" + path.replace("{id}", UNKNOWN), body, headers, credentials or stack.admin)

	def expect(self, answer, operation, status):
		"""The status is the one that is meant, and the body keeps to the schema of this status."""
		self.assertEqual(answer.status, status, answer.body)
		content = openapi.resolve(operation["responses"][str(status)])["content"]["application/json"]
		openapi.validate(answer.json(), content["schema"])
		return content

	def expect_example(self, answer, operation, status):
		"""It is one of the examples to the letter."""
		content = self.expect(answer, operation, status)
		self.assertIn(answer.json(), [value for _, value in openapi.examples(content)])

	def policies(self):
		return ((method, path, operation) for method, path, operation in openapi.operations() if path.startswith("/livechat/sla"))

	def each(self, status):
		for method, path, operation in openapi.operations():
			if str(status) in operation["responses"]:
				with self.subTest(f"{method} {path} {status}"):
					yield method, path, operation

	def test_policies_succeed(self):
		for method, path, operation in self.policies():
			with self.subTest(f"{method} {path}"):
				self.setUp()
				policy_id = UNKNOWN
				if method != "POST":
					policy_id = self.call("POST", "/livechat/sla", {"name": "Optimum", "description": "OPtimum SLA", "dueTimeInMinutes": 4}).json()["sla"]["_id"]
				answer = self.call(method, path.replace("{id}", policy_id) + query_example(operation), request_example(operation))
				content = self.expect(answer, operation, 200)
				[(_, example)] = openapi.examples(content)
				self.assertEqual(self.masked(answer.body.decode()), self.masked(compact(example)), "keys in the order of the example")

	@staticmethod
	def masked(text):
		text = re.sub(r"[0-9a-f]{24}", "ID", text)
		return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)

	def test_policies_are_refused(self):
		for method, path, operation in self.policies():
			if "requestBody" in operation:
				with self.subTest(f"{method} {path} 400"):
					self.expect_example(self.call(method, path, {}), operation, 400)
					self.expect_example(self.call(method, path, "x"), operation, 400)
		self.expect_example(self.call("GET", "/livechat/sla?sort=x"), openapi.document["paths"]["/livechat/sla"]["get"], 400)
		self.expect_example(self.call("GET", "/livechat/sla?count=x"), openapi.document["paths"]["/livechat/sla"]["get"], 400)

	def test_duplicate(self):
		operation = openapi.document["paths"]["/livechat/sla"]["post"]
		self.call("POST", "/livechat/sla", request_example(operation))
		self.expect_example(self.call("POST", "/livechat/sla", request_example(operation)), operation, 400)

	def test_unknown_policy(self):
		for method, path, operation in self.each(404):
			self.expect_example(self.call(method, path, request_example(operation)), operation, 404)

	def test_without_credentials(self):
		for method, path, operation in self.each(401):
			if operation.get("security") != []:
				self.expect_example(self.call(method, path, request_example(operation), Credentials("", "")), operation, 401)

	def test_without_permission(self):
		nobody = stack.add_user("nobody", "bot")
		for method, path, operation in self.each(403):
			self.expect_example(self.call(method, path, request_example(operation), nobody), operation, 403)

	def test_body_too_large(self):
		for method, path, operation in self.each(413):
			if method not in ("GET", "DELETE"):
				self.expect_example(self.call(method, path, " " * 70000), operation, 413)

	def test_unsupported_media_type(self):
		for method, path, operation in self.each(415):
			self.expect_example(self.call(method, path, "x", headers=TEXT), operation, 415)

	def test_unavailable_and_limited(self):
		stack.database.stop()
		for method, path, operation in self.each(503):
			if operation.get("security") != []:
				answer = self.call(method, path, request_example(operation))
				self.expect_example(answer, operation, 503)
				self.assertGreater(int(answer.header("Retry-After")), 0)
		stack.database.start()
		wait_until(lambda: self.call("GET", "/livechat/sla").status == 200, "service")
		self.check_limits()

	@staticmethod
	def reload(**keys):
		old = set(stack.pool.workers())
		stack.pool.reload(**keys)
		wait_until(lambda: not old & set(stack.pool.workers()), "workers of the new configuration")

	def check_limits(self):
		self.addCleanup(self.reload, rate_limit="off")
		self.reload(rate_limit="on", rate_limit_calls=1, rate_limit_window="7s")
		caller = stack.add_user("limited", "livechat-manager")
		for method, path, operation in self.each(429):
			answer = wait_until(lambda m=method, p=path, o=operation: (got := self.call(m, p, request_example(o), caller)).status == 429 and got, "429")
			self.expect(answer, operation, 429)
			self.assertEqual(answer.header("Retry-After"), re.search(r"wait (\d+) seconds", answer.json()["error"])[1])

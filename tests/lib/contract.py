# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What every answer of the API looks like, to the byte, whichever web server passes it on."""
import json
import unittest

import tap
from process import SRCDIR
from stack import Stack

# The programs of these cases.
PROGRAMS = ("test-accounts.py", "test-create-policy.py", "test-front.py", "test-policies.py")
# Headers of the web server.
SERVER_HEADERS = ("Connection", "Date", "Keep-Alive", "Server")

PATH = "/api/v1/livechat/sla"
GOOD = {"name": "Optimum", "description": "OPtimum SLA", "dueTimeInMinutes": 4}

NOT_LOGGED_IN = '{"status":"error","message":"You must be logged in to do this."}'
NOT_AUTHORIZED = '{"success":false,"error":"error-not-authorized"}'
NO_ENDPOINT = '{"status":"error","message":"API endpoint does not exist"}'
DUPLICATED = '{"success":false,"error":"error-duplicated-sla"}'
TOO_LARGE = '{"success":false,"error":"error-body-too-large"}'
UNSUPPORTED = '{"success":false,"error":"error-unsupported-media-type"}'
UNAVAILABLE = '{"success":false,"error":"error-service-unavailable"}'


def compact(value):
	return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def invalid_params(text):
	return compact({"success": False, "error": f"{text} [invalid-params]", "errorType": "invalid-params"})


NO_JSON = invalid_params("must be valid JSON")


def not_found(policy_id):
	return compact({"success": False, "error": f"SLA with id {policy_id} not found"})


def invalid_sort(text):
	error = f'Invalid sort parameter provided: "{text}" [error-invalid-sort]'
	return compact({"success": False, "error": error, "errorType": "error-invalid-sort"})


def over(front):
	"""A load_tests (see unittest) that runs all of it with this web server in front."""
	def load_tests(loader, _tests, _pattern):
		Stack.front = front
		modules = [tap.load_module(SRCDIR / "tests/e2e" / name) for name in PROGRAMS]
		return unittest.TestSuite(loader.loadTestsFromModule(module) for module in modules)
	return load_tests


class ContractCase(unittest.TestCase):
	def expect(self, answer, status, body, **more):
		"""The answer has this status and body and exactly the headers of the contract; `more` has further ones, with _ for -."""
		self.assertEqual((answer.status, answer.body.decode()), (status, body))
		expected = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		            "Content-Length": str(len(answer.body)), **{name.replace("_", "-"): value for name, value in more.items()}}
		own = [(name, value) for name, value in answer.headers if name not in SERVER_HEADERS]
		self.assertEqual(sorted(own), sorted(expected.items()))

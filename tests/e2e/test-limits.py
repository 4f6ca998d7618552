# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Limits on callers: counted for all workers, told in headers, and kept when workers die or the configuration is read anew."""
import itertools
import os
import signal
import time

from contract import NOT_LOGGED_IN, PATH, ContractCase, compact
from stack import Credentials, Stack, wait_until

CALLS, FAILURES, LOGINS = 5, 8, 10
PASSWORD = "correct horse battery staple"
# Of it, by `htpasswd -nbB`: cost 4, so that the tests need not wait.
HASH = "$2y$04$mKlyZcjpJv4gIURumLYuVOtSIA23JOZ/Gn4oCE.SHWysKWiZBfIGi"
UNKNOWN = Credentials("A" * 17, "A" * 43)
stack = None


def setUpModule():
	"""The web server stands for a proxy that tells in X-Forwarded-For who calls."""
	global stack
	stack = Stack(rate_limit="on", rate_limit_calls=CALLS, rate_limit_window="1h", failed_credentials=FAILURES,
	              failed_credentials_window="1h", trusted_proxies="127.0.0.1, 10.0.0.0/8").start()


def tearDownModule():
	stack.finish()


def too_many(seconds):
	return compact({"success": False, "error": f"Error, too many requests. Please slow down. You must wait {seconds} seconds before "
	                "trying this endpoint again. [error-too-many-requests]"})


class Limits(ContractCase):
	last_address = 0
	agent = None

	def setUp(self):
		Limits.last_address += 1
		self.address = f"192.0.2.{Limits.last_address}"
		if Limits.agent is None:
			Limits.agent = stack.add_user("limited", "livechat-agent")

	def call(self, credentials=None, method="GET", path=PATH, address=None, body=None):
		return stack.request(method, path, body, {"X-Forwarded-For": address or self.address}, credentials or self.agent)

	def expect_count(self, answer, remaining):
		self.assertEqual((answer.header("X-RateLimit-Limit"), answer.header("X-RateLimit-Remaining")), (str(CALLS), str(remaining)))
		self.assertLess(abs(int(answer.header("X-RateLimit-Reset")) - (time.time() + 3600) * 1000), 120000)

	def expect_limited(self, answer):
		seconds = int(answer.header("Retry-After"))
		self.assertTrue(3500 <= seconds <= 3600, seconds)
		self.assertEqual((answer.status, answer.reason, answer.body.decode()), (429, "Too Many Requests", too_many(seconds)))

	def use_up(self, **more):
		for remaining in reversed(range(CALLS)):
			answer = self.call(**more)
			self.assertEqual(answer.status, 200, answer.body)
			self.expect_count(answer, remaining)

	def test_each_answer_tells_the_count_and_one_too_many_is_refused(self):
		self.use_up()
		for _ in range(3):
			answer = self.call()
			self.expect_limited(answer)
			self.expect_count(answer, 0)

	def test_addresses_methods_and_paths_are_counted_apart(self):
		self.use_up()
		self.expect_count(self.call(address="198.51.100.1"), CALLS - 1)
		self.expect_count(self.call(path=PATH + "/641db89a7718f90c810429cc"), CALLS - 1)
		self.expect_count(self.call(path=PATH + "/000000000000000000000000"), CALLS - 2)
		self.expect_count(self.call(method="POST"), CALLS - 1)
		self.expect_limited(self.call())

	def test_an_ipv6_customer_is_64_bits(self):
		self.use_up(address="2001:db8:1:1::1")
		self.expect_limited(self.call(address="2001:db8:1:1:ffff::2"))
		self.expect_count(self.call(address="2001:db8:1:2::1"), CALLS - 1)

	def test_only_what_trusted_proxies_say_of_the_caller_counts(self):
		self.use_up(address=f"203.0.113.9, {self.address}")
		self.expect_limited(self.call(address=f"203.0.113.10, {self.address}, 10.1.2.3"))
		self.expect_limited(self.call(address=f"forged, {self.address} ,10.0.0.1, 10.0.0.2"))

	def test_exempt_callers_are_not_counted(self):
		for _ in range(CALLS + 3):
			answer = self.call(stack.admin)
			self.assertEqual((answer.status, answer.header("X-RateLimit-Limit")), (200, None))
		self.use_up()
		self.assertEqual(self.call(stack.admin).status, 200)

	def test_refusals_of_the_route_table_are_not_counted(self):
		for _ in range(CALLS + 3):
			self.assertEqual(self.call(path="/api/v1/x").status, 404)
			self.assertEqual(self.call(method="PATCH").status, 405)
			self.assertEqual(self.call(method="OPTIONS").status, 204)
		self.expect_count(self.call(), CALLS - 1)

	def test_calls_without_credentials_are_counted_as_calls_alone(self):
		nobody = Credentials("", "")
		for remaining in reversed(range(CALLS)):
			answer = self.call(nobody)
			self.assertEqual((answer.status, answer.body.decode()), (401, NOT_LOGGED_IN))
			self.expect_count(answer, remaining)
		for _ in range(FAILURES):
			self.expect_limited(self.call(nobody))
		self.assertEqual(self.call(stack.admin).status, 200)

	def test_an_address_whose_credentials_fail_too_often_is_refused_whatever_it_calls(self):
		for number in range(FAILURES):
			self.assertEqual(self.call(UNKNOWN).status, 401 if number < CALLS else 429)
		for credentials in (UNKNOWN, self.agent, stack.admin):
			answer = self.call(credentials, path=PATH + "/641db89a7718f90c810429cc")
			self.expect_limited(answer)
		self.assertEqual(self.call(stack.admin, address="198.51.100.77").status, 200)

	def test_a_refused_address_costs_no_statement(self):
		for _ in range(FAILURES):
			self.call(UNKNOWN)
		before = self.statements()
		for _ in range(20):
			self.expect_limited(self.call(UNKNOWN))
		self.assertEqual(self.statements() - before, 0)

	@staticmethod
	def statements():
		return stack.database.counter("Com_stmt_execute")

	def test_counts_outlive_workers_and_reloads(self):
		self.use_up()
		old = set(stack.pool.workers())
		for pid in old:
			os.kill(pid, signal.SIGKILL)
		wait_until(lambda: len(set(stack.pool.workers()) - old) == len(old), "new workers")
		self.expect_limited(self.call())
		old = set(stack.pool.workers())
		stack.pool.reload()
		wait_until(lambda: not old & set(stack.pool.workers()), "workers of the new configuration")
		self.expect_limited(self.call())


class FailedLogins(ContractCase):
	"""From many addresses, so that it is not these which are braked."""
	addresses = itertools.count(1)

	@staticmethod
	def add(name):
		stack.add_user(name, "user")
		stack.database.sql(f"UPDATE users SET password_hash = '{HASH}', email = '{name}@example.org' WHERE username = '{name}'")

	def log_in(self, name, password="x"):
		address = f"198.18.{next(self.addresses)}.1"
		return stack.request("POST", "/api/v1/login", {"user": name, "password": password}, {"X-Forwarded-For": address}).status

	def try_wrong(self, name, times):
		return [self.log_in(name) for _ in range(times)]

	def test_a_user_is_braked_by_whatever_name_the_logins_failed(self):
		for name, first, second in (("boss", "{}", "{}@example.org"), ("chief", "{}@example.org", "{}")):
			with self.subTest(first):
				self.add(name)
				first, second = first.format(name), second.format(name)
				self.assertEqual(self.try_wrong(first, LOGINS - 1), [401] * (LOGINS - 1))
				self.assertEqual([self.log_in(text, PASSWORD) for text in (first, second)], [200, 200])
				self.assertEqual(self.try_wrong(second, 1), [401])
				self.assertEqual([self.log_in(text, PASSWORD) for text in (first, second)], [401, 401])
				reasons = stack.database.sql(f"SELECT detail FROM audit WHERE action = 'login.refused' AND target = '{name}' ORDER BY id")
				self.assertEqual([reason for [reason] in reasons], ["wrong password"] * LOGINS + ["too many failed logins"] * 2)

	def test_answers_do_not_tell_which_names_are_one_user(self):
		self.add("known")
		for first, second in (("known", "known@example.org"), ("nobody", "nobody@example.org")):
			with self.subTest(first):
				for text in (first, second):
					self.assertEqual(self.try_wrong(text, LOGINS + 1), [401] * LOGINS + [429])


class SwitchedOff(ContractCase):
	def test_nothing_is_counted(self):
		old = set(stack.pool.workers())
		stack.pool.reload(rate_limit="off")
		wait_until(lambda: not old & set(stack.pool.workers()), "workers of the new configuration")
		for _ in range(FAILURES + CALLS):
			answer = stack.request("GET", PATH, credentials=UNKNOWN)
			self.assertEqual((answer.status, answer.header("X-RateLimit-Limit")), (401, None))

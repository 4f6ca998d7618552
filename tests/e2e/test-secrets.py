# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Passwords and tokens reach no log, no list of arguments and no environment, whatever becomes of the calls that carry them."""
import hashlib
import pathlib
import unittest

from contract import PATH
from process import looks_into_processes
from stack import Credentials, Stack, wait_until

PASSWORD = "a-password-to-look-for"
WRONG = "a-wrong-password-to-look-for"
HASH = "$2y$04$NRRRQ25dq/KuCkanVKymi.bXP999wk0bEw5z/yXUKr0iwSuQCIOnS"  # by PHP's password_hash() of the digest
stack = None


def setUpModule():
	global stack
	stack = Stack(log_level="debug").start()
	stack.secrets += [PASSWORD, WRONG, HASH, *(hashlib.sha256(password.encode()).hexdigest() for password in (PASSWORD, WRONG))]


def tearDownModule():
	stack.finish()


def call(method, path, body=None, credentials=None):
	return stack.request(method, "/api/v1/" + path, body, (), credentials)


class Secrets(unittest.TestCase):
	def tearDown(self):
		self.assertEqual(stack.leaks(), [])

	@classmethod
	def setUpClass(cls):
		cls.ada = stack.add_user("ada", "admin", "user")
		stack.database.sql(f"UPDATE users SET password_hash = '{HASH}' WHERE username = 'ada'")

	def log_in(self):
		answer = call("POST", "login", {"user": "ada", "password": PASSWORD})
		self.assertEqual(answer.status, 200, answer.body)
		stack.secrets.append(answer.json()["data"]["authToken"])
		return Credentials(self.ada.user_id, stack.secrets[-1])

	def send_all(self):
		"""Every way to send a secret, well and badly."""
		digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
		for body in ({"user": "ada", "password": WRONG}, {"user": WRONG, "password": PASSWORD}, {"user": "ada", "password": [PASSWORD]},
		             {"user": "ada", "password": {"digest": digest, "algorithm": "x"}}, {"user": "ada", "password": PASSWORD, PASSWORD: 1},
		             {"resume": WRONG}, {"resume": self.ada.token}, f'{{"user":"ada","password":"{PASSWORD}"', PASSWORD):
			call("POST", "login", body)
		for credentials in (Credentials(PASSWORD, WRONG), Credentials(self.ada.user_id, PASSWORD), Credentials(self.ada.token, self.ada.user_id)):
			call("GET", "me", credentials=credentials)
		for body in ({"tokenName": "x"}, {"name": PASSWORD}, {"tokenName": "x" * 300}):
			answer = call("POST", "users.generatePersonalAccessToken", body, self.ada)
			if answer.status == 200:
				stack.secrets.append(answer.json()["token"])
		call("GET", "users.getPersonalAccessTokens", credentials=self.ada)
		call("POST", "users.removePersonalAccessToken", {"tokenName": "x"}, self.ada)
		call("POST", f"livechat/sla?authToken={'x' * 10}", {"name": self.ada.token}, self.ada)

	def test_while_all_is_well(self):
		credentials = self.log_in()
		self.send_all()
		self.assertEqual(call("POST", "logout", credentials=credentials).status, 200)
		self.assertIn(self.ada.user_id, stack.pool.log.read_text(errors="replace"), "requests are logged")

	def test_while_statements_fail(self):
		for table in ("audit", "tokens", "users"):
			stack.database.sql(f"RENAME TABLE {table} TO {table}_away")
			self.send_all()
			stack.database.sql(f"RENAME TABLE {table}_away TO {table}")
		self.log_in()

	def test_while_the_database_is_away(self):
		stack.database.stop()
		self.send_all()
		stack.database.start()
		wait_until(lambda: stack.request("GET", PATH, credentials=stack.admin).status == 200, "service")

	@looks_into_processes
	def test_arguments_and_environments(self):
		self.log_in()
		pids = [stack.pool.process.pid, *stack.pool.workers()]
		self.assertGreater(len(pids), 1)
		for pid in pids:
			for name in ("cmdline", "environ", "comm"):
				text = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
				self.assertEqual([secret for secret in stack.secrets if secret.encode() in text], [], name)

	def test_the_search_finds_what_is_there(self):
		log = stack.directory / "planted.log"
		log.write_text(f"x {PASSWORD} x\n")
		self.assertEqual(stack.leaks(), ["planted.log"])
		log.unlink()

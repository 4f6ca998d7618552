# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Passwords and tokens reach no log, no list of arguments and no environment, whatever becomes of the calls that carry them, and stay in no
memory when these are answered."""
import ctypes
import hashlib
import json
import os
import pathlib
import re
import time
import unittest

from contract import PATH
from fastcgi import API, KEEP_CONN, Peer, request
from process import looks_into_processes
from stack import Credentials, Stack, instrumented, wait_until

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


def crypt(text, setting):
	"""The function of crypt(3)."""
	function = ctypes.CDLL("libcrypt.so.1").crypt
	function.restype = ctypes.c_char_p
	return function(text.encode(), setting.encode()).decode()


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


def writable_memory(pid):
	"""Each mapping that the process can write to, but for its stack, by the line that tells of it."""
	memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
	try:
		for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
			addresses, rights = line.split()[:2]
			start, end = (int(address, 16) for address in addresses.split("-"))
			if "w" in rights and not line.endswith("[stack]"):
				yield line, os.pread(memory, end - start, start)
	finally:
		os.close(memory)


@looks_into_processes
@unittest.skipIf(instrumented(), "sanitizers and valgrind keep copies of their own")
class Memory(unittest.TestCase):
	"""Of what a process can write to, after the answer: its heap and data, and the memory file, whose bytes libfcgi reads. Not of its stack:
	there the kernel saves the registers when a signal comes, those with the last thing that was copied among them."""

	PASSWORD = "password-that-is-to-be-forgotten"

	@classmethod
	def setUpClass(cls):
		cls.eve = stack.add_user("eve", "admin", "user")
		digest = hashlib.sha256(cls.PASSWORD.encode()).hexdigest()
		stack.database.sql(f"UPDATE users SET password_hash = '{crypt(digest, '$2y$04$NRRRQ25dq/KuCkanVKymi.')}' WHERE username = 'eve'")
		cls.secrets = {"password": cls.PASSWORD, "its digest": digest, "token": cls.eve.token}
		stack.secrets += cls.secrets.values()

	def send(self, method, path, body=None, credentials=None, pieces=1, **variables):
		"""As a web server that keeps its connection does, the bytes in so many writes."""
		content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
		headers = {"Content-Type": "application/json"}
		if credentials is not None:
			headers.update({"X-User-Id": credentials.user_id, "X-Auth-Token": credentials.token})
		data = request(method, API + path, content, headers, KEEP_CONN, **variables)
		with Peer(stack.pool.socket) as peer:
			for piece in range(pieces):
				peer.send(data[len(data) * piece // pieces:len(data) * (piece + 1) // pieces])
				time.sleep(0.01 * (pieces > 1))
			return peer.next_answer()

	def learn(self, name, secret):
		self.secrets[name] = secret
		stack.secrets.append(secret)

	def remembered(self):
		"""What is still there, and where; also in part, as what is freed is overwritten in places."""
		pids = [stack.pool.process.pid, *stack.pool.workers()]
		self.assertGreater(len(pids), 1)
		return [(name, pid, line) for pid in pids for line, memory in writable_memory(pid)
		        for name, secret in self.secrets.items() if any(part in memory for part in re.findall(b".{12}", secret.encode()))]

	def expect_forgotten(self):
		"""A moment after the answer, which is sent first."""
		end = time.monotonic() + 1
		while self.remembered() and time.monotonic() < end:
			time.sleep(0.01)
		self.assertEqual(self.remembered(), [])

	def log_in(self, body, **more):
		answer = self.send("POST", "login", body, **more)
		self.assertEqual(answer.status, 200, answer.body)
		self.learn("login's token", answer.json()["data"]["authToken"])

	def test_the_search_finds_what_is_there(self):
		self.assertTrue(any(str(stack.pool.socket).encode() in memory for _, memory in writable_memory(stack.pool.process.pid)))

	def test_login(self):
		self.log_in({"user": "eve", "password": self.PASSWORD})
		self.expect_forgotten()

	def test_login_by_digest_in_pieces(self):
		self.log_in({"user": "eve", "password": {"digest": self.secrets["its digest"], "algorithm": "sha-256"}}, pieces=7)
		self.expect_forgotten()

	def test_login_by_token(self):
		self.log_in({"resume": self.eve.token})
		self.expect_forgotten()

	def test_refused_login(self):
		for body in ({"user": "eve", "password": self.PASSWORD + "x"}, {"user": "eve", "password": [{"x": self.PASSWORD}]}):
			self.assertEqual(self.send("POST", "login", body).status, 401)
		self.assertEqual(self.send("POST", "login", json.dumps({"user": "eve", "password": self.PASSWORD}).encode()[:-1]).status, 400)
		self.expect_forgotten()

	def test_new_token(self):
		answer = self.send("POST", "users.generatePersonalAccessToken", {"tokenName": "x"}, self.eve)
		self.assertEqual(answer.status, 200, answer.body)
		self.learn("new token", answer.json()["token"])
		self.expect_forgotten()

	def test_callers_token(self):
		for method, path, body, status in (("GET", "me", None, 200), ("HEAD", "livechat/sla", None, 200), ("POST", "livechat/sla", {}, 400),
		                                   ("GET", "nothing", None, 404), ("POST", "livechat/sla", b" " * 100000, 413)):
			self.assertEqual(self.send(method, path, body, self.eve).status, status)
		self.expect_forgotten()

	def test_callers_token_among_many_variables(self):
		"""More than one read of libfcgi's, and arriving bit by bit."""
		for size in (3000, 8000, 9000, 20000):
			for name in ("HTTP_A", "HTTP_Z"):
				with self.subTest(size=size, name=name):
					self.assertEqual(self.send("GET", "me", None, self.eve, 5, **{name: "x" * size}).status, 200)
					self.expect_forgotten()

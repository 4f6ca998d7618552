# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""livechat-slactl's commands on users, roles, permissions and tokens, and what they leave in the audit."""
import base64
import contextlib
import datetime
import getpass
import hashlib
import json
import os
import pty
import re
import subprocess
import termios
import unittest

from contract import GOOD, PATH
from database import numbers
from stack import SLACTL, Credentials, Stack, wait_until

INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
PASSWORD = "correct horse Bätterie"


def setUpModule():
	global stack
	stack = Stack(rate_limit="off").start()


def tearDownModule():
	stack.finish()


def command(*arguments):
	return [str(SLACTL), f"--config={stack.pool.file}", *arguments]


def run(*arguments, text="", status=0):
	"""The finished process; what succeeds complains of nothing, what fails does."""
	result = subprocess.run(command(*arguments), input=text, capture_output=True, text=True, errors="backslashreplace")
	assert (result.returncode, result.stderr == "") == (status, status == 0), result
	return result


def listed(*arguments):
	return [json.loads(line) for line in run(*arguments, "--json").stdout.splitlines()]


def login(name, password):
	return stack.request("POST", "/api/v1/login", {"user": name, "password": password})


def credentials(*arguments):
	made = json.loads(run("token", "issue", *arguments, "--json").stdout)
	return Credentials(made["userId"], made["authToken"])


def status(who):
	return stack.request("GET", "/api/v1/me", credentials=who).status


class Case(unittest.TestCase):
	def setUp(self):
		self.addCleanup(stack.database.sql, "DELETE FROM users WHERE username <> 'administrator'")

	def actions(self, name):
		"""(action, target, detail) of the audit since the user was made."""
		rows = listed("audit", "--user", name)
		start = max((number for number, row in enumerate(rows) if row["action"] == "user.add"), default=0)
		for row in rows[start:]:
			self.assertEqual((row["username"], row["userId"], row["address"]), (f"cli:{getpass.getuser()}", None, None))
			self.assertRegex(row["at"], f"^{INSTANT}$")
		return [(row["action"], row["target"], row["detail"]) for row in rows[start:]]


class Users(Case):
	def test_add_show_list(self):
		made = json.loads(run("user", "add", "anna", "--role=user", "--role=bot", "--name=Änna \x1b[2J", "--email=a@b.c", "--json").stdout)
		expected = {"_id": made["userId"], "username": "anna", "name": "Änna \x1b[2J", "email": "a@b.c", "active": True, "roles": ["bot", "user"]}
		self.assertEqual(listed("user", "show", "anna"), [expected])
		self.assertIn(expected, listed("user", "list"))
		self.assertEqual(listed("user", "list", "--role=bot"), [expected])
		self.assertEqual(run("user", "show", "anna").stdout,
		                 f"user: anna\nuser id: {made['userId']}\nname: Änna \\u001b[2J\ne-mail: a@b.c\nactive: yes\nroles: bot,user\n")
		heading, administrator, anna = run("user", "list").stdout.splitlines()
		self.assertEqual(heading.split(), ["USER", "ACTIVE", "ROLES", "ID", "E-MAIL", "NAME"])
		self.assertEqual(administrator.split()[:3], ["administrator", "yes", "admin"])
		for left, right in (("ACTIVE", "yes"), ("ROLES", "bot"), ("ID", made["userId"])):
			self.assertEqual(heading.index(left), anna.index(right))
		self.assertEqual(self.actions("anna"), [("user.add", "anna", None), ("role.grant", "anna", "user"), ("role.grant", "anna", "bot")])

	def test_many_users(self):
		stack.database.sql("INSERT INTO users (id, username, created_at, updated_at) SELECT CONCAT('aaaaaaaaaaaaa', 1000 + seq), CONCAT('u', 1000 + seq), "
		                   f"UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM {numbers(1100)}")
		names = ["administrator", *(f"u{1000 + number}" for number in range(1, 1101))]
		self.assertEqual([user["username"] for user in listed("user", "list")], names)
		self.assertEqual([line.split()[0] for line in run("user", "list").stdout.splitlines()], ["USER", *names])

	def test_disable_and_enable(self):
		run("user", "add", "anna")
		token = credentials("anna")
		for word, expected in (("disable", 401), ("disable", 401), ("enable", 200), ("enable", 200)):
			run("user", word, "anna")
			self.assertEqual(status(token), expected)
		self.assertEqual([action for action, *_ in self.actions("anna")], ["user.add", "token.issue", "user.disable", "user.enable"])

	def test_remove_leaves_policies(self):
		run("user", "add", "anna", "--role=livechat-manager")
		token = credentials("anna")
		made = stack.request("POST", PATH, {**GOOD, "name": "of anna", "dueTimeInMinutes": 77}, credentials=token)
		policy = json.loads(made.body)["sla"]["_id"]
		run("user", "remove", "anna")
		self.assertEqual(status(token), 401)
		self.assertEqual(listed("policy", "show", policy)[0]["createdBy"], token.user_id)
		self.assertEqual(self.actions("anna")[-1], ("user.remove", "anna", None))

	def test_what_is_not_there(self):
		for name in ("nobody", "", "administrator ", "x" * 300, os.fsdecode(b"\xff")):
			for word in ("show", "disable", "enable", "remove", "password"):
				with self.subTest(word, name=name[:5]):
					self.assertIn("there is no user", run("user", word, name, status=1, text=PASSWORD).stderr)

	def test_what_is_taken(self):
		run("user", "add", "anna", "--email=a@b.c")
		self.assertIn("'anna' already", run("user", "add", "anna", "--email=x@b.c", status=1).stderr)
		self.assertIn("e-mail address 'a@b.c' already", run("user", "add", "berta", "--email=a@b.c", status=1).stderr)

	def test_wrong_usage(self):
		for arguments in (("add", "a", "--email=a"), ("add", "a", "--email=a b@c"), ("add", "a", "--email=" + "a" * 254 + "@b"), ("list", "more"), ("show",)):
			with self.subTest(arguments[-1][:20]):
				run("user", *arguments, status=2)


class Passwords(Case):
	def test_from_standard_input(self):
		run("user", "add", "anna", "--password", text=f"{PASSWORD}\n")
		self.assertEqual(login("anna", PASSWORD).status, 200)
		self.assertEqual(login("anna", PASSWORD + "x").status, 401)
		token = json.loads(login("anna", PASSWORD).body)["data"]
		run("user", "password", "anna", text="another")
		self.assertEqual((login("anna", PASSWORD).status, login("anna", "another").status), (401, 200))
		self.assertEqual(status(Credentials(token["userId"], token["authToken"])), 401)
		run("user", "password", "anna", "--none")
		self.assertEqual(login("anna", "another").status, 401)

	def test_what_is_no_password(self):
		run("user", "add", "anna")
		for text in ("", "\n", "x" * 1024, "\udcff\n"):
			with self.subTest(repr(text[:5])):
				result = subprocess.run(command("user", "password", "anna"), input=os.fsencode(text), capture_output=True)
				self.assertEqual(result.returncode, 1, result)
				self.assertNotEqual(result.stderr, b"")
		self.assertEqual(run("user", "add", "berta", "--password", status=1).stdout, "")
		self.assertIn("no user", run("user", "show", "berta", status=1).stderr)

	def on_terminal(self, *entered):
		"""Enters each line when it is asked for, on a terminal; returns what was seen there and the exit status."""
		pid, terminal = pty.fork()
		if pid == 0:
			os.execv(SLACTL, command("user", "password", "anna"))
		seen = b""
		for number, line in enumerate(entered, 1):
			while seen.count(b"assword: ") < number:
				seen += os.read(terminal, 1000)
			wait_until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, "the echo's end")
			os.write(terminal, f"{line}\n".encode())
		with contextlib.suppress(OSError):
			while more := os.read(terminal, 1000):
				seen += more
		os.close(terminal)
		return seen.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

	def test_terminal_does_not_echo(self):
		run("user", "add", "anna")
		seen, status = self.on_terminal(PASSWORD, PASSWORD)
		self.assertEqual(status, 0, seen)
		self.assertNotIn("horse", seen)
		self.assertEqual(login("anna", PASSWORD).status, 200)

	def test_terminal_asks_twice(self):
		run("user", "add", "anna", "--password", text=PASSWORD)
		seen, status = self.on_terminal("one", "other")
		self.assertEqual(status, 1, seen)
		self.assertEqual(login("anna", PASSWORD).status, 200)


class Roles(Case):
	def test_grant_and_revoke(self):
		run("user", "add", "anna")
		token = credentials("anna")
		for words, expected in (("grant", 200), ("grant", 200), ("revoke", 403)):
			run("role", words, "anna", "livechat-agent")
			self.assertEqual(stack.request("GET", PATH, credentials=token).status, expected)
		self.assertIn("no user 'anna' with the role", run("role", "revoke", "anna", "livechat-agent", status=1).stderr)
		self.assertIn("no role 'king'", run("role", "grant", "anna", "king", status=1).stderr)
		self.assertIn("no role 'bot '", run("role", "grant", "anna", "bot ", status=1).stderr)
		self.assertIn("no user 'nobody'", run("role", "grant", "nobody", "bot", status=1).stderr)
		self.assertEqual([row for row in self.actions("anna") if "role" in row[0]],
		                 [("role.grant", "anna", "livechat-agent"), ("role.revoke", "anna", "livechat-agent")])

	def test_list(self):
		self.assertEqual([role["_id"] for role in listed("role", "list")],
		                 ["admin", "app", "bot", "livechat-agent", "livechat-manager", "livechat-monitor", "user"])
		self.assertRegex(run("role", "list").stdout, r"^ROLE +NAME +DESCRIPTION\nadmin +admin +Administrator\n")

	def test_last_holder_is_kept(self):
		for words in ("user remove administrator", "user disable administrator", "role revoke administrator admin", "permission revoke access-permissions admin"):
			with self.subTest(words):
				self.assertIn("nobody would be left", run(*words.split(), status=1).stderr)
		run("user", "add", "anna", "--role=admin")
		run("role", "revoke", "administrator", "admin")
		run("role", "grant", "administrator", "admin")


class Permissions(Case):
	def test_grant_and_revoke(self):
		def roles():
			return {row["_id"]: row["roles"] for row in listed("permission", "list")}["view-l-room"]
		before = roles()
		run("permission", "grant", "view-l-room", "bot")
		run("permission", "grant", "view-l-room", "bot")
		self.assertEqual(roles(), sorted([*before, "bot"]))
		run("permission", "revoke", "view-l-room", "bot")
		self.assertEqual(roles(), before)
		self.assertIn("no role 'bot' with the permission", run("permission", "revoke", "view-l-room", "bot", status=1).stderr)
		self.assertIn("no permission 'fly'", run("permission", "grant", "fly", "bot", status=1).stderr)
		self.assertIn("no role 'king'", run("permission", "grant", "view-l-room", "king", status=1).stderr)
		self.assertEqual(self.actions("view-l-room")[-2:], [("permission.grant", "view-l-room", "bot"), ("permission.revoke", "view-l-room", "bot")])

	def test_table(self):
		self.assertRegex(run("permission", "list").stdout, rf"(?m)^manage-livechat-sla +{INSTANT} +admin,livechat-manager$")


class Tokens(Case):
	def setUp(self):
		super().setUp()
		run("user", "add", "anna")

	def test_expiry(self):
		token = credentials("anna", "--name=script", "--expires=30d")
		row, = listed("token", "list", "anna")
		self.assertEqual((row["name"], row["lastTokenPart"], row["lastUsedAt"]), ("script", token.token[-6:], None))
		days = stack.database.sql("SELECT DATEDIFF(expires_at, created_at) FROM tokens WHERE name = 'script'")
		self.assertEqual(str(days).strip("[]()',\n "), "30")
		self.assertEqual(status(token), 200)
		short = credentials("anna", "--expires=1ms")
		wait_until(lambda: status(short) == 401, "the end of the token")
		for time in ("0d", "30", "-1d", "", "9999d", "99999999999999999999d", "1w"):
			with self.subTest(time):
				run("token", "issue", "anna", f"--expires={time}", status=2)

	def test_revoke(self):
		first, second, third, fourth, fifth = (credentials("anna", *name) for name in (["--name=a"], ["--name=b"], [], [], []))
		run("token", "revoke", "anna", "--name=a")
		self.assertEqual([status(token) for token in (first, second)], [401, 200])
		run("token", "revoke", "anna", f"--last-part={third.token[-6:]}")
		run("token", "revoke", "anna", "--token", text=f"{fourth.token}\n")
		self.assertEqual([status(token) for token in (third, fourth, fifth)], [401, 401, 200])
		run("token", "revoke", "anna", "--all")
		self.assertEqual([status(token) for token in (second, fifth)], [401, 401])
		self.assertEqual(listed("token", "list", "anna"), [])
		self.assertEqual([detail for action, _, detail in self.actions("anna") if action == "token.revoke"], ["a", third.token[-6:], None, "all"])

	def test_revoke_touches_no_other_user(self):
		run("user", "add", "berta")
		token = credentials("berta", "--name=a")
		for choice, text in ((["--name=a"], ""), ([f"--last-part={token.token[-6:]}"], ""), (["--token"], token.token), (["--all"], "")):
			with self.subTest(choice[0]):
				self.assertIn("no such token", run("token", "revoke", "anna", *choice, text=text, status=1).stderr)
		self.assertEqual(status(token), 200)

	def test_wrong_usage(self):
		for choice in ((), ("--all", "--name=a"), ("--last-part=short",), ("--name=",)):
			with self.subTest(" ".join(choice)):
				run("token", "revoke", "anna", *choice, status=2)

	def test_of_nobody(self):
		self.assertIn("there is no user 'nobody'", run("token", "list", "nobody", status=1).stderr)


class Audit(Case):
	def test_since(self):
		run("user", "add", "anna")
		stack.database.sql("UPDATE audit SET at = at - INTERVAL 2 DAY WHERE target = 'anna'")
		run("user", "disable", "anna")
		self.assertEqual([row["action"] for row in listed("audit", "--user=anna", "--since=1d")], ["user.disable"])
		self.assertGreater(len(listed("audit", "--user=anna", "--since=3d")), 1)
		self.assertRegex(run("audit", "--since=1h").stdout, rf"(?m)^{INSTANT}  cli:\S+ +- +user\.disable +anna +-$")
		for time in ("yesterday", "", "1"):
			run("audit", f"--since={time}", status=2)

	def test_refused_login_without_its_secret(self):
		login("administrator", PASSWORD)
		row = listed("audit", "--user=administrator")[-1]
		self.assertEqual((row["action"], row["target"]), ("login.refused", "administrator"))
		self.assertNotIn("horse", re.sub(r"\s", " ", run("audit").stdout))


class Import(Case):
	# htpasswd -nbBC 10 of the SHA-256 of "imported"
	HASH = "$2y$10$AmutldRqgPTlxWKdJ6xax.NnNWUJtYH7QpcA4zVEt1Yc1i4bIUcLO"
	LOGIN, PERSONAL = "l" * 43, "p" * 43

	def document(self, **members):
		digests = [base64.b64encode(hashlib.sha256(token.encode()).digest()).decode() for token in (self.LOGIN, self.PERSONAL)]
		now = {"$date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")}
		return {"_id": "rocketRandomId17x", "username": "rosa", "name": "Rosa Ä.", "emails": [{"address": "rosa@b.c", "verified": True}],
		        "active": True, "type": "user", "roles": ["user", "livechat-manager", "leader"], "services": {
		            "password": {"bcrypt": self.HASH}, "resume": {"loginTokens": [
		                {"when": now, "hashedToken": digests[0]},
		                {"hashedToken": digests[1], "type": "personalAccessToken", "createdAt": now, "lastTokenPart": "pppppp", "name": "script",
		                 "bypassTwoFactor": False}]}}, **members}

	def run_import(self, *documents, status=0, options=()):
		text = "".join(f"{document if isinstance(document, str) else json.dumps(document)}\n" for document in documents)
		result = subprocess.run(command("user", "import", *options), input=text, capture_output=True, text=True)
		self.assertEqual(result.returncode, status, result)
		return result

	def test_password_and_tokens_go_on(self):
		result = self.run_import(self.document())
		self.assertEqual((result.stdout, result.stderr),
		                 ("imported: 1, replaced: 0, unchanged: 0, refused: 0\n", "1: a role that is not known here is left out\n"))
		self.assertEqual(listed("user", "show", "rosa"), [{"_id": "rocketRandomId17x", "username": "rosa", "name": "Rosa Ä.", "email": "rosa@b.c",
		                                                   "active": True, "roles": ["livechat-manager", "user"]}])
		for name in ("rosa", "rosa@b.c"):
			self.assertEqual(login(name, "imported").status, 200)
		self.assertEqual(login("rosa", "other").status, 401)
		for token in (self.LOGIN, self.PERSONAL):
			self.assertEqual(stack.request("GET", PATH, credentials=Credentials("rocketRandomId17x", token)).status, 200)
		self.assertEqual([row["name"] for row in listed("token", "list", "rosa")][:2], [None, "script"])
		self.assertIn("user.import", [row["action"] for row in listed("audit", "--user=rosa")])

	def test_twice(self):
		self.run_import(self.document())
		run("user", "password", "rosa", text="changed since")
		result = self.run_import(self.document())
		self.assertEqual((result.stdout, result.stderr), ("imported: 0, replaced: 0, unchanged: 1, refused: 0\n", ""))
		self.assertEqual(login("rosa", "changed since").status, 200)

	def test_old_login_is_dead_and_disabled_is_out(self):
		old = self.document(_id="rocketRandomId17y", username="old", emails=[])
		for token in old["services"]["resume"]["loginTokens"]:
			token["when"] = {"$date": {"$numberLong": "1000000000000"}}
		self.run_import(old)
		self.assertEqual([status(Credentials("rocketRandomId17y", token)) for token in (self.LOGIN, self.PERSONAL)], [401, 200])
		run("user", "remove", "old")
		self.run_import(self.document(active=False))
		self.assertEqual((login("rosa", "imported").status, status(Credentials("rocketRandomId17x", self.PERSONAL))), (401, 401))

	def test_what_is_refused(self):
		run("user", "add", "anna", "--email=a@b.c")
		rows = (("{", "must be valid JSON"), ("[]", "array|object"), (self.document(_id="short"), "_id must be"),
		        (self.document(username="a b"), "username must be"), (self.document(username=None), "username must be"),
		        (self.document(name=5), "name must be"), (self.document(emails="x"), "emails must have"), (self.document(emails=[{}]), "emails must have"),
		        (self.document(active="yes"), "active must be"), (self.document(roles="admin"), "roles must be"), (self.document(roles=[1]), "roles must be"),
		        (self.document(services={"password": {"bcrypt": "plain"}}), "bcrypt must be"),
		        (self.document(services={"resume": {"loginTokens": [{"hashedToken": "x"}]}}), "loginTokens has a token"),
		        (self.document(services={"resume": {"loginTokens": {}}}), "loginTokens must be"),
		        (self.document(services={"resume": {"loginTokens": [{"hashedToken": "A" * 43 + "=", "when": {"$date": 253402300800000}}]}}),
		         "loginTokens has a token"),
		        (self.document(services={"resume": {"loginTokens": [{"hashedToken": "A" * 43 + "=", "when": {"$date": 253402300799999}}]}}),
		         "loginTokens has a login that ends after the year 9999"),
		        (self.document(username="anna"), "another user has this"), (self.document(emails=[{"address": "a@b.c"}]), "another user has this"))
		for document, reason in rows[:1] + rows[2:]:
			with self.subTest(reason):
				result = self.run_import(self.document(_id="rocketRandomId17z", username="good", emails=[], services={}), document, status=1)
				self.assertRegex(result.stderr, f"(?m)^2: .*{reason}")
				self.assertNotIn("plain", result.stderr)
				self.assertIn("no user", run("user", "show", "good", status=1).stderr)

	def test_own_bot_of_rocket_chat(self):
		"""Each Rocket.Chat has it; nobody logs in as it, and its id is none of ours."""
		bot = {"_id": "rocket.cat", "username": "rocket.cat", "name": "Rocket.Cat", "type": "bot", "active": True, "roles": ["bot"]}
		result = self.run_import(bot, self.document())
		self.assertEqual(result.stdout, "imported: 1, replaced: 0, unchanged: 0, refused: 0\n")
		self.assertIn("1: Rocket.Chat's own bot is left out\n", result.stderr)
		self.assertIn("no user", run("user", "show", "rocket.cat", status=1).stderr)

	def test_skip_bad(self):
		result = self.run_import("{", self.document(), options=["--skip-bad"])
		self.assertEqual(result.stdout, "imported: 1, replaced: 0, unchanged: 0, refused: 1\n")
		self.assertEqual(login("rosa", "imported").status, 200)

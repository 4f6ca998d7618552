# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What is done to accounts: each change is carried out once with its audit rows, and somebody is left who may change rights."""
import itertools
import unittest

from driver import Driver, Server
from proxy import CUT, EXECUTE, PASS, QUERY, SWALLOW, Late, Proxy

ACCESS = "access-permissions"
DIGEST = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a"  # of a password
HASH = "$2y$04$mKlyZcjpJv4gIURumLYuVOtSIA23JOZ/Gn4oCE.SHWysKWiZBfIGi"  # of the digest
numbers = itertools.count(1)


def setUpModule():
	global server, driver
	server = Server()
	driver = Driver(server.write_file("accounts.conf", socket=server.database.socket), "localhost")


def tearDownModule():
	driver.__exit__()
	server.close()


class Case(unittest.TestCase):
	def setUp(self):
		"""One user, who holds access-permissions by the role admin."""
		server.sql("DELETE FROM users; DELETE FROM audit; DELETE FROM role_permissions WHERE permission_id = 'access-permissions';"
		           "INSERT INTO role_permissions (permission_id, role_id) VALUES ('access-permissions', 'admin')")
		self.name = f"user-{next(numbers)}"
		driver("user", self.name, "admin")
		server.sql("DELETE FROM audit")

	def do(self, *words, outcome="DONE", by=None):
		result = (by or driver)(*words)
		self.assertEqual(result.outcome, outcome, result)
		return result.text

	def audit(self):
		return [f"{action} {target} {detail}".rstrip() for action, target, detail in server.sql("SELECT action, target, detail FROM audit ORDER BY id")]

	def add(self, role="bot"):
		name = f"user-{next(numbers)}"
		self.do("user", name, role)
		server.sql("DELETE FROM audit")
		return name


class Changes(Case):
	def test_a_user(self):
		self.do("user", "new", "bot")
		self.assertEqual(self.audit(), ["user.add new", "role.grant new bot"])
		self.do("user", "new", "bot", outcome="DUPLICATE")
		self.do("user", "other", "no-such-role", outcome="REFUSED")
		self.assertEqual(len(self.audit()), 2, "what is refused leaves no row")
		self.do("remove", "new")
		self.do("remove", "new", outcome="NOT_FOUND")
		self.assertEqual(self.audit()[2:], ["user.remove new"])

	def test_roles(self):
		self.do("grant", self.name, "bot")
		self.do("grant", self.name, "bot")
		self.do("grant", self.name, "no-such-role", outcome="REFUSED")
		self.do("grant", "nobody", "bot", outcome="NOT_FOUND")
		self.do("grant", "nobody", "no-such-role", outcome="REFUSED")
		self.do("revoke", self.name, "bot")
		self.do("revoke", self.name, "bot", outcome="NOT_FOUND")
		self.do("revoke", "nobody", "bot", outcome="NOT_FOUND")
		self.assertEqual(self.audit(), [f"role.grant {self.name} bot", f"role.revoke {self.name} bot"])

	def test_permissions(self):
		self.do("allow", "view-l-room", "bot")
		self.do("allow", "view-l-room", "bot")
		self.do("allow", "no-such", "bot", outcome="NOT_FOUND")
		self.do("allow", "view-l-room", "no-such", outcome="REFUSED")
		self.do("forbid", "view-l-room", "bot")
		self.do("forbid", "view-l-room", "bot", outcome="NOT_FOUND")
		self.assertEqual(self.audit(), ["permission.grant view-l-room bot", "permission.revoke view-l-room bot"])

	def test_disabled_and_enabled(self):
		name = self.add()
		self.do("disable", name)
		self.do("disable", name)
		self.assertIn(f"{name}|0|bot", self.do("users").split(" "))
		self.do("enable", name)
		self.do("enable", name)
		self.assertIn(f"{name}|1|bot", self.do("users").split(" "))
		for word in ("enable", "disable"):
			self.do(word, "nobody", outcome="NOT_FOUND")
		self.assertEqual(self.audit(), [f"user.disable {name}", f"user.enable {name}"])

	def test_a_new_password_ends_logins(self):
		self.do("token", self.name, "script")
		self.do("token", self.name, "")
		server.sql("UPDATE tokens SET expires_at = '2100-01-01' WHERE name IS NULL")
		self.do("token", self.name, "")
		server.sql("DELETE FROM audit")
		self.do("password", self.name, "x" * 60)
		self.assertEqual(server.sql("SELECT name, expires_at FROM tokens ORDER BY name"), [[None, None], ["script", None]])
		self.assertEqual(server.sql(f"SELECT password_hash FROM users WHERE username = '{self.name}'"), [["x" * 60]])
		self.do("password", self.name, "")
		self.assertEqual(server.sql(f"SELECT password_hash FROM users WHERE username = '{self.name}'"), [[None]])
		self.do("password", "nobody", "", outcome="NOT_FOUND")
		self.assertEqual(self.audit(), [f"user.password {self.name}"] * 2)

	def test_what_goes_with_a_user(self):
		name = self.add()
		self.do("token", name, "script")
		self.do("remove", name)
		self.assertEqual(server.sql("SELECT COUNT(*) FROM tokens"), [["0"]])
		self.assertEqual(server.sql("SELECT COUNT(*) FROM user_roles"), [["1"]])


class LastHolder(Case):
	def refused(self, *words):
		with self.subTest(" ".join(words)):
			self.do(*words, outcome="REFUSED")
			self.assertEqual(self.audit(), [])
			self.assertEqual(self.do("users"), f"{self.name}|1|admin")

	def test_stays(self):
		self.refused("disable", self.name)
		self.refused("remove", self.name)
		self.refused("revoke", self.name, "admin")
		self.refused("forbid", ACCESS, "admin")

	def test_one_of_two_may_go(self):
		"""Those who are then left without the right, disabled or without the role, do not count."""
		for words in (("disable",), ("remove",), ("revoke", "admin")):
			with self.subTest(words[0]):
				self.do(words[0], self.add("admin"), *words[1:])
		self.do("disable", self.name, outcome="REFUSED")
		self.do("remove", self.name, outcome="REFUSED")

	def test_with_nobody_before_nothing_is_refused(self):
		server.sql("DELETE FROM role_permissions WHERE permission_id = 'access-permissions'")
		self.do("disable", self.name)
		self.do("revoke", self.name, "admin")
		self.do("remove", self.name)


class LostConnections(Case):
	"""The connection breaks at COMMIT, before or behind it: each change is carried out once, and told of once."""

	# What goes before, the change, its rows of the audit.
	CHANGES = (
		((), ("user", "lost", "bot"), ["user.add lost", "role.grant lost bot"]),
		((), ("token", "{}", "script"), ["token.issue {} script"]),
		(("token", "{}", "script"), ("untoken", "{}", "script"), ["token.revoke {} script"]),
		(("password", "{}", HASH), ("login", "{}", DIGEST), ["login {}"]),
		((), ("grant", "{}", "app"), ["role.grant {} app"]),
		((), ("revoke", "{}", "bot"), ["role.revoke {} bot"]),
		((), ("disable", "{}"), ["user.disable {}"]),
		(("disable", "{}"), ("enable", "{}"), ["user.enable {}"]),
		((), ("remove", "{}"), ["user.remove {}"]),
		((), ("password", "{}", "x"), ["user.password {}"]),
		((), ("allow", ACCESS, "bot"), [f"permission.grant {ACCESS} bot"]),
		(("allow", ACCESS, "bot"), ("forbid", ACCESS, "bot"), [f"permission.revoke {ACCESS} bot"]),
	)

	def setUp(self):
		super().setUp()
		self.proxy = Proxy(server.database.socket)
		self.addCleanup(self.proxy.close)

	def carried_out_once(self, action, prepare, words, rows):
		Case.setUp(self)
		name = self.add()
		if prepare:
			self.do(*(word.format(name) for word in prepare))
			server.sql("DELETE FROM audit")
		self.proxy.reset()
		self.proxy.at("COMMIT", action, kind=QUERY)
		with Driver(server.file, self.proxy.host) as lost:
			text = self.do(*(word.format(name) for word in words), by=lost)
		self.assertEqual(self.proxy.count("COMMIT", QUERY), 2)
		self.assertEqual(self.audit(), [row.format(name) for row in rows])
		self.assertEqual(len(server.sql("SELECT DISTINCT change_id FROM audit")), 1)
		if words[0] in ("token", "login"):
			self.assertEqual(server.sql("SELECT digest FROM tokens"), server.sql(f"SELECT TO_BASE64(UNHEX(SHA2('{text}', 256)))"))

	def test_at_commit(self):
		for action, change in itertools.product((CUT, SWALLOW), self.CHANGES):
			with self.subTest(f"{action} {change[1][0]}"):
				self.carried_out_once(action, *change)

	def test_commit_that_is_late(self):
		"""It reaches the server when the next attempt has found nothing and waits for its locks."""
		for change in self.CHANGES:
			with self.subTest(change[1][0]):
				self.carried_out_once(Late(server.wait_for_lock), *change)

	def test_while_it_is_told_of(self):
		with Driver(server.file, self.proxy.host) as lost:
			cut = [CUT, SWALLOW]
			self.proxy.plan = lambda command: cut.pop() if cut and command.kind == EXECUTE and "INSERT INTO audit" in command.sql else PASS
			self.do("user", "lost", "bot", by=lost)
			self.assertEqual(self.audit(), ["user.add lost", "role.grant lost bot"])


class ReadOnly(Case):
	def test_sessions_go_on(self):
		"""The last use of the token can not be noted; that takes nothing from the request."""
		token, user_id = self.do("token", self.name, ""), server.sql("SELECT id FROM users")[0][0]
		self.addCleanup(server.sql, "SET GLOBAL read_only = 0")
		server.sql("SET GLOBAL read_only = 1")
		proxy = Proxy(server.database.socket)
		self.addCleanup(proxy.close)
		with Driver(server.file, proxy.host) as reader:
			for _ in range(3):
				self.do("session", user_id, token, "", "", by=reader)
		self.assertEqual(len(proxy.sessions), 1)
		self.assertEqual(server.sql("SELECT last_used_at FROM tokens"), [[None]])
		server.sql("SET GLOBAL read_only = 0")
		self.do("session", user_id, token, "", "")
		self.assertNotEqual(server.sql("SELECT last_used_at FROM tokens"), [[None]])


class Lists(Case):
	def test_users_by_name_over_pages(self):
		names = sorted([f"many-{number}" for number in range(1200)] + [self.name])
		rows = ", ".join(f"(LPAD('{number}', 17, 'x'), '{name}', NOW(), NOW())" for number, name in enumerate(names) if name != self.name)
		server.sql(f"INSERT INTO users (id, username, created_at, updated_at) VALUES {rows}")
		self.assertEqual(self.do("users").split(" "), [f"{name}|1|admin" if name == self.name else f"{name}|1" for name in names])

	def test_audit_over_pages(self):
		rows = ", ".join(f"('x', '2020-01-01', '', '', 'action', '', '{number}')" for number in range(2500))
		server.sql(f"INSERT INTO audit (change_id, at, username, address, action, target, detail) VALUES {rows}")
		self.assertEqual(self.do("audit", 0, "").split("; "), [f"|action||{number}" for number in range(2500)])

	def test_audit_of_one_user_and_since(self):
		server.sql("INSERT INTO audit (change_id, at, username, address, action, target, detail) VALUES"
		           "('x', '2023-03-24 14:50:02.123', 'ada', '', 'a', '', ''), ('x', '2023-03-24 14:50:02.124', 'bob', '', 'b', 'ada', ''),"
		           "('x', '2023-03-24 14:50:02.125', 'bob', '', 'c', 'eve', '')")
		at = 1679669402123
		for since, user, actions in ((0, "", "abc"), (at, "", "abc"), (at + 1, "", "bc"), (at + 2, "", "c"), (at + 3, "", ""), (0, "ada", "ab"),
		                             (0, "bob", "bc"), (at + 2, "bob", "c"), (at + 2, "ada", ""), (0, "nobody", "")):
			with self.subTest(since=since, user=user):
				found = self.do("audit", since, user)
				self.assertEqual("".join(row.split("|")[1] for row in found.split("; ") if row), actions)

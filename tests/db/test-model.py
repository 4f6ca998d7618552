# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The rows of the model: what is stored is what was given, and sessions are what the tables say at this moment."""
import unittest

from driver import Driver, Server

MANAGE, VIEW = "manage-livechat-sla", "view-l-room"


def setUpModule():
	global server, driver
	server = Server()
	driver = Driver(server.write_file("model.conf", socket=server.database.socket), "localhost")


def tearDownModule():
	driver.__exit__()
	server.close()


class Policies(unittest.TestCase):
	def test_texts_come_back_unchanged(self):
		texts = {"plain": ("Optimum", "OPtimum SLA"), "empty description": ("x", ""), "blank": (" ", " "),
		         "longest": ("\U0001f6a8" * 255, "\U0001f6a8" * 4000), "combining": ("e\u0301", "\u200d"),
		         "quotes": ("';--\"`\\%_", "\\"), "markup": ("<&>", "{}[]"), "just short": ("n" * 63, "d" * 64), "just long": ("n" * 64, "d" * 65)}
		for what, (name, description) in texts.items():
			with self.subTest(what):
				due = server.policy()[1]
				added = driver("add", name, description, due)
				self.assertEqual(added.outcome, "DONE")
				self.assertRegex(added.text, "^[0-9a-f]{24}$")
				found = driver("get", added.text)
				self.assertEqual(found.outcome, "DONE")
				self.assertEqual(found.text.split("|")[:3], [name, description, str(due)])

	def test_columns(self):
		name, due = server.policy()
		added = driver("add", name, "", due)
		row = server.sql("SELECT name, due_time_in_minutes, created_by, updated_by, created_at = updated_at, "
		                 f"ABS(TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP())) < 60 FROM sla_policies WHERE id = '{added.text}'")
		self.assertEqual(row, [[name, str(due), "driver", "driver", "1", "1"]])

	def test_time_is_iso(self):
		name, due = server.policy()
		added = driver("add", name, "", due)
		server.sql(f"UPDATE sla_policies SET updated_at = '2023-03-24 14:50:02.120' WHERE id = '{added.text}'")
		self.assertEqual(driver("get", added.text).text.split("|")[3], "2023-03-24T14:50:02.120Z")

	def test_names_compare_by_code_point(self):
		for name in ("room", "ROOM", "cafe", "café", "cafe\u0301", "\U0001f600", "\U0001f601"):
			with self.subTest(name):
				self.assertEqual(driver("add", name, "", server.policy()[1]).outcome, "DONE")
				self.assertEqual(driver("add", name, "", server.policy()[1]).outcome, "DUPLICATE")
				self.assertEqual(driver("add", name + "  ", "", server.policy()[1]).outcome, "DUPLICATE")

	def test_largest_due_time(self):
		self.assertEqual(driver("add", "largest", "", 2147483647).outcome, "DONE")

	def test_no_such_policy(self):
		for policy_id in ("0" * 24, "", "0" * 23, "A" * 24, "0" * 25, "x"):
			self.assertEqual(driver("get", policy_id).outcome, "NOT_FOUND", policy_id)


class Sessions(unittest.TestCase):
	def setUp(self):
		self.name = f"user-{server.policy()[1]}"
		self.user_id = driver("user", self.name, "livechat-agent").text
		self.token = driver("token", self.name, "").text

	def session(self, first="", second="", user_id=None, token=None):
		return driver("session", self.user_id if user_id is None else user_id, self.token if token is None else token, first, second)

	def assert_session(self, permitted, unlimited, *permissions):
		self.assertEqual(self.session(*permissions)[::2], ("DONE", f"{self.user_id}|{self.name}|{permitted:d}|{unlimited:d}"))

	def test_ids_and_tokens(self):
		self.assertRegex(self.user_id, "^[2-9A-HJ-NP-TW-Za-km-z]{17}$")
		self.assertRegex(self.token, r"^[\w-]{43}$")
		self.assertNotIn(self.token, str(server.sql("SELECT * FROM tokens")))

	def test_permissions(self):
		self.assert_session(True, False)
		self.assert_session(True, False, VIEW)
		self.assert_session(False, False, MANAGE)
		self.assert_session(True, False, MANAGE, VIEW)
		self.assert_session(True, False, VIEW, MANAGE)
		self.assert_session(False, False, "no-such-permission")

	def test_grants_count_at_once(self):
		server.sql(f"INSERT INTO user_roles VALUES ('{self.user_id}', 'bot')")
		self.assert_session(False, True, MANAGE)
		server.sql(f"INSERT INTO user_roles VALUES ('{self.user_id}', 'livechat-manager')")
		self.assert_session(True, True, MANAGE)
		server.sql(f"DELETE FROM user_roles WHERE user_id = '{self.user_id}'")
		self.assert_session(False, False, MANAGE)
		self.assert_session(True, False)

	def rows_scanned(self, calls):
		"""What the server reads from table to table's end while it is asked; to ask for the count is some of it."""
		before = server.database.counter("Handler_read_rnd_next")
		for _ in range(calls):
			self.assertEqual(self.session(MANAGE, VIEW).outcome, "DONE")
		return server.database.counter("Handler_read_rnd_next") - before

	def test_no_table_is_scanned(self):
		self.session()
		self.assertEqual(self.rows_scanned(10), self.rows_scanned(0))

	def test_revoked(self):
		server.sql(f"DELETE FROM tokens WHERE user_id = '{self.user_id}'")
		self.assertEqual(self.session().outcome, "NOT_FOUND")

	def test_expiry(self):
		for when, outcome in (("- INTERVAL 1 SECOND", "NOT_FOUND"), ("+ INTERVAL 1 MINUTE", "DONE")):
			server.sql(f"UPDATE tokens SET expires_at = UTC_TIMESTAMP(3) {when} WHERE user_id = '{self.user_id}'")
			self.assertEqual(self.session().outcome, outcome)

	def test_disabled(self):
		server.sql(f"UPDATE users SET active = 0 WHERE id = '{self.user_id}'")
		self.assertEqual(self.session().outcome, "NOT_FOUND")

	def test_wrong_credentials(self):
		other = driver("user", self.name + "-other", "admin").text
		for user_id in (other, "", "x", "2" * 17, self.user_id + "2", self.user_id[:-1] + " ", self.user_id + " ", "\udcff" * 17, "' OR 1=1 -- 23456"):
			self.assertEqual(self.session(user_id=user_id).outcome, "NOT_FOUND", ascii(user_id))
		for token in ("", "x", self.token + " ", self.token[:-1], self.token.swapcase(), "x" * 1024, "x" * 1025, "x" * 100000, "\u00ff", "\udcff" * 43):
			self.assertEqual(self.session(token=token).outcome, "NOT_FOUND", ascii(token[:50]))

	def test_user_name_is_taken(self):
		self.assertEqual(driver("user", self.name, "user").outcome, "DUPLICATE")
		self.assertEqual(driver("user", self.name.upper(), "user").outcome, "DONE")

	def test_unknown_role_leaves_nothing(self):
		self.assertEqual(driver("user", self.name + "-x", "no-such-role").outcome, "REFUSED")
		self.assertEqual(server.sql(f"SELECT COUNT(*) FROM users WHERE username = '{self.name}-x'"), [["0"]])

	def test_tokens(self):
		self.assertEqual(driver("token", self.name, "script").outcome, "DONE")
		self.assertEqual(driver("token", self.name, "script").outcome, "DUPLICATE")
		self.assertEqual(driver("token", self.name, "Script").outcome, "DONE")
		self.assertEqual(driver("token", "nobody", "script").outcome, "NOT_FOUND")
		self.assertEqual(driver("token", self.name, "").outcome, "DONE")


class Schema(unittest.TestCase):
	"""The tables refuse what the program should never send."""

	def test_refused_rows(self):
		policy = "INSERT INTO sla_policies VALUES ({}, {}, '', {}, NOW(), 'x', NOW(), 'x')"
		user = "INSERT INTO users (id, username, active, created_at, updated_at) VALUES ({}, {}, {}, NOW(), NOW())"
		for statement in (
			policy.format("REPEAT('0', 23)", "'schema'", 99991), policy.format("REPEAT('A', 24)", "'schema'", 99991),
			policy.format("REPEAT('0', 24)", "''", 99991), policy.format("REPEAT('0', 24)", "REPEAT('x', 256)", 99991),
			policy.format("REPEAT('0', 24)", "'schema'", 0), policy.format("REPEAT('0', 24)", "'schema'", 2147483648),
			user.format("REPEAT('x', 16)", "'schema'", 1), user.format("REPEAT('-', 17)", "'schema'", 1),
			user.format("REPEAT('x', 17)", "''", 1), user.format("REPEAT('x', 17)", "'schema'", 2),
			"INSERT INTO user_roles VALUES (REPEAT('x', 17), 'admin')",
			"INSERT INTO tokens (digest, user_id, name, last_part, created_at) VALUES (REPEAT('x', 44), REPEAT('x', 17), 'x', 'xxxxxx', NOW())",
			"INSERT INTO tokens (digest, user_id, last_part, created_at) SELECT 'short', id, 'xxxxxx', NOW() FROM users LIMIT 1",
			"INSERT INTO role_permissions VALUES ('admin', 'no-such-permission')",
		):
			with self.subTest(statement):
				with self.assertRaises(RuntimeError):
					server.sql(statement)

	def test_every_table_has_a_key_and_the_collation(self):
		tables = server.sql("SELECT t.table_name, t.engine, t.table_collation, COUNT(k.column_name) FROM information_schema.tables AS t "
		                    "LEFT JOIN information_schema.key_column_usage AS k ON k.table_schema = t.table_schema AND "
		                    "k.table_name = t.table_name AND k.constraint_name = 'PRIMARY' WHERE t.table_schema = DATABASE() GROUP BY 1, 2, 3")
		self.assertEqual(len(tables), 11)
		for name, engine, collation, columns in tables:
			self.assertEqual((engine, collation), ("InnoDB", "utf8mb4_bin"), name)
			self.assertGreater(int(columns), 0, name)

	def test_grants_of_the_contract(self):
		grants = {}
		for permission, role in server.sql("SELECT permission_id, role_id FROM role_permissions ORDER BY 1, 2"):
			grants.setdefault(permission, []).append(role)
		self.assertEqual(grants, {
			"access-permissions": ["admin"],
			"api-bypass-rate-limit": ["admin", "app", "bot"],
			"create-personal-access-tokens": ["admin", "user"],
			"manage-livechat-sla": ["admin", "livechat-manager"],
			"view-l-room": ["admin", "livechat-agent", "livechat-manager", "livechat-monitor"],
		})

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""How the server would carry out each statement of the model when its tables have grown: none reads a whole table.

The statements are taken from the compiled objects, where macros are texts, so that a new one is looked at without being listed here."""
import re
import unittest

from database import VENDOR, MySQL, numbers
from driver import Server
from stack import BUILDDIR, SRCDIR

ROWS = 3000
STATEMENT = re.compile(rb"(?<![ -~])((?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH) [\t\n -~]+)\0")
# Tables that do not grow with use. A statement may read them as a whole.
SMALL = {"access_guard", "permissions", "role_permissions", "roles"}
# Asked when a right is taken away. MySQL begins it with the users.
COUNT_OF_HOLDERS = "SELECT COUNT(*) FROM users AS u JOIN user_roles"
# The search for a part of a text, by nature; its ORDER BY is of any field.
WHOLE = "LOCATE(LOWER(?)"
# Row 5 of each table, so that no plan ends at a row that is not there.
VALUES = {"digest": "LPAD(5, 44, '0')", "user_id": "LPAD(5, 17, '0')", "username": "'user 5'", "email": "'user 5'", "name": "'name 5'",
          "due_time_in_minutes": "5", "policy_id": "LPAD(5, 24, '0')", "change_id": "LPAD(5, 24, '0')",
          "role_id": "'admin'", "password_hash": "'x'"}
ID = {"users": VALUES["user_id"], "sla_policies": VALUES["policy_id"], "roles": "'admin'", "permissions": "'view-l-room'", "audit": "5"}


def setUpModule():
	global server
	server = Server()
	server.sql(f"""INSERT INTO users (id, username, email, password_hash, created_at, updated_at)
			SELECT LPAD(seq, 17, '0'), CONCAT('user ', seq), CONCAT('user ', seq), 'x', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)
			FROM {numbers(ROWS)};
		INSERT INTO user_roles SELECT LPAD(seq, 17, '0'), 'livechat-agent' FROM {numbers(ROWS)};
		INSERT INTO user_roles SELECT LPAD(seq, 17, '0'), 'admin' FROM {numbers(10)};
		INSERT INTO tokens (digest, user_id, last_part, created_at)
			SELECT LPAD(seq, 44, '0'), LPAD(seq, 17, '0'), '000000', UTC_TIMESTAMP(3) FROM {numbers(ROWS)};
		INSERT INTO sla_policies
			SELECT LPAD(seq, 24, '0'), CONCAT('name ', seq), 'a description', seq, UTC_TIMESTAMP(3), 'x', UTC_TIMESTAMP(3), 'x'
			FROM {numbers(ROWS)};
		INSERT INTO sla_policy_history (change_id, policy_id, change_kind, changed_at, changed_by, name, description, due_time_in_minutes,
			created_at, created_by, updated_at, updated_by)
			SELECT id, id, 'PUT', created_at, 'x', name, description, due_time_in_minutes, created_at, 'x', updated_at, 'x'
			FROM sla_policies;
		INSERT INTO audit (change_id, at, username, address, action, target, detail)
			SELECT LPAD(seq, 24, '0'), UTC_TIMESTAMP(3), CONCAT('user ', seq), '::1', 'login', CONCAT('user ', seq), ''
			FROM {numbers(ROWS)};
		ANALYZE TABLE users, user_roles, tokens, sla_policies, sla_policy_history, audit;""")


def tearDownModule():
	server.close()


def statements(name):
	"""Those in the object made of src/model/NAME.c; the list of rights has their words alone."""
	if name == "rights":
		return []
	return [text.decode() for text in STATEMENT.findall((BUILDDIR / f"src/model/{name}.o").read_bytes())]


def tables(sql):
	"""alias -> table"""
	names = re.findall(r"(?:FROM|JOIN|UPDATE|INTO) (\w+)(?: AS (\w+))?", sql)
	return {alias or table: table for table, alias in names}


def value(sql, before):
	"""What stands for a parameter: before it comes a column that it is compared with, or else it is any text or a number of rows."""
	if re.search(r"(LIMIT|OFFSET|INTERVAL) $", before):
		return "5"
	compared = re.search(r"(?:(\w+)\.)?(\w+) (?:=|<|>|<>|>=) $", before)
	if compared is None:
		return "'5'"
	alias, column = compared.groups()
	if column == "id":
		known = tables(sql)
		return ID.get(known[alias] if alias else list(known.values())[-1], "'5'")
	return VALUES.get(column, "'5'")


def with_values(sql):
	parts = sql.split("?")
	return "".join(part + (value(sql, part) if number < len(parts) - 1 else "") for number, part in enumerate(parts))


def is_exempt(sql):
	"""Values come out of no table."""
	return WHOLE in sql or " VALUES (" in sql or (VENDOR is MySQL and sql.startswith(COUNT_OF_HOLDERS))


class Plans(unittest.TestCase):
	def test_every_statement_is_found(self):
		for path in sorted((SRCDIR / "src/model").glob("*.c")):
			declared = len(re.findall(r"^static const struct statement \w+ = ", path.read_text(), re.MULTILINE))
			self.assertGreaterEqual(len(statements(path.stem)), declared, path)

	def test_no_statement_reads_a_whole_table(self):
		for path in sorted((SRCDIR / "src/model").glob("*.c")):
			for sql in statements(path.stem):
				if not is_exempt(sql):
					with self.subTest(f"{path.stem}: {sql}"):
						self.check(sql)

	def check(self, sql):
		names = tables(sql)
		plan = server.sql("EXPLAIN FORMAT=TRADITIONAL " + with_values(sql))
		for row in plan:
			kind, alias, access, key = (row[place] for place in VENDOR.PLAN)
			if kind == "INSERT" or alias is None or alias.startswith("<") or names.get(alias, alias) in SMALL:
				continue
			self.assertNotEqual(access, "ALL", plan)
			if access == "index":  # a whole index: only to count, or to walk along it as far as the page
				self.assertRegex(sql, r"COUNT\(\*\)|ORDER BY .* LIMIT \?", plan)
		self.assertTrue(any(row[VENDOR.PLAN[2]] for row in plan) or "WHERE" not in sql, f"the plan ends early: {plan}")

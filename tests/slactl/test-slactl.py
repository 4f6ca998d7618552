# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""livechat-slactl: what its commands do, say and return."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import unittest

from database import VENDOR
from process import SLACTL, SRCDIR, free_port
from stack import Stack

SQL = SRCDIR / "sql"
FILES = sorted(SQL.glob("*.sql"))
NEWEST = len(FILES)


def setUpModule():
	global stack
	stack = Stack()
	stack.start_database()


def tearDownModule():
	stack.close()


def run(*arguments, environment=()):
	return subprocess.run([SLACTL, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="backslashreplace",
	                      env={**os.environ, **dict(environment)})


class Case(unittest.TestCase):
	def setUp(self):
		directory = tempfile.TemporaryDirectory()
		self.addCleanup(directory.cleanup)
		self.directory = pathlib.Path(directory.name)

	def file(self, **groups):
		"""A configuration file with a group a keyword, _ for -."""
		path = self.directory / f"{len(list(self.directory.iterdir()))}.conf"
		path.write_text("".join(f"[{name.replace('_', '-')}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
		                        for name, keys in groups.items()))
		return path

	def assert_run(self, result, status, stdout=".", stderr=None):
		"""Patterns of what is printed; what succeeds complains of nothing, what fails does."""
		self.assertEqual(result.returncode, status, result)
		self.assertRegex(result.stdout, stdout)
		self.assertRegex(result.stderr, stderr or ("^$" if status == 0 else "."))


class Usage(Case):
	def test_wrong_usage(self):
		for arguments in ((), ("db",), ("db", "inits"), ("nothing",), ("--no-such",), ("db", "init", "more"), ("user", "add"), ("user", "add", "a", "b"),
		                  ("user", "add", "a", "--role"), ("token", "issue", "a", "--role=x"), ("user", "add", "a b"), ("user", "add", ""),
		                  ("user", "add", "x" * 256), ("token", "issue", "a", "--name", ""), ("token", "issue", "a", "--name", "x" * 256),
		                  ("user", "add", "a", "--name", "x" * 256)):
			with self.subTest(" ".join(arguments)[:60]):
				result = run(f"--config={stack.pool.file}", *arguments)
				self.assert_run(result, 2, "^$", "^livechat-slactl: ")

	def test_help(self):
		self.assert_run(run("--help"), 0, r"(?s)^Usage: livechat-slactl .*\n  db init .*\n  user add NAME .*--config FILE")
		for command in ("db init", "db status", "token issue", "user add"):
			with self.subTest(command):
				self.assert_run(run(*command.split(), "--help"), 0, f"^Usage: livechat-slactl {command}")
		self.assert_run(run("--version"), 0, r"^livechat-slactl \d")

	def test_configuration(self):
		self.assert_run(run("--config=/nonexistent", "db", "status"), 1, "^$", "^livechat-slactl: /nonexistent: ")
		self.assert_run(run("--config", self.file(livechat_sla={"wrokers": 1}), "db", "status"), 1, "^$", "unknown key")
		status = ("db", "status", f"--sql-dir={SQL}")
		self.assert_run(run(*status, "-c", stack.pool.file), 0)
		self.assert_run(run(*status, environment={"LIVECHAT_SLA_CONFIG": str(stack.pool.file)}), 0)

	def test_database_away(self):
		client = {**stack.client, "host": f"127.0.0.1:{free_port()}"}
		for command in (("db", "status", f"--sql-dir={SQL}"), ("db", "init", f"--sql-dir={SQL}"), ("user", "add", "x"), ("token", "issue", "x")):
			with self.subTest(" ".join(command[:2])):
				result = run("-c", self.file(client_livechat_sla=client), *command)
				self.assert_run(result, 1, "^$", "(?s)error 200.*livechat-slactl: the database is not available")
				self.assertNotIn(client["password"], result.stderr)

	def test_full_output(self):
		with open("/dev/full", "w") as full:
			result = subprocess.run([SLACTL, "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
		self.assertEqual(result.returncode, 1)
		self.assertIn("No space left", result.stderr)


class Database(Case):
	def setUp(self):
		super().setUp()
		stack.database.sql("CREATE DATABASE other; GRANT ALL ON other.* TO 'livechat-sla'@'localhost';")
		self.addCleanup(stack.database.sql, "DROP DATABASE IF EXISTS other", database="mysql")
		self.config = self.file(client_livechat_sla={**stack.client, "database": "other"})

	def slactl(self, *arguments):
		return run("-c", self.config, *arguments)

	def init(self, directory=SQL):
		return self.slactl("db", "init", f"--sql-dir={directory}")

	def status(self, directory=SQL):
		return self.slactl("db", "status", f"--sql-dir={directory}")

	def sql_files(self, **files):
		directory = self.directory / "sql"
		directory.mkdir(exist_ok=True)
		for name, text in files.items():
			(directory / f"{name[1:].replace('_', '-')}.sql").write_text(text)
		return directory

	def schema(self):
		return stack.database.sql("SELECT table_name, column_name, column_type FROM information_schema.columns WHERE table_schema = 'other' "
		                          "ORDER BY 1, ordinal_position")

	def test_init_and_status(self):
		self.assert_run(self.status(), 1, rf"^server: {VENDOR.VERSION}\ninstalled: 0\nnewest: {NEWEST}\n$", "run `livechat-slactl db init`")
		self.assert_run(self.init(), 0, f"^schema: version {NEWEST}\n$")
		self.assert_run(self.status(), 0, rf"installed: {NEWEST}\nnewest: {NEWEST}\n$")
		schema = self.schema()
		self.assert_run(self.init(), 0, f"^schema: version {NEWEST}\n$")
		self.assertEqual(self.schema(), schema)

	def test_database_is_created(self):
		stack.database.sql("DROP DATABASE other", database="mysql")
		self.assert_run(self.init(), 0, f"^schema: version {NEWEST}\n$")
		self.assertEqual(stack.database.sql("SELECT default_character_set_name, default_collation_name FROM information_schema.schemata "
		                                    "WHERE schema_name = 'other'"), [["utf8mb4", "utf8mb4_bin"]])

	def test_database_that_may_not_be_created(self):
		config = self.file(client_livechat_sla={**stack.client, "database": "forbidden"})
		self.assert_run(run("-c", config, "db", "init", f"--sql-dir={SQL}"), 1, "^$", "error 1044")

	def test_name_that_can_not_be_created(self):
		for name in ("a`; DROP DATABASE other; -- ", "x" * 65, "a.b", "a/b"):
			config = self.file(client_livechat_sla={**stack.client, "database": name})
			self.assert_run(run("-c", config, "db", "init", f"--sql-dir={SQL}"), 1, "^$", "can not be called")

	def test_no_database_named(self):
		client = {key: value for key, value in stack.client.items() if key != "database"}
		self.assert_run(run("-c", self.file(client_livechat_sla=client), "db", "init"), 1, "^$", "names no database")

	def test_two_at_once(self):
		results = []
		threads = [threading.Thread(target=lambda: results.append(self.init())) for _ in range(4)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		for result in results:
			self.assert_run(result, 0, f"^schema: version {NEWEST}\n$")
		self.assertEqual(stack.database.sql("SELECT version FROM other.schema_version ORDER BY 1"), [[str(number + 1)] for number in range(NEWEST)])

	def test_a_run_that_broke_off_is_repeated(self):
		"""After each statement of each file."""
		text = "".join(file.read_text() for file in FILES)
		statements = re.split(r"(?<=;)\n", re.sub(r"(?m)^--.*\n", "", text))
		for count in range(1, len(statements)):
			with self.subTest(count):
				stack.database.sql("DROP DATABASE other; CREATE DATABASE other;", database="mysql")
				stack.database.sql("\n".join(statements[:count]), database="other")
				self.assert_run(self.init(), 0, f"^schema: version {NEWEST}\n$")

	def test_files_in_order(self):
		directory = self.sql_files(
			_0001_first="-- a comment; with a semicolon;\nCREATE TABLE schema_version (version INT PRIMARY KEY, applied_at DATETIME);\n"
			            "CREATE TABLE t (\n-- inside\n a INT,\n b VARCHAR(20) DEFAULT 'x; y'\n);  \n\nINSERT INTO schema_version VALUES (1, NOW());\n",
			_0002_second="ALTER TABLE t ADD COLUMN c INT;\r\nINSERT INTO schema_version VALUES (2, NOW());")
		(directory / "README").write_text("no SQL")
		self.assert_run(self.init(directory), 0, "^schema: version 2\n$")
		self.assertEqual([row[1] for row in self.schema() if row[0] == "t"], ["a", "b", "c"])
		self.sql_files(_0003_third="CREATE TABLE u (a INT);\nSELECT broken FROM nowhere;\nINSERT INTO schema_version VALUES (3, NOW());\n")
		self.assert_run(self.init(directory), 1, "^$", "0003-third.sql: statement 2 failed with error 1146")
		self.assert_run(self.status(directory), 1, "installed: 2\nnewest: 3\n", "run `livechat-slactl db init`")

	def test_newer_schema_than_the_program(self):
		self.init()
		stack.database.sql("INSERT INTO other.schema_version VALUES (1000, NOW())")
		self.assert_run(self.status(), 1, f"installed: 1000\nnewest: {NEWEST}\n", "newer than this program")
		self.assert_run(self.init(), 0, "^schema: version 1000\n$")

	def test_file_that_does_not_tell_its_version(self):
		directory = self.sql_files(_0001_first="CREATE TABLE t (a INT);\n")
		self.assert_run(self.init(directory), 1, "^$", "0001-first.sql does not write version 1")

	def test_another_node_of_a_cluster_is_files_ahead(self):
		"""The lock is not known there; file 2 would fail if it were run again."""
		directory = self.sql_files(
			_0001_first="CREATE TABLE schema_version (version INT PRIMARY KEY);\nINSERT INTO schema_version VALUES (1), (2);\n"
			            "INSERT INTO schema_version VALUES (1);\n",
			_0002_second="SELECT broken FROM nowhere;\n")
		self.assert_run(self.init(directory), 0, "^schema: version 2\n$")

	def test_bad_directories(self):
		self.assert_run(self.init(self.directory / "none"), 1, "^$", "No such file")
		self.assert_run(self.init(self.sql_files()), 1, "^$", "no files")
		self.assert_run(self.init(self.sql_files(_0002_second="")), 1, "^$", "0002-second.sql is not number 1")
		self.assert_run(self.init(self.sql_files(_0001_a="", _0001_b="")), 1, "^$", "0001-b.sql is not number 2")

	def test_administrator_has_an_account_of_its_own(self):
		stack.database.sql("CREATE USER owner@localhost IDENTIFIED BY 'owner'; GRANT ALL ON other.* TO owner@localhost;")
		stack.database.sql("CREATE USER reader@localhost; GRANT SELECT ON other.* TO reader@localhost;")
		self.addCleanup(stack.database.sql, "DROP USER owner@localhost, reader@localhost", database="mysql")
		service = {**stack.client, "database": "other", "user": "reader", "password": ""}
		owner = {**stack.client, "database": "other", "user": "owner", "password": "owner"}
		self.config = self.file(client_livechat_sla=service, client_livechat_slactl=owner)
		self.assert_run(self.init(), 0)
		self.assert_run(self.slactl("user", "add", "alice"), 0)
		self.assert_run(self.slactl("user", "add", "bob", "--group=client-livechat-sla"), 1, "^$", "error 1142")
		self.assert_run(self.slactl("user", "add", "bob", "--group", "client-livechat-nobody"), 1, "^$", "no group")


class Accounts(Case):
	def slactl(self, *arguments):
		return run("-c", stack.pool.file, *arguments)

	def test_user(self):
		result = self.slactl("user", "add", "alice", "--role", "admin", "--role=user", "--role", "user", "--name", "Älice B.")
		self.assert_run(result, 0, "^user id: [2-9A-Za-z]{17}\n$")
		self.assertEqual(stack.database.sql("SELECT u.id, u.name, u.active, u.password_hash, GROUP_CONCAT(r.role_id ORDER BY 1) FROM users AS u "
		                                    "JOIN user_roles AS r ON r.user_id = u.id WHERE u.username = 'alice' GROUP BY 1"),
		                 [[result.stdout.split()[-1], "Älice B.", "1", None, "admin,user"]])
		self.assert_run(self.slactl("user", "add", "alice"), 1, "^$", "there is a user 'alice' already")
		self.assert_run(self.slactl("user", "add", "bob", "--role", "user", "--role", "nobility"), 1, "^$", "there is no role 'nobility'")
		self.assertEqual(stack.database.sql("SELECT COUNT(*) FROM users WHERE username = 'bob'"), [["0"]])

	def test_token(self):
		self.slactl("user", "add", "carol")
		text = self.slactl("token", "issue", "carol")
		self.assert_run(text, 0, r"^user id: \w{17}\ntoken: [\w-]{43}\n$")
		object = json.loads(self.slactl("token", "issue", "carol", "--name", "a script", "--json").stdout)
		self.assertEqual(list(object), ["userId", "authToken"])
		for token, name in ((text.stdout.split()[-1], None), (object["authToken"], "a script")):
			self.assertEqual(stack.database.sql("SELECT t.user_id, t.name, t.last_part, t.expires_at, t.last_used_at FROM tokens AS t "
			                                    f"WHERE t.digest = TO_BASE64(UNHEX(SHA2('{token}', 256)))"),
			                 [[object["userId"], name, token[-6:], None, None]])
		self.assert_run(self.slactl("token", "issue", "carol", "--name", "a script"), 1, "^$", "there is a token 'a script' of this user already")
		self.assert_run(self.slactl("token", "issue", "nobody"), 1, "^$", "there is no user 'nobody'")
		self.assert_run(self.slactl("token", "issue", os.fsdecode(b"\xff")), 1, "^$", "there is no user")

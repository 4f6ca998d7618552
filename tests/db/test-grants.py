# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The rights of the two accounts: enough for every request and every command, and nothing beside it.

Every other test of the suite runs under these rights, too (Stack)."""
import collections
import json
import os
import pwd
import re
import subprocess
import unittest

from database import VENDOR, MySQL
from fastcgi import API, Peer, until_available
from fastcgi import request as fastcgi_request
from process import BUILDDIR, SLACTL, SRCDIR
from stack import Stack

DENIED = {"1044", "1045", "1142", "1143", "1227", "1370"}  # for a database, files, a table, a column, the server, a routine
PASSWORD_WARNING = "mysql: [Warning] Using a password on the command line interface can be insecure.\n"
USER, PASSWORD = "agent", "correct horse battery staple"

# A right as GRANT has it; column is "" where it is for the whole table.
Right = collections.namedtuple("Right", "table verb column")

# What only a lost connection makes the service do: look up whether its change was carried out.
AFTER_A_LOSS = {Right("audit", "SELECT", ""), Right("sla_policy_history", "SELECT", "")}


def setUpModule():
	global stack
	stack = Stack()
	stack.start_database()


def tearDownModule():
	stack.close()


def printed(*arguments):
	"""What `db grants` prints."""
	return stack.slactl("db", "grants", *arguments).stdout


def granted(text):
	"""The rights in GRANT statements. Columns count for UPDATE alone: those of SELECT are a narrower whole."""
	for rights, table in re.findall(r"^GRANT (.*) ON `livechat_sla`\.`(\w+)` TO ", text, re.MULTILINE):
		for verb, columns in re.findall(r"([A-Z]+)(?: \(([\w, ]+)\))?", rights):
			for column in columns.split(", ") if verb == "UPDATE" else ("",):
				yield Right(table, verb, column)


def needed(sql):
	"""The rights that a statement of src/model needs."""
	for table in re.findall(r"\b(?:FROM|JOIN) (\w+)", sql):
		yield Right(table, "SELECT", "")
	for verb, table in re.findall(r"\b(INSERT) INTO (\w+)", sql) + re.findall(r"^(DELETE) FROM (\w+)", sql):
		yield Right(table, verb, "")
	for table, changes in re.findall(r"^UPDATE (\w+)(?: AS \w+)? SET (.*) WHERE ", sql):
		yield Right(table, "SELECT", "")
		for column in re.findall(r"(?:^|, )(?:\w+\.)?(\w+) = ", changes):
			yield Right(table, "UPDATE", column)
	if re.search(r"FROM users .* FOR UPDATE$", sql):
		yield Right("users", "UPDATE", "updated_at")


class Log:
	"""What the server is asked for meanwhile, by account."""

	def __init__(self):
		self.file = stack.directory / "statements.log"

	def __enter__(self):
		self.file.unlink(missing_ok=True)
		stack.database.sql(f"SET GLOBAL general_log_file = '{self.file}'; SET GLOBAL general_log = ON")
		return self

	def __exit__(self, *_):
		stack.database.sql("SET GLOBAL general_log = OFF")

	def statements(self, user):
		users = {}
		for number, kind, text in re.findall(r"^[^\t]*\t+ *(\d+) (\w+)\t(.*)$", self.file.read_text(errors="replace"), re.MULTILINE):
			if kind == "Connect":
				users[number] = text.split("@")[0]
			elif kind in ("Prepare", "Query") and users.get(number) == user:
				yield text

	def rights(self, user):
		return {right for sql in self.statements(user) for right in needed(sql)}


class Printing(unittest.TestCase):
	def test_statements(self):
		text = printed("sla@db.example.org")
		for line in text.splitlines():
			self.assertRegex(line, r"^GRANT [A-Za-z_, ()]+ ON `livechat_sla`\.`\w+` TO 'sla'@'db\.example\.org';$")
		self.assertIn("GRANT SELECT (id, change_id), INSERT ON `livechat_sla`.`audit` TO ", text)
		self.assertIn("TO 'a@b'@'%';", printed("a@b@%"))

	def test_every_table_is_in_it(self):
		tables = stack.database.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'livechat_sla'")
		for options in ((), ("--administrator",)):
			self.assertEqual(sorted({right.table for right in granted(printed("sla@localhost", *options))}), sorted(name for name, in tables))

	def test_administrator_may_what_the_service_may(self):
		self.assertLess(set(granted(printed("sla@localhost"))), set(granted(printed("sla@localhost", "--administrator"))))

	def test_accounts_that_are_none(self):
		for account in ("sla", "sla@", "@localhost", "s'a@localhost", "sla@local'host", "s\\a@localhost", "s`a@localhost", "s\na@localhost", ""):
			with self.subTest(account):
				result = stack.slactl("db", "grants", account, check=False)
				self.assertEqual((result.returncode, result.stdout), (2, ""))
				self.assertIn("USER@HOST", result.stderr)

	def test_databases_that_can_not_be_named(self):
		for database, complaint in (("", "names no database"), ("a`b", "can not be called")):
			file = stack.directory / "grants.conf"
			file.write_text(f"[client-livechat-sla]\nuser = sla\n{database and 'database = ' + database}\n")
			result = subprocess.run([SLACTL, f"--config={file}", "db", "grants", "a@b"], capture_output=True, text=True)
			self.assertEqual((result.returncode, result.stdout), (1, ""))
			self.assertIn(complaint, result.stderr)


class Needed(unittest.TestCase):
	"""Everything is done once; what was needed for it is what was granted."""

	def setUp(self):
		self.done = set()

	def call(self, method, path, body=None, status=200, credentials=None, headers=()):
		who = credentials or stack.admin
		headers = {"X-User-Id": who.user_id, "X-Auth-Token": who.token, "Content-Type": "application/json", **dict(headers)}
		whole = fastcgi_request(method, API + path, b"" if body is None else json.dumps(body).encode(), headers)
		answer = until_available(lambda: self.ask(whole))
		self.assertEqual(answer.status, status, answer)
		self.done.add(f"{method} {re.sub('[0-9a-f]{24}', ':', path.partition('?')[0])}")
		return answer.json()

	@staticmethod
	def ask(whole):
		with Peer(stack.pool.socket) as peer:
			return peer.send(whole).answer()

	def use_policies(self):
		body = {"name": "Optimum", "description": "", "dueTimeInMinutes": 4}
		made = self.call("POST", "livechat/sla", body)["sla"]["_id"]
		self.call("POST", "livechat/sla", body, status=400)
		self.call("PUT", f"livechat/sla/{made}", {**body, "dueTimeInMinutes": 5})
		self.call("GET", f"livechat/sla/{made}")
		for query in ("", "?text=opt", "?sort=%7B%22dueTimeInMinutes%22:-1%7D", "?text=opt&offset=100", "?offset=100"):
			self.call("GET", f"livechat/sla{query}")
		self.call("DELETE", f"livechat/sla/{made}")

	def use_accounts(self):
		stack.database.sql(f"UPDATE users SET email = 'agent@example.org' WHERE username = '{USER}'")
		self.call("POST", "login", {"user": USER, "password": "wrong"}, status=401)
		self.call("POST", "login", {"user": "nobody", "password": "wrong"}, status=401)
		for name in [USER, "agent@example.org"] + 60 * [USER]:
			data = self.call("POST", "login", {"user": name, "password": PASSWORD})["data"]
		self.call("POST", "login", {"resume": data["authToken"]})
		self.call("POST", "logout", headers={"X-User-Id": data["userId"], "X-Auth-Token": data["authToken"]})
		self.call("GET", "me")
		self.call("GET", "roles.list")

	def use_tokens(self):
		for status in (200, 400):
			self.call("POST", "users.generatePersonalAccessToken", {"tokenName": "report"}, status=status)
		self.call("GET", "users.getPersonalAccessTokens")
		self.call("POST", "users.removePersonalAccessToken", {"tokenName": "report"})

	def use_permissions(self):
		self.call("GET", "permissions.listAll")
		for roles in (["admin", "bot"], ["admin"]):
			self.call("POST", "permissions.update", {"permissions": [{"_id": "view-l-room", "roles": roles}]})

	def test_by_the_service(self):
		stack.slactl("user", "add", USER)
		subprocess.run([SLACTL, f"--config={stack.pool.file}", "user", "password", USER], input=PASSWORD, text=True, check=True)
		with Log() as log:
			stack.pool.start()
			for use in (self.use_policies, self.use_accounts, self.use_tokens, self.use_permissions):
				use()
			stack.pool.stop()
		routes = subprocess.run([BUILDDIR / "tests/tree/routes"], check=True, capture_output=True, text=True).stdout
		self.assertEqual(self.done, set(routes.splitlines()))
		self.assertEqual(log.rights("livechat-sla") | AFTER_A_LOSS, set(granted(printed("a@b"))))

	def ctl(self, *words, text=""):
		result = subprocess.run([SLACTL, f"--config={stack.pool.file}", *words], input=text, capture_output=True, text=True)
		self.assertEqual((result.returncode, result.stderr), (0, ""), words)
		self.done.add(" ".join(words[:2]) if words[0] != "audit" else "audit")
		return result.stdout

	def use_user_commands(self):
		self.ctl("user", "add", "berta", "--role=livechat-agent", "--email=berta@example.org")
		self.ctl("user", "password", "berta", text=PASSWORD)
		for verb in ("disable", "enable", "show"):
			self.ctl("user", verb, "berta")
		self.ctl("user", "list")
		self.ctl("user", "list", "--role=livechat-agent")
		self.ctl("role", "grant", "berta", "livechat-manager")
		self.ctl("role", "revoke", "berta", "livechat-manager")
		self.ctl("role", "list")
		self.ctl("user", "import", text=json.dumps({"_id": "A" * 17, "username": "clara", "roles": ["user"], "services": {
			"resume": {"loginTokens": [{"hashedToken": "A" * 43 + "=", "when": "2023-03-24T14:50:02.123Z"}]}}}))
		self.ctl("user", "remove", "clara")

	def use_other_commands(self):
		self.ctl("token", "issue", "berta", "--name=report")
		self.ctl("token", "list", "berta")
		self.ctl("token", "revoke", "berta", "--name=report")
		self.ctl("token", "issue", "berta", "--expires=30d")
		self.ctl("token", "revoke", "berta", "--all")
		self.ctl("permission", "grant", "view-l-room", "bot")
		self.ctl("permission", "revoke", "view-l-room", "bot")
		self.ctl("permission", "list")
		self.ctl("audit")
		self.ctl("audit", "--user=berta")

	def use_policy_commands(self):
		made = json.loads(self.ctl("policy", "add", "urgent", "7", "--json"))["_id"]
		line = json.loads(self.ctl("policy", "export"))
		self.ctl("policy", "import", "--replace", text=json.dumps({**line, "name": "changed"}))
		self.ctl("policy", "import", text=json.dumps({**line, "_id": "b" * 24, "name": "another", "dueTimeInMinutes": 8}))
		for verb in ("show", "history"):
			self.ctl("policy", verb, made)
		self.ctl("policy", "list")
		self.ctl("policy", "list", "--text=a")
		self.ctl("policy", "remove", made)

	def test_by_the_administrator(self):
		stack.database.sql("DELETE FROM sla_policies")
		with Log() as log:
			for use in (self.use_user_commands, self.use_other_commands, self.use_policy_commands):
				use()
		commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)", subprocess.run([SLACTL, "--help"], check=True, capture_output=True, text=True).stdout,
		                      re.MULTILINE)
		self.assertEqual(self.done, {command for command in commands if not command.startswith("db ")})
		used, service = log.rights("livechat-slactl"), set(granted(printed("a@b")))
		self.assertEqual(used | service, set(granted(printed("a@b", "--administrator"))))

	def test_schema_can_be_looked_at(self):
		self.assertIn("installed: ", self.ctl("db", "status", f"--sql-dir={SRCDIR / 'sql'}"))


class Socket(unittest.TestCase):
	@unittest.skipIf(VENDOR is MySQL, "its server has no such way unless a plugin is loaded")
	def test_account_that_the_server_knows_by_the_socket(self):
		"""It needs no password, which nobody can then find in the file that the service reads."""
		name = pwd.getpwuid(os.geteuid()).pw_name
		stack.database.sql(f"CREATE USER IF NOT EXISTS '{name}'@'localhost'; ALTER USER '{name}'@'localhost' IDENTIFIED VIA unix_socket;"
		                   f"GRANT ALL ON livechat_sla.* TO '{name}'@'localhost'")
		file = stack.directory / "socket.conf"
		file.write_text(f"[client-livechat-slactl]\nuser = {name}\nsocket = {stack.database.socket}\ndatabase = livechat_sla\n")
		result = subprocess.run([SLACTL, f"--config={file}", "db", "init", f"--sql-dir={SRCDIR / 'sql'}"], capture_output=True, text=True)
		self.assertEqual((result.returncode, result.stderr), (0, ""))


class Refused(unittest.TestCase):
	"""By the rights: what fails for another reason has another error."""
	STATEMENTS = (
		"CREATE TABLE more (id INT)", "CREATE TABLE audit2 LIKE audit", "CREATE VIEW v AS SELECT 1", "CREATE DATABASE more",
		"CREATE TEMPORARY TABLE t (a INT)",
		"CREATE INDEX i ON audit (detail)", "DROP INDEX audit_at ON audit", "ALTER TABLE audit ADD COLUMN a INT", "RENAME TABLE audit TO audit2",
		"DROP TABLE audit", "DROP TABLE sla_policies", "DROP DATABASE livechat_sla", "TRUNCATE audit", "TRUNCATE sla_policies",
		"CREATE TRIGGER t BEFORE INSERT ON audit FOR EACH ROW SET NEW.detail = ''", "CREATE PROCEDURE p() SELECT 1",
		"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM audit", "LOCK TABLES audit WRITE",
		"DELETE FROM audit", "UPDATE audit SET detail = ''", "DELETE FROM sla_policy_history", "UPDATE sla_policy_history SET name = 'x'",
		"REPLACE INTO audit (id) VALUES (1)", "INSERT INTO audit (id) VALUES (1) ON DUPLICATE KEY UPDATE detail = ''",
		"INSERT INTO schema_version VALUES (1000, NOW())", "DELETE FROM schema_version", "DELETE FROM access_guard",
		"INSERT INTO roles (id, name) VALUES ('x', 'x')", "DELETE FROM roles", "UPDATE roles SET name = 'x'",
		"INSERT INTO permissions (id, updated_at) VALUES ('x', NOW())", "DELETE FROM permissions",
		"UPDATE users SET id = 'x'", "UPDATE users SET username = 'x'", "UPDATE tokens SET user_id = 'x'", "UPDATE tokens SET expires_at = NULL",
		"UPDATE sla_policies SET id = 'x'", "UPDATE user_roles SET role_id = 'admin'",
		"SELECT * FROM other.secrets", "INSERT INTO other.secrets VALUES (1)", "SELECT * FROM mysql.user", "SELECT * FROM mysql.global_priv",
		"CREATE USER x", "GRANT SELECT ON audit TO 'livechat-sla'@'localhost'", "SET PASSWORD FOR root@localhost = ''",
		"SET GLOBAL general_log = ON", "SELECT LOAD_FILE('/etc/passwd') FROM DUAL INTO OUTFILE '/tmp/sla-outfile'", "FLUSH TABLES", "SHUTDOWN",
		"LOAD DATA INFILE '/etc/passwd' INTO TABLE sla_policies", "SHOW ENGINE INNODB STATUS",
	)
	# The service's alone.
	SERVICE = (
		"INSERT INTO users (id, username, created_at, updated_at) VALUES ('x', 'x', NOW(), NOW())", "DELETE FROM users",
		"UPDATE users SET password_hash = 'x'", "UPDATE users SET active = 1", "UPDATE users SET email = 'x'",
		"INSERT INTO user_roles VALUES ('x', 'admin')", "DELETE FROM user_roles", "UPDATE sla_policies SET created_by = 'x'",
		"SELECT * FROM audit", "SELECT detail FROM audit", "SELECT * FROM sla_policy_history",
	)
	ALLOWED = (
		"SELECT id FROM audit WHERE change_id = 'x' LIMIT 1", "SELECT id FROM sla_policy_history WHERE change_id = 'x'", "SELECT VERSION()",
		"SELECT version FROM schema_version LIMIT 1", "SELECT id FROM users WHERE username = 'x' FOR UPDATE",
	)

	@classmethod
	def setUpClass(cls):
		stack.database.sql("CREATE DATABASE other; CREATE TABLE other.secrets (id INT)", database="mysql")

	def ask(self, account, sql):
		"""The number of the error that it ends with, or what else was said."""
		command = stack.database.client(f"--password={account['password']}", "--skip-column-names", account["database"], user=account["user"])
		result = subprocess.run(command, input=sql, capture_output=True, text=True)
		number = re.search(r"^ERROR (\d+)", result.stderr, re.MULTILINE)
		return number[1] if number else result.stderr.replace(PASSWORD_WARNING, "")

	def expect_denied(self, account, statements):
		for sql in statements:
			with self.subTest(f"{account['user']}: {sql}"):
				self.assertIn(self.ask(account, sql), DENIED)

	def test_by_both(self):
		for account in (stack.client, stack.administrator):
			self.expect_denied(account, self.STATEMENTS)

	def test_by_the_service_alone(self):
		self.expect_denied(stack.client, self.SERVICE)

	def test_what_a_lost_connection_asks_for_is_not(self):
		for sql in self.ALLOWED:
			with self.subTest(sql):
				self.assertEqual(self.ask(stack.client, sql), "")

	def test_databases_that_it_sees(self):
		command = stack.database.client(f"--password={stack.client['password']}", "--skip-column-names", user="livechat-sla")
		result = subprocess.run(command, input="SHOW DATABASES", capture_output=True, text=True)
		self.assertEqual(set(result.stdout.split()) - {"performance_schema"}, {"information_schema", "livechat_sla"})

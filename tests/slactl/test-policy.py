# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""livechat-slactl policy: what its commands store, print and refuse."""
import contextlib
import getpass
import json
import os
import pty
import re
import subprocess
import tempfile
import unittest

from process import SLACTL, wait_until
from proxy import CUT, EXECUTE, QUERY, SWALLOW, Proxy
from stack import Stack

ACTOR = f"cli:{getpass.getuser()}"
UNKNOWN = "f" * 24
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
ODD_NAMES = ("plain", " ", "\t", "a\nb", "\x01\x1f\x7f\x80", "quotes ' \" ` \\ /", "\U0001f600 e\u0301 \u202e", "%_", "</script>", "\U0001f6a8" * 255)


def read_to_end(terminal):
	"""All that a terminal was told, once its other side is closed."""
	told = b""
	with contextlib.suppress(OSError):  # how it says that it is
		while True:
			told += os.read(terminal, 4096)
	return told


def setUpModule():
	global stack
	stack = Stack()
	stack.start_database()


def tearDownModule():
	stack.close()


def policy_id(number):
	return f"{number:024x}"


def document(number, **members):
	return {"_id": policy_id(number), "name": f"name {number}", "description": "", "dueTimeInMinutes": number, **members}


def lines(*documents):
	return "".join(json.dumps(one) + "\n" for one in documents)


class Case(unittest.TestCase):
	def setUp(self):
		stack.database.sql("DELETE FROM sla_policies; DELETE FROM sla_policy_history")

	def run_policy(self, *arguments, text="", status=0, config=None):
		"""What succeeds complains of nothing, what fails does."""
		result = subprocess.run([SLACTL, f"--config={config or stack.pool.file}", "policy", *arguments], input=text.encode(errors="surrogateescape"),
		                        capture_output=True)
		result.stdout, result.stderr = result.stdout.decode(), result.stderr.decode()
		self.assertEqual(result.returncode, status, result)
		if status:
			self.assertRegex(result.stderr, "(?m)^livechat-slactl: ")
		return result

	def import_lines(self, text, imported=0, replaced=0, unchanged=0, refused=0, *options, status=0, config=None):
		"""Returns the refusals."""
		result = self.run_policy("import", *options, text=text, status=status, config=config)
		self.assertEqual(result.stdout, f"imported: {imported}, replaced: {replaced}, unchanged: {unchanged}, refused: {refused}\n")
		return [line for line in result.stderr.splitlines() if re.match(r"\d+: ", line)]

	def add(self, name, due_time, *options):
		return re.fullmatch("policy id: ([0-9a-f]{24})\n", self.run_policy("add", *options, "--", name, str(due_time)).stdout)[1]

	def rows(self, columns="id, name, description, due_time_in_minutes"):
		return stack.database.sql(f"SELECT {columns} FROM sla_policies ORDER BY id")

	def history(self):
		return stack.database.sql("SELECT policy_id, change_kind, changed_by, name FROM sla_policy_history ORDER BY id")


class Commands(Case):
	def test_add(self):
		added = self.add("-Größe", 7, "--description", "what for")
		self.assertEqual(self.rows("id, name, description, due_time_in_minutes, created_by, updated_by"),
		                 [[added, "-Größe", "what for", "7", ACTOR, ACTOR]])
		self.assertRegex(json.loads(self.run_policy("add", "x", "8", "--json").stdout)["_id"], "^[0-9a-f]{24}$")
		for name, due_time in (("-Größe", 9), ("other", 7)):
			self.assertIn("another policy has", self.run_policy("add", "--", name, str(due_time), status=1).stderr)

	def test_what_the_api_refuses_can_not_be_added(self):
		for name, due_time, reason in (("", "1", "name must NOT have fewer than 1 characters"), ("x" * 256, "1", "name must NOT have more than 255 characters"),
		                               ("x", "0", "dueTimeInMinutes must be >= 1"), ("x", "soon", "dueTimeInMinutes must be integer"),
		                               ("\udcff", "1", "name and description must be UTF-8")):
			with self.subTest(reason):
				self.assertIn(reason, self.run_policy("add", name, due_time, status=2).stderr)
		self.assertEqual(self.rows(), [])

	def test_list(self):
		self.assertEqual(self.run_policy("list").stdout, f"{'ID':24}  {'MINUTES':>10}  {'CHANGED':24}  NAME\n")
		second, first = self.add("b\x1b[2J\x85", 5), self.add("a", 2147483647)
		self.assertRegex(self.run_policy("list").stdout,
		                 rf"^ID .*\n{first}  2147483647  {INSTANT}  a\n{second}  {5:10}  {INSTANT}  b\\u001b\[2J\\u0085\n$")
		self.assertEqual([json.loads(line)["name"] for line in self.run_policy("list", "--json", "--text", "A").stdout.splitlines()], ["a"])
		self.assertIn("UTF-8", self.run_policy("list", "--text", "\udcff", status=2).stderr)

	def test_long_list_has_every_policy_once(self):
		names = [f"{number:04}" for number in range(1, 2502)]
		self.import_lines(lines(*(document(int(name), name=name) for name in names)), 2501)
		self.assertEqual([json.loads(line)["name"] for line in self.run_policy("list", "--json").stdout.splitlines()], names)

	def test_show(self):
		added = self.add("a\nb", 5, "--description", "\x9b")
		self.assertRegex(self.run_policy("show", added).stdout,
		                 rf"^id: {added}\nname: a\\u000ab\ndescription: \\u009b\ndue time in minutes: 5\nmade: {INSTANT} by {ACTOR}\nchanged: {INSTANT} by {ACTOR}\n$")
		self.assertEqual(self.run_policy("show", added, "--json").stdout, self.run_policy("export").stdout)

	def test_remove_and_history(self):
		added = self.add("old", 5)
		self.assertEqual(self.run_policy("history", added).stdout, "")
		self.import_lines(lines(document(1, _id=added, name="new")), 0, 1, 0, 0, "--replace")
		self.assertEqual(self.run_policy("remove", added).stdout, "")
		self.assertEqual(self.rows(), [])
		self.assertRegex(self.run_policy("history", added).stdout,
		                 rf"^AT .* NAME BEFORE\n{INSTANT}  PUT     {ACTOR} +5  old\n{INSTANT}  DELETE  {ACTOR} +1  new\n$")
		steps = [json.loads(line) for line in self.run_policy("history", added, "--json").stdout.splitlines()]
		self.assertEqual([(step["step"], step["by"], step["before"]["name"]) for step in steps], [("PUT", ACTOR, "old"), ("DELETE", ACTOR, "new")])

	def test_what_is_not_there(self):
		for command in ("show", "remove", "history"):
			for name in (UNKNOWN, "", "1", "x" * 1000):
				with self.subTest(command, name=name[:5]):
					self.assertIn(f"there is no policy '{name}'", self.run_policy(command, name, status=1).stderr)

	def test_wrong_usage(self):
		for arguments in ((), ("add", "x"), ("add", "x", "1", "2"), ("import", "a", "b"), ("export", "x"), ("show",), ("list", "--no-such")):
			with self.subTest(" ".join(arguments)):
				self.run_policy(*arguments, status=2)

	def test_full_output(self):
		self.add("x", 1)
		for arguments in (("list",), ("export",), ("add", "y", "2"), ("import",)):
			with self.subTest(arguments[0]), open("/dev/full", "w") as full:
				result = subprocess.run([SLACTL, f"--config={stack.pool.file}", "policy", *arguments], stdin=subprocess.DEVNULL, stdout=full,
				                        stderr=subprocess.PIPE, text=True)
				self.assertEqual(result.returncode, 1)
				self.assertIn("No space left", result.stderr)


class RoundTrip(Case):
	ALL = "id, name, description, due_time_in_minutes, created_at, created_by, updated_at, updated_by"

	def test_export_is_imported_identically(self):
		for number, name in enumerate(ODD_NAMES, 1):
			self.add(name, number, "--description", name * 2)
		stack.database.sql("UPDATE sla_policies SET created_at = '1999-12-31 23:59:59.999', created_by = 'rocketRandomId17x' WHERE due_time_in_minutes < 3")
		before, exported = self.rows(self.ALL), self.run_policy("export").stdout
		self.assertEqual([json.loads(line)["_id"] for line in exported.splitlines()], [row[0] for row in before])
		self.assertEqual({json.loads(line)["name"] for line in exported.splitlines()}, set(ODD_NAMES))
		self.import_lines(exported, unchanged=len(ODD_NAMES))
		stack.database.sql("DELETE FROM sla_policies")
		self.import_lines(exported, len(ODD_NAMES))
		self.assertEqual(self.rows(self.ALL), before)
		self.assertEqual(self.run_policy("export").stdout, exported)
		self.assertEqual(self.history(), [])

	def test_pages(self):
		"""Around the page's size, and some pages."""
		for count in (0, 499, 500, 501, 1500):
			with self.subTest(count=count):
				stack.database.sql("DELETE FROM sla_policies")
				self.import_lines(lines(*(document(number) for number in range(count, 0, -1))), count)
				exported = [json.loads(line)["_id"] for line in self.run_policy("export").stdout.splitlines()]
				self.assertEqual(exported, [policy_id(number) for number in range(1, count + 1)])


class Import(Case):
	def stored(self):
		return [row[0] for row in self.rows("due_time_in_minutes")]

	def test_mongoexport(self):
		text = ('{"_id":"641db89a7718f90c810429cc","name":"Optimum","description":"OPtimum SLA","dueTimeInMinutes":4,"_updatedAt":'
		        '{"$date":"2023-03-24T14:50:02.123Z"}}\n'
		        '{"_id":{"$oid":"641db89a7718f90c810429cd"},"name":"b","description":"","dueTimeInMinutes":{"$numberInt":"5"},"_updatedAt":'
		        '{"$date":{"$numberLong":"1679669402123"}},"_class":"x"}\n')
		elements = ",".join(text.splitlines())
		for form, source in (("lines", text), ("array", f"[{elements}]\n"), ("pretty", json.dumps(json.loads(f"[{elements}]"), indent=1)),
		                     ("last line open", text[:-1]), ("other system", text.replace("\n", "\r\n"))):
			with self.subTest(form):
				stack.database.sql("DELETE FROM sla_policies")
				self.import_lines(source, 2)
				self.assertEqual(self.rows("id, name, description, due_time_in_minutes, created_at, created_by, updated_at, updated_by"), [
					["641db89a7718f90c810429cc", "Optimum", "OPtimum SLA", "4", *("2023-03-24 14:50:02.123", ACTOR) * 2],
					["641db89a7718f90c810429cd", "b", "", "5", *("2023-03-24 14:50:02.123", ACTOR) * 2]])

	def test_file(self):
		with tempfile.NamedTemporaryFile("w") as file:
			file.write(lines(document(1), document(2)))
			file.flush()
			self.assertEqual(self.run_policy("import", file.name).stdout, "imported: 2, replaced: 0, unchanged: 0, refused: 0\n")
		self.assertIn("No such file", self.run_policy("import", "/nonexistent", status=1).stderr)
		self.assertIn("Is a directory", self.run_policy("import", "/", status=1).stderr)

	def test_nothing(self):
		for text in ("", "\n", "[]"):
			self.import_lines(text)

	def test_time_that_is_absent_is_now(self):
		self.import_lines(lines(document(1)), 1)
		self.assertEqual(self.rows("created_at = updated_at, ABS(TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP())) < 60"), [["1", "1"]])
		self.import_lines(lines(document(1)), unchanged=1)

	def test_refusals(self):
		self.import_lines(lines(document(1), document(2)), 2)
		bad = lines(document(3), document(4, _id="rocketRandomId17x"), document(5, name="name 1"), document(6, dueTimeInMinutes=2),
		            document(1, description="other"), document(7, dueTimeInMinutes="soon")) + "{\n\n" + lines(document(3), document(8, name="name 3"), document(9))
		refusals = ["2: _id must be 24 lower-case hexadecimal digits", "3: another policy has this name", "4: another policy has this dueTimeInMinutes",
		            "5: id exists with other values", "6: dueTimeInMinutes must be integer", "7: must be valid JSON", "10: another policy has this name"]
		self.assertEqual(self.import_lines(bad, 0, 0, 1, 7, status=1), refusals)
		self.assertEqual(self.stored(), ["1", "2"])
		self.assertEqual(self.import_lines(bad, 2, 0, 1, 7, "--skip-bad"), refusals)
		self.assertEqual(self.stored(), ["1", "2", "3", "9"])
		self.assertEqual(self.import_lines(bad, 0, 0, 3, 7, "--skip-bad"), refusals)
		self.assertEqual(self.history(), [])

	def test_every_value_counts(self):
		full = document(1, _updatedAt="2023-03-24T14:50:02.123Z", createdAt="2022-03-24T14:50:02.123Z", createdBy="a", updatedBy="b")
		self.import_lines(lines(full), 1)
		self.import_lines(lines(document(1), full, {**full, "_updatedAt": "2023-03-24T15:50:02.123+0100"}), unchanged=3)
		for member, value in (("name", "name 1 "), ("description", " "), ("dueTimeInMinutes", 2), ("_updatedAt", "2023-03-24T14:50:02.124Z"),
		                      ("createdAt", "2023-03-24T14:50:02.123Z"), ("createdBy", "A"), ("updatedBy", "b ")):
			with self.subTest(member):
				self.assertEqual(self.import_lines(lines({**full, member: value}), 0, 0, 0, 1, status=1), ["1: id exists with other values"])

	def test_replace(self):
		self.import_lines(lines(document(1, createdBy="maker"), document(2)), 2)
		created = self.rows("created_at, created_by")
		changed = lines(document(1, name="new", dueTimeInMinutes=10, _updatedAt="2023-03-24T14:50:02.123Z"), document(2))
		self.import_lines(changed, 0, 1, 1, 0, "--replace")
		self.assertEqual(self.rows("name, due_time_in_minutes, updated_at, updated_by")[0], ["new", "10", "2023-03-24 14:50:02.123", ACTOR])
		self.assertEqual(self.rows("created_at, created_by"), created)
		self.assertEqual(self.history(), [[policy_id(1), "PUT", ACTOR, "name 1"]])
		self.import_lines(changed, 0, 0, 2, 0, "--replace")
		self.assertEqual(len(self.history()), 1)

	def test_replace_that_is_refused_leaves_no_history(self):
		self.import_lines(lines(document(1), document(2)), 2)
		before = self.rows("id, name, due_time_in_minutes, updated_at")
		for member, value, reason in (("name", "name 2", "another policy has this name"), ("dueTimeInMinutes", 2, "another policy has this dueTimeInMinutes")):
			with self.subTest(member):
				self.assertEqual(self.import_lines(lines(document(1, **{member: value})), 0, 0, 0, 1, "--replace", "--skip-bad"), [f"1: {reason}"])
				self.assertEqual((self.rows("id, name, due_time_in_minutes, updated_at"), self.history()), (before, []))

	def test_all_or_nothing_takes_back_replacements(self):
		self.import_lines(lines(document(1)), 1)
		self.import_lines(lines(document(1, name="new"), document(2)) + "x\n", 0, 0, 0, 1, "--replace", status=1)
		self.assertEqual((self.rows("name"), self.history()), ([["name 1"]], []))

	def test_long_line_does_not_take_the_next_with_it(self):
		text = lines(document(1, description="x" * 300000), document(2, description="\U0001f600" * 4000))
		self.assertEqual(self.import_lines(text, 1, 0, 0, 1, "--skip-bad"), ["1: is longer than 256 KiB"])

	def test_refusals_quote_nothing(self):
		secret = "hunter2"
		text = f"{secret}\n" + lines({secret: 1}, document(1, _id=secret), document(1, createdBy=[secret]), document(1, _updatedAt=secret))
		self.assertNotIn(secret, "".join(self.import_lines(text, 0, 0, 0, 5, status=1)))

	@staticmethod
	def lock_waits():
		return stack.database.counter("Innodb_row_lock_waits")

	def test_locks_are_waited_for_and_progress_is_told_on_a_terminal(self):
		"""A row that somebody else holds for longer than progress is silent, and than the server waits for a lock: it is tried again."""
		self.import_lines(lines(document(1)), 1)
		waits = self.lock_waits()
		terminal, end = pty.openpty()
		command = [SLACTL, f"--config={stack.pool.file}", "policy", "import"]
		with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=end) as child:
			os.close(end)
			with stack.database.transaction(f"SELECT id FROM sla_policies WHERE id = '{policy_id(1)}' FOR UPDATE"):
				child.stdin.write(lines(document(1), document(2), {}).encode())
				child.stdin.close()
				wait_until(lambda: self.lock_waits() >= waits + 2, "the lock to be waited for again")
			stdout = child.stdout.read()
		told = read_to_end(terminal).decode()
		os.close(terminal)
		self.assertEqual(stdout, b"imported: 0, replaced: 0, unchanged: 1, refused: 1\n")
		self.assertRegex(told, r"^(\r[12] done)+\r\x1b\[K3: must have")


class Broken(Case):
	"""A connection that is lost in the middle."""

	@classmethod
	def setUpClass(cls):
		cls.proxy = Proxy(stack.database.socket)
		cls.addClassCleanup(cls.proxy.close)
		client = {key: value for key, value in stack.administrator.items() if key != "socket"}
		cls.config = stack.directory / "proxied.conf"
		cls.config.touch(mode=0o600)
		cls.config.write_text("[client-livechat-sla]\n" + "".join(f"{key} = {value}\n" for key, value in {**client, "host": cls.proxy.host}.items()))

	def setUp(self):
		super().setUp()
		self.proxy.reset()

	def test_connection_is_lost(self):
		"""The whole is done again, and told once."""
		text = lines(document(1), document(2), {}, document(3))
		for what, beginning, action, kind in (("before a row", "INSERT INTO sla_policies", CUT, EXECUTE), ("after a row", "INSERT INTO sla_policies", SWALLOW, EXECUTE),
		                                      ("before the commit", "COMMIT", CUT, QUERY), ("after the commit", "COMMIT", SWALLOW, QUERY)):
			with self.subTest(what):
				stack.database.sql("DELETE FROM sla_policies")
				self.proxy.reset()
				self.proxy.at(beginning, action, kind=kind)
				self.assertEqual(self.import_lines(text, 3, 0, 0, 1, "--skip-bad", config=self.config), ["3: must have required property 'name'"])
				self.assertEqual([row[0] for row in self.rows("due_time_in_minutes")], ["1", "2", "3"])
				self.assertEqual(self.proxy.count("START TRANSACTION", QUERY), 2)

	def test_input_is_read_again_from_where_it_stood(self):
		with tempfile.TemporaryFile() as file:
			file.write(b"not for the import\n" + lines(document(1), document(2)).encode())
			file.flush()
			os.lseek(file.fileno(), len(b"not for the import\n"), os.SEEK_SET)
			self.proxy.at("COMMIT", CUT, kind=QUERY)
			result = subprocess.run([SLACTL, f"--config={self.config}", "policy", "import"], stdin=file, capture_output=True, text=True)
		self.assertEqual(result.stdout, "imported: 2, replaced: 0, unchanged: 0, refused: 0\n")
		self.assertEqual(self.proxy.count("START TRANSACTION", QUERY), 2)

	def test_replacement_is_in_the_history_once(self):
		self.import_lines(lines(document(1)), 1)
		self.proxy.at("COMMIT", SWALLOW, kind=QUERY)
		self.import_lines(lines(document(1, name="new")), 0, 1, 0, 0, "--replace", config=self.config)
		self.assertEqual(self.history(), [[policy_id(1), "PUT", ACTOR, "name 1"]])

	def test_database_away(self):
		stack.database.pause()
		self.addCleanup(stack.database.resume)
		result = self.run_policy("import", text=lines(document(1)), status=1)
		self.assertIn("livechat-slactl: the database is not available", result.stderr)
		self.assertNotIn(stack.administrator["password"], result.stderr)

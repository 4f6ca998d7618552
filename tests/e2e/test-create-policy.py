# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""POST livechat/sla through a web server, to the byte."""
import json
import re
import threading
import time

from contract import (DUPLICATED, GOOD, NO_ENDPOINT, NO_JSON, NOT_AUTHORIZED, NOT_LOGGED_IN, PATH, TOO_LARGE, UNAVAILABLE, UNSUPPORTED,
                      ContractCase, invalid_params)
from stack import Credentials, Stack, wait_until

stack = None


def setUpModule():
	global stack
	stack = Stack().start()


def tearDownModule():
	stack.finish()


class Case(ContractCase):
	def setUp(self):
		stack.database.sql("DELETE FROM sla_policies")

	def post(self, body=None, headers=(), path=PATH, credentials=None):
		return stack.request("POST", path, body, headers, credentials or stack.admin)

	def expect_created(self, answer, name, description, due_time):
		"""Returns the new policy's id."""
		match = re.search(r'"_id":"([0-9a-f]{24})"', answer.body.decode())
		self.assertIsNotNone(match, answer)
		values = json.dumps({"name": name, "description": description, "dueTimeInMinutes": due_time}, ensure_ascii=False, separators=(",", ":"))
		self.expect(answer, 200, f'{{"sla":{values[:-1]},"_id":"{match[1]}"}},"success":true}}')
		return match[1]

	def policies(self):
		return stack.database.sql("SELECT name, description, due_time_in_minutes FROM sla_policies ORDER BY due_time_in_minutes")


class Created(Case):
	def test_policy_is_answered_and_stored(self):
		policy_id = self.expect_created(self.post(GOOD), "Optimum", "OPtimum SLA", 4)
		self.assertEqual(stack.database.sql("SELECT id, name, description, due_time_in_minutes, created_by FROM sla_policies"),
		                 [[policy_id, "Optimum", "OPtimum SLA", "4", stack.admin.user_id]])

	def test_id_has_the_form_of_an_objectid(self):
		before = int(time.time())
		ids = [json.loads(self.post({"name": f"n{i}", "description": "", "dueTimeInMinutes": i}).body)["sla"]["_id"] for i in range(1, 21)]
		for policy_id in ids:
			self.assertTrue(before <= int(policy_id[:8], 16) <= int(time.time()), policy_id)
		self.assertEqual(len(set(ids)), len(ids))
		self.assertLessEqual(len({policy_id[8:18] for policy_id in ids}), 4, "at most one random part a worker")

	def test_times_are_utc(self):
		self.post(GOOD)
		[[age]] = stack.database.sql("SELECT ABS(TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP())) FROM sla_policies")
		self.assertLess(int(age), 60)

	def test_texts_come_back_as_utf8_and_unescaped(self):
		name, description = "Größe/日本 \U0001f600", "a\tb\nc \"quoted\" \\ / \u007f\u2028"
		self.expect_created(self.post({"name": name, "description": description, "dueTimeInMinutes": 1}), name, description, 1)
		[[stored]] = stack.database.sql("SELECT HEX(name) FROM sla_policies")
		self.assertEqual(bytes.fromhex(stored).decode(), name)

	def test_escapes_are_decoded(self):
		answer = self.post('{"name":"\\u00e9\\ud83d\\ude00","description":"\\/","dueTimeInMinutes":1}')
		self.expect_created(answer, "é\U0001f600", "/", 1)

	def test_limits_of_the_schema_are_within(self):
		for name, description, due_time in (("n", "", 1), ("\U0001f600" * 255, "\U0001f600" * 4000, 2147483647), (" ", " ", 2)):
			with self.subTest(f"{len(name)} and {len(description)} characters, {due_time} minutes"):
				body = json.dumps({"name": name, "description": description, "dueTimeInMinutes": due_time}, ensure_ascii=False)
				self.expect_created(self.post(body), name, description, due_time)

	def test_values_are_coerced(self):
		for number, (field, text, value) in enumerate((
			("name", "12", "12"), ("name", "1.50", "1.5"), ("name", "true", "true"), ("name", "false", "false"), ("name", "-0.0", "0"),
			("name", "1e21", "1e+21"), ("name", "1e-7", "1e-7"), ("description", "null", ""), ("description", "7", "7"),
			("dueTimeInMinutes", '"7"', 7), ("dueTimeInMinutes", '" 7 "', 7), ("dueTimeInMinutes", '"1e3"', 1000),
			("dueTimeInMinutes", '"0x10"', 16), ("dueTimeInMinutes", "true", 1), ("dueTimeInMinutes", "4.0", 4),
			("dueTimeInMinutes", "4e0", 4), ("dueTimeInMinutes", "40e-1", 4)), 1):
			with self.subTest(f"{field} {text}"):
				self.setUp()
				fields = {"name": '"n"', "description": '"d"', "dueTimeInMinutes": str(number), field: text}
				body = "{" + ",".join(f'"{key}":{value}' for key, value in fields.items()) + "}"
				expected = {"name": "n", "description": "d", "dueTimeInMinutes": number, field: value}
				self.expect_created(self.post(body), *expected.values())

	def test_last_of_a_repeated_key_counts(self):
		self.expect_created(self.post('{"name":1,"name":"last","description":"","dueTimeInMinutes":{},"dueTimeInMinutes":2}'), "last", "", 2)

	def test_order_of_keys_and_white_space_do_not_matter(self):
		self.expect_created(self.post(' \r\n\t{ "dueTimeInMinutes" : 3 , "description":"d","name":"n" } \n'), "n", "d", 3)

	def test_media_types_that_are_taken(self):
		types = ("application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json ;x=y")
		for number, media_type in enumerate(types, 1):
			with self.subTest(media_type):
				body = {"name": media_type, "description": "", "dueTimeInMinutes": number}
				self.expect_created(self.post(body, {"Content-Type": media_type}), media_type, "", number)

	def test_no_media_type_is_taken(self):
		self.expect_created(self.post(json.dumps(GOOD).encode()), *GOOD.values())

	def test_largest_body_is_taken(self):
		self.expect_created(self.post(json.dumps(GOOD).ljust(65536)), *GOOD.values())

	def test_path_is_percent_decoded_once_and_the_query_ignored(self):
		self.expect_created(self.post(GOOD, path="/api/v1/livechat/sl%61?x=1"), *GOOD.values())


class Refused(Case):
	def tearDown(self):
		self.assertEqual(self.policies(), [], "nothing that was refused is stored")

	def test_paths_that_do_not_exist(self):
		for path in ("/api/v1/", "/api/v1/livechat", "/api/v1/livechat/slas", "/api/v1/livechat/sla/", "/api/v1/Livechat/sla",
		             "/api/v1//livechat/sla", "/api/v1/livechat/sl%2561", "/api/v1/x/../livechat/sla", "/api/v1/livechat%00/sla"):
			with self.subTest(path):
				answer = self.post(GOOD, path=path)
				if re.search(stack.web.REFUSED, path):
					self.assertIn(answer.status, (400, 404), "by the web server")
				else:
					self.expect(answer, 404, NO_ENDPOINT)

	def test_methods_that_do_not_exist(self):
		for method in ("PUT", "PATCH", "DELETE"):
			with self.subTest(method):
				self.expect(stack.request(method, PATH, GOOD, (), stack.admin), 405, NO_ENDPOINT, Allow="GET, HEAD, POST, OPTIONS")

	def test_options(self):
		answer = stack.request("OPTIONS", PATH)
		self.assertEqual((answer.status, answer.body, answer.header("Allow")), (204, b"", "GET, HEAD, POST, OPTIONS"))

	def test_body_too_large(self):
		for size in (65537, 1 << 20):
			with self.subTest(f"{size} bytes"):
				self.expect(self.post(json.dumps(GOOD).ljust(size)), 413, TOO_LARGE)

	def test_media_types_that_are_not_taken(self):
		for media_type in ("text/plain", "application/json5", "application/x-www-form-urlencoded", "application/jsonx", "json", "*/*"):
			with self.subTest(media_type):
				self.expect(self.post(GOOD, {"Content-Type": media_type}), 415, UNSUPPORTED)

	def test_credentials_missing_or_wrong(self):
		user, token = stack.admin
		other = stack.add_user("other", "admin")
		for name, headers in (
			("none", {}), ("no user", {"X-Auth-Token": token}), ("no token", {"X-User-Id": user}), ("empty user", {"X-User-Id": "", "X-Auth-Token": token}),
			("empty token", {"X-User-Id": user, "X-Auth-Token": ""}), ("unknown user", {"X-User-Id": "A" * 17, "X-Auth-Token": token}),
			("unknown token", {"X-User-Id": user, "X-Auth-Token": "A" * 43}), ("token of another user", {"X-User-Id": user, "X-Auth-Token": other.token}),
			("user name for id", {"X-User-Id": "administrator", "X-Auth-Token": token}), ("token cut", {"X-User-Id": user, "X-Auth-Token": token[:-1]}),
			("user in another case", {"X-User-Id": user.swapcase(), "X-Auth-Token": token}),
			("very long token", {"X-User-Id": user, "X-Auth-Token": "A" * 6000}), ("quotes", {"X-User-Id": "' OR 1=1 -- ", "X-Auth-Token": "' OR ''='"}),
			("no ASCII", {"X-User-Id": "\xe4\xff", "X-Auth-Token": "\xff\xfe"})):
			with self.subTest(name):
				self.expect(stack.request("POST", PATH, GOOD, headers), 401, NOT_LOGGED_IN)

	def test_credentials_that_are_no_longer_good(self):
		for name, statement in (("revoked", "DELETE FROM tokens WHERE user_id = '{}'"),
		                        ("expired", "UPDATE tokens SET expires_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND WHERE user_id = '{}'"),
		                        ("disabled", "UPDATE users SET active = 0 WHERE id = '{}'")):
			with self.subTest(name):
				user = stack.add_user(name, "livechat-manager")
				self.expect(self.post({}, credentials=user), 400, invalid_params("must have required property 'name'"))
				stack.database.sql(statement.format(user.user_id))
				self.expect(self.post(GOOD, credentials=user), 401, NOT_LOGGED_IN)

	def test_roles_that_may_not_write(self):
		for role in ("livechat-agent", "livechat-monitor", "user", "bot", "app"):
			with self.subTest(role):
				self.expect(self.post(GOOD, credentials=stack.add_user(f"a-{role}", role)), 403, NOT_AUTHORIZED)

	def test_body_that_is_no_json(self):
		inside = '{{"name":{},"description":"d","dueTimeInMinutes":{}}}'
		rows = (("empty", b""), ("blank", b" \n"), ("cut", b'{"name":"n"'), ("a word", b"name"), ("NaN", inside.format('"n"', "NaN").encode()),
		        ("Infinity", inside.format('"n"', "Infinity").encode()), ("-Infinity", inside.format('"n"', "-Infinity").encode()),
		        ("single quotes", b"{'name':'n','description':'d','dueTimeInMinutes':1}"), ("unquoted key", b"{name:1}"),
		        ("block comment", b"/* */" + json.dumps(GOOD).encode()), ("line comment", json.dumps(GOOD).encode() + b" // x"),
		        ("tab in a string", b'{"name":"a\tb"}'), ("newline in a string", b'{"name":"a\nb"}'), ("NUL in a string", b'{"name":"a\0b"}'),
		        ("byte order mark", b"\xef\xbb\xbf" + json.dumps(GOOD).encode()), ("NUL after it", json.dumps(GOOD).encode() + b"\0"),
		        ("two values", json.dumps(GOOD).encode() * 2), ("comma at the end", b'{"name":"n",}'), ("comma at an array's end", b"[1,]"),
		        ("leading zero", inside.format('"n"', "01").encode()), ("plus sign", inside.format('"n"', "+1").encode()),
		        ("bare point", inside.format('"n"', "1.").encode()), ("point first", inside.format('"n"', ".5").encode()),
		        ("hexadecimal", inside.format('"n"', "0x10").encode()), ("capital true", inside.format('"n"', "True").encode()),
		        ("unknown escape", b'{"name":"\\x41"}'), ("short escape", b'{"name":"\\u12"}'), ("bad UTF-8", b'{"name":"\xc3\x28"}'),
		        ("overlong UTF-8", b'{"name":"\xc0\xaf"}'), ("UTF-8 beyond Unicode", b'{"name":"\xf4\x90\x80\x80"}'),
		        ("Latin-1", b'{"name":"\xe4"}'), ("encoded surrogate", b'{"name":"\xed\xa0\x80"}'), ("UTF-16", json.dumps(GOOD).encode("utf-16")),
		        ("nested too deep", b"[" * 17 + b"]" * 17), ("nested without end", b"[" * 60000))
		for name, body in rows:
			with self.subTest(name):
				self.expect(self.post(body, {"Content-Type": "application/json"}), 400, NO_JSON)

	def test_body_that_breaks_the_schema(self):
		no_nul = 'must match pattern "^[^\\u0000]*$"'
		for body, text in (
			("[]", "must be object"), ("null", "must be object"), ('"x"', "must be object"), ("1", "must be object"), ("true", "must be object"),
			("[" * 16 + "]" * 16, "must be object"),
			("{}", "must have required property 'name'"), ({"description": "d", "dueTimeInMinutes": 1}, "must have required property 'name'"),
			({"name": "n", "dueTimeInMinutes": 1}, "must have required property 'description'"),
			({"name": "n", "description": "d"}, "must have required property 'dueTimeInMinutes'"),
			({"name": [], "extra": 1}, "must have required property 'description'"),
			({**GOOD, "extra": 1}, "must NOT have additional properties"), ({**GOOD, "_id": "x"}, "must NOT have additional properties"),
			({**GOOD, "name": [], "Name": 1}, "must NOT have additional properties"),
			({**GOOD, "name": []}, "must be string"), ({**GOOD, "name": {}}, "must be string"), ({**GOOD, "description": ["d"]}, "must be string"),
			({**GOOD, "name": ""}, "must NOT have fewer than 1 characters"), ({**GOOD, "name": None}, "must NOT have fewer than 1 characters"),
			({**GOOD, "name": "n" * 256}, "must NOT have more than 255 characters"),
			({**GOOD, "name": "\U0001f600" * 256}, "must NOT have more than 255 characters"),
			({**GOOD, "name": "\0" * 256}, "must NOT have more than 255 characters"),
			({**GOOD, "description": "d" * 4001}, "must NOT have more than 4000 characters"),
			({**GOOD, "name": "a\0b"}, no_nul), ({**GOOD, "description": "\0"}, no_nul),
			({**GOOD, "dueTimeInMinutes": ""}, "must be integer"), ({**GOOD, "dueTimeInMinutes": "7x"}, "must be integer"),
			({**GOOD, "dueTimeInMinutes": "x"}, "must be integer"), ({**GOOD, "dueTimeInMinutes": "4.5"}, "must be integer"),
			({**GOOD, "dueTimeInMinutes": 4.5}, "must be integer"), ({**GOOD, "dueTimeInMinutes": [4]}, "must be integer"),
			({**GOOD, "dueTimeInMinutes": {}}, "must be integer"), ({**GOOD, "dueTimeInMinutes": "Infinity"}, "must be integer"),
			('{"name":"n","description":"d","dueTimeInMinutes":1e400}', "must be integer"),
			({**GOOD, "dueTimeInMinutes": 0}, "must be >= 1"), ({**GOOD, "dueTimeInMinutes": " "}, "must be >= 1"), ({**GOOD, "dueTimeInMinutes": -1}, "must be >= 1"),
			({**GOOD, "dueTimeInMinutes": False}, "must be >= 1"), ({**GOOD, "dueTimeInMinutes": None}, "must be >= 1"),
			({**GOOD, "dueTimeInMinutes": 2147483648}, "must be <= 2147483647"), ({**GOOD, "dueTimeInMinutes": 10 ** 30}, "must be <= 2147483647"),
			({**GOOD, "dueTimeInMinutes": "99999999999"}, "must be <= 2147483647"),
			({"name": [], "description": [], "dueTimeInMinutes": []}, "must be string"),
			({"name": "", "description": [], "dueTimeInMinutes": 0}, "must NOT have fewer than 1 characters")):
			with self.subTest(f"{str(body)[:60]}: {text}"):
				self.expect(self.post(body), 400, invalid_params(text))

	def test_order_of_checks(self):
		nobody = Credentials("", "")
		agent = stack.add_user("order", "livechat-agent")
		large, text = json.dumps(GOOD).ljust(65537), {"Content-Type": "text/plain"}
		for name, answer, status in (
			("path before method", stack.request("PATCH", "/api/v1/livechat/slas", GOOD), 404),
			("method before size", stack.request("PATCH", PATH, large, text, nobody), 405),
			("size before media type", self.post(large, text), 413),
			("size before credentials", self.post(large, credentials=nobody), 413),
			("media type before credentials", self.post(GOOD, text, credentials=nobody), 415),
			("credentials before permission and body", self.post("x", credentials=Credentials(agent.user_id, "A" * 43)), 401),
			("permission before body", self.post("x", credentials=agent), 403)):
			with self.subTest(name):
				self.assertEqual(answer.status, status)


class Duplicates(Case):
	def test_rows_of_duplicates(self):
		self.post(GOOD)
		for name, body in (("the same", GOOD), ("same name", {**GOOD, "dueTimeInMinutes": 5}), ("same time", {**GOOD, "name": "other"}),
		                   ("blank at the end", {**GOOD, "name": "Optimum  ", "dueTimeInMinutes": 5})):
			with self.subTest(name):
				self.expect(self.post(body), 400, DUPLICATED)
		self.assertEqual(self.policies(), [["Optimum", "OPtimum SLA", "4"]])

	def test_names_that_differ(self):
		for number, name in enumerate(("e", "E", "é", "e\u0301", " e", "\uff45", "\U0001f600", "\U0001f601", "ss", "ß"), 1):
			with self.subTest(ascii(name)):
				self.expect_created(self.post({"name": name, "description": "", "dueTimeInMinutes": number}), name, "", number)

	def test_24_equal_posts_at_once(self):
		barrier, answers = threading.Barrier(24), []

		def client():
			barrier.wait()
			answers.append(self.post(GOOD))

		threads = [threading.Thread(target=client) for _ in range(24)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		answers.sort(key=lambda answer: answer.status)
		self.assertEqual(len(answers), 24)
		self.expect_created(answers[0], *GOOD.values())
		for answer in answers[1:]:
			self.expect(answer, 400, DUPLICATED)
		self.assertEqual(self.policies(), [["Optimum", "OPtimum SLA", "4"]])


class Unavailable(Case):
	def test_database_is_away_and_comes_back(self):
		stack.database.stop()
		answer = self.post(GOOD)
		self.expect(answer, 503, UNAVAILABLE, Retry_After=answer.header("Retry-After"))
		self.assertRegex(answer.header("Retry-After"), "^[1-9][0-9]*$")
		self.expect(self.post(GOOD, path="/api/v1/x"), 404, NO_ENDPOINT)
		stack.database.start()
		answer = wait_until(lambda: (got := self.post(GOOD)).status != 503 and got, "service")
		self.expect_created(answer, *GOOD.values())


class Logs(Case):
	def test_no_secret_is_logged(self):
		self.post(GOOD)
		self.post(GOOD, credentials=Credentials("A" * 17, "a-token-that-nobody-has-0123456789012345678"))
		log = stack.pool.log.read_text(errors="replace")
		self.assertIn(stack.admin.user_id, log)
		for secret in (stack.admin.token, "a-token-that-nobody-has", stack.client["password"]):
			self.assertNotIn(secret, log)

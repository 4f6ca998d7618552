# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Listing, reading, changing and removing policies through a web server, to the byte."""
import json
import random
import re
import threading
import urllib.parse

from contract import (DUPLICATED, GOOD, NO_ENDPOINT, NOT_AUTHORIZED, NOT_LOGGED_IN, PATH, SERVER_HEADERS, TOO_LARGE, UNAVAILABLE,
                      UNSUPPORTED, ContractCase, compact, invalid_params, invalid_sort, not_found)
from database import numbers
from stack import Credentials, Stack, wait_until

UNKNOWN = "641db89a7718f90c810429cc"
INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
FIELDS = ("_id", "name", "description", "dueTimeInMinutes", "_updatedAt")
stack = None


def setUpModule():
	global stack
	stack = Stack().start()


def tearDownModule():
	stack.finish()


def padded(value):
	"""As the database compares: blanks at the end of a text do not count."""
	return value.rstrip(" ") if isinstance(value, str) else value


class Case(ContractCase):
	def setUp(self):
		stack.database.sql("DELETE FROM sla_policies; DELETE FROM sla_policy_history")

	def call(self, method, path="", body=None, credentials=None, headers=()):
		return stack.request(method, PATH + path, body, headers, credentials or stack.admin)

	def list(self, credentials=None, **query):
		return self.call("GET", "?" + urllib.parse.urlencode(query) if query else "", credentials=credentials)

	def create(self, name, due_time, description=""):
		answer = self.call("POST", body={"name": name, "description": description, "dueTimeInMinutes": due_time})
		self.assertEqual(answer.status, 200, answer.body)
		return answer.json()["sla"]["_id"]

	def stored(self):
		"""Every policy as the list has it, by the database."""
		rows = stack.database.sql("SELECT id, name, description, due_time_in_minutes, "
		                          "DATE_FORMAT(updated_at, '%Y-%m-%dT%H:%i:%s.%f') FROM sla_policies")
		return [dict(zip(FIELDS, (row[0], row[1], row[2], int(row[3]), row[4][:-3] + "Z"))) for row in rows]

	def expect_list(self, answer, policies, total, offset=0):
		self.expect(answer, 200, compact({"sla": policies, "count": len(policies), "offset": offset, "total": total, "success": True}))

	def history(self):
		return stack.database.sql("SELECT policy_id, change_kind, name, description, due_time_in_minutes, changed_by "
		                          "FROM sla_policy_history ORDER BY id")


class Read(Case):
	def test_policy_is_answered_flat(self):
		policy_id = self.create("Größe / \U0001f600", 4, "a\n\"b\"")
		[policy] = self.stored()
		self.assertRegex(policy["_updatedAt"], INSTANT)
		policy.update(name="Größe / \U0001f600", description="a\n\"b\"")
		self.expect(self.call("GET", f"/{policy_id}"), 200, compact({**policy, "success": True}))

	def test_id_that_no_policy_has(self):
		self.create("n", 1)
		for policy_id in (UNKNOWN, "1", "x" * 1000, UNKNOWN.upper(), UNKNOWN[:-1], "%", "' OR 1=1 -- ", "é\"\\", "null"):
			for method, body in (("GET", None), ("PUT", GOOD), ("DELETE", None)):
				with self.subTest(f"{method} {ascii(policy_id[:30])}"):
					answer = self.call(method, "/" + urllib.parse.quote(policy_id), body)
					self.expect(answer, 404, not_found(policy_id))
		self.assertEqual((len(self.stored()), self.history()), (1, []))

	def test_id_with_a_blank_behind_it_is_another(self):
		policy_id = self.create("n", 1)
		self.expect(self.call("GET", f"/{policy_id}%20"), 404, not_found(policy_id + " "))

	def test_head_is_get_without_a_body(self):
		policy_id = self.create("n", 1)
		for path in ("", f"/{policy_id}", f"/{UNKNOWN}"):
			with self.subTest(path):
				get, head = self.call("GET", path), self.call("HEAD", path)
				self.assertEqual((head.status, head.body), (get.status, b""))
				self.assertEqual([h for h in head.headers if h[0] not in SERVER_HEADERS],
				                 [h for h in get.headers if h[0] not in SERVER_HEADERS])

	def test_options_and_methods_that_do_not_exist(self):
		allow = "GET, HEAD, PUT, DELETE, OPTIONS"
		answer = self.call("OPTIONS", f"/{UNKNOWN}")
		self.assertEqual((answer.status, answer.body, answer.header("Allow")), (204, b"", allow))
		for method in ("POST", "PATCH"):
			with self.subTest(method):
				self.expect(self.call(method, f"/{UNKNOWN}", GOOD), 405, NO_ENDPOINT, Allow=allow)

	def test_paths_below_a_policy_do_not_exist(self):
		for path in ("/", f"/{UNKNOWN}/", f"/{UNKNOWN}/x", "/a%2Fb", "//"):
			with self.subTest(path):
				answer = self.call("GET", path)
				if re.search(stack.web.REFUSED, path):
					self.assertEqual(answer.status, 404, "by the web server")
				else:
					self.expect(answer, 404, NO_ENDPOINT)


class Permissions(Case):
	def test_who_may_read_and_who_may_write(self):
		for role, reads, writes in (("admin", True, True), ("livechat-manager", True, True), ("livechat-agent", True, False),
		                            ("livechat-monitor", True, False), ("user", False, False), ("bot", False, False)):
			user = stack.add_user(f"may-{role}", role)
			for method, path, body, allowed in (("GET", "", None, reads), ("GET", f"/{UNKNOWN}", None, reads),
			                                    ("PUT", f"/{UNKNOWN}", GOOD, writes), ("DELETE", f"/{UNKNOWN}", None, writes)):
				with self.subTest(f"{role} {method}{path}"):
					answer = self.call(method, path, body, user)
					if allowed:
						self.assertIn(answer.status, (200, 404))
					else:
						self.expect(answer, 403, NOT_AUTHORIZED)

	def test_credentials_come_before_everything_that_is_asked(self):
		nobody = Credentials("", "")
		for method, path, body in (("GET", "", None), ("GET", "?count=x", None), ("GET", f"/{UNKNOWN}", None),
		                           ("PUT", f"/{UNKNOWN}", "x"), ("DELETE", f"/{UNKNOWN}", None)):
			with self.subTest(f"{method}{path}"):
				self.expect(self.call(method, path, body, nobody), 401, NOT_LOGGED_IN)


class Change(Case):
	def test_change_is_answered_stored_and_kept_in_the_history(self):
		policy_id = self.create("old", 4, "was")
		[before] = self.stored()
		answer = self.call("PUT", f"/{policy_id}", {"name": "new", "description": "", "dueTimeInMinutes": "0x10"})
		[after] = self.stored()
		self.assertGreaterEqual(after["_updatedAt"], before["_updatedAt"])
		self.expect(answer, 200, compact({"sla": {"name": "new", "description": "", "dueTimeInMinutes": 16,
		                                          "_updatedAt": after["_updatedAt"], "_id": policy_id}, "success": True}))
		self.assertEqual((after["name"], after["description"], after["dueTimeInMinutes"]), ("new", "", 16))
		self.assertEqual(self.history(), [[policy_id, "PUT", "old", "was", "4", stack.admin.user_id]])

	def test_own_values_are_no_duplicate(self):
		policy_id = self.create("Optimum", 4, "OPtimum SLA")
		answer = self.call("PUT", f"/{policy_id}", GOOD)
		self.assertEqual(answer.status, 200, answer.body)

	def test_values_of_another_policy_are_a_duplicate(self):
		self.create("Optimum", 4)
		policy_id = self.create("other", 5)
		for body in ({**GOOD, "dueTimeInMinutes": 5}, {**GOOD, "name": "other"}, {**GOOD, "name": "Optimum ", "dueTimeInMinutes": 6}):
			with self.subTest(compact(body)):
				self.expect(self.call("PUT", f"/{policy_id}", body), 400, DUPLICATED)
		self.assertEqual(self.history(), [])
		self.assertEqual(sorted((policy["name"], policy["dueTimeInMinutes"]) for policy in self.stored()), [("Optimum", 4), ("other", 5)])

	def test_body_is_checked_as_when_it_is_created(self):
		policy_id = self.create("n", 1)
		for body, headers, status, text in (
			("{}", (), 400, invalid_params("must have required property 'name'")), ("x", (), 400, invalid_params("must be valid JSON")),
			({**GOOD, "_id": policy_id}, (), 400, invalid_params("must NOT have additional properties")),
			({**GOOD, "dueTimeInMinutes": 0}, (), 400, invalid_params("must be >= 1")),
			(compact(GOOD), {"Content-Type": "text/plain"}, 415, UNSUPPORTED), (compact(GOOD).ljust(65537), (), 413, TOO_LARGE)):
			with self.subTest(text):
				self.expect(self.call("PUT", f"/{policy_id}", body, headers=headers), status, text)
		self.assertEqual(self.history(), [])

	def test_changes_at_once_are_all_answered_and_all_in_the_history(self):
		policy_id = self.create("start", 1)
		barrier, answers = threading.Barrier(8), []

		def client(number):
			barrier.wait()
			answers.append(self.call("PUT", f"/{policy_id}", {"name": f"name {number}", "description": "", "dueTimeInMinutes": 1}))

		threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		self.assertEqual([answer.status for answer in answers], [200] * 8)
		[last] = self.stored()
		steps = [step[2] for step in self.history()]
		self.assertEqual(steps[0], "start")
		self.assertEqual(sorted([*steps[1:], last["name"]]), [f"name {number}" for number in range(8)])


class Remove(Case):
	def test_removed_policy_is_gone_and_in_the_history(self):
		policy_id = self.create("n", 7, "d")
		self.expect(self.call("DELETE", f"/{policy_id}"), 200, '{"success":true}')
		self.assertEqual(self.stored(), [])
		self.assertEqual(self.history(), [[policy_id, "DELETE", "n", "d", "7", stack.admin.user_id]])
		self.expect(self.call("DELETE", f"/{policy_id}"), 404, not_found(policy_id))
		self.create("n", 7)

	def test_of_removals_at_once_one_wins(self):
		policy_id = self.create("n", 1)
		barrier, statuses = threading.Barrier(8), []

		def client():
			barrier.wait()
			statuses.append(self.call("DELETE", f"/{policy_id}").status)

		threads = [threading.Thread(target=client) for _ in range(8)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		self.assertEqual(sorted(statuses), [200] + [404] * 7)
		self.assertEqual(len(self.history()), 1)


class List(Case):
	def test_nothing(self):
		self.expect_list(self.list(), [], 0)

	def test_default_order_is_by_name_by_code_point(self):
		for number, name in enumerate(("b", "B", "é", "a b", "a", "\U0001f600", "\uff45", "10", "9"), 1):
			self.create(name, number)
		policies = sorted(self.stored(), key=lambda policy: policy["name"])
		self.expect_list(self.list(), policies, 9)

	def test_pages(self):
		for number in range(1, 8):
			self.create(f"n{number}", number)
		policies = sorted(self.stored(), key=lambda policy: policy["name"])
		for query, page, offset in (({"count": 3}, policies[:3], 0), ({"count": 3, "offset": 6}, policies[6:], 6), ({"offset": 7}, [], 7),
		                            ({"count": 0}, policies, 0), ({"count": "2.9"}, policies[:2], 0), ({"offset": 10 ** 6}, [], 10 ** 6),
		                            ({"count": " 0x2 ", "offset": "1e0"}, policies[1:3], 1), ({"count": "1e300"}, policies, 0)):
			with self.subTest(query):
				self.expect_list(self.list(**query), page, 7, offset)

	def test_count_is_50_by_default_and_100_at_most(self):
		stack.database.sql("INSERT INTO sla_policies SELECT LPAD(seq, 24, '0'), CONCAT('n', LPAD(seq, 4, '0')), '', seq, UTC_TIMESTAMP(3), 'x', "
		                   f"UTC_TIMESTAMP(3), 'x' FROM {numbers(120)}")
		policies = sorted(self.stored(), key=lambda policy: policy["name"])
		self.expect_list(self.list(), policies[:50], 120)
		self.expect_list(self.list(count=1000), policies[:100], 120)

	def test_pages_far_behind_the_first(self):
		stack.database.sql("INSERT INTO sla_policies SELECT LPAD(seq, 24, '0'), CONCAT('n', seq), '', 2000 - seq, UTC_TIMESTAMP(3), 'x', "
		                   f"UTC_TIMESTAMP(3), 'x' FROM {numbers(620)}")
		model = self.stored()
		for field in ("name", "dueTimeInMinutes", "_id"):
			for direction in (1, -1):
				rows = sorted(model, key=lambda row, field=field: row[field], reverse=direction < 0)
				for offset in (0, 499, 500, 501, 502, 615, 619, 620):
					with self.subTest(f"{field} {direction} {offset}"):
						answer = self.list(sort=compact({field: direction}), count=7, offset=offset)
						self.expect_list(answer, rows[offset:offset + 7], 620, offset)

	def test_text_is_a_substring_whatever_the_case(self):
		for number, (name, description) in enumerate((("Gold", "fast"), ("Silver", "GOLDEN"), ("100%", "a_b"), ("back\\slash", "ÄÖ"), ("é", "e")), 1):
			self.create(name, number, description)
		for text, found in (("", 5), ("gold", 2), ("GOLD", 2), ("old", 2), ("%", 1), ("_", 1), ("\\", 1), ("äö", 1), ("É", 1), ("e", 2), ("zz", 0),
		                    ("d ", 0), ("'", 0), ('"', 0)):
			with self.subTest(text):
				answer = self.list(text=text).json()
				self.assertEqual((answer["total"], len(answer["sla"])), (found, found))

	def test_query_and_fields_are_ignored(self):
		self.create("n", 1)
		self.expect_list(self.list(query='{"name":"x"}', fields='{"name":1}'), self.stored(), 1)

	def test_queries_that_break_the_schema(self):
		for query, text in (("x=1", "must NOT have additional properties"), ("count=x", "must be number"), ("count=", "must be number"),
		                    ("count=-1", "must be >= 0"), ("offset=-0.5", "must be >= 0"), ("offset=1x", "must be number"), ("count=1e400", "must be number"),
		                    ("count=1&count=2", "must be number"), ("text=a&text=b", "must be string"), ("count", "must be number"),
		                    ("count=x&x=1", "must NOT have additional properties"), ("=1", "must NOT have additional properties"),
		                    ("text=%", "must be a valid query string"), ("text=%4", "must be a valid query string"), ("text=%zz", "must be a valid query string"),
		                    ("text=%c3%28", "must be a valid query string"), ("%ed%a0%80=1", "must be a valid query string")):
			with self.subTest(query):
				self.expect(self.call("GET", "?" + query), 400, invalid_params(text))

	def test_empty_parts_of_a_query_are_nothing(self):
		self.expect_list(self.call("GET", "?&count=1&&text=&"), [], 0)

	def test_sorts_that_are_invalid(self):
		for sort in ("x", "[]", "1", '"name"', "null", "{", '{"name":2}', '{"name":0}', '{"name":"1"}', '{"name":true}', '{"name":0.5}', '{"Name":1}',
		             '{"name":1,"x":1}', '{"name":{}}', "{'name':1}", '{"name; DROP TABLE users":1}', "é \\ /"):
			with self.subTest(sort):
				self.expect(self.list(sort=sort), 400, invalid_sort(sort))

	def test_sorts_by_default(self):
		self.create("b", 1)
		self.create("a", 2)
		policies = sorted(self.stored(), key=lambda policy: policy["name"])
		for query in ("", "?sort=", "?sort=%7B%7D", "?sort=" + urllib.parse.quote('{"name":1.0}')):
			with self.subTest(query):
				self.expect_list(self.call("GET", query), policies, 2)

	def test_random_lists_against_a_model(self):
		"""The same rows, order and total as a list in Python, for many queries. The seed is in the name of a failure."""
		seed = random.randrange(1 << 32)
		dice = random.Random(seed)
		letters = "aAbBéÉ%_\\ 0\U0001f600"
		words = lambda most: "".join(dice.choice(letters) for _ in range(dice.randint(0, most)))
		names = {(words(6) + dice.choice("abc")) for _ in range(150)}
		for number, name in enumerate(sorted(names), 1):
			text = "'" + name.replace("\\", "\\\\") + "'"
			description = "'" + dice.choice(["", "same", words(4), "b" * 1400 + words(2)]).replace("\\", "\\\\") + "'"
			stack.database.sql(f"INSERT INTO sla_policies VALUES ('{dice.randrange(16 ** 24):024x}', {text}, {description}, {dice.randint(1, 10) * 1000 + number}, "
			                   f"'2026-01-01', 'x', TIMESTAMPADD(SECOND, {dice.randint(0, 5)}, '2026-01-01'), 'x')")
		model = self.stored()
		self.assertEqual(len(model), len(names))
		for round_number in range(300):
			query, expected, total = self.random_query(dice, model, words)
			answer = self.list(**query).json()
			self.assertEqual((answer["sla"], answer["total"]), (expected, total), f"seed {seed}, round {round_number}: {query}")

	@staticmethod
	def random_query(dice, model, words):
		"""A query, the page that it should give, and how many match."""
		query, rows = {}, model
		if dice.random() < 0.5:
			query["text"] = words(2)
			needle = query["text"].lower()
			rows = [row for row in rows if needle in row["name"].lower() or needle in row["description"].lower()]
		sort = {field: dice.choice((1, -1)) for field in dice.sample(FIELDS, dice.randint(0, 5))}
		if sort or dice.random() < 0.5:
			query["sort"] = json.dumps(sort)
		rows = sorted(rows, key=lambda row: row["_id"])
		for field, direction in reversed((sort or {"name": 1}).items()):
			rows = sorted(rows, key=lambda row, field=field: padded(row[field]), reverse=direction < 0)
		count, offset = dice.choice((0, 1, 7, 50, 100)), dice.choice((0, 0, 1, 20, 140, 1000))
		query.update({key: value for key, value in (("count", count), ("offset", offset)) if value or dice.random() < 0.5})
		return query, rows[offset:offset + (count or 50)], len(rows)


class Unavailable(Case):
	def test_database_is_away_and_comes_back(self):
		policy_id = self.create("n", 1)
		stack.database.stop()
		for method, path, body in (("GET", "", None), ("GET", f"/{policy_id}", None), ("PUT", f"/{policy_id}", GOOD), ("DELETE", f"/{policy_id}", None)):
			with self.subTest(f"{method}{path and '/ID'}"):
				answer = self.call(method, path, body)
				self.expect(answer, 503, UNAVAILABLE, Retry_After=answer.header("Retry-After"))
		stack.database.start()
		answer = wait_until(lambda: (got := self.call("GET", f"/{policy_id}")).status != 503 and got, "service")
		self.assertEqual((answer.status, self.history()), (200, []))


class Indexes(Case):
	def test_no_statement_of_a_request_reads_a_table_without_an_index(self):
		"""The database's own log of such statements; a search by text and an order that no index has are the exceptions, by nature."""
		log = stack.directory / "slow.log"
		stack.database.sql("INSERT INTO sla_policies SELECT LPAD(seq, 24, '0'), CONCAT('n', LPAD(seq, 6, '0')), '', seq, UTC_TIMESTAMP(3), 'x', "
		                   f"UTC_TIMESTAMP(3), 'x' FROM {numbers(1000)}; ANALYZE TABLE sla_policies")
		stack.database.sql(f"SET GLOBAL slow_query_log_file = '{log}'; SET GLOBAL long_query_time = 3600; "
		                   "SET GLOBAL log_queries_not_using_indexes = ON; SET GLOBAL slow_query_log = ON")
		policy_id = self.create("indexed", 100000)
		for sort in ("name", "dueTimeInMinutes", "_id"):
			for direction in (1, -1):
				self.list(sort=compact({sort: direction}), count=25)
		self.call("GET", f"/{policy_id}")
		self.call("PUT", f"/{policy_id}", {**GOOD, "dueTimeInMinutes": 100001})
		self.call("DELETE", f"/{policy_id}")
		stack.database.sql("SET GLOBAL slow_query_log = OFF; SET GLOBAL log_queries_not_using_indexes = OFF")
		logged = [line for line in log.read_text().splitlines() if re.match(r"(SELECT|INSERT|UPDATE|DELETE|EXECUTE)", line, re.IGNORECASE)]
		own = [line for line in logged if "JSON_TABLE" not in line]
		self.assertEqual(own, [])

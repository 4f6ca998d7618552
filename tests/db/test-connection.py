# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The connection to the database under everything that can happen to it."""
import re
import socket
import threading
import time
import unittest

import proxy
from database import VENDOR, MySQL
from driver import Driver, Server
from proxy import CUT, EXECUTE, HANG, PREPARE, QUERY, SWALLOW, Before, Failure, Late, Proxy
from process import free_port, wait_until

INSERT = "INSERT INTO sla_policies"
SLACK = 2000  # ms that a busy machine may add to what is bounded; less than the time-outs that did not bound it


def setUpModule():
	global server
	server = Server()


def tearDownModule():
	server.close()


class Case(unittest.TestCase):
	def setUp(self):
		self.proxy = self.add_proxy()

	def add_proxy(self):
		made = Proxy(server.database.socket)
		self.addCleanup(made.close)
		return made

	def driver(self, *proxies, timeout=3000, **more):
		hosts = ",".join(one.host for one in proxies or [self.proxy])
		return Driver(server.file, hosts, timeout, **more)

	def add(self, driver, name=None, due=None):
		if name is None:
			name, due = server.policy()
		return driver("add", name, "", due)

	@staticmethod
	def until(deadline, driver, *words):
		"""The result of a command with a deadline so many ms from now; its `ms` count from now, too."""
		started = time.monotonic()
		driver("deadline", deadline)
		return driver(*words)._replace(ms=round(1000 * (time.monotonic() - started)))

	def rows(self, name):
		return [row[0] for row in server.sql(f"SELECT id FROM sla_policies WHERE name = '{name}'")]

	@staticmethod
	def wait_for_sleep():
		"""Until somebody's SELECT SLEEP() runs."""
		wait_until(lambda: server.sql("SELECT 1 FROM information_schema.processlist WHERE state = 'User sleep'"), "a statement that sleeps")

	def insert_rival(self, name, due):
		server.sql(f"INSERT INTO sla_policies VALUES ('{due:024x}', '{name}', '', {due}, NOW(), 'rival', NOW(), 'rival')")

	def assert_outcome(self, result, outcome):
		self.assertEqual(result.outcome, outcome, result)


class ErrorTable(Case):
	"""The server answers an INSERT with an error, once: what comes of it, how often it was tried, on how many connections."""

	def answered(self, number, outcome, tries, connections, hosts=1):
		proxies = [self.proxy] + [self.add_proxy() for _ in range(hosts - 1)]
		failures = [Failure(number, "HY000")]

		def plan(command):
			return failures.pop() if failures and command.kind == EXECUTE and INSERT in command.sql else proxy.PASS
		for one in proxies:
			one.reset()
			one.sessions.clear()
			one.plan = plan
		with self.subTest(error=number, hosts=hosts), self.driver(*proxies) as driver:
			result = self.add(driver)
			self.assert_outcome(result, outcome)
			self.assertEqual(sum(one.count(INSERT) for one in proxies), tries)
			self.assertEqual(sum(len(one.sessions) for one in proxies), connections)
			self.assertLess(result.ms, 1500 + SLACK)
			return driver.logged()

	def test_rolled_back_is_repeated(self):
		for number in (1020, 1213, 3101):
			self.answered(number, "DONE", 2, 1)

	def test_wait_that_was_too_long_is_repeated_elsewhere(self):
		self.answered(1205, "DONE", 2, 2)

	def test_stale_statement_is_prepared_again(self):
		for number in (1243, 1615):
			self.answered(number, "DONE", 2, 1)
			self.assertEqual(self.proxy.count(INSERT, PREPARE), 2)

	def test_host_that_can_not_write_is_left(self):
		for number in (1036, 1047, 1290, 1792, 1836, 3032):
			self.answered(number, "UNAVAILABLE", 1, 1)
			self.answered(number, "DONE", 2, 2, hosts=2)

	def test_lost_connection_is_replaced(self):
		for number in (1053, 1152, 1158, 1159, 1160, 1161, 1180, 1184, 1927, 3100, 3169, 4031):
			self.answered(number, "DONE", 2, 2)

	def test_duplicate(self):
		self.answered(1062, "DUPLICATE", 1, 1)

	def test_unavailable_without_repetition(self):
		for number in (1021, 1030, 1037, 1041, 1114, 1142, 1143, 1317, 1467, 1969, 3024):
			self.assertIn(str(number), self.answered(number, "UNAVAILABLE", 1, 1))

	def test_too_many_connections_leaves_the_host(self):
		for number in (1040, 1203, 1226, 1461):
			self.answered(number, "UNAVAILABLE", 1, 1)

	def test_missing_schema_names_the_remedy(self):
		for number in (1049, 1054, 1146):
			self.assertIn("`livechat-slactl db init`", self.answered(number, "UNAVAILABLE", 1, 1))

	def test_all_else_is_our_defect(self):
		for number in (1048, 1064, 1264, 1265, 1292, 1364, 1366, 1406, 1451, 1452, 3819, 4025, 1999):
			log = self.answered(number, "DEFECT", 1, 1)
			self.assertIn(f"error {number} (HY000): {INSERT}", log)
			self.assertNotIn("injected", log)


class RealErrors(Case):
	def test_duplicate_name_and_due_time(self):
		with self.driver() as driver:
			name, due = server.policy()
			self.assert_outcome(self.add(driver, name, due), "DONE")
			self.assert_outcome(self.add(driver, name, server.policy()[1]), "DUPLICATE")
			self.assert_outcome(self.add(driver, server.policy()[0], due), "DUPLICATE")
			self.assert_outcome(self.add(driver, name + " ", server.policy()[1]), "DUPLICATE")
			self.assert_outcome(self.add(driver, name.upper(), server.policy()[1]), "DONE")

	def test_deadlock_is_repeated(self):
		with self.driver() as one, self.driver() as other:
			first, second = server.policy(), server.policy()
			self.add(one, *first)
			self.add(one, *second)
			one.send("cross", first[0], second[0], "1")
			other.send("cross", second[0], first[0], "2")
			self.assertEqual([one.line(), other.line()], ["HALF", "HALF"])
			one.send()
			other.send()
			self.assertEqual([one.result().outcome, other.result().outcome], ["DONE", "DONE"])
			self.assertIn("error 1213", one.logged() + other.logged())
			for name, _ in (first, second):
				marks = server.sql(f"SELECT description FROM sla_policies WHERE name = '{name}'")[0][0]
				self.assertEqual(sorted(marks), ["1", "2"])

	def test_lock_wait_is_repeated(self):
		name, due = server.policy()
		rival = f"INSERT INTO sla_policies VALUES (REPEAT('b', 24), '{name}', '', {due}, NOW(), 'x', NOW(), 'x')"
		with self.driver(timeout=8000) as driver:
			with server.database.transaction(rival):
				driver.send("add", name, "", due)
				wait_until(lambda: "error 1205" in driver.logged(), "a wait for the lock that was too long")
			self.assert_outcome(driver.result(), "DONE")

	def test_refused_data_is_logged_without_the_data(self):
		with self.driver() as driver:
			self.assert_outcome(driver("refused", "0123456789-very-private"), "DEFECT")
			self.assertRegex(driver.logged(), r"error 1\d+ \(.{5}\): INSERT INTO sla_policy_history")
			self.assertNotIn("private", driver.logged())

	@unittest.skipIf(VENDOR is MySQL, "there SLEEP ends early and without an error")
	def test_statement_time_is_limited(self):
		"""By the server, an eighth of the time-out before the client would give up."""
		with self.driver(timeout=8000) as driver:
			driver("open")
			result = driver("sleep", 30)
			self.assert_outcome(result, "UNAVAILABLE")
			self.assertLess(result.ms, 8000 + SLACK)
			self.assertIn("1969", driver.logged())
			self.assert_outcome(self.add(driver), "DONE")
		self.assertEqual(len(self.proxy.sessions), 1)

	def test_read_only_server(self):
		with self.driver() as driver:
			self.assert_outcome(self.add(driver), "DONE")
			server.sql("SET GLOBAL read_only = 1")
			try:
				result = self.add(driver)
				self.assert_outcome(result, "UNAVAILABLE")
				self.assertLess(result.ms, 500 + SLACK)
				wait_until(lambda: driver("echo").outcome == "DONE", "reads go on")
			finally:
				server.sql("SET GLOBAL read_only = 0")
			wait_until(lambda: self.add(driver).outcome == "DONE", "writes go on")


class LostAnswers(Case):
	"""An acknowledged row exists, and a row exists once."""

	def test_answer_to_insert(self):
		for action, seen in ((SWALLOW, "the row was written"), (CUT, "it was not")):
			with self.subTest(seen), self.driver() as driver:
				name, due = server.policy()
				self.proxy.reset()
				self.proxy.at(INSERT, action)
				result = self.add(driver, name, due)
				self.assert_outcome(result, "DONE")
				self.assertEqual(self.rows(name), [result.text])
				self.assertEqual(self.proxy.count(INSERT), 2)

	def test_twice_in_a_row(self):
		with self.driver() as driver:
			name, due = server.policy()
			self.proxy.at(INSERT, CUT, SWALLOW)
			result = self.add(driver, name, due)
			self.assert_outcome(result, "DONE")
			self.assertEqual(self.rows(name), [result.text])

	def test_the_settling_read_is_lost_too(self):
		with self.driver() as driver:
			name, due = server.policy()
			losses = {INSERT: [SWALLOW], "SELECT id = ": [CUT, SWALLOW]}

			def plan(command):
				for beginning, actions in losses.items():
					if command.kind == EXECUTE and command.sql.startswith(beginning) and actions:
						return actions.pop(0)
				return proxy.PASS
			self.proxy.plan = plan
			result = self.add(driver, name, due)
			self.assert_outcome(result, "DONE")
			self.assertEqual(self.rows(name), [result.text])

	def test_somebody_else_was_faster(self):
		with self.driver() as driver:
			name, due = server.policy()

			def plan(command):
				if command.kind != EXECUTE or INSERT not in command.sql or self.proxy.count(INSERT) > 1:
					return proxy.PASS
				self.insert_rival(name, due)
				return CUT
			self.proxy.plan = plan
			self.assert_outcome(self.add(driver, name, due), "DUPLICATE")
			self.assertEqual(self.rows(name), [f"{due:024x}"])

	def test_a_rival_that_is_gone_again(self):
		with self.driver() as driver:
			name, due = server.policy()

			def plan(command):
				if command.kind != EXECUTE or INSERT not in command.sql:
					return proxy.PASS
				if self.proxy.count(INSERT) == 1:
					self.insert_rival(name, due)
					return CUT
				if self.proxy.count(INSERT) == 2:
					return Before(lambda: server.sql(f"DELETE FROM sla_policies WHERE name = '{name}'"), proxy.PASS)
				return proxy.PASS
			self.proxy.plan = plan
			result = self.add(driver, name, due)
			self.assert_outcome(result, "DONE")
			self.assertEqual(self.rows(name), [result.text])
			self.assertEqual(self.proxy.count(INSERT), 3)

	def test_nobody_can_tell_until_the_deadline(self):
		with self.driver() as driver:
			name, due = server.policy()

			def plan(command):
				if command.kind != EXECUTE or INSERT not in command.sql:
					return proxy.PASS
				self.proxy.close()
				return CUT
			self.proxy.plan = plan
			driver("open")
			result = self.until(1000, driver, "add", name, "", due)
			self.assert_outcome(result, "UNAVAILABLE")
			self.assertGreaterEqual(result.ms, 900)
			self.assertLess(result.ms, 1500 + SLACK)

	def test_transaction(self):
		for number, (beginning, kind, action) in enumerate([("INSERT INTO users", EXECUTE, CUT), ("INSERT INTO user_roles", EXECUTE, SWALLOW),
		                                                   ("START TRANSACTION", QUERY, CUT), ("COMMIT", QUERY, CUT), ("COMMIT", QUERY, SWALLOW)]):
			with self.subTest(beginning=beginning, action=action), self.driver() as driver:
				name = f"lost-{number}"
				self.proxy.reset()
				self.proxy.at(beginning, action, kind=kind)
				result = driver("user", name, "admin")
				self.assert_outcome(result, "DONE")
				self.assertEqual(self.proxy.count(beginning, kind), 2)
				self.assertEqual(server.sql(f"SELECT u.id, r.role_id FROM users AS u JOIN user_roles AS r ON r.user_id = u.id WHERE username = '{name}'"),
				                 [[result.text, "admin"]])

	@staticmethod
	def losses():
		"""Late: the server gets COMMIT when the next attempt has found nothing, and waits for the row."""
		return ("not sent", CUT), ("carried out", SWALLOW), ("late", Late(server.wait_for_lock))

	def at_commit(self, action, *words):
		"""What comes of a change of one policy whose COMMIT meets an action; `{}` stands for its id."""
		with self.driver() as driver:
			policy_id = self.add(driver).text
			self.proxy.reset()
			self.proxy.at("COMMIT", action, kind=QUERY)
			result = driver(*(str(word).format(policy_id) for word in words))
		self.assert_outcome(result, "DONE")
		self.assertEqual(self.proxy.count("COMMIT", QUERY), 2)
		self.assertEqual(server.sql(f"SELECT COUNT(*) FROM sla_policy_history WHERE policy_id = '{policy_id}'"), [["1"]])
		return result.text, server.sql(f"SELECT name, due_time_in_minutes, updated_at FROM sla_policies WHERE id = '{policy_id}'")

	def test_change_of_a_policy(self):
		for what, action in self.losses():
			with self.subTest(what):
				name, due = server.policy()
				updated_at, rows = self.at_commit(action, "change", "{}", name, "", due)
				self.assertEqual(rows, [[name, str(due), updated_at.replace("T", " ").rstrip("Z")]])

	def test_removal_of_a_policy(self):
		for what, action in self.losses():
			with self.subTest(what):
				self.assertEqual(self.at_commit(action, "delete", "{}"), ("", []))

	def test_token(self):
		for number, (name, action) in enumerate([("", SWALLOW), ("", CUT), ("named", SWALLOW), ("named", CUT)]):
			with self.subTest(name=name, action=action), self.driver() as driver:
				user_id = driver("user", f"holder-{number}", "user").text
				self.proxy.at("INSERT INTO tokens", action)
				result = driver("token", f"holder-{number}", name)
				self.assert_outcome(result, "DONE")
				self.assertEqual(server.sql(f"SELECT digest, last_part FROM tokens WHERE user_id = '{user_id}'"),
				                 server.sql(f"SELECT TO_BASE64(UNHEX(SHA2('{result.text}', 256))), '{result.text[-6:]}'"))
				self.assertEqual(driver("session", user_id, result.text, "", "").outcome, "DONE")


class LostConnections(Case):
	def kill_sessions(self):
		for row in server.sql("SELECT id FROM information_schema.processlist WHERE user = 'livechat-slactl'"):
			server.sql(f"KILL {row[0]}")

	def test_killed_while_idle(self):
		with self.driver() as driver:
			self.assert_outcome(driver("echo"), "DONE")
			self.kill_sessions()
			self.assert_outcome(driver("echo"), "DONE")
			self.kill_sessions()
			name, due = server.policy()
			result = self.add(driver, name, due)
			self.assert_outcome(result, "DONE")
			self.assertEqual(self.rows(name), [result.text])

	def test_killed_in_a_statement(self):
		with self.driver() as driver:
			driver.send("sleep", 1)
			self.wait_for_sleep()
			self.kill_sessions()
			result = driver.result()
			self.assert_outcome(result, "DONE")
			self.assertEqual(self.proxy.count("SELECT SLEEP"), 2)

	def test_database_away_and_back(self):
		with self.driver() as driver:
			self.assert_outcome(self.add(driver), "DONE")
			server.database.kill()
			try:
				for _ in range(5):
					result = driver("echo")
					self.assert_outcome(result, "UNAVAILABLE")
					self.assertLess(result.ms, 500 + SLACK)
					time.sleep(0.06)  # more than a host rests, so that it is tried each time
			finally:
				server.database.start()
			self.assertEqual(len(re.findall(": error ", driver.logged())), 1, driver.logged())
			wait_until(lambda: self.add(driver).outcome == "DONE", "service", 5)

	def test_a_host_that_refused_rests(self):
		"""What a rest is for: the request after the failure does not try again."""
		silent = socket.create_server(("127.0.0.1", 0))
		self.addCleanup(silent.close)
		with Driver(server.file, f"127.0.0.1:{silent.getsockname()[1]}", 1000) as driver:
			first, second = driver("echo"), driver("echo")
		self.assertEqual([first.outcome, second.outcome], ["UNAVAILABLE", "UNAVAILABLE"])
		self.assertGreaterEqual(first.ms, 900)
		self.assertLess(second.ms, first.ms / 2)

	def test_complaints_are_few(self):
		with Driver(server.file, f"127.0.0.1:{free_port()}") as driver:
			for _ in range(10):
				self.assert_outcome(driver("open"), "UNAVAILABLE")
				time.sleep(0.06)  # more than a host rests
			self.assertEqual(len(driver.logged().splitlines()), 1, driver.logged())


class Hosts(Case):
	def test_dead_hosts_are_passed_over(self):
		dead = [f"127.0.0.1:{free_port()}" for _ in range(4)]
		for _ in range(4):  # the first one is chosen by lot
			with Driver(server.file, ", ".join([*dead, self.proxy.host])) as driver:
				result = self.add(driver)
				self.assert_outcome(result, "DONE")
				self.assertLess(result.ms, 1000 + SLACK)

	def test_silent_host_is_passed_over(self):
		silent = socket.create_server(("127.0.0.1", 0))
		self.addCleanup(silent.close)
		for _ in range(3):
			with Driver(server.file, f"127.0.0.1:{silent.getsockname()[1]},{self.proxy.host}", 1000) as driver:
				driver("deadline", 5000)
				result = self.add(driver)
				self.assert_outcome(result, "DONE")
				self.assertLess(result.ms, 2500 + SLACK)

	def test_all_dead(self):
		with Driver(server.file, f"127.0.0.1:{free_port()},127.0.0.1:{free_port()}") as driver:
			result = self.add(driver)
			self.assert_outcome(result, "UNAVAILABLE")
			self.assertLess(result.ms, 500 + SLACK)

	def test_lost_host_gives_way_to_another(self):
		other = self.add_proxy()
		with self.driver(self.proxy, other) as driver:
			self.assert_outcome(driver("echo"), "DONE")
			for used in (self.proxy, other):
				if used.sessions:
					used.close()
			self.assert_outcome(self.add(driver), "DONE")

	def test_workers_spread(self):
		other = self.add_proxy()

		def both_used():
			with self.driver(self.proxy, other) as driver:
				driver("open")
			return self.proxy.sessions and other.sessions
		wait_until(both_used, "both hosts")

	def test_host_without_the_tables_is_no_good(self):
		"""As a cluster node without quorum: it lets everybody in and answers what needs no table."""
		other = self.add_proxy()
		self.proxy.plan = lambda command: Failure(1047, "08S01") if "schema_version" in command.sql else proxy.PASS
		for _ in range(4):
			with self.driver(self.proxy, other) as driver:
				self.assert_outcome(self.add(driver), "DONE")
		self.assertEqual(self.proxy.count(INSERT), 0)

	def test_host_that_waits_in_vain_is_left(self):
		"""A cluster node that can not wait for the others (wsrep_sync_wait) says that it waited for a lock."""
		other = self.add_proxy()

		def out_of_step(command):
			return Failure(1205, "HY000") if command.kind == EXECUTE or "schema_version" in command.sql else proxy.PASS
		with self.driver(self.proxy) as alone:
			self.assert_outcome(self.add(alone), "DONE")
			self.proxy.plan = out_of_step
			alone("deadline", 3000 + SLACK)
			result = self.add(alone)
			self.assert_outcome(result, "UNAVAILABLE")
			self.assertLess(result.ms, 1000 + SLACK)
		for _ in range(4):
			self.proxy.reset()
			with self.driver(self.proxy, other) as driver:
				driver("open")
				self.proxy.plan = out_of_step
				driver("deadline", 3000 + SLACK)
				self.assert_outcome(self.add(driver), "DONE")


class Deadlines(Case):
	def paused(self):
		server.database.pause()
		self.addCleanup(server.database.resume)

	def test_stopped_server_in_a_statement(self):
		with self.driver(timeout=8000) as driver:
			self.assert_outcome(self.add(driver), "DONE")
			self.paused()
			name, due = server.policy()
			result = self.until(700, driver, "add", name, "", due)
			self.assert_outcome(result, "UNAVAILABLE")
			self.assertTrue(650 <= result.ms <= 1000 + SLACK, result)
			server.database.resume()
			driver("no-deadline")
			self.assert_outcome(self.add(driver), "DONE")

	def test_stopped_server_at_connect(self):
		self.paused()
		with self.driver(timeout=8000) as driver:
			driver("deadline", 2500)
			result = self.add(driver)
			self.assert_outcome(result, "UNAVAILABLE")
			self.assertLessEqual(result.ms, 2600 + SLACK)

	def test_silence_after_login(self):
		self.proxy.plan = lambda command: HANG
		with self.driver(timeout=8000) as driver:
			result = self.until(700, driver, "echo")
			self.assert_outcome(result, "UNAVAILABLE")
			self.assertTrue(650 <= result.ms <= 1000 + SLACK, result)

	def test_silence_without_a_deadline_ends_by_the_time_out(self):
		with self.driver(timeout=1000) as driver:
			self.assert_outcome(driver("echo"), "DONE")
			self.proxy.at("SELECT ?", HANG)
			result = driver("echo")
			self.assert_outcome(result, "DONE")
			self.assertTrue(900 <= result.ms <= 2000 + SLACK, result)

	def test_nothing_begins_after_it(self):
		with self.driver() as driver:
			self.assert_outcome(driver("echo"), "DONE")
			self.proxy.reset()
			driver("deadline", 0)
			self.assert_outcome(self.add(driver), "UNAVAILABLE")
			driver("no-deadline")
			self.assertEqual(self.proxy.commands, [])
			self.assert_outcome(self.add(driver), "DONE")
		self.assertEqual(len(self.proxy.sessions), 1)


class Session(Case):
	def test_variables(self):
		with self.driver(timeout=4000) as driver:
			self.assertEqual(driver("variables", VENDOR.ISOLATION, VENDOR.STATEMENT_TIME).text.split("|"), [
				"utf8mb4", "utf8mb4_bin", "+00:00", "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION", "3", "3",
				"READ-COMMITTED", "3500" if VENDOR is MySQL else "3.500000"])

	def test_defaults_of_the_server(self):
		"""With these a row would be acknowledged and never committed, or a list cut short."""
		server.sql("SET GLOBAL autocommit=0, GLOBAL completion_type=1, GLOBAL sql_select_limit=1, GLOBAL sql_safe_updates=1, GLOBAL unique_checks=0")
		try:
			with self.driver() as driver:
				driver("open")
				name, due = server.policy()
				self.assert_outcome(self.add(driver, name, due), "DONE")
				self.assertEqual(len(self.rows(name)), 1)
				other, _ = server.policy()
				self.assert_outcome(self.add(driver, other, due), "DUPLICATE")
		finally:
			server.sql("SET GLOBAL autocommit=1, GLOBAL completion_type=0, GLOBAL sql_select_limit=DEFAULT, GLOBAL sql_safe_updates=0,"
			           " GLOBAL unique_checks=1")

	def test_values_come_back(self):
		with self.driver() as driver:
			self.assertEqual(driver("echo").text, "1111")

	def test_one_round_trip_a_run(self):
		with self.driver() as driver:
			driver("echo")
			self.proxy.reset()
			for _ in range(3):
				driver("echo")
			self.assertEqual([command.kind for command in self.proxy.commands], [EXECUTE] * 3)

	def test_missing_schema(self):
		server.sql("RENAME TABLE schema_version TO hidden")
		try:
			with self.driver() as driver:
				self.assert_outcome(driver("open"), "UNAVAILABLE")
				self.assertIn("run `livechat-slactl db init`", driver.logged())
				server.sql("RENAME TABLE hidden TO schema_version")
				wait_until(lambda: driver("open").outcome == "DONE", "service")
		finally:
			server.sql("DROP TABLE IF EXISTS hidden")


class NotedUse(Case):
	"""That a token is in use is noted once a minute; if it can not be, its caller has the answer all the same."""

	def setUp(self):
		super().setUp()
		with self.driver() as driver:
			self.user_id = driver("user", self.id().rpartition(".")[2][:40], "admin").text
			self.token = driver("token", self.id().rpartition(".")[2][:40], "").text

	def ask(self, driver):
		result = driver("session", self.user_id, self.token, "view-l-room", "")
		self.assert_outcome(result, "DONE")
		return result.ms

	def test_tables_are_locked_for_reading(self):
		"""As for a backup: only the first request waits."""
		holder = threading.Thread(target=server.sql, args=("FLUSH TABLES WITH READ LOCK; SELECT SLEEP(8)",))
		holder.start()
		self.wait_for_sleep()
		with self.driver(timeout=8000) as driver:
			self.ask(driver)
			for _ in range(3):
				self.assertLess(self.ask(driver), SLACK)
		holder.join()

	def test_server_that_only_reads(self):
		with self.driver() as driver:
			self.proxy.sessions.clear()
			self.proxy.at("UPDATE tokens", Failure(1792, "25006"))
			self.ask(driver)
			self.ask(driver)
			self.assertEqual((self.proxy.count("UPDATE tokens"), len(self.proxy.sessions)), (1, 1), "tried once, and no host is left for it")


class Passwords(Case):
	def driver_with(self, **keys):
		environment = keys.pop("environment", ())
		return Driver(server.write_file("passwords.conf", **keys), self.proxy.host, environment=environment)

	def test_wrong_password_does_not_hammer(self):
		with self.driver_with(password="wrong") as driver:
			for _ in range(3):
				self.assert_outcome(driver("open"), "UNAVAILABLE")
				time.sleep(0.06)  # more than a host rests for other reasons
			self.assertRegex(driver.logged(), VENDOR.DENIED)
			self.assertNotIn("wrong", driver.logged())
		self.assertEqual(len(self.proxy.sessions), 1)

	@unittest.skipIf(VENDOR is MySQL, "it can not be told at run time what to do with them")
	def test_expired_password_is_told_of_once(self):
		server.sql("DROP USER IF EXISTS expired@localhost; CREATE USER expired@localhost IDENTIFIED BY 'secret' PASSWORD EXPIRE")
		self.addCleanup(server.sql, "DROP USER expired@localhost; SET GLOBAL disconnect_on_expired_password=DEFAULT")
		server.sql("GRANT SELECT ON livechat_sla.* TO expired@localhost")
		for disconnect in (0, 1):
			server.sql(f"SET GLOBAL disconnect_on_expired_password={disconnect}")
			with self.subTest(disconnect=disconnect), self.driver_with(user="expired", password="secret") as driver:
				for _ in range(3):
					self.assert_outcome(driver("open"), "UNAVAILABLE")
					time.sleep(0.06)
				self.assertRegex(driver.logged(), r"^driver\[\d+\]: .*error 18[26][02] .*(?i:password).*; the account needs a new password\n$")

	def test_environment_gives_no_password(self):
		right = {"MYSQL_PWD": server.client["password"]}
		with self.driver_with(password=None, environment=right) as driver:
			self.assert_outcome(driver("open"), "UNAVAILABLE")
			self.assertIn("using password: NO", driver.logged())
		with self.driver_with(environment={"MYSQL_PWD": "wrong"}) as driver:
			self.assert_outcome(driver("open"), "DONE")

	def test_reconnect_in_the_file_does_not_count(self):
		with self.driver_with(reconnect="1") as driver:
			driver("open")
			self.proxy.at("INSERT INTO user_roles", CUT)
			self.assert_outcome(driver("user", "reconnect", "admin"), "DONE")
			self.assertEqual(server.sql("SELECT COUNT(*) FROM users WHERE username = 'reconnect'"), [["1"]])
		self.assertEqual(self.proxy.count("START TRANSACTION", QUERY), 2)

	def test_server_that_asks_for_the_password_in_clear(self):
		listener = socket.create_server(("127.0.0.1", 0))
		self.addCleanup(listener.close)
		received = []
		thread = threading.Thread(target=self.ask_for_password, args=(listener, received))
		thread.start()
		with Driver(server.file, f"127.0.0.1:{listener.getsockname()[1]}", 2000) as driver:
			self.assert_outcome(driver("open"), "UNAVAILABLE")
		thread.join()
		self.assertIn(b"livechat-sla", received[0])
		self.assertNotIn(server.client["password"].encode(), b"".join(received))

	def test_server_that_forges_log_lines(self):
		"""Anybody can be in its place, where there is no TLS."""
		listener = socket.create_server(("127.0.0.1", 0))
		self.addCleanup(listener.close)
		thread = threading.Thread(target=self.refuse_with, args=(listener, b"\xff\x10\x04#080\n4too many\nforged\x1b[2J\x80"))
		thread.start()
		with Driver(server.file, f"127.0.0.1:{listener.getsockname()[1]}", 2000) as driver:
			self.assert_outcome(driver("open"), "UNAVAILABLE")
			log = driver.logged()
		thread.join()
		self.assertIn("forged", log)
		self.assertRegex(log, r"^driver\[\d+\]: [ -~]+\n$")

	@staticmethod
	def refuse_with(listener, packet):
		client, _ = listener.accept()
		with client:
			client.sendall(len(packet).to_bytes(3, "little") + b"\0" + packet)
			client.settimeout(5)
			client.recv(4096)

	@staticmethod
	def ask_for_password(listener, received):
		greeting = (b"\x0a10.11.0-MariaDB\0" + b"\1\0\0\0" + b"12345678\0" + b"\xff\xf7" + b"\x21\2\0" + b"\xff\x81\x15" + b"\0" * 10 +
		            b"123456789012\0" + b"mysql_native_password\0")
		switch = b"\xfemysql_clear_password\0"
		client, _ = listener.accept()
		with client:
			client.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
			received.append(proxy.read_packet(client)[1])
			client.sendall(len(switch).to_bytes(3, "little") + b"\2" + switch)
			client.settimeout(5)
			received.append(client.recv(4096))

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Several service hosts over a Galera cluster: what is promised of one database holds for three nodes, and goes on without one of them.

All time-outs are the defaults, Galera's and ours."""
import concurrent.futures
import itertools
import threading
import time
import unittest

from cluster import Cluster, Host
from contract import DUPLICATED, NOT_LOGGED_IN, PATH, UNAVAILABLE, not_found
from ledger import Ledger
from process import SRCDIR, wait_until

ROUNDS = 60
REQUEST_TIMEOUT = 12
SLACK = 5  # seconds that a busy machine may add to what is bounded
SCHEMA = f"--sql-dir={SRCDIR / 'sql'}"

numbers = itertools.count(1)


def setUpModule():
	"""`every` is a host that is given all nodes, as README has it; `hosts` know one each."""
	global cluster, every, hosts
	cluster = Cluster().start()
	every, *hosts = (Host(cluster, *nodes) for nodes in (cluster.nodes, *([node] for node in cluster.nodes)))
	every.slactl("db", "init", SCHEMA)
	admin = every.add_user("administrator", "admin")
	for host in (every, *hosts):
		host.admin = admin
		host.start()


def tearDownModule():
	for host in (every, *hosts):
		host.finish()
	cluster.close()


def call(host, method, path=PATH, body=None, credentials=None):
	return host.request(method, path, body, (), credentials or host.admin)


def policy(name=None, due=None, description=""):
	number = next(numbers)
	return {"name": name or f"policy {number}", "description": description, "dueTimeInMinutes": due or number}


def at_once(*functions):
	"""What they return, called at the same moment."""
	barrier = threading.Barrier(len(functions))

	def called(function):
		barrier.wait()
		return function()
	with concurrent.futures.ThreadPoolExecutor(len(functions)) as threads:
		return list(threads.map(called, functions))


def count(where="TRUE"):
	return int(cluster.sql(f"SELECT COUNT(*) FROM sla_policies WHERE {where}")[0][0])


class Case(unittest.TestCase):
	def setUp(self):
		cluster.sql("DELETE FROM sla_policies; DELETE FROM sla_policy_history;")

	def answered(self, answer, status, body=None):
		self.assertEqual(answer.status, status, answer)
		if body is not None:
			self.assertEqual(answer.body.decode(), body)
		return answer.json()

	def create(self, host, **values):
		return self.answered(call(host, "POST", body=policy(**values)), 200)["sla"]["_id"]


class AtOnce(Case):
	"""Through several nodes at the same moment."""

	def race(self, where, bodies):
		"""One wins, and all others are told that they are duplicates."""
		answers = at_once(*(lambda host=host, body=body: call(host, "POST", body=body) for host, body in zip(hosts, bodies)))
		self.assertEqual(sorted(answer.status for answer in answers), [200] + [400] * (len(bodies) - 1), answers)
		for answer in answers:
			if answer.status == 400:
				self.assertEqual(answer.body.decode(), DUPLICATED)
		winner = next(answer.json()["sla"]["_id"] for answer in answers if answer.status == 200)
		self.assertEqual(cluster.nodes[0].sql(f"SET wsrep_sync_wait=1; SELECT id FROM sla_policies WHERE {where}"), [[winner]])

	def test_same_name(self):
		for turn, rivals in itertools.product(range(ROUNDS), (2, 3)):
			name = f"name {turn}, {rivals}"
			self.race(f"name = '{name}'", [policy(name=name) for _ in range(rivals)])

	def test_same_due_time(self):
		for turn, rivals in itertools.product(range(ROUNDS), (2, 3)):
			due = 1000000 + 10 * turn + rivals
			self.race(f"due_time_in_minutes = {due}", [policy(due=due) for _ in range(rivals)])

	def history(self, policy_id):
		"""In the order in which the program lists it."""
		return cluster.sql(f"SELECT change_kind, description FROM sla_policy_history WHERE policy_id = '{policy_id}' ORDER BY id")

	def test_two_changes(self):
		"""Each finds the row as the other left it, or as it was before both: the history is a chain."""
		for turn in range(ROUNDS):
			body = policy()
			path = f"{PATH}/{self.answered(call(hosts[0], 'POST', body=body), 200)['sla']['_id']}"
			for answer in at_once(*(lambda host=host, text=text: call(host, "PUT", path, {**body, "description": text})
			                        for host, text in zip(hosts, ("one", "two")))):
				self.answered(answer, 200)
			steps = [text for _, text in self.history(path.rpartition("/")[2])]
			last = self.answered(call(hosts[2], "GET", path), 200)["description"]
			self.assertIn([*steps, last], (["", "one", "two"], ["", "two", "one"]), f"turn {turn}")

	def test_change_and_removal(self):
		outcomes = set()
		for _ in range(ROUNDS):
			body = policy()
			policy_id = self.answered(call(hosts[0], "POST", body=body), 200)["sla"]["_id"]
			path = f"{PATH}/{policy_id}"
			change, removal = at_once(lambda: call(hosts[1], "PUT", path, {**body, "description": "changed"}),
			                          lambda: call(hosts[2], "DELETE", path))
			self.answered(removal, 200)
			if change.status == 404:
				self.answered(change, 404, not_found(policy_id))
			else:
				self.answered(change, 200)
			outcomes.add(change.status)
			self.assertEqual(self.history(policy_id), [["PUT", ""], ["DELETE", "changed"]] if change.status == 200 else [["DELETE", ""]])
			self.answered(call(hosts[0], "GET", path), 404)
		print(f"# changes beside a removal were answered {outcomes}")

	def test_two_removals(self):
		for _ in range(ROUNDS):
			policy_id = self.create(hosts[0])
			answers = at_once(*(lambda host=host: call(host, "DELETE", f"{PATH}/{policy_id}") for host in hosts))
			self.assertEqual(sorted(answer.status for answer in answers), [200, 404, 404], answers)
			self.assertEqual(self.history(policy_id), [["DELETE", ""]])

	def test_rights_are_not_taken_from_the_last_who_has_them(self):
		"""Each of the two changes leaves somebody, both together would leave nobody."""
		hosts[0].slactl("user", "add", "second", "--role=livechat-manager")

		def allow(host, *roles):
			return call(host, "POST", "/api/v1/permissions.update", {"permissions": [{"_id": "access-permissions", "roles": roles}]})
		refused = []
		for _ in range(ROUNDS // 3):
			self.answered(allow(hosts[0], "admin", "livechat-manager"), 200)
			hosts[0].slactl("role", "grant", "second", "livechat-manager")
			update, revocation = at_once(lambda: allow(hosts[1], "livechat-manager"),
			                             lambda: hosts[2].slactl("role", "revoke", "second", "livechat-manager", check=False))
			self.assertIn((update.status, revocation.returncode), ((200, 1), (400, 0)), (update, revocation))
			refused.append("update" if update.status == 400 else "revocation")
			if update.status == 400:
				self.assertIn("error-edit-permissions-not-allowed", update.body.decode())
			else:
				self.assertIn("nobody would be left", revocation.stderr)
				hosts[0].slactl("permission", "grant", "access-permissions", "admin")
		print(f"# refused: {refused.count('update')} updates, {refused.count('revocation')} revocations")

	def make_schema(self, *where):
		"""By as many at once, in a new database; returns what it then holds."""
		cluster.sql("DROP DATABASE IF EXISTS other; CREATE DATABASE other;", database="")
		results = at_once(*(lambda host=host: host.slactl("-c", host.pool.file.with_name("other.conf"), "db", "init", SCHEMA, check=False)
		                    for host in where))
		self.assertEqual([(result.returncode, result.stderr) for result in results], [(0, "")] * len(where))
		return cluster.sql("SELECT version FROM schema_version; SELECT id FROM permissions; SELECT * FROM roles;"
		                   "SELECT * FROM role_permissions; SELECT * FROM access_guard; SHOW TABLES;", database="other")

	def test_schema_is_made_once(self):
		"""The lock under which it is made is not known to the other nodes."""
		for host in hosts:
			keys = "".join(f"{key} = {value}\n" for key, value in {**host.client, "database": "other"}.items())
			host.pool.file.with_name("other.conf").write_text(f"[client-livechat-sla]\n{keys}")
		made = self.make_schema(hosts[0])
		for _ in range(5):
			self.assertEqual(self.make_schema(*hosts), made)


class Reading(Case):
	"""What one node acknowledged, every other knows at once."""

	def test_own_writes(self):
		for turn in range(ROUNDS):
			first, second, third = (hosts[(turn + i) % 3] for i in range(3))
			body = policy()
			path = f"{PATH}/{self.answered(call(first, 'POST', body=body), 200)['sla']['_id']}"
			self.answered(call(second, "GET", path), 200)
			self.assertEqual(self.answered(call(third, "GET"), 200)["total"], 1)
			self.answered(call(second, "PUT", path, {**body, "description": "changed"}), 200)
			self.assertEqual(self.answered(call(third, "GET", path), 200)["description"], "changed")
			self.answered(call(third, "POST", body=body), 400, DUPLICATED)
			self.answered(call(first, "DELETE", path), 200)
			self.answered(call(second, "GET", path), 404)
			self.answered(call(third, "PUT", path, body), 404)

	def test_revoked_token(self):
		for turn in range(ROUNDS):
			first, second = hosts[turn % 3], hosts[(turn + 1) % 3]
			token = self.answered(call(first, "POST", "/api/v1/users.generatePersonalAccessToken", {"tokenName": "short"}), 200)["token"]
			credentials = first.admin._replace(token=token)
			self.answered(call(second, "GET", credentials=credentials), 200)
			self.answered(call(first, "POST", "/api/v1/users.removePersonalAccessToken", {"tokenName": "short"}), 200)
			self.answered(call(second, "GET", credentials=credentials), 401, NOT_LOGGED_IN)

	def test_revoked_permission(self):
		agent = every.add_user("agent", "livechat-agent")
		for turn in range(ROUNDS):
			first, second = hosts[turn % 3], hosts[(turn + 1) % 3]
			for roles, status in ((["admin", "livechat-agent"], 200), (["admin"], 403)):
				body = {"permissions": [{"_id": "view-l-room", "roles": roles}]}
				self.answered(call(first, "POST", "/api/v1/permissions.update", body), 200)
				self.answered(call(second, "GET", credentials=agent), status)


class Losing(Case):
	"""Nodes that die, hang or are cut off."""

	def tearDown(self):
		for node in cluster.nodes:
			if node.process.running():
				node.resume()
				node.rejoin()
			else:
				node.start()
		cluster.wait()
		for host in (every, *hosts):
			wait_until(lambda: call(host, "GET").status == 200, "service")

	def lose(self, fault, nodes, lose, find):
		"""One node after the other, so that no process is spared and those that came back have to serve: nobody is refused, and nobody
		waits for longer than a request may take."""
		with Ledger(every, least=200, fault=fault) as ledger:
			for node in nodes:
				ledger.progress(each=20)
				lose(node)
				ledger.progress(each=20)
				find(node)
				cluster.wait()
		ledger.check(self)
		self.assertEqual(set(ledger.statuses), {200, 400})
		self.assertLess(ledger.slowest, REQUEST_TIMEOUT + SLACK)

	def test_killed_node(self):
		self.lose("kill -9 of one node after the other", cluster.nodes, lambda node: node.kill(), lambda node: node.start())

	def test_stopped_node(self):
		self.lose("orderly end of one node after the other", cluster.nodes[:2], lambda node: node.stop(), lambda node: node.start())

	def test_hanging_node(self):
		self.lose("SIGSTOP of one node after the other", cluster.nodes[:2], lambda node: node.pause(), lambda node: node.resume())

	def test_isolated_node(self):
		self.lose("isolation of one node after the other", cluster.nodes[:2], lambda node: node.isolate(), lambda node: node.rejoin())

	def refused_at_once(self, host, credentials=None):
		"""After the first, which may have to find out."""
		unwanted = policy(name=f"unwanted {next(numbers)}")
		for method, path, body in (("POST", PATH, unwanted), ("GET", PATH, None), ("DELETE", f"{PATH}/{'0' * 24}", None)):
			started = time.monotonic()
			self.answered(call(host, method, path, body, credentials), 503, UNAVAILABLE)
			self.assertLess(time.monotonic() - started, 1 + SLACK)

	def test_node_outside_the_quorum(self):
		"""It is not read either, though its administrator lets others do that, who is no match for a session of ours."""
		outside, host = cluster.nodes[2], hosts[2]
		self.create(every)
		outside.sql("SET GLOBAL wsrep_dirty_reads=ON")
		self.addCleanup(outside.sql, "SET GLOBAL wsrep_dirty_reads=OFF")
		outside.isolate()
		wait_until(lambda: outside.status("cluster_status") == "non-Primary", "the loss of the quorum")
		wait_until(lambda: call(host, "GET").status == 503, "the first refusal")
		before = outside.sql("SELECT * FROM sla_policies")
		self.refused_at_once(host)
		self.refused_at_once(host, host.admin._replace(token="x" * 43))
		for _ in range(20):
			self.create(every)
		self.assertEqual(outside.sql("SELECT * FROM sla_policies"), before)
		outside.rejoin()
		cluster.wait()
		wait_until(lambda: call(host, "GET").status == 200, "service")
		self.assertEqual(self.answered(call(host, "GET"), 200)["total"], 21)
		self.assertEqual(count("name LIKE 'unwanted%'"), 0)

	def test_two_nodes_killed(self):
		"""The third has no quorum, and nothing can be promised: all are refused until it is back."""
		self.create(every)
		for node in cluster.nodes[:2]:
			node.kill()
		for host in (hosts[2], every):
			wait_until(lambda: call(host, "GET").status == 503, "the first refusal")
			self.refused_at_once(host)
		for node in cluster.nodes[:2]:
			node.start()
		cluster.wait()
		for host in (every, *hosts):
			wait_until(lambda: call(host, "GET").status == 200, "service")
			self.create(host)
		self.assertEqual(count(), 5)

	def test_whole_cluster_killed(self):
		with Ledger(every, least=200, fault="kill -9 of all nodes") as ledger:
			ledger.progress(each=20)
			cluster.kill()
			cluster.recover()
			ledger.progress(each=20)
		ledger.check(self)

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Web servers that keep their connections to the service: more clients than workers, nobody starves and no request is lost."""
import collections
import re
import threading
import time
import unittest

import fronts
from fastcgi import Peer, request
from stack import Stack

PATH = "/api/v1/livechat/sla"
WORKERS = 4
CLIENTS = 12
ROUNDS = 100
SLOWEST_SECONDS = 5


class ApacheKept(fronts.ApacheProxy):
	def snippet(self):
		file = super().snippet()
		file.write_text(file.read_text().replace("timeout=60", "timeout=60 enablereuse=on"))
		return file


class NginxKept(fronts.Nginx):
	def configuration(self):
		text = super().configuration()
		file = self.directory / "livechat-sla.conf"
		passed = re.search("fastcgi_pass (.*);", file.read_text())
		file.write_text(file.read_text().replace(passed[0], "fastcgi_pass livechat-sla; fastcgi_keep_conn on;"))
		return text.replace("\tserver {", f"\tupstream livechat-sla {{ server {passed[1]}; keepalive {CLIENTS}; }}\n\tserver {{", 1)


class Clients:
	"""Each creates policies and reads them, and a caller without the web server is served beside them."""

	def __init__(self, stack):
		self.stack = stack
		self.statuses = collections.Counter()
		self.slowest = 0

	def run(self):
		threads = [threading.Thread(target=self.client, args=(number,)) for number in range(CLIENTS)]
		threads.append(threading.Thread(target=self.neighbour))
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()

	def count(self, function, *arguments):
		started = time.monotonic()
		try:
			self.statuses[function(*arguments).status] += 1
		except OSError as error:
			self.statuses[str(error)] += 1
		self.slowest = max(self.slowest, time.monotonic() - started)

	def client(self, number):
		for turn in range(ROUNDS):
			policy = {"name": f"{number}-{turn}", "description": "d" * 1000, "dueTimeInMinutes": number * ROUNDS + turn + 1}
			self.count(self.stack.request, "POST", PATH, policy, (), self.stack.admin)
			self.count(self.stack.request, "GET", f"{PATH}?count=5", None, (), self.stack.admin)

	def neighbour(self):
		for _ in range(ROUNDS):
			self.count(self.ask_directly)

	def ask_directly(self):
		credentials = {"X-User-Id": self.stack.admin.user_id, "X-Auth-Token": self.stack.admin.token}
		with Peer(self.stack.pool.socket) as peer:
			return peer.send(request("GET", PATH, headers=credentials)).answer()


class KeptConnections(unittest.TestCase):
	def check_kept(self, front):
		with Stack(front, workers=WORKERS) as stack:
			clients = Clients(stack)
			clients.run()
			self.assertEqual(clients.statuses, {200: (2 * CLIENTS + 1) * ROUNDS})
			self.assertLess(clients.slowest, SLOWEST_SECONDS)
			self.assertEqual(stack.database.sql("SELECT COUNT(*) FROM sla_policies"), [[str(CLIENTS * ROUNDS)]])

	def test_apache(self):
		self.check_kept(ApacheKept)

	def test_nginx(self):
		self.check_kept(NginxKept)

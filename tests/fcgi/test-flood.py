# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""A hundred thousand calls with wrong credentials from ten thousand addresses: memory stays put, honest callers are served meanwhile."""
import multiprocessing
import os
import threading
import unittest

from fastcgi import API, Peer, request
from process import looks_into_processes
from stack import Credentials, Stack, instrumented, private_memory

CALLS = int(os.environ.get("FLOOD_CALLS", "100000"))
ADDRESSES = CALLS // 10
FLOODERS = 4
GROWTH_MOST = 256  # KiB
SECONDS_MOST = 10  # that an honest caller waits, with two cores shared by everybody
PATH = f"{API}livechat/sla"


def flood(socket_path, number, statuses):
	"""One flooder's share: every FLOODERS-th call."""
	headers = {"X-User-Id": "A" * 17, "X-Auth-Token": "A" * 43}
	counts = {}
	for call in range(number, CALLS, FLOODERS):
		place = call % ADDRESSES
		address = f"10.{place >> 16}.{place >> 8 & 255}.{place & 255}"
		with Peer(socket_path) as peer:
			status = peer.send(request("GET", PATH, headers=headers, REMOTE_ADDR=address)).answer().status
		counts[status] = counts.get(status, 0) + 1
	statuses.put(counts)


class Flood(unittest.TestCase):
	def setUp(self):
		self.stack = Stack(rate_limit="on", rate_limit_calls=1000, failed_credentials=5, workers=4, max_requests=0, log_level="error").start()
		self.addCleanup(self.stack.finish)

	def call(self, credentials, address):
		headers = {"X-User-Id": credentials.user_id, "X-Auth-Token": credentials.token}
		with Peer(self.stack.pool.socket, SECONDS_MOST) as peer:
			return peer.send(request("GET", PATH, headers=headers, REMOTE_ADDR=address)).answer().status

	def honest_calls(self, over, statuses):
		while not over.is_set():
			statuses.append(self.call(self.stack.admin, "192.0.2.1"))

	@looks_into_processes
	def test_flood_of_wrong_credentials(self):
		for _ in range(4 * 50):
			self.call(Credentials("A" * 17, "B" * 43), f"198.51.100.{_}")
		workers = self.stack.pool.workers()
		before = [private_memory(pid) for pid in workers]
		processes = multiprocessing.get_context("fork")
		over, honest, statuses = threading.Event(), [], processes.Queue()
		caller = threading.Thread(target=self.honest_calls, args=(over, honest))
		flooders = [processes.Process(target=flood, args=(self.stack.pool.socket, number, statuses)) for number in range(FLOODERS)]
		caller.start()
		for flooder in flooders:
			flooder.start()
		counts = [statuses.get() for _ in flooders]
		over.set()
		caller.join()
		for flooder in flooders:
			flooder.join()
		self.expect_answers(counts, honest)
		self.assertEqual(self.stack.pool.workers(), workers, "no worker has died")
		for pid, was in zip(workers, before) if not instrumented() else ():
			self.assertLess(private_memory(pid) - was, GROWTH_MOST)

	def expect_answers(self, counts, honest):
		"""Every flooder's call is refused, by the brake too; every honest one is served."""
		total = {status: sum(one.get(status, 0) for one in counts) for status in (401, 429)}
		self.assertEqual(sum(total.values()), CALLS, counts)
		self.assertGreater(total[429], CALLS // 4, "the brake is on for addresses that are still counted")
		self.assertGreater(len(honest), 100)
		self.assertEqual(set(honest), {200})

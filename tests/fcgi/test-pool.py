# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The life of the pool: workers that die, hang or retire, reloads, the end. No request is lost to any of it."""
import contextlib
import os
import pathlib
import re
import resource
import select
import signal
import socket
import tempfile
import time
import unittest

from crowd import Crowd
from fastcgi import API, Service, request, unread
from process import children, fields, has_ended, looks_into_processes, wait_until

PATH = f"{API}livechat/sla"
GOOD = request("OPTIONS", PATH)
YOUNG_SECONDS = 2  # so long after its start the death of a worker is no sign that the next would die, too


def cpu_seconds(pid):
	return (int(fields(pid)[11]) + int(fields(pid)[12])) / os.sysconf("SC_CLK_TCK")


def start_time(pid):
	"""In seconds of CLOCK_BOOTTIME."""
	return int(fields(pid)[19]) / os.sysconf("SC_CLK_TCK")


def switches(pid):
	"""How often the process has waited for something."""
	return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])


def descriptors(pid):
	return sorted(int(name) for name in os.listdir(f"/proc/{pid}/fd"))


class Load(Crowd):
	"""Clients that go on asking until the end of the block; `wrong` has all that were not answered as they ought to be."""

	def __init__(self, service, clients=4):
		super().__init__(self.ask, clients)
		self.service = service
		self.answered = 0
		self.wrong = []

	def ask(self, *_):
		try:
			if self.service.serves():
				self.answered += 1
			else:
				self.wrong.append("another answer")
		except (OSError, AssertionError) as error:
			self.wrong.append(repr(error))


class PoolCase(unittest.TestCase):
	def serve(self, hang_database=False, **keys):
		"""A service of the test's own, with all workers there."""
		service = Service(**{"workers": 2, **keys})
		self.addCleanup(self.end, service)
		if hang_database:
			self.hanging = service.hang_database()
			self.hanging.setblocking(False)
			self.addCleanup(self.hanging.close)
		service.start().wait_until_whole()
		return service

	@staticmethod
	def end(service):
		(service.finish if service.pool.process.running() else service.close)()

	def begin_request(self, service):
		"""A peer whose half request a worker has read."""
		peer = service.peer()
		self.addCleanup(peer.socket.close)
		peer.send(GOOD[:20])
		wait_until(lambda: unread(peer.socket) == 0, "a worker to read")
		return peer

	def take_connections(self):
		"""All that wait for the hanging database, so that the next one is seen."""
		with contextlib.suppress(BlockingIOError):
			while True:
				self.hanging.accept()[0].close()

	def begin_work(self, service):
		"""A peer whose request the only worker works on until request-timeout, since the database hangs: it has connected there."""
		def attempt():
			self.take_connections()
			peer = service.peer()
			self.addCleanup(peer.socket.close)
			peer.send(request("GET", PATH, headers={"X-User-Id": "A" * 17, "X-Auth-Token": "A" * 43}))
			return peer if select.select([peer.socket, self.hanging], [], [], 30)[0] == [self.hanging] else None

		# A database that failed a moment ago is left alone for a while.
		return wait_until(attempt, "a request that has to wait for the database")

	def end_request(self, peer):
		self.assertEqual(peer.send(GOOD[20:]).answer().status, 204)


class Deaths(PoolCase):
	def test_a_worker_that_is_killed_is_replaced_at_once(self):
		"""Pauses that grow would be long at the end, and all would be if the master waited for its next look: a short one is enough."""
		service = self.serve(workers=1)
		pauses = []
		for _ in range(8):
			self.assertTrue(service.serves())
			worker, = service.pool.workers()
			started = time.monotonic()
			os.kill(worker, signal.SIGKILL)
			wait_until(lambda: service.pool.workers() not in ([], [worker]), "another worker")
			pauses.append(time.monotonic() - started)
		self.assertLess(min(pauses[4:]), 0.25)
		self.assertTrue(service.logged(f"worker {worker} was ended by signal 9"))

	@staticmethod
	def kill_one_by_one(service, count):
		"""When each of so many workers was killed, and how old the oldest was when the master knew, the first left aside."""
		times, ages = [], []
		for _ in range(count):
			worker, = wait_until(service.pool.workers, "a worker")
			started = start_time(worker)
			times.append(time.monotonic())
			os.kill(worker, signal.SIGKILL)
			wait_until(lambda: service.pool.workers() != [worker], "its end")
			ages.append(time.clock_gettime(time.CLOCK_BOOTTIME) - started)
		return times, max(ages[1:])

	def test_workers_that_die_young_are_replaced_slower_and_slower(self):
		"""The first one has served, and does not count."""
		def attempt():
			service = self.serve(workers=1)
			times, age = self.kill_one_by_one(service, 6)
			wait_until(service.serves, "service again")
			return times if age < YOUNG_SECONDS else None
		times = wait_until(attempt, "workers that are killed young", 120)
		for number, (earlier, later) in enumerate(zip(times[1:], times[2:])):
			self.assertGreater(later - earlier, 0.09 * 2 ** number)

	def test_pause_is_forgotten_when_all_live(self):
		service = self.serve(workers=1)
		for _ in range(5):
			worker, = wait_until(service.pool.workers, "a worker")
			os.kill(worker, signal.SIGKILL)
			wait_until(lambda: service.pool.workers() != [worker], "its end")
		worker, = wait_until(service.pool.workers, "a worker")
		wait_until(service.serves, "service again")
		time.sleep(3)  # longer than what counts as young
		os.kill(worker, signal.SIGKILL)
		wait_until(lambda: service.pool.workers() not in ([], [worker]), "another worker", 1.5)  # the next pause would be 1.6 s

	def test_storm_of_kills(self):
		service = self.serve(workers=4)
		with Load(service, 8) as load:
			for _ in range(100):
				for worker in service.pool.workers()[:1]:
					with contextlib.suppress(ProcessLookupError):
						os.kill(worker, signal.SIGKILL)
				time.sleep(0.02)
		self.assertGreater(load.answered, 100)
		wait_until(lambda: len(service.pool.workers()) == 4, "all workers", 5)

	def test_a_worker_stopped_in_a_request_is_replaced(self):
		service = self.serve(hang_database=True, workers=1, request_timeout="3s")
		worker, = service.pool.workers()
		peer = self.begin_work(service)
		os.kill(worker, signal.SIGSTOP)
		wait_until(lambda: has_ended(worker), "its end")
		self.assertTrue(service.serves())
		self.assertEqual(peer.receive(), b"")

	def test_a_worker_stopped_while_idle_is_replaced(self):
		service = self.serve(request_timeout="100ms")
		worker = service.pool.workers()[0]
		os.kill(worker, signal.SIGSTOP)
		wait_until(lambda: has_ended(worker), "its end", 10)
		wait_until(lambda: len(service.pool.workers()) == 2, "another")

	def test_a_worker_stopped_and_continued_goes_on(self):
		service = self.serve(workers=1)
		worker, = service.pool.workers()
		os.kill(worker, signal.SIGSTOP)
		wait_until(lambda: fields(worker)[0] == "T", "the stop")
		os.kill(worker, signal.SIGCONT)
		self.assertTrue(service.serves())
		self.assertEqual(service.pool.workers(), [worker])

	def test_workers_retire(self):
		service = self.serve(workers=2, max_requests=20)
		seen = set()
		for _ in range(200):
			self.assertTrue(service.serves())
			seen.update(service.pool.workers())
		self.assertGreaterEqual(len(seen), 8)
		self.assertFalse(service.logged("ended by signal"))

	def test_a_worker_that_retires_finishes_what_it_reads(self):
		service = self.serve(workers=1, max_requests=5)
		before = service.pool.workers()
		peer = self.begin_request(service)
		for _ in range(10):
			self.assertTrue(service.serves())
		self.assertEqual(service.pool.workers(), before)
		self.end_request(peer)
		wait_until(lambda: service.pool.workers() not in ([], before), "another worker")

	def test_workers_end_with_their_master(self):
		service = self.serve(workers=4)
		workers = service.pool.workers()
		os.kill(service.pool.process.pid, signal.SIGKILL)
		wait_until(lambda: all(map(has_ended, workers)), "the end of the workers", 10)
		service.pool.kill()
		service.pool.start()
		wait_until(service.serves, "service from a new master, on a socket that was left behind")

	@looks_into_processes
	def test_descriptors_run_out(self):
		"""The connection waits, the worker does not spin, and nothing is lost when there are descriptors again."""
		service = self.serve(workers=1, user="root")
		worker, = service.pool.workers()
		used = 7  # 0 to 2, the listening socket, the memory file twice, epoll
		wait_until(lambda: descriptors(worker) == list(range(used)), "the worker to be idle")
		_, most = resource.prlimit(worker, resource.RLIMIT_NOFILE)
		resource.prlimit(worker, resource.RLIMIT_NOFILE, (used, most))
		with service.peer() as peer:
			peer.send(GOOD)
			service.wait_for_log("accept: Too many open files")
			before = cpu_seconds(worker)
			peer.socket.settimeout(1)
			with self.assertRaises(TimeoutError):
				peer.receive()
			self.assertLess(cpu_seconds(worker) - before, 0.2)
			resource.prlimit(worker, resource.RLIMIT_NOFILE, (used + 1, most))
			peer.socket.settimeout(10)
			self.assertEqual(peer.answer().status, 204, "one descriptor is enough")
		self.assertTrue(service.serves())
		self.assertEqual(service.pool.workers(), [worker])


class Reloads(PoolCase):
	def reload(self, service, **keys):
		"""Until all old workers have gone."""
		before = set(service.pool.workers())
		service.pool.reload(**keys)
		wait_until(lambda: not before & set(service.pool.workers()), "new workers")

	def test_new_workers_have_the_new_configuration(self):
		service = self.serve()
		self.assertEqual(service.request("POST", PATH, b" " * 2000).status, 401)
		self.reload(service, body_limit=1024)
		self.assertEqual(service.request("POST", PATH, b" " * 2000).status, 413)

	def test_number_of_workers(self):
		service = self.serve(workers=2)
		for workers in (4, 1, 3):
			self.reload(service, workers=workers)
			wait_until(lambda: len(service.pool.workers()) == workers, f"{workers} workers")
			self.assertTrue(service.serves())

	def test_a_pool_stays_a_pool(self):
		service = self.serve()
		self.reload(service, workers=0, body_limit=1024)
		self.assertTrue(service.logged("workers = 0: takes effect with a restart only"))
		self.assertEqual(service.request("POST", PATH, b" " * 2000).status, 413)

	def test_broken_configuration_is_refused(self):
		service = self.serve()
		workers = service.pool.workers()
		service.pool.reload(body_limit="a lot")
		service.wait_for_log("the configuration is refused")
		self.assertTrue(service.logged("[livechat-sla] body-limit: must be a number of bytes"))
		self.assertTrue(service.serves())
		self.assertEqual(service.pool.workers(), workers)
		self.reload(service, body_limit=1024)

	def test_fixed_key_needs_a_restart(self):
		service = self.serve()
		self.reload(service, listen_mode="0600")
		self.assertTrue(service.logged("listen-mode: takes effect with a restart only"))
		self.assertEqual(service.pool.socket.stat().st_mode & 0o777, 0o660)

	def test_log_level(self):
		service = self.serve(log_level="debug")
		self.reload(service, log_level="error")
		before = service.pool.process.log.read_text()
		self.assertTrue(service.serves())
		self.assertEqual(service.pool.process.log.read_text(), before)

	def test_a_request_that_is_read_is_answered_by_the_old_worker(self):
		service = self.serve(stop_timeout="0s")
		before = set(service.pool.workers())
		peer = self.begin_request(service)
		service.pool.reload()
		wait_until(lambda: len(before & set(service.pool.workers())) == 1, "the end of the idle one")
		self.assertTrue(service.serves())
		self.end_request(peer)
		wait_until(lambda: not before & set(service.pool.workers()), "the end of the other")

	def test_storm(self):
		service = self.serve(workers=4)
		most = 0
		with Load(service) as load:
			for _ in range(50):
				service.pool.reload()
				most = max(most, len(service.pool.workers()))
				time.sleep(0.02)
			self.reload(service)
		self.assertEqual(load.wrong, [])
		self.assertGreater(load.answered, 100)
		self.assertLessEqual(most, 12)
		wait_until(lambda: len(service.pool.workers()) == 4, "the old number")

	def test_storm_while_old_workers_are_busy(self):
		"""Each reload leaves one more worker behind that waits for a slow peer: there is an end to that."""
		service = self.serve(workers=2, intake_timeout="5s")
		peers, most = [], 0
		for _ in range(12):
			peers.append(service.peer().send(GOOD[:20]))
			service.pool.reload()
			time.sleep(0.3)
			most = max(most, len(service.pool.workers()))
		self.assertLessEqual(most, 6)
		for peer in peers:
			peer.socket.close()
		wait_until(lambda: service.serves() and len(service.pool.workers()) == 2, "the old number")

	def test_hang_up_of_a_worker_is_nothing(self):
		service = self.serve(workers=1)
		worker, = service.pool.workers()
		os.kill(worker, signal.SIGHUP)
		self.assertTrue(service.serves())
		self.assertEqual(service.pool.workers(), [worker])


class Ends(PoolCase):
	def ended(self, service, status=0, seconds=10):
		self.assertEqual(service.pool.process.wait(seconds), status)
		self.assertFalse(service.pool.socket.exists())

	def test_each_signal_ends_it(self):
		for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
			with self.subTest(number.name):
				service = self.serve()
				workers = service.pool.workers()
				service.pool.process.send(number)
				self.ended(service)
				self.assertTrue(all(map(has_ended, workers)))

	def test_running_requests_are_finished(self):
		service = self.serve()
		peer = self.begin_request(service)
		service.pool.process.send(signal.SIGTERM)
		wait_until(lambda: len(service.pool.workers()) == 1, "the end of the idle one")
		service.pool.process.send(signal.SIGTERM)
		service.pool.process.send(signal.SIGHUP)
		self.end_request(peer)
		self.ended(service)

	def test_running_work_is_finished(self):
		service = self.serve(hang_database=True, workers=1, request_timeout="1500ms")
		peer = self.begin_work(service)
		service.pool.process.send(signal.SIGTERM)
		self.assertEqual(peer.answer().status, 503)
		self.ended(service)

	def test_a_busy_pool_ends(self):
		service = self.serve(stop_timeout="30s")
		with Load(service, 8):
			time.sleep(0.2)
			service.pool.process.send(signal.SIGTERM)
			self.ended(service, seconds=15)

	def test_what_does_not_end_is_killed(self):
		service = self.serve(stop_timeout="500ms")
		worker = service.pool.workers()[0]
		os.kill(worker, signal.SIGSTOP)
		service.pool.process.send(signal.SIGTERM)
		self.ended(service)
		self.assertTrue(has_ended(worker))


class Idle(PoolCase):
	def test_idle_pool_costs_nothing(self):
		service = self.serve()
		processes = [service.pool.process.pid, *service.pool.workers()]
		before = [cpu_seconds(pid) for pid in processes]
		time.sleep(2)
		self.assertLess(sum(cpu_seconds(pid) for pid in processes) - sum(before), 0.1)

	def test_a_connection_wakes_one_worker(self):
		service = self.serve(workers=4)
		before = {pid: switches(pid) for pid in service.pool.workers()}
		for _ in range(100):
			self.assertTrue(service.serves())
		woken = [switches(pid) - count for pid, count in before.items()]
		self.assertLess(min(woken), 50, f"each worker was woken: {woken}")


class Notifications(PoolCase):
	def setUp(self):
		self.directory = tempfile.TemporaryDirectory(prefix="sla-")
		self.addCleanup(self.directory.cleanup)
		os.chmod(self.directory.name, 0o755)
		self.name = f"{self.directory.name}/notify"
		self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		self.addCleanup(self.manager.close)
		self.manager.settimeout(10)

	def listen(self, name):
		self.manager.bind(name)
		if not name.startswith("\0"):
			os.chmod(name, 0o777)

	def start(self, name, **environment):
		service = Service(workers=1)
		service.start(environment={"NOTIFY_SOCKET": name, **environment})
		self.addCleanup(self.end, service)
		return service

	def next(self):
		"""The assignments of the next message but those of the watchdog."""
		while (text := self.manager.recv(4096).decode()) == "WATCHDOG=1":
			pass
		return dict(line.split("=", 1) for line in text.split("\n"))

	def test_states(self):
		self.listen(self.name)
		service = self.start(self.name)
		self.assertEqual(self.next()["READY"], "1")
		self.assertTrue(service.serves())
		before = time.monotonic_ns() // 1000
		service.pool.reload()
		reloading = self.next()
		self.assertEqual(reloading["RELOADING"], "1")
		self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000)
		self.assertEqual(self.next()["READY"], "1")
		service.pool.reload(body_limit="a lot")
		self.assertEqual(self.next()["RELOADING"], "1")
		refused = self.next()
		self.assertEqual(refused["READY"], "1")
		self.assertIn("refused", refused["STATUS"])
		service.pool.process.send(signal.SIGTERM)
		self.assertEqual(self.next(), {"STOPPING": "1"})

	def test_abstract_name(self):
		name = f"sla-{os.getpid()}"
		self.listen(f"\0{name}")
		self.start(f"@{name}")
		self.assertEqual(self.next()["READY"], "1")

	def test_watchdog(self):
		self.listen(self.name)
		self.start(self.name, WATCHDOG_USEC="4000000")
		times = []
		while len(times) < 3:
			if self.manager.recv(4096) == b"WATCHDOG=1":
				times.append(time.monotonic())
		self.assertLess(max(later - earlier for earlier, later in zip(times, times[1:])), 4)

	def test_watchdog_of_somebody_else(self):
		self.listen(self.name)
		self.start(self.name, WATCHDOG_USEC="200000", WATCHDOG_PID="1")
		self.assertEqual(self.next()["READY"], "1")
		self.manager.settimeout(0.5)
		with self.assertRaises(TimeoutError):
			self.manager.recv(4096)


class Alone(PoolCase):
	def serve_alone(self, **keys):
		service = self.serve(workers=0, counters_file="/nonexistent/counters", **keys)
		self.assertEqual(children(service.pool.process.pid), [])
		return service

	def test_it_serves_without_end(self):
		service = self.serve_alone(max_requests=5)
		for _ in range(20):
			self.assertTrue(service.serves())

	def test_running_request_is_finished(self):
		service = self.serve_alone()
		peer = self.begin_request(service)
		service.pool.process.send(signal.SIGTERM)
		self.end_request(peer)
		self.assertEqual(service.pool.process.wait(10), 0)
		self.assertFalse(service.pool.socket.exists())

	def test_reload(self):
		service = self.serve_alone()
		service.pool.reload(body_limit=1024)
		wait_until(lambda: service.request("POST", PATH, b" " * 2000).status == 413, "the new configuration")
		service.pool.reload(body_limit="a lot")
		service.wait_for_log("the configuration is refused")
		self.assertEqual(service.request("POST", PATH, b" " * 2000).status, 413)

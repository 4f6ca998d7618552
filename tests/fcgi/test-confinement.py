# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What the processes can not do, and what others can not do to them: capabilities, core files, each other's memory, system calls."""
import contextlib
import ctypes
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import sys
import unittest

import certificates
import confine
from certificates import Authority
from database import VENDOR
from fastcgi import API, Peer, Service, request, until_available
from process import BUILDDIR, USER, WRAPPER, Process, free_port, libc, looks_into_processes, wait_until
from stack import Stack, instrumented

PATH = f"{API}livechat/sla"
UNIT = BUILDDIR / "conf/systemd/livechat-sla.service"
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
needs_root = unittest.skipIf(USER is None, "root alone can start it so")


def status_of(pid):
	"""The lines of /proc/PID/status."""
	return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


class Case(unittest.TestCase):
	def service(self, start=None, **keys):
		"""A pool that serves, and the pids of its processes."""
		service = Service(workers=2, **keys)
		self.addCleanup(service.close)
		service.start(**(start or {})).wait_until_whole()
		return service, (service.pool.process.pid, *service.pool.workers())


class Capabilities(Case):
	def expect_none(self, pids, *sets):
		for pid in pids:
			status = status_of(pid)
			self.assertEqual({name: int(status[name], 16) for name in sets}, dict.fromkeys(sets, 0))
			self.assertEqual(status["NoNewPrivs"], "1")

	@needs_root
	def test_of_root_that_changed_the_user(self):
		_, pids = self.service()
		self.expect_none(pids, "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")

	@needs_root
	def test_of_root_that_stays(self):
		service = Service(workers=2, user="root")
		self.addCleanup(service.close)
		service.pool.write_configuration()
		shutil.chown(service.pool.home, "root")
		service.start().wait_until_whole()
		self.expect_none((service.pool.process.pid, *service.pool.workers()), "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")

	@needs_root
	@unittest.skipUnless(shutil.which("setpriv"), "setpriv is not installed")
	def test_that_a_service_manager_gave(self):
		setpriv = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=+net_bind_service,+chown",
		           "--ambient-caps=+net_bind_service,+chown"]
		given = subprocess.run([*setpriv, "sed", "-n", "s/^CapAmb:.//p", "/proc/self/status"], check=True, capture_output=True, text=True).stdout
		self.assertNotEqual(int(given, 16), 0)
		_, pids = self.service({"starter": setpriv})
		self.expect_none(pids, "CapInh", "CapPrm", "CapEff", "CapAmb")


def attach(pid):
	"""In a child that is the service's user: whether it may trace the process."""
	libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
	if libc.ptrace(PTRACE_ATTACH, pid, None, None) != 0:
		return False
	os.waitpid(pid, 0)
	libc.ptrace(PTRACE_DETACH, pid, None, None)
	return True


def can_read(path):
	try:
		with open(path, "rb"):
			return True
	except PermissionError:
		return False


def as_user(question):
	"""The answer of a child that is the service's user."""
	child = os.fork()
	if child == 0:
		try:
			os.setgid(pwd.getpwnam(USER).pw_gid)
			os.setuid(pwd.getpwnam(USER).pw_uid)
			os._exit(question())
		finally:
			os._exit(99)
	status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
	assert status in (0, 1), status
	return bool(status)


@needs_root
class Memory(Case):
	"""Tokens and passwords pass through it: neither another program of the same user nor a core file may have it. The program is started
	as the user that it stays, since the kernel itself closes what has changed its user."""

	def ordinary(self, directory):
		"""A process of the same user without precautions, to see that the test sees something."""
		process = Process("ordinary", ["sleep", "600"], directory, USER)
		self.addCleanup(process.kill)
		wait_until(lambda: pathlib.Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n", "the program")
		return process

	@looks_into_processes
	def test_same_user_sees_nothing(self):
		service, pids = self.service({"user": USER})
		ordinary = self.ordinary(service.directory)
		for name in ("maps", "environ", "auxv", "mem"):
			path = f"/proc/{ordinary.pid}/{name}"
			self.assertTrue(as_user(lambda path=path: can_read(path)), path)
			for pid in pids:
				self.assertFalse(as_user(lambda pid=pid, name=name: can_read(f"/proc/{pid}/{name}")), name)

	def test_same_user_can_not_trace(self):
		service, pids = self.service({"user": USER})
		ordinary = self.ordinary(service.directory)
		if not as_user(lambda: attach(ordinary.pid)):
			self.skipTest("nobody can be traced here")
		for pid in pids:
			self.assertFalse(as_user(lambda pid=pid: attach(pid)))
		self.assertTrue(service.serves())

	def cores(self, directory):
		return [path for path in directory.rglob("*core*") if path.is_file()]

	def end(self, pid, number):
		"""By a signal that leaves a core file, with the limit lifted from outside if that can be done."""
		with contextlib.suppress(PermissionError):
			resource.prlimit(pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
		os.kill(pid, number)

	@unittest.skipIf(WRAPPER or instrumented(), "sanitizers and valgrind take the signal")
	def test_no_core_file(self):
		if pathlib.Path("/proc/sys/kernel/core_pattern").read_text().startswith(("|", "/")):
			self.skipTest("this system keeps core files elsewhere")
		before = resource.getrlimit(resource.RLIMIT_CORE)
		resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
		self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, before)
		service, (master, *workers) = self.service({"user": USER})
		ordinary = self.ordinary(service.directory)
		self.end(ordinary.pid, signal.SIGSEGV)
		ordinary.wait()
		if not self.cores(service.directory):
			self.skipTest("this system writes no core files")
		for core in self.cores(service.directory):
			core.unlink()
		for worker, number in zip(workers, (signal.SIGSEGV, signal.SIGABRT)):
			self.end(worker, number)
			service.wait_for_log(f"worker {worker} was ended by signal {number.value}")
		self.end(master, signal.SIGSEGV)
		service.pool.process.wait()
		self.assertEqual(self.cores(service.directory), [])
		self.assertNotIn("core dumped", service.pool.process.log.read_text())


@unittest.skipIf(confine.ABSENT, confine.ABSENT)
@unittest.skipIf(WRAPPER or instrumented(), "sanitizers and valgrind call what the program does not")
class SystemCalls(unittest.TestCase):
	"""Under the unit's own filter, where what it refuses ends the process."""

	def test_filter_is_a_filter(self):
		"""A program that asks for something else does not outlive it."""
		allowed = confine.allowed_calls(UNIT)
		self.assertLess({"read", "ppoll", "accept4", "execve", "memfd_create"}, allowed)
		for refused in ("ptrace", "setuid", "setgroups", "chown", "mount", "bpf", "keyctl", "add_key", "mlock", "io_uring_setup", "userfaultfd",
		                "mq_open", "process_vm_readv", "setrlimit", "init_module", "reboot", "setgid", "shmget"):
			self.assertNotIn(refused, allowed)
		for code, status in (("pass", 0), ("os.chown('/', -1, -1)", -signal.SIGSYS),
		                     ("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", 1), ("socket.socket(socket.AF_UNIX)", 0)):
			with self.subTest(code):
				result = subprocess.run([sys.executable, "-B", confine.__file__, UNIT, "", sys.executable, "-c", f"import os, socket; {code}"],
				                        capture_output=True)
				self.assertEqual(result.returncode, status, result)

	def listening(self, stack):
		"""As systemd hands it over."""
		stack.pool.write_configuration()
		made = socket.socket(socket.AF_UNIX)
		self.addCleanup(made.close)
		made.bind(str(stack.pool.socket))
		made.listen()
		stack.pool.socket.chmod(0o666)
		return made

	def encrypt(self, stack):
		"""The service reaches its database over TCP and TLS."""
		authority, port = Authority(stack.directory), free_port()
		certificate, key = authority.issue("database")
		stack.database.options = [*VENDOR.TLS, "--skip-networking=0", "--bind-address=127.0.0.1", f"--port={port}",
		                          f"--ssl-cert={certificate}", f"--ssl-key={key}"]
		stack.start_database()
		stack.database.sql(f"CREATE USER 'livechat-sla'@'127.0.0.1' IDENTIFIED BY '{stack.client['password']}' REQUIRE SSL")
		stack.database.sql(stack.slactl("db", "grants", "livechat-sla@127.0.0.1").stdout)
		own = {key: value for key, value in stack.client.items() if key != "socket"}
		stack.pool.client = {**own, "host": f"localhost:{port},127.0.0.1:{port}", "protocol": "tcp", "ssl-ca": authority.certificate}

	def use(self, stack):
		headers = {"X-User-Id": stack.admin.user_id, "X-Auth-Token": stack.admin.token, "Content-Type": "application/json"}
		body = b'{"name":"Optimum","description":"","dueTimeInMinutes":4}'
		for method, path, content, statuses in (("GET", "livechat/sla", b"", [200]), ("POST", "livechat/sla", body, [200, 400]),
		                                        ("POST", "livechat/sla", b" " * 70000, [413]),
		                                        ("POST", "login", b'{"user":"administrator","password":"x"}', [401]), ("GET", "me", b"", [200])):
			whole = request(method, API + path, content, headers)
			self.assertIn(until_available(lambda whole=whole: self.ask(stack, whole)).status, statuses)

	@staticmethod
	def ask(stack, whole):
		with Peer(stack.pool.socket) as peer:
			return peer.send(whole).answer()

	def run_confined(self, **keys):
		stack = Stack(**{"workers": 2, **keys})
		self.addCleanup(stack.close)
		self.encrypt(stack)
		stack.pool.start(starter=[sys.executable, "-B", confine.__file__, UNIT, USER or ""], stdin=self.listening(stack))
		return stack

	@unittest.skipIf(certificates.ABSENT, certificates.ABSENT)
	def test_service_needs_no_other(self):
		"""From its start over a reload, a worker that is killed and a database that goes and comes, to its end."""
		stack = self.run_confined()
		self.use(stack)
		before = stack.pool.workers()
		stack.pool.reload(log_level="info")
		wait_until(lambda: stack.pool.workers() and not set(stack.pool.workers()) & set(before), "other workers")
		self.use(stack)
		os.kill(stack.pool.workers()[0], signal.SIGKILL)
		stack.database.stop()
		stack.database.start()
		wait_until(lambda: len(stack.pool.workers()) == 2, "the worker")
		wait_until(lambda: self.served(stack), "the database")
		self.use(stack)
		self.assertEqual(stack.pool.stop(), 0)
		self.assertNotIn("signal 31", stack.pool.log.read_text())

	def served(self, stack):
		headers = {"X-User-Id": stack.admin.user_id, "X-Auth-Token": stack.admin.token}
		return self.ask(stack, request("GET", PATH, headers=headers)).status == 200

	@unittest.skipIf(certificates.ABSENT, certificates.ABSENT)
	def test_program_that_serves_alone_needs_no_other(self):
		stack = self.run_confined(workers=0, log="syslog")
		self.use(stack)
		stack.pool.process.send(signal.SIGHUP)
		self.use(stack)
		self.assertEqual(stack.pool.stop(), 0)

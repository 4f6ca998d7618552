# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""How the program starts: options and configuration, the socket that it makes or is given, whom it becomes."""
import contextlib
import grp
import os
import pathlib
import pwd
import re
import socket
import stat
import subprocess
import tempfile
import unittest

from fastcgi import API, Peer, Service, request
from process import DAEMON, USER, WRAPPER, Process, children, free_port, looks_into_processes, wait_until

PATH = f"{API}livechat/sla"
GOOD = request("OPTIONS", PATH)
AS_USER = (f"--user={USER}",) if USER else ()
ROOT = os.geteuid() == 0


def status_of(pid, name):
	"""A line of /proc/PID/status."""
	return re.search(rf"^{name}:\s*(.*)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]


class StartCase(unittest.TestCase):
	def setUp(self):
		directory = tempfile.TemporaryDirectory(prefix="sla-", dir="/tmp")
		self.addCleanup(directory.cleanup)
		self.directory = pathlib.Path(directory.name)
		os.chmod(self.directory, 0o777)
		self.path = self.directory / "fcgi.sock"
		self.file = self.directory / "livechat-sla.conf"

	def write(self, text):
		self.file.write_text(text)

	def run_until_its_end(self, *arguments, seconds=30, **environment):
		"""For a program that is not to serve."""
		return subprocess.run([*WRAPPER, DAEMON, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
		                      timeout=seconds, env={**os.environ, **environment})

	def refuses(self, status, text, *arguments, **environment):
		result = self.run_until_its_end(*arguments, **environment)
		self.assertEqual(result.returncode, status, result.stderr)
		self.assertIn(text, result.stderr)

	def process(self, *arguments, **more):
		process = Process("pool", [*WRAPPER, DAEMON, *arguments], self.directory, **more)
		self.addCleanup(process.kill)
		return process

	def serving(self, address, *arguments, **more):
		"""A process that answers at the address."""
		process = self.process("--workers=1", *AS_USER, *arguments, **more)
		process.wait_for(lambda: self.answered(address), "an answer")
		return process

	def answered(self, address):
		with contextlib.suppress(OSError), Peer(address) as peer:
			return peer.send(GOOD).answer().status == 204

	def service(self, **keys):
		service = Service(**{"workers": 1, **keys})
		self.addCleanup(lambda: (service.finish if service.pool.process and service.pool.process.running() else service.close)())
		return service


class Options(StartCase):
	def test_usage(self):
		for arguments, status, text in (
			(("--help",), 0, "--body-limit=VALUE (64K)"), (("--version",), 0, "livechat-sla 0."),
			(("--nothing",), 2, "unrecognized option '--nothing'"), (("--body-limit",), 2, "requires an argument"),
			(("more",), 2, "--help"), (("--workers=1",) * 65, 2, "too many options"),
			(("--workers=many",), 2, "workers: must be a whole number"), (("--workers=129",), 2, "workers: out of range"),
			(("--listen=" + "/x" * 60,), 2, "listen: too long"),
		):
			with self.subTest(arguments[0]):
				result = self.run_until_its_end(*arguments)
				self.assertEqual(result.returncode, status, result)
				self.assertIn(text, result.stderr if status else result.stdout)

	def test_check_config(self):
		self.write("[livechat-sla]\nworkers = 2\n[client-livechat-sla]\npassword = secret\n")
		result = self.run_until_its_end("--check-config", "-c", self.file)
		self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
		self.refuses(2, "out of range", "--check-config", "-c", self.file, "--workers=1000")
		self.write("[livechat-sla]\npassword = secret\n")
		result = self.run_until_its_end("--check-config", "-c", self.file)
		self.assertEqual(result.returncode, 2)
		self.assertIn(f"{self.file}:2: [livechat-sla] password: unknown key", result.stderr)
		self.assertNotIn("secret", result.stderr)

	def test_file(self):
		missing, broken = self.directory / "missing", self.directory / "broken"
		broken.write_text("[livechat-sla]\nworkers\n")
		self.write("[livechat-sla]\nworkers = 2\n")
		self.refuses(2, f"{missing}: No such file", "--check-config", "-c", missing)
		self.refuses(2, f"{missing}: No such file", "--check-config", LIVECHAT_SLA_CONFIG=str(missing))
		self.refuses(2, f"{broken}:2: must be KEY = VALUE", "--check-config", LIVECHAT_SLA_CONFIG=str(broken))
		self.refuses(0, "", "--check-config", LIVECHAT_SLA_CONFIG=str(self.file))
		self.refuses(0, "", "--check-config", "-c", self.file, LIVECHAT_SLA_CONFIG=str(missing))

	def test_command_line_wins_over_the_file_also_after_a_reload(self):
		service = self.service(body_limit="64K").start(options=["--body-limit=1024"])
		wait_until(service.serves, "the service")
		self.assertEqual(service.request("POST", PATH, b" " * 2000).status, 413)
		before = service.pool.workers()
		service.pool.reload(body_limit="32K")
		wait_until(lambda: service.pool.workers() not in ([], before), "new workers")
		self.assertEqual(service.request("POST", PATH, b" " * 2000).status, 413)


class Paths(StartCase):
	def test_mode_owner_and_group(self):
		group = grp.getgrgid(os.getgroups()[-1] if os.getgroups() else os.getegid()) if not ROOT else grp.getgrnam("adm")
		for mode in ("0660", "0600", "0666", "0777"):
			with self.subTest(mode):
				process = self.serving(self.path, f"--listen={self.path}", f"--listen-mode={mode}", f"--listen-group={group.gr_name}")
				found = self.path.stat()
				self.assertEqual((stat.S_IMODE(found.st_mode), found.st_gid), (int(mode, 8), group.gr_gid))
				self.assertEqual(found.st_uid, pwd.getpwnam(USER).pw_uid if USER else os.geteuid())
				self.assertEqual(process.stop(), 0)
				self.assertFalse(self.path.exists())

	def test_unknown_group(self):
		self.refuses(1, "there is no group nonexistent", *AS_USER, f"--listen={self.path}", "--listen-group=nonexistent")
		self.assertFalse(self.path.exists())

	def test_second_instance_is_refused(self):
		first = self.serving(self.path, f"--listen={self.path}")
		self.refuses(1, f"listen on {self.path}: Address already in use", *AS_USER, f"--listen={self.path}")
		self.assertTrue(self.answered(self.path))
		self.assertEqual(first.stop(), 0)

	def test_busy_instance_is_no_stale_one(self):
		"""Its queue is full and nobody accepts."""
		with socket.socket(socket.AF_UNIX) as listening, contextlib.ExitStack() as waiting:
			listening.bind(str(self.path))
			listening.listen(0)
			os.chmod(self.path, 0o777)
			with contextlib.suppress(BlockingIOError):
				while True:
					peer = waiting.enter_context(socket.socket(socket.AF_UNIX))
					peer.setblocking(False)
					peer.connect(str(self.path))
			self.refuses(1, "Address already in use", *AS_USER, f"--listen={self.path}")

	def test_stale_socket_is_replaced(self):
		with socket.socket(socket.AF_UNIX) as left:
			left.bind(str(self.path))
		self.assertEqual(self.serving(self.path, f"--listen={self.path}").stop(), 0)

	def test_of_many_that_start_at_once_one_serves(self):
		for _ in range(5):
			with socket.socket(socket.AF_UNIX) as left:
				left.bind(str(self.path))
			processes = [self.process("--workers=1", *AS_USER, f"--listen={self.path}") for _ in range(6)]
			wait_until(lambda: sum(process.running() for process in processes) == 1, "all but one to give up")
			wait_until(lambda: self.answered(self.path), "service")
			one, = [process for process in processes if process.running()]
			self.assertEqual({process.wait() for process in processes if process is not one}, {1})
			self.assertEqual(one.stop(), 0)

	def test_nothing_else_is_replaced(self):
		def make_file(path):
			path.write_text("precious")

		def make_link(path):
			path.symlink_to(self.directory / "nothing")

		for make in (make_file, make_link, pathlib.Path.mkdir, os.mkfifo):
			path = self.directory / f"{make.__name__}.sock"
			make(path)
			before = path.lstat()
			with self.subTest(make.__name__):
				self.refuses(1, "Address already in use", *AS_USER, f"--listen={path}")
				self.assertEqual(path.lstat(), before)

	def test_directory_is_not_there(self):
		self.refuses(1, "No such file or directory", *AS_USER, f"--listen={self.directory}/nothing/fcgi.sock")


class Addresses(StartCase):
	def test_ipv4(self):
		port = free_port()
		self.assertEqual(self.serving(("127.0.0.1", port), f"--listen=127.0.0.1:{port}").stop(), 0)

	def test_ipv6(self):
		with socket.socket(socket.AF_INET6) as probe:
			try:
				probe.bind(("::1", 0))
			except OSError as error:
				self.skipTest(f"no IPv6: {error}")
		port = free_port()
		self.assertEqual(self.serving(("::1", port), f"--listen=[::1]:{port}").stop(), 0)

	def test_silent_peer(self):
		address = ("127.0.0.1", free_port())
		self.serving(address, f"--listen={address[0]}:{address[1]}", "--intake-timeout=3s")
		with Peer(address) as silent, Peer(address) as half:
			half.send(GOOD[:10])
			self.assertTrue(self.answered(address))
			self.assertEqual((silent.receive(), half.receive()), (b"", b""))

	def test_taken(self):
		with socket.create_server(("127.0.0.1", free_port())) as taken:
			self.refuses(1, "Address already in use", *AS_USER, f"--listen=127.0.0.1:{taken.getsockname()[1]}")

	def test_no_address(self):
		for text in ("localhost:9000", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999", "127.0.0.1:0", "127.0.0.1:+9000", "127.0.0.1:", ":9000",
		             "[::1]", "[::1]:", "::1:9000", "[127.0.0.1]:9000x", "fcgi.sock"):
			with self.subTest(text):
				self.refuses(1, f"listen on {text}: Invalid argument", *AS_USER, f"--listen={text}")


class Inherited(StartCase):
	def inherit(self, family, address, *arguments):
		listening = socket.socket(family)
		self.addCleanup(listening.close)
		listening.bind(address)
		listening.listen()
		if family == socket.AF_UNIX:
			os.chmod(address, 0o777)
		self.unused = self.directory / "unused.sock"
		return self.serving(listening.getsockname(), f"--listen={self.unused}", *arguments, stdin=listening)

	def test_path(self):
		process = self.inherit(socket.AF_UNIX, str(self.path))
		self.assertFalse(self.unused.exists())
		self.assertEqual(len(children(process.pid)), 1)
		self.assertEqual(process.stop(), 0)
		self.assertTrue(self.path.exists(), "whose it is may need it still")

	def test_address(self):
		process = self.inherit(socket.AF_INET, ("127.0.0.1", free_port()))
		self.assertEqual(len(children(process.pid)), 1)
		self.assertEqual(process.stop(), 0)

	def test_a_process_that_is_counted_serves_alone(self):
		"""mod_fcgid's process manager names its sockets after itself."""
		process = self.inherit(socket.AF_UNIX, f"{self.directory}/{os.getpid()}.17", f"--counters-file={self.directory}/counters")
		self.assertEqual(children(process.pid), [])
		self.assertEqual(process.stop(), 0)

	def test_other_numbers_do_not_count(self):
		for name in (f"{os.getpid() + 1}.17", f"{os.getpid()}.", f"{os.getpid()}.sock", f"{os.getpid()}.1x", f"x{os.getpid()}.1"):
			with self.subTest(name):
				self.assertEqual(len(children(self.inherit(socket.AF_UNIX, f"{self.directory}/{name}").pid)), 1)

	@looks_into_processes
	def test_the_socket_leaves_descriptor_0(self):
		process = self.inherit(socket.AF_UNIX, str(self.path))
		for pid in (process.pid, *children(process.pid)):
			self.assertEqual(os.readlink(f"/proc/{pid}/fd/0"), "/dev/null")


class Surroundings(StartCase):
	def test_signals_that_were_blocked_or_ignored(self):
		service = self.service()
		service.start(starter=["env", "--ignore-signal=CHLD,HUP,TERM,ALRM", "--block-signal=CHLD,HUP,TERM,ALRM"])
		wait_until(service.serves, "the service")
		worker, = service.pool.workers()
		os.kill(worker, 9)
		wait_until(lambda: service.pool.workers() not in ([], [worker]) and service.serves(), "another worker")
		before = service.pool.workers()
		service.pool.reload()
		wait_until(lambda: service.pool.workers() not in ([], before), "new workers")
		self.assertEqual(service.pool.stop(), 0)

	def test_log_that_nobody_reads_any_more(self):
		service = self.service()
		pipe = self.directory / "log"
		os.mkfifo(pipe)
		reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
		service.start(starter=["sh", "-c", 'exec 2>"$0" && exec "$@"', pipe])
		os.close(reader)
		wait_until(service.serves, "the service")
		workers = service.pool.workers()
		service.pool.reload()
		wait_until(lambda: service.pool.workers() not in ([], workers), "new workers")
		self.assertTrue(service.serves())

	@looks_into_processes
	def test_descriptors(self):
		"""What was closed is open on nothing, what was left open is closed."""
		service = self.service()
		service.start(starter=["sh", "-c", 'exec 0<&- 1>&- 7</etc/passwd 9>>"$0" && exec "$@"', self.directory / "left-open"])
		wait_until(service.serves, "the service")
		for pid in (service.pool.process.pid, *service.pool.workers()):
			names = {int(name): os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
			self.assertEqual((names[0], names[1]), ("/dev/null", "/dev/null"))
			self.assertFalse({"/etc/passwd", str(self.directory / "left-open")} & set(names.values()))


class Privileges(StartCase):
	@unittest.skipIf(not ROOT, "root alone can change the user")
	def test_root_is_refused_unless_it_is_asked_for(self):
		self.refuses(2, "will not serve as root", f"--listen={self.path}")
		self.refuses(2, "there is no user nonexistent", f"--listen={self.path}", "--user=nonexistent")
		self.refuses(2, "there is no group nonexistent", f"--listen={self.path}", *AS_USER, "--group=nonexistent")
		self.assertFalse(self.path.exists())
		self.assertEqual(self.serving(self.path, f"--listen={self.path}", "--user=root").stop(), 0)

	@unittest.skipIf(not ROOT, "root alone can change the user")
	def test_it_becomes_the_user_with_the_group(self):
		group = grp.getgrnam("adm").gr_gid
		process = self.serving(self.path, f"--listen={self.path}", "--group=adm")
		for pid in (process.pid, *children(process.pid)):
			self.assertEqual(set(status_of(pid, "Uid").split()), {str(pwd.getpwnam(USER).pw_uid)})
			self.assertEqual(set(status_of(pid, "Gid").split()), {str(group)})
			self.assertEqual({int(one) for one in status_of(pid, "Groups").split()}, set(os.getgrouplist(USER, group)))
			self.assertEqual(int(status_of(pid, "CapEff"), 16) | int(status_of(pid, "CapPrm"), 16), 0)

	def test_no_new_privileges_and_no_core_files(self):
		process = self.serving(self.path, f"--listen={self.path}")
		for pid in (process.pid, *children(process.pid)):
			self.assertEqual(status_of(pid, "NoNewPrivs"), "1")
			limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
			self.assertRegex(limits, r"Max core file size +0 +0 ")
			self.assertEqual(pathlib.Path(f"/proc/{pid}/maps").stat().st_uid, 0, "those of a process that cannot be dumped are root's")

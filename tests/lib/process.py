# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Programs that a test starts, and what it needs to know of where it runs."""
import contextlib
import ctypes
import os
import pathlib
import pwd
import random
import shlex
import signal
import socket
import subprocess
import time
import unittest

SRCDIR = pathlib.Path(os.environ.get("SLA_SRCDIR", pathlib.Path(__file__).resolve().parents[2])).resolve()
BUILDDIR = pathlib.Path(os.environ.get("SLA_BUILDDIR", SRCDIR / "build")).resolve()
DAEMON = BUILDDIR / "src/livechat-sla"
SLACTL = BUILDDIR / "src/livechat-slactl"
# Put before the pool's command, as "valgrind --error-exitcode=99".
WRAPPER = shlex.split(os.environ.get("SLA_WRAPPER", ""))

# Debian keeps the servers out of an ordinary user's PATH.
os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)

# Who runs the programs when we are root; None: whoever we are.
USER = "www-data" if os.geteuid() == 0 else None

# For tests that look into processes of ours under /proc.
looks_into_processes = unittest.skipIf(USER is None, "what a process that cannot be dumped has is hidden from all but root")


def wait_until(condition, what, seconds=30.0):
	"""Polls until `condition()` is true and returns what it returned."""
	end = time.monotonic() + seconds
	while True:
		value = condition()
		if value:
			return value
		if time.monotonic() > end:
			raise TimeoutError(f"waited {seconds} s for {what}")
		time.sleep(0.01)


def free_port():
	"""Below the ports that the kernel gives to clients: any of those may be taken at the next moment."""
	least_of_clients = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
	while True:
		port = random.randrange(8000, max(least_of_clients, 9000))
		with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
			return port


def processes():
	"""(pid, state, parent, group) of each."""
	for entry in pathlib.Path("/proc").iterdir():
		if entry.name.isdigit():
			with contextlib.suppress(OSError):
				state, parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
				yield int(entry.name), state, int(parent), int(group)


def children(pid):
	"""Pids of the processes whose parent is `pid`."""
	return sorted(child for child, _, parent, _ in processes() if parent == pid)


def fields(pid):
	"""Of proc_pid_stat(5), from the third on."""
	return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def has_ended(pid):
	"""Whether it is gone, or nobody has asked yet how it ended."""
	try:
		return fields(pid)[0] == "Z"
	except OSError:
		return True


class Process:
	"""A program in the foreground, in a process group of its own, its output in DIRECTORY/NAME.log."""

	def __init__(self, name, command, directory, user=None, stdin=subprocess.DEVNULL, environment=()):
		self.name = name
		self.log = directory / f"{name}.log"
		self.popen = None
		with self.log.open("ab") as log:
			# After the change of user, which would clear the parent death signal.
			self.popen = subprocess.Popen([str(word) for word in command], stdin=stdin, stdout=log, stderr=log, cwd=directory,
			                              env={**os.environ, **dict(environment)}, start_new_session=True,
			                              preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
			                              **({} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}))

	@property
	def pid(self):
		return self.popen.pid

	def running(self):
		return self.popen.poll() is None

	def send(self, number):
		self.popen.send_signal(number)

	def wait(self, seconds=30):
		"""The exit status, as subprocess tells it."""
		return self.popen.wait(seconds)

	def stop(self, number=signal.SIGTERM, seconds=30):
		"""Ends it in its orderly way, waits for what it started too, and returns the exit status."""
		if self.running():
			self.send(number)
		try:
			wait_until(lambda: not self.group(), f"the end of all that {self.name} started", seconds)
			return self.wait(seconds)
		finally:
			self.kill()

	def group(self):
		"""Pids of it and what it started, while they live."""
		return [pid for pid, state, _, group in processes() if group == self.pid and state != "Z"]

	def kill(self):
		"""Ends it and what it started, at once."""
		with contextlib.suppress(ProcessLookupError):
			os.killpg(self.pid, signal.SIGKILL)
		self.popen.wait()

	def wait_for(self, condition, what, seconds=30):
		"""wait_until, but given up when the program has ended."""
		def check():
			if not self.running():
				raise RuntimeError(f"{self.name} ended with {self.popen.returncode}: {self.log.read_text(errors='replace')[-2000:]}")
			return condition()
		return wait_until(check, f"{self.name}: {what}", seconds)


def can_connect(path):
	with socket.socket(socket.AF_UNIX) as probe:
		try:
			probe.connect(str(path))
		except OSError:
			return False
		return True

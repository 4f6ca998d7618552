# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Debian systems in directories, each run in namespaces of its own: mounts, processes, network. Needs root."""
import contextlib
import ctypes
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys

from process import BUILDDIR, children, wait_until

# Where the archive of the smallest system is kept, from run to run if it is named.
CACHE = pathlib.Path(os.environ.get("SLA_PACKAGE_CACHE", BUILDDIR / "tests/package/cache"))
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
libc = ctypes.CDLL(None, use_errno=True)


def run(*command, **options):
	"""The finished process; what it wrote is in the exception if it fails."""
	result = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
	                        text=True, errors="replace", **options)
	if result.returncode != 0:
		raise RuntimeError(f"{' '.join(map(str, command))} ended with {result.returncode}:\n{result.stdout[-4000:]}")
	return result


def apt_sources():
	"""(address, suite) of what this host's own apt reads."""
	for file in (*pathlib.Path("/etc/apt").glob("sources.list"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")):
		text = re.sub(r"(?m)^\s*#.*\n?", "", file.read_text())
		for address, suite in re.findall(r"(?m)^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)", text):
			yield address, suite
		for paragraph in re.split(r"\n\s*\n", text):
			fields = dict(re.findall(r"(?m)^(\S+):\s*(.*)$", paragraph))
			for suite in fields.get("Suites", "").split():
				for address in fields.get("URIs", "").split():
					yield address, suite


def mirrors():
	"""suite -> address for the suite and its security updates, as this host has them."""
	return {SUITE: MIRROR, **{suite: address for address, suite in apt_sources() if suite in (SUITE, f"{SUITE}-security")}}


def unpack_base(root):
	"""The smallest Debian that can be had, from an archive that is made once."""
	archive = CACHE / f"{SUITE}.tar"
	if not archive.exists():
		CACHE.mkdir(parents=True, exist_ok=True)
		make_base(root)
		run("tar", "--create", "--one-file-system", "--numeric-owner", "-C", root, "-f", f"{archive}.new", ".")
		os.rename(f"{archive}.new", archive)
		return
	root.mkdir()
	run("tar", "--extract", "--numeric-owner", "-C", root, "-f", archive)


def make_base(directory):
	"""With apt, and starting no service at an installation."""
	run("debootstrap", "--variant=minbase", SUITE, directory, mirrors()[SUITE])
	(directory / "etc/apt/sources.list").write_text("".join(f"deb {address} {suite} main\n" for suite, address in mirrors().items()))
	(directory / "etc/apt/apt.conf.d/30tests").write_text('APT::Install-Recommends "false";\nAPT::Keep-Downloaded-Packages "true";\n')
	policy = directory / "usr/sbin/policy-rc.d"
	policy.write_text("#!/bin/sh\nexit 101\n")
	policy.chmod(0o755)


class Machine:
	"""One such system while it runs. Its network is its own, with nothing but a loopback interface, unless it shares the host's."""

	def __init__(self, root, network=False):
		self.root = root
		self.network = network
		self.init = None
		self.programs = []

	def __enter__(self):
		if self.network:
			shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
		command = ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", *([] if self.network else ["--net"]),
		           sys.executable, "-B", __file__, self.root]
		self.init = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
		if self.init.stdout.readline() != "ready\n":
			raise RuntimeError(f"no system in {self.root}: {self.init.wait()}")
		return self

	def __exit__(self, *_):
		"""The first process dies with its parent, and all others with the first."""
		pid = self.pid
		self.init.kill()
		self.init.wait()
		wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the end of a system")
		self.init.stdout.close()
		for program in self.programs:
			program.wait()

	@property
	def pid(self):
		"""That of its first process, as the host sees it."""
		return children(self.init.pid)[0]

	def enter(self, *command, user=None):
		"""The command that runs `command` in there."""
		spaces = ["--mount", "--pid", "--ipc", "--uts", *([] if self.network else ["--net"]), "--root", "--wd"]
		become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
		return ["nsenter", f"--target={self.pid}", *spaces, "env", "-i", *(f"{key}={value}" for key, value in self.environment().items()),
		        *become, *map(str, command)]

	def environment(self):
		proxies = {key: value for key, value in os.environ.items() if key.lower().endswith("_proxy")} if self.network else {}
		return {**ENVIRONMENT, **proxies}

	def run(self, *command, user=None):
		"""What the command printed."""
		return run(*self.enter(*command, user=user)).stdout

	def apt(self, *arguments):
		return self.run("apt-get", "-qq", "--yes", *arguments)

	def start(self, *command, user=None, stdin=subprocess.DEVNULL, log=None):
		"""A program that goes on; end it with stop()."""
		with open(log or os.devnull, "ab") as output:
			program = subprocess.Popen(self.enter(*command, user=user), stdin=stdin, stdout=output, stderr=output)
		self.programs.append(program)
		return program

	def stop(self, program):
		"""Ends it in its orderly way; its status."""
		for pid in children(program.pid):
			os.kill(pid, signal.SIGTERM)
		return program.wait(60)

	@contextlib.contextmanager
	def inside_network(self):
		"""Sockets that are made meanwhile belong to the machine's network."""
		with open("/proc/thread-self/ns/net") as ours, open(f"/proc/{self.pid}/ns/net") as theirs:
			enter_network(theirs)
			try:
				yield
			finally:
				enter_network(ours)

	def files(self):
		"""Every path, but for those of the kernel."""
		found = run("find", self.root, "-xdev", "-mindepth", "1", "-printf", "/%P\n").stdout.splitlines()
		return {path for path in found if not path.startswith(("/proc/", "/dev/", "/sys/"))}

	def group_id(self, name):
		return int(re.search(rf"(?m)^{re.escape(name)}:[^:]*:(\d+):", (self.root / "etc/group").read_text())[1])


def enter_network(file):
	if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
		raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def copied(template, root, network=False):
	"""A running copy of a system, which is removed at the end."""
	run("cp", "-a", "--reflink=auto", template, root)
	try:
		with Machine(root, network) as machine:
			yield machine
	finally:
		shutil.rmtree(root)


def first_process(root):
	"""What a system has instead of an init: brings the loopback interface up, mounts what programs need and reaps orphans, until it is killed."""
	with socket.socket() as any_socket:
		fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
	run("mount", "-t", "proc", "proc", f"{root}/proc")
	os.makedirs(f"{root}/dev/pts", exist_ok=True)
	run("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", f"{root}/dev/pts")
	os.makedirs(f"{root}/dev/shm", exist_ok=True)
	run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", f"{root}/dev/shm")
	signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
	os.chroot(root)
	os.chdir("/")
	print("ready", flush=True)
	while True:
		signal.sigwait([signal.SIGCHLD])
		with contextlib.suppress(ChildProcessError):
			while os.waitpid(-1, os.WNOHANG)[0] != 0:
				pass


if __name__ == "__main__":
	first_process(sys.argv[1])

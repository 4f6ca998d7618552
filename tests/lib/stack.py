# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""A throw-away database, pool and web server for one test program; all of it ends with the program."""
import atexit
import collections
import contextlib
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile

import tap
from database import Database
from fronts import Lighttpd
from process import BUILDDIR, DAEMON, SLACTL, SRCDIR, USER, WRAPPER, Process, can_connect, children, processes, wait_until

# How a line of a report begins: valgrind's, a sanitizer's.
REPORT = re.compile(r"==\d+==|.*runtime error:|SUMMARY: ")


def private_memory(pid):
	"""KiB that the process has to itself."""
	text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
	return sum(int(size) for size in re.findall(r"^Private_\w+: +(\d+) kB", text, re.MULTILINE))


def instrumented():
	"""Whether valgrind or a sanitizer runs the program; it keeps what is freed, so that memory grows."""
	return bool(WRAPPER) or b"__asan_init" in DAEMON.read_bytes()


class Pool:
	"""livechat-sla with a configuration file of its own, listening on a unix socket."""

	def __init__(self, directory, client, keys):
		"""`keys` are configuration keys with _ for -."""
		self.directory = directory
		self.home = directory / "livechat-sla"
		self.socket = self.home / "fcgi.sock"
		self.file = self.home / "livechat-sla.conf"
		self.log = directory / "pool.log"
		self.client = client
		self.accounts = {}  # further groups of the file, for livechat-slactl
		self.keys = {"listen": self.socket, "counters-file": self.home / "counters", "log-level": "debug", "rate-limit": "off", "workers": 4,
		             **({"user": USER} if USER else {})}
		self.set(**keys)
		self.process = None

	def set(self, **keys):
		self.keys.update({key.replace("_", "-"): value for key, value in keys.items()})

	def write_configuration(self):
		groups = {"livechat-sla": self.keys, "client-livechat-sla": self.client, **self.accounts}
		text = "".join(f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for group, keys in groups.items())
		new = self.file.with_suffix(".new")
		self.home.mkdir(exist_ok=True)
		new.touch(mode=0o600)
		new.write_text(text)
		if USER:
			shutil.chown(self.home, USER)
			shutil.chown(new, USER)
		new.rename(self.file)  # whole at every moment: a worker may read it at any

	def start(self, options=(), starter=(), **more):
		"""`starter` is a command that runs ours; `more` goes to Process."""
		self.write_configuration()
		self.process = Process("pool", [*starter, *WRAPPER, DAEMON, f"--config={self.file}", *options], self.directory, **more)
		self.process.wait_for(lambda: can_connect(self.socket), "its socket", 60)

	def stop(self):
		return self.process.stop()

	def kill(self):
		self.process.kill()

	def reload(self, **keys):
		"""Changes keys and tells the master; the caller waits for what it wants to see."""
		self.set(**keys)
		self.write_configuration()
		self.process.send(signal.SIGHUP)

	def workers(self):
		return children(self.process.pid)


class SpawnedPool(Pool):
	"""The same, started and ended by the web server, which has its log."""

	def __init__(self, directory, client, keys, web):
		super().__init__(directory, client, keys)
		self.log = directory / web.SERVICE_LOG
		self.web = web

	def start(self):
		self.write_configuration()

	def stop(self):
		return 0

	def reload(self, **keys):
		"""The web server starts other processes with the new configuration."""
		self.set(**keys)
		self.write_configuration()
		self.web.reload()

	def workers(self):
		return sorted(self.parents())

	def parents(self):
		"""pid -> parent of each process of the service."""
		found = {}
		for pid, _, parent, group in processes():
			with contextlib.suppress(OSError):
				if group == self.web.process.pid and pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(bytes(self.web.program)):
					found[pid] = parent
		return found


class Answer(collections.namedtuple("Answer", "status reason headers body")):
	"""`headers` is a list of (name, value) as they came."""

	def header(self, name):
		"""The only header of this name, None if there is none."""
		values = [value for key, value in self.headers if key.lower() == name.lower()]
		assert len(values) <= 1, f"{name} came {len(values)} times"
		return values[0] if values else None

	def json(self):
		return json.loads(self.body)


Credentials = collections.namedtuple("Credentials", "user_id token")


class Site:
	"""A directory and the programs in it; used as a context manager, or ended by finish() or close()."""

	def __init__(self):
		self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sla-", dir="/tmp"))
		self.parts = ()  # the programs, in the order in which they are to end
		atexit.register(self.close)
		tap.diagnostics.append(self.logs)
		if USER:
			shutil.chown(self.directory, USER)

	def __enter__(self):
		return self.start()

	def __exit__(self, kind, *_):
		(self.finish if kind is None else self.close)()

	def logs(self):
		"""The end of each log."""
		text = ""
		for log in sorted(self.directory.glob("*.log")):
			lines = log.read_text(errors="replace").splitlines()
			text += f"--- {log.name}, the last of {len(lines)} lines\n" + "\n".join(lines[-15:]) + "\n"
		return text

	def finish(self):
		"""Ends everything in an orderly way and fails on what valgrind or a sanitizer found in a process that ended so."""
		status = self.pool.stop()
		log = self.pool.log.read_text(errors="replace")
		self.close()
		reports = [line for line in log.splitlines() if REPORT.match(line)]
		assert not reports, "\n".join(reports)
		assert status == 0, f"the pool ended with {status}"

	def close(self):
		"""Ends everything at once; the logs of a program with a failed test are kept in the build directory."""
		if not self.directory.exists():
			return
		for part in self.parts:
			if part.process is not None:
				part.kill()
		if tap.failures:
			kept = BUILDDIR / "tests/logs" / pathlib.Path(sys.argv[1]).stem / self.directory.name
			kept.mkdir(parents=True, exist_ok=True)
			for log in self.directory.glob("*.log"):
				shutil.copyfile(log, kept / log.name)
			print(f"# logs are kept in {kept}")
		shutil.rmtree(self.directory)
		tap.diagnostics.remove(self.logs)


class Stack(Site):
	"""Database, pool and web server, with an administrator."""

	front = Lighttpd  # the web server unless another is named

	def __init__(self, front=None, database=None, **keys):
		"""`front` is a class of fronts.py, `database` one that is not its own, `keys` are configuration keys with _ for -."""
		super().__init__()
		self.database = database or Database(self.directory)
		self.client, self.administrator, self.owner = map(self.account, ("livechat-sla", "livechat-slactl", "livechat-owner"))
		self.web = (front or self.front)(self.directory)
		if self.web.SPAWNS:
			self.pool = SpawnedPool(self.directory, self.client, keys, self.web)
		else:
			self.pool = Pool(self.directory, self.client, keys)
		self.pool.accounts = {"client-livechat-slactl": self.administrator, "client-livechat-owner": self.owner}
		self.parts = self.web, self.pool, self.database
		self.admin = None
		# Tests add theirs; no log may have one of them.
		self.secrets = [one["password"] for one in (self.client, self.administrator, self.owner)]

	def start(self):
		"""Everything, to the point where it serves."""
		self.start_database()
		self.pool.start()
		self.web.start()
		wait_until(lambda: self.request("GET", "/api/v1/").status == 404, "the service")
		return self

	def finish(self):
		self.web.stop()
		leaks = self.leaks()
		super().finish()
		assert not leaks, f"secrets are in {leaks}"

	def leaks(self):
		"""Names of the logs that have a secret in them."""
		logs = {log.name: log.read_bytes() for log in self.directory.glob("*.log")}
		return [name for name, text in logs.items() if any(secret.encode() in text for secret in self.secrets)]

	def account(self, user):
		return {**self.database.address(), "user": user, "password": secrets.token_urlsafe(16), "database": "livechat_sla"}

	def start_database(self):
		"""With the tables made by one account, filled by livechat-slactl with another, and served with a third: each has the rights it needs
		and no more."""
		self.database.start()
		self.database.sql("CREATE DATABASE livechat_sla CHARACTER SET utf8mb4", database="mysql")
		for account in (self.client, self.administrator, self.owner):
			self.database.create_account(account)
		self.database.sql("GRANT ALL ON livechat_sla.* TO 'livechat-owner'@'localhost'")
		self.pool.write_configuration()
		self.slactl("db", "init", f"--sql-dir={SRCDIR / 'sql'}", "--group=client-livechat-owner")
		self.database.sql(self.slactl("db", "grants", "livechat-sla@localhost").stdout)
		self.database.sql(self.slactl("db", "grants", "livechat-slactl@localhost", "--administrator").stdout)
		self.admin = self.add_user("administrator", "admin")

	def slactl(self, *arguments, check=True):
		"""Runs livechat-slactl and returns the finished process."""
		result = subprocess.run([SLACTL, f"--config={self.pool.file}", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
		if check and result.returncode != 0:
			raise RuntimeError(f"livechat-slactl {' '.join(arguments)}: {result.stderr}")
		return result

	def add_user(self, name, *roles):
		"""A user with a token."""
		self.slactl("user", "add", name, *(f"--role={role}" for role in roles))
		return self.issue_token(name)

	def issue_token(self, name):
		text = self.slactl("token", "issue", name).stdout
		credentials = Credentials(re.search(r"\b[2-9A-HJ-NP-Za-km-z]{17}\b", text)[0], re.search(r"(?<![\w-])[\w-]{43}(?![\w-])", text)[0])
		self.secrets.append(credentials.token)
		return credentials

	def request(self, method, path, body=None, headers=(), credentials=None, seconds=60, source=None):
		"""One HTTP request on a connection of its own. `body` may be bytes, text or what json.dumps takes; anything but bytes is sent
		as JSON with its media type unless `headers` has one. `source` is an address to call from; to bind one takes a port that no other
		connection has, waiting ones counted in, so that it is for a few requests."""
		headers = dict(headers)
		if body is not None and not isinstance(body, bytes):
			body = (body if isinstance(body, str) else json.dumps(body)).encode()
			headers.setdefault("Content-Type", "application/json")
		if credentials is not None:
			headers.update({"X-User-Id": credentials.user_id, "X-Auth-Token": credentials.token})
		connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=seconds, source_address=source and (source, 0))
		try:
			connection.request(method, path, body, headers)
			response = connection.getresponse()
			return Answer(response.status, response.reason, response.getheaders(), response.read())
		finally:
			connection.close()

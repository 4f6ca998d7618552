# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""A throw-away database, pool and web server for one test program; all of it ends with the program."""
import atexit
import collections
import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import pathlib
import pwd
import random
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import tap

SRCDIR = pathlib.Path(os.environ.get("SLA_SRCDIR", pathlib.Path(__file__).resolve().parents[2])).resolve()
BUILDDIR = pathlib.Path(os.environ.get("SLA_BUILDDIR", SRCDIR / "build")).resolve()
DAEMON = BUILDDIR / "src/livechat-sla"
SLACTL = BUILDDIR / "src/livechat-slactl"
# Put before the pool's command, as "valgrind --error-exitcode=99".
WRAPPER = shlex.split(os.environ.get("SLA_WRAPPER", ""))

# How a line of a report begins: valgrind's, a sanitizer's.
REPORT = re.compile(r"==\d+==|.*runtime error:|SUMMARY: ")

# Debian keeps the servers out of an ordinary user's PATH.
os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


# Who runs the programs when we are root; None: whoever we are.
USER = "www-data" if os.geteuid() == 0 else None


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


def children(pid):
	"""Pids of the processes whose parent is `pid`."""
	found = []
	for entry in pathlib.Path("/proc").iterdir():
		if entry.name.isdigit():
			with contextlib.suppress(OSError):
				stat = (entry / "stat").read_text()
				if int(stat.rpartition(")")[2].split()[1]) == pid:
					found.append(int(entry.name))
	return sorted(found)


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
		"""Ends it in its orderly way and returns the exit status."""
		if self.running():
			self.send(number)
		try:
			return self.wait(seconds)
		finally:
			self.kill()

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


class Database:
	"""A MariaDB of our own: a data directory and a unix socket, no network."""

	OPTIONS = ("--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M", "--key-buffer-size=64K", "--aria-pagecache-buffer-size=1M",
	           "--performance-schema=OFF", "--skip-log-bin", "--skip-name-resolve", "--loose-innodb-use-native-aio=OFF")
	TEMPLATE = BUILDDIR / "tests/database-template"

	def __init__(self, directory):
		self.directory = directory
		self.data = directory / "data"
		self.socket = directory / "db.sock"
		self.process = None
		self.options = []
		self.copy_template()

	def copy_template(self):
		self.TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
		with open(f"{self.TEMPLATE}.lock", "w") as lock:
			fcntl.flock(lock, fcntl.LOCK_EX)
			if not self.TEMPLATE.exists():
				self.make_template()
		copy_tree(self.TEMPLATE, self.data)

	def make_template(self):
		"""Made in the short directory, which the database's user can reach whoever owns the build directory."""
		made, new = self.directory / "template", f"{self.TEMPLATE}.new"
		user = [f"--user={USER}"] if USER else []
		result = subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={made}", "--auth-root-authentication-method=normal",
		                         "--skip-test-db", "--force", *user, *self.OPTIONS], stdin=subprocess.DEVNULL,
		                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
		if result.returncode != 0:
			raise RuntimeError(f"mariadb-install-db: {result.stdout}")
		shutil.rmtree(new, ignore_errors=True)
		copy_tree(made, new)
		shutil.rmtree(made)
		os.rename(new, self.TEMPLATE)

	def start(self):
		self.process = Process("database", ["mariadbd", "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}",
		                                    f"--pid-file={self.directory / 'db.pid'}", f"--tmpdir={self.directory}", "--skip-networking",
		                                    *self.OPTIONS, *self.options], self.directory, USER)
		self.process.wait_for(lambda: can_connect(self.socket), "its socket")

	def stop(self):
		self.process.stop()

	def kill(self):
		self.process.kill()

	def pause(self):
		self.process.send(signal.SIGSTOP)

	def resume(self):
		self.process.send(signal.SIGCONT)

	def sql(self, text, database="livechat_sla"):
		"""Runs statements as root; rows as lists of strings, None for NULL."""
		result = subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names",
		                         "--default-character-set=utf8mb4", database], input=text, capture_output=True, encoding="utf-8")
		if result.returncode != 0:
			raise RuntimeError(f"SQL: {result.stderr}")
		return [[unescape(column) for column in line.split("\t")] for line in result.stdout.split("\n")[:-1]]


def unescape(column):
	if column == "NULL":
		return None
	return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t", "0": "\0"}.get(match[1], match[1]), column)


def copy_tree(source, target):
	"""With owners and modes."""
	subprocess.run(["cp", "-a", str(source), str(target)], check=True)


class Pool:
	"""livechat-sla with a configuration file of its own, listening on a unix socket."""

	def __init__(self, directory, client, keys):
		"""`keys` are configuration keys with _ for -."""
		self.directory = directory
		self.socket = directory / "fcgi.sock"
		self.file = directory / "livechat-sla.conf"
		self.client = client
		self.keys = {"listen": self.socket, "log-level": "debug", "rate-limit": "off", "workers": 4, **({"user": USER} if USER else {})}
		self.set(**keys)
		self.process = None

	def set(self, **keys):
		self.keys.update({key.replace("_", "-"): value for key, value in keys.items()})

	def write_configuration(self):
		groups = {"livechat-sla": self.keys, "client-livechat-sla": self.client}
		text = "".join(f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for group, keys in groups.items())
		self.file.touch(mode=0o600)
		self.file.write_text(text)
		if USER:
			shutil.chown(self.file, USER)

	def start(self, **more):
		"""`more` goes to Process."""
		self.write_configuration()
		self.process = Process("pool", [*WRAPPER, DAEMON, f"--config={self.file}"], self.directory, **more)
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


class Lighttpd:
	"""A lighttpd of our own on a free port of 127.0.0.1, before the pool's socket."""

	def __init__(self, directory, socket_path, prefix="/api/v1/"):
		self.directory = directory
		self.socket = socket_path
		self.prefix = prefix
		self.file = directory / "lighttpd.conf"
		self.port = None
		self.process = None

	def configuration(self):
		user = f'server.username = "{USER}"\n' if USER else ""
		return f"""{user}server.modules = ( "mod_fastcgi" )
server.document-root = "{self.directory}"
server.upload-dirs = ( "{self.directory}" )
server.bind = "127.0.0.1"
server.port = {self.port}
server.range-requests = "disable"
fastcgi.server = ( "{self.prefix}" => (( "socket" => "{self.socket}", "check-local" => "disable" )) )
"""

	def start(self):
		"""Somebody else may take the port that was free a moment ago."""
		for attempt in range(5):
			self.port = free_port()
			self.file.write_text(self.configuration())
			self.process = Process("lighttpd", ["lighttpd", "-D", "-f", self.file], self.directory)
			try:
				self.process.wait_for(self.listening, "its port")
				return
			except RuntimeError:
				if attempt == 4:
					raise

	def listening(self):
		with socket.socket() as probe:
			return probe.connect_ex(("127.0.0.1", self.port)) == 0

	def stop(self):
		self.process.stop()

	def kill(self):
		self.process.kill()


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
		log = self.pool.process.log.read_text(errors="replace")
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
			kept = BUILDDIR / "tests/logs" / pathlib.Path(sys.argv[1]).stem
			kept.mkdir(parents=True, exist_ok=True)
			for log in self.directory.glob("*.log"):
				shutil.copyfile(log, kept / log.name)
			print(f"# logs are kept in {kept}")
		shutil.rmtree(self.directory)
		tap.diagnostics.remove(self.logs)


class Stack(Site):
	"""Database, pool and web server, with an administrator."""

	def __init__(self, **keys):
		"""`keys` are configuration keys with _ for -."""
		super().__init__()
		self.database = Database(self.directory)
		self.client = {"socket": self.database.socket, "user": "livechat-sla", "password": secrets.token_urlsafe(16), "database": "livechat_sla"}
		self.pool = Pool(self.directory, self.client, keys)
		self.web = Lighttpd(self.directory, self.pool.socket)
		self.parts = self.web, self.pool, self.database
		self.admin = None

	def start(self):
		"""Everything, to the point where it serves."""
		self.start_database()
		self.pool.start()
		self.web.start()
		wait_until(lambda: self.request("GET", "/api/v1/").status == 404, "the service")
		return self

	def start_database(self):
		self.database.start()
		self.database.sql(f"""CREATE DATABASE livechat_sla CHARACTER SET utf8mb4;
			CREATE USER 'livechat-sla'@'localhost' IDENTIFIED BY '{self.client["password"]}';
			GRANT ALL ON livechat_sla.* TO 'livechat-sla'@'localhost';""", database="mysql")
		self.pool.write_configuration()
		self.slactl("db", "init", f"--sql-dir={SRCDIR / 'sql'}")
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
		return Credentials(re.search(r"\b[2-9A-HJ-NP-Za-km-z]{17}\b", text)[0], re.search(r"(?<![\w-])[\w-]{43}(?![\w-])", text)[0])

	def request(self, method, path, body=None, headers=(), credentials=None, seconds=60):
		"""One HTTP request on a connection of its own. `body` may be bytes, text or what json.dumps takes; anything but bytes is sent
		as JSON with its media type unless `headers` has one."""
		headers = dict(headers)
		if body is not None and not isinstance(body, bytes):
			body = (body if isinstance(body, str) else json.dumps(body)).encode()
			headers.setdefault("Content-Type", "application/json")
		if credentials is not None:
			headers.update({"X-User-Id": credentials.user_id, "X-Auth-Token": credentials.token})
		connection = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=seconds)
		try:
			connection.request(method, path, body, headers)
			response = connection.getresponse()
			return Answer(response.status, response.reason, response.getheaders(), response.read())
		finally:
			connection.close()

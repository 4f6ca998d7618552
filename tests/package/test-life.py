# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The Debian package from its installation to its purge, under each web server and with every answer about the database."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import tempfile
import unittest

from machine import Machine, copied, run, unpack_base
from process import BUILDDIR, can_connect, children, wait_until
from stack import Answer, Credentials

API = "/api/v1/livechat/sla"
POLICY = {"name": "Optimum", "description": "OPtimum SLA", "dueTimeInMinutes": 4}
UNAVAILABLE = b'{"success":false,"error":"error-service-unavailable"}'
PREVIOUS = "0.0.9-1"
DATABASE_SOCKET = "run/mysqld/mysqld.sock"
CONFIGURATION = "etc/livechat-sla/livechat-sla.conf"
PASSWORD_FILE = "etc/livechat-sla/database.cnf"
LIGHTTPD_LINK = "etc/lighttpd/conf-enabled/50-livechat-sla.conf"
RESULT = BUILDDIR / "tests/package/result"
WEB_SERVERS = ("apache2", "libapache2-mod-fcgid", "lighttpd", "nginx")

# What may be new after a purge.
STAYS = re.compile("|".join((
	r"/(run|tmp|var/log|var/lib/dpkg|var/cache/(apt|debconf))/",  # other programs' traces
	r"/var/lib/ucf/(hashfile|registry)\.\d$",
	r"/var/lib/mysql/(?!livechat_sla)",
	r"/var/lib/(nginx/|apache2/(fcgid/sock/|conf/(en|dis)abled_by_(admin|maint)$))",
	r"/var/cache/dbconfig-common/backups/",                       # dbconfig-common saves the database before an upgrade
	r"/var/tmp/livechat-sla\.livechat_sla\.",                     # and before it drops it
	r"/etc/lighttpd/conf-enabled/10-fastcgi\.conf$",              # lighttpd's helper enabled it; by now others may need it
)))

work = pathlib.Path(tempfile.mkdtemp(prefix="sla-", dir="/var/tmp"))


def setUpModule():
	"""A system with a database server, with all else that is needed at hand, and without network from then on."""
	unittest.addModuleCleanup(shutil.rmtree, work)
	root = work / "template"
	unpack_base(root)
	shutil.copy(next(RESULT.glob("livechat-sla_*.deb")), root / "root/livechat-sla.deb")
	with Machine(root, network=True) as machine:
		depends = machine.run("dpkg-deb", "--field", "/root/livechat-sla.deb", "Depends").strip()
		machine.apt("update")
		machine.apt("install", "mariadb-server")
		machine.apt("satisfy", depends)
		machine.apt("install", "--download-only", *WEB_SERVERS)
		machine.apt("install", "--download-only", "dbconfig-no-thanks")
		machine.run("sh", "-c", f"""cd /root && dpkg-deb --raw-extract livechat-sla.deb previous &&
			sed -i 's/^Version: .*/Version: {PREVIOUS}/' previous/DEBIAN/control &&
			dpkg-deb --root-owner-group --build previous previous.deb && rm -r previous""")


def unit_options(machine, name):
	"""Option -> values of one of the package's units."""
	options = {}
	for line in (machine.root / "lib/systemd/system" / name).read_text().splitlines():
		key, equals, value = line.partition("=")
		if equals and not line.startswith("#"):
			options.setdefault(key, []).append(value)
	return options


class Service:
	"""The daemon, started as systemd would by the units that are installed."""

	def __init__(self, machine):
		self.machine = machine
		self.program = None
		self.log = work / "service.log"

	def start(self):
		unit = unit_options(self.machine, "livechat-sla.service")
		command = unit["ExecStart"][0].split()
		for check in unit["ExecStartPre"]:
			self.machine.run(*check.split(), user=unit["User"][0])
		with self.listen() as listening, self.notifications() as notified:
			self.program = self.machine.start("env", "NOTIFY_SOCKET=/run/notify", *command, user=unit["User"][0], stdin=listening, log=self.log)
			notified.settimeout(60)
			while "READY=1" not in notified.recv(4096).decode().split("\n"):
				pass

	def listen(self):
		unit = unit_options(self.machine, "livechat-sla.socket")
		path = self.path(unit["ListenStream"][0])
		listening = self.bound(path, socket.SOCK_STREAM)
		os.chown(path, 0, self.machine.group_id(unit["SocketGroup"][0]))
		path.chmod(int(unit["SocketMode"][0], 8))
		listening.listen()
		return listening

	def notifications(self):
		path = self.path("/run/notify")
		receiving = self.bound(path, socket.SOCK_DGRAM)
		path.chmod(0o666)
		return receiving

	def path(self, inside):
		return self.machine.root / inside.lstrip("/")

	@staticmethod
	def bound(path, kind):
		path.parent.mkdir(exist_ok=True)
		path.unlink(missing_ok=True)
		bound = socket.socket(socket.AF_UNIX, kind)
		bound.bind(str(path))
		return bound

	def reload(self):
		for command in unit_options(self.machine, "livechat-sla.service")["ExecReload"]:
			if "$MAINPID" not in command:
				self.machine.run(*command.split())
		os.kill(children(self.program.pid)[0], signal.SIGHUP)

	def stop(self):
		return self.machine.stop(self.program)


class Front:
	"""A web server: its packages, and what README.Debian has an administrator do before and after the installation and the removal."""

	packages = ()
	spawns = False  # starts the program itself, by another configuration of the package

	def prepare(self, machine):
		pass

	def enable(self, machine):
		pass

	def disable(self, machine):
		pass

	def start(self, machine):
		raise NotImplementedError

	def reload(self, machine):
		raise NotImplementedError

	def enabled(self, machine):
		"""Whether the package's configuration is; nginx leaves that to the administrator."""
		return True


class Apache(Front):
	packages = ("apache2",)

	def prepare(self, machine):
		machine.run("a2enmod", "--quiet", "proxy_fcgi")

	def start(self, machine):
		machine.run("apache2ctl", "start")

	def reload(self, machine):
		machine.run("apache2ctl", "graceful")

	def enabled(self, machine):
		return re.search(r"(?m)^livechat-sla \(", machine.run("a2query", "-c")) is not None


class ApacheFcgid(Apache):
	packages = ("apache2", "libapache2-mod-fcgid")
	spawns = True

	def prepare(self, machine):
		pass

	def enable(self, machine):
		machine.run("chgrp", "www-data", f"/{PASSWORD_FILE}")
		machine.run("ln", "-s", "/usr/share/livechat-sla/apache2/livechat-sla-fcgid.conf", "/etc/apache2/conf-available/")
		machine.run("a2disconf", "--quiet", "livechat-sla")
		machine.run("a2enconf", "--quiet", "livechat-sla-fcgid")

	def disable(self, machine):
		machine.run("a2disconf", "--quiet", "livechat-sla-fcgid")
		machine.run("rm", "/etc/apache2/conf-available/livechat-sla-fcgid.conf", "/var/lib/apache2/conf/disabled_by_admin/livechat-sla-fcgid")


class Lighttpd(Front):
	packages = ("lighttpd",)
	program = None

	def start(self, machine):
		self.program = machine.start("lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf")

	def reload(self, machine):
		machine.stop(self.program)
		self.start(machine)

	def enabled(self, machine):
		return os.path.lexists(machine.root / LIGHTTPD_LINK)


class LighttpdSpawn(Lighttpd):
	spawns = True

	def enable(self, machine):
		machine.run("chgrp", "www-data", f"/{PASSWORD_FILE}")
		if self.enabled(machine):
			machine.run("lighty-disable-mod", "livechat-sla")
		machine.run("lighty-enable-mod", "livechat-sla-spawn")

	def disable(self, machine):
		machine.run("lighty-disable-mod", "livechat-sla-spawn")


class Nginx(Front):
	packages = ("nginx",)
	site = "etc/nginx/sites-available/default"
	line = "include snippets/livechat-sla.conf;\n"

	def edit_site(self, machine, old, new):
		site = machine.root / self.site
		site.write_text(site.read_text().replace(old, new, 1))

	def enable(self, machine):
		self.edit_site(machine, "server_name _;\n", f"server_name _;\n{self.line}")

	def disable(self, machine):
		self.edit_site(machine, self.line, "")

	def start(self, machine):
		machine.run("nginx")

	def reload(self, machine):
		machine.run("nginx", "-s", "reload")


class Case(unittest.TestCase):
	"""A system in which the package is tried."""

	def setUp(self):
		self.machine = self.enterContext(copied(work / "template", work / "machine"))
		self.service = Service(self.machine)
		self.database = None

	def start_database(self):
		self.machine.run("install", "-d", "-o", "mysql", "-g", "mysql", "/run/mysqld")
		self.database = self.machine.start("mariadbd", user="mysql")
		wait_until(lambda: can_connect(self.machine.root / DATABASE_SOCKET), "the database")

	def install(self, file="livechat-sla.deb"):
		return self.machine.apt("install", "-o", "Dpkg::Options::=--force-confold", f"/root/{file}")

	def answer(self, *settings):
		"""Tells debconf beforehand: (question, type, value)."""
		text = "".join(f"livechat-sla livechat-sla/{question} {kind} {value}\n" for question, kind, value in settings)
		(self.machine.root / "tmp/answers").write_text(text)
		self.machine.run("debconf-set-selections", "/tmp/answers")

	def request(self, method, path=API, body=None, credentials=None):
		headers = {"X-User-Id": credentials.user_id, "X-Auth-Token": credentials.token} if credentials else {}
		with contextlib.closing(http.client.HTTPConnection("127.0.0.1", 80, timeout=30)) as connection:
			with self.machine.inside_network():
				connection.connect()
			connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json", **headers})
			response = connection.getresponse()
			return Answer(response.status, response.reason, response.getheaders(), response.read())

	def wait_for(self, status, *arguments, **options):
		"""The first answer with this status; while programs start there are others, or none."""
		last = []

		def attempt():
			with contextlib.suppress(OSError):
				last[:] = [self.request(*arguments, **options)]
			return last and last[0].status == status
		try:
			wait_until(attempt, f"status {status}", 60)
		except TimeoutError:
			self.fail(f"{arguments} was not answered with {status}, at last {last}")
		return last[0]

	def make_administrator(self):
		self.machine.run("livechat-slactl", "user", "add", "anna", "--role", "admin")
		told = json.loads(self.machine.run("livechat-slactl", "token", "issue", "anna", "--json"))
		return Credentials(told["userId"], told["authToken"])

	def check_protected(self, group="livechat-sla"):
		status = (self.machine.root / PASSWORD_FILE).stat()
		self.assertEqual((status.st_uid, status.st_gid, status.st_mode & 0o7777), (0, self.machine.group_id(group), 0o640))

	def steps(self, *steps):
		"""Each is a test of its own, and the next makes sense only after it."""
		for step in steps:
			done = False
			with self.subTest(step.__name__):
				step()
				done = True
			if not done:
				break


class Life(Case):
	"""The same for every web server."""

	def live(self, front):
		self.front = front
		if front.packages:
			self.machine.apt("install", *front.packages)
		front.prepare(self.machine)
		self.start_database()
		self.before = self.machine.files()
		self.steps(self.installs, self.keeps_the_password, self.creates_a_policy, self.upgrades, self.has_the_policy_still,
		           self.removes, self.comes_back, self.purges)

	def test_apache_proxy(self):
		self.live(Apache())

	def test_apache_fcgid(self):
		self.live(ApacheFcgid())

	def test_lighttpd(self):
		self.live(Lighttpd())

	def test_lighttpd_spawn(self):
		self.live(LighttpdSpawn())

	def test_nginx(self):
		self.live(Nginx())

	def installs(self):
		self.install("previous.deb")
		self.check_protected()
		self.assertTrue(self.front.enabled(self.machine))
		self.machine.run("livechat-slactl", "db", "status")
		self.machine.run("livechat-sla", "--check-config")

	def keeps_the_password(self):
		"""It stands where the package and dbconfig-common keep it, and nobody else can read it."""
		password = re.search('(?m)^password = "(.{8,})"$', (self.machine.root / PASSWORD_FILE).read_text())[1]
		found = run("grep", "-rlF", "--exclude-dir=mysql", password, *(self.machine.root / name for name in ("etc", "run", "tmp", "var")))
		files = [pathlib.Path(line) for line in found.stdout.splitlines()]
		self.assertLessEqual({file.name.rpartition(":")[2] for file in files}, {"database.cnf", "livechat-sla.conf"})
		for file in files:
			self.assertEqual(file.stat().st_mode & 0o7, 0, file)

	def start_service(self):
		if not self.front.spawns:
			self.service.start()

	def creates_a_policy(self):
		self.front.enable(self.machine)
		self.start_service()
		self.front.start(self.machine)
		self.credentials = self.make_administrator()
		self.policy = self.wait_for(200, "POST", body=POLICY, credentials=self.credentials).json()["sla"]
		self.assertEqual(self.policy, {**POLICY, "_id": self.policy["_id"]})
		self.assertEqual(self.request("POST", body=POLICY, credentials=self.credentials).status, 400)
		self.assertEqual(self.request("GET").status, 401)

	def upgrades(self):
		"""What the administrator changed is as it was, and the database was saved."""
		configuration, password_file = self.machine.root / CONFIGURATION, self.machine.root / PASSWORD_FILE
		configuration.write_text(configuration.read_text().replace("#workers = 4", "workers = 2"))
		password_file.write_text(password_file.read_text() + "max-allowed-packet = 16777216\n")
		changed = configuration.read_text(), password_file.read_text()
		self.install()
		self.assertEqual((configuration.read_text(), password_file.read_text()), changed)
		self.check_protected("www-data" if self.front.spawns else "livechat-sla")
		self.assertNotEqual(self.front.enabled(self.machine), self.front.spawns)
		password_file.write_text(password_file.read_text().replace("max-allowed-packet = 16777216\n", ""))
		self.assertTrue(list((self.machine.root / "var/cache/dbconfig-common/backups").glob("livechat-sla_*")))
		self.machine.run("livechat-slactl", "db", "status")

	def has_the_policy_still(self):
		if not self.front.spawns:
			self.assertEqual(self.service.stop(), 0)
			self.service.start()
			self.service.reload()
		self.front.reload(self.machine)
		self.check_policy()

	def check_policy(self):
		answer = self.wait_for(200, "GET", f"{API}/{self.policy['_id']}", credentials=self.credentials)
		self.assertLessEqual(self.policy.items(), answer.json().items())

	def removes(self):
		"""The web server goes on without us; what is configured and stored stays."""
		if not self.front.spawns:
			self.assertEqual(self.service.stop(), 0)
		self.front.disable(self.machine)
		self.machine.apt("remove", "livechat-sla")
		self.front.reload(self.machine)
		self.wait_for(404, "GET")
		self.assertTrue((self.machine.root / PASSWORD_FILE).exists())

	def comes_back(self):
		self.install()
		self.front.enable(self.machine)
		self.start_service()
		self.front.reload(self.machine)
		self.check_policy()

	def purges(self):
		self.answer(("purge", "boolean", "true"))
		if not self.front.spawns:
			self.assertEqual(self.service.stop(), 0)
		self.front.disable(self.machine)
		self.machine.apt("purge", "livechat-sla")
		self.front.reload(self.machine)
		left = {path for path in self.machine.files() - self.before if not STAYS.match(path)}
		self.assertEqual(left, set())
		rights = self.machine.run("mariadb", "--skip-column-names", "--execute=SHOW DATABASES; SELECT db, user FROM mysql.db")
		self.assertNotIn("livechat", rights)


class Database(Case):
	"""What else may be said of the database."""

	def setUp(self):
		super().setUp()
		self.machine.apt("install", "lighttpd")
		self.lighttpd = Lighttpd()

	def serve(self):
		self.service.start()
		self.lighttpd.start(self.machine)

	def check_unavailable(self):
		answer = self.wait_for(503, "POST", body=POLICY, credentials=Credentials("A" * 17, "A" * 43))
		self.assertEqual(answer.body, UNAVAILABLE)

	def check_serves(self):
		self.wait_for(200, "POST", body=POLICY, credentials=self.make_administrator())

	def test_server_is_away(self):
		"""The installation succeeds, the service starts, and a reconfiguration makes it whole."""
		self.install()
		self.check_protected()
		self.serve()
		self.check_unavailable()
		self.start_database()
		self.answer(("dbconfig-reinstall", "boolean", "true"))
		self.machine.run("dpkg-reconfigure", "livechat-sla")
		self.service.reload()
		self.check_serves()

	def test_administrator_makes_it(self):
		"""Without dbconfig-common; what was filled in by hand is kept."""
		self.machine.apt("install", "dbconfig-no-thanks", "dbconfig-mysql-")
		self.start_database()
		self.install("previous.deb")
		self.check_protected()
		self.serve()
		self.check_unavailable()
		self.machine.run("mariadb", "-e", "CREATE DATABASE sla; GRANT ALL ON sla.* TO 'sla'@'localhost' IDENTIFIED BY 'word'")
		file = self.machine.root / PASSWORD_FILE
		text = "[client-livechat-sla]\nuser = sla\npassword = word\ndatabase = sla\n"
		file.write_text(text)
		self.machine.run("livechat-slactl", "db", "init")
		self.service.reload()
		self.check_serves()
		self.install()
		self.assertEqual(file.read_text(), text)
		self.check_protected()

	def test_password_of_odd_letters(self):
		password = "a'b\"c\\d#e;f$g`h%i"
		self.start_database()
		self.answer(*((f"{question}", "password", password) for question in ("mysql/app-pass", "app-password-confirm", "password-confirm")))
		self.install()
		self.assertIn(r"""password = "a'b\"c\\d#e;f$g`h%i""", (self.machine.root / PASSWORD_FILE).read_text())
		self.serve()
		self.check_serves()


class Units(Case):
	def test_systemd_finds_nothing_wrong(self):
		self.install()
		units = [f"/lib/systemd/system/livechat-sla.{kind}" for kind in ("socket", "service")]
		self.assertEqual(self.machine.run("systemd-analyze", "verify", "--man=no", *units), "")
		# 15 is 1.5 of its scale from 0 to 10.
		self.machine.run("systemd-analyze", "security", "--offline=true", "--threshold=15", units[1])


class Archive(unittest.TestCase):
	"""The tests that Debian's archive would run, as far as they need no machine of their own."""

	def test_autopkgtest(self):
		machine = self.enterContext(copied(work / "template", work / "machine", network=True))
		machine.apt("install", "autopkgtest", "dpkg-dev")
		source = machine.root / "root/source"
		source.mkdir()
		run("tar", "--extract", "-C", source, "--strip-components=1", "-f", next(RESULT.glob("*.orig.tar.gz")))
		run("tar", "--extract", "-C", source, "-f", next(RESULT.glob("*.debian.tar.xz")))
		command = "autopkgtest --no-built-binaries /root/livechat-sla.deb /root/source -- null; [ $? -le 2 ]"
		summary = machine.run("sh", "-c", command).rpartition("summary")[2]
		self.assertRegex(summary, r"(?m)^contract +PASS$")
		self.assertNotRegex(summary, "FAIL")

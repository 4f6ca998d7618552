# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""TLS to the database: who is answered with 200 over it, who is not spoken to, and that the password never goes over the line."""
import collections
import contextlib
import shutil
import socket
import ssl
import threading
import time
import unittest

import certificates
import proxy
from certificates import Authority
from database import VENDOR
from driver import Driver, Server
from fastcgi import API, Peer, request, until_available
from process import DAEMON, USER, free_port

if certificates.ABSENT:
	raise unittest.SkipTest(certificates.ABSENT)

PATH = f"{API}livechat/sla"
CAN_TLS = 0x0800  # a capability that a server tells of, the lower half of them
MYSQL_LIBRARY = b"libmysqlclient.so" in DAEMON.read_bytes()
# Of a way to log in that would tell the password; MySQL's library never loads it unless it is asked to.
REFUSED = "plugin not enabled" if MYSQL_LIBRARY else "asked for the password"
# Whatever else is wrong with a certificate.
UNTRUSTED = "certificate verify failed|CA certificate is required" if MYSQL_LIBRARY else "unable to get local issuer|self.signed certificate"
REMEDY = "see livechat-sla.conf(5), TLS to the database"


def setUpModule():
	global server, authority, stranger
	server = Server()
	directory = server.stack.directory
	authority, stranger = Authority(directory), Authority(directory, "stranger")
	authority.issue("right")
	authority.issue("misnamed", names="DNS:elsewhere.example.org,IP:192.0.2.1")
	authority.issue("expired", days=0)
	stranger.issue("foreign")
	Authority(directory, "self-signed")
	authority.issue("client", subject="/CN=livechat-sla")


def tearDownModule():
	server.close()


def of(name):
	return server.stack.directory / f"{name}.pem", server.stack.directory / f"{name}.key"


def options(text):
	"""An option file with these lines beside the account."""
	file = server.write_file("tls.conf")
	with file.open("a") as out:
		out.write(text + "\n")
	return file


class Encrypted(unittest.TestCase):
	"""The whole service with a MariaDB that has TLS, for an account that may log in no other way."""

	@classmethod
	def setUpClass(cls):
		cls.stack, cls.port = server.stack, free_port()
		cls.database = cls.stack.database
		cls.database.stop()
		cls.show("right")
		cls.database.options = [*VENDOR.TLS, "--skip-networking=0", "--bind-address=127.0.0.1", f"--port={cls.port}",
		                        *(f"--ssl-{key}={cls.stack.directory / 'shown'}.{ending}" for key, ending in (("cert", "pem"), ("key", "key"))),
		                        f"--ssl-ca={authority.certificate}"]
		cls.database.start()
		cls.database.sql(f"CREATE USER 'livechat-sla'@'127.0.0.1' IDENTIFIED BY '{cls.stack.client['password']}' REQUIRE SSL")
		cls.database.sql(cls.stack.slactl("db", "grants", "livechat-sla@127.0.0.1").stdout)
		cls.own = {key: value for key, value in cls.stack.client.items() if key != "socket"}

	@classmethod
	def tearDownClass(cls):
		cls.stack.pool.client = cls.stack.client

	@classmethod
	def show(cls, name):
		"""The server's certificate from now on."""
		for source, ending in zip(of(name), ("pem", "key")):
			shutil.copyfile(source, cls.stack.directory / f"shown.{ending}")
			if USER:
				shutil.chown(cls.stack.directory / f"shown.{ending}", USER)

	@contextlib.contextmanager
	def serving(self, **keys):
		"""With these keys for the client."""
		pool = self.stack.pool
		pool.client = {**self.own, "host": f"127.0.0.1:{self.port}", **{key.replace("_", "-"): value for key, value in keys.items()}}
		pool.start()
		try:
			yield
		finally:
			self.assertEqual(pool.stop(), 0)

	def ask(self):
		headers = {"X-User-Id": self.stack.admin.user_id, "X-Auth-Token": self.stack.admin.token}
		with Peer(self.stack.pool.socket) as peer:
			return peer.send(request("GET", PATH, headers=headers)).answer()

	def accept(self, **keys):
		with self.serving(**keys):
			self.assertEqual(until_available(self.ask).status, 200)

	def log(self):
		log = self.stack.pool.log
		return log.read_text(errors="replace") if log.exists() else ""

	def refuse(self, *reasons, **keys):
		"""Returns what is logged of it."""
		before = len(self.log())
		with self.serving(**keys):
			self.assertEqual(self.ask().status, 503)
		log = self.log()[before:]
		self.assertRegex(log, "|".join(reasons))
		self.assertNotIn(self.own["password"], log)
		return log

	def test_right_certificate(self):
		for keys in ({"ssl_ca": authority.certificate}, {"ssl_ca": authority.certificate, "ssl_verify_server_cert": 1}):
			with self.subTest(keys):
				self.accept(**keys)

	def test_certificate_that_is_not_verified(self):
		"""As the file says so, it is TLS all the same."""
		self.change("self-signed")
		self.accept(ssl_enforce=1, ssl_verify_server_cert=0)

	@unittest.skipIf(MYSQL_LIBRARY, "it uses TLS wherever there is some")
	def test_account_that_has_to_use_tls(self):
		self.refuse("error 1045")

	def test_certificate_of_the_client(self):
		certificate, key = of("client")
		self.database.sql("ALTER USER 'livechat-sla'@'127.0.0.1' REQUIRE SUBJECT '/CN=livechat-sla'")
		self.addCleanup(self.database.sql, "ALTER USER 'livechat-sla'@'127.0.0.1' REQUIRE SSL")
		self.accept(ssl_ca=authority.certificate, ssl_cert=certificate, ssl_key=key)
		self.refuse("error 1045", ssl_ca=authority.certificate)

	def change(self, name):
		"""Of the certificate, until the test ends."""
		def take(name):
			self.show(name)
			self.database.sql(VENDOR.RELOAD_TLS)
		take(name)
		self.addCleanup(take, "right")

	def test_wrong_certificates(self):
		"""MySQL's server itself takes no other wrong one than the first."""
		for name, *reasons in (("misnamed", "Validation of SSL server certificate failed"), ("foreign", "unable to get local issuer"),
		                       ("self-signed", "self.signed certificate"), ("expired", "certificate has expired"))[:VENDOR.WRONG_CERTIFICATES]:
			self.change(name)
			for keys in ({"ssl_ca": authority.certificate}, {"ssl_ca": authority.certificate, "ssl_verify_server_cert": 1},
			             {"ssl_verify_server_cert": 1}, {"ssl_mode": "REQUIRED"}):
				with self.subTest(f"{name} {sorted(keys)}"):
					log = self.refuse(*reasons, UNTRUSTED, **keys)
					self.assertIn("error 2026", log)
					self.assertIn(REMEDY, log)

	def test_lost_connection_is_replaced(self):
		"""The library has another error for it where there is TLS."""
		file = server.write_file("tls.conf", **{"ssl-ca": authority.certificate, "ssl-verify-server-cert": 1})
		self.database.sql(f"CREATE USER 'livechat-slactl'@'127.0.0.1' IDENTIFIED BY '{server.client['password']}' REQUIRE SSL")
		self.database.sql(self.stack.slactl("db", "grants", "livechat-slactl@127.0.0.1", "--administrator").stdout)
		with Driver(file, f"127.0.0.1:{self.port}") as driver:
			for command in (("echo",), ("add", *server.policy()[:1], "", server.policy()[1])):
				self.assertEqual(driver("echo").outcome, "DONE")
				for session, in self.database.sql("SELECT id FROM information_schema.processlist WHERE user = 'livechat-slactl'"):
					self.database.sql(f"KILL {session}")
				result = driver(*command)
				self.assertEqual(result.outcome, "DONE", driver.logged())
				self.assertLess(result.ms, 2000, "the host is not left alone for it")

	def test_file_that_is_not_there(self):
		for key in ("ssl_ca", "ssl_cert", "ssl_key", "ssl_crl"):
			with self.subTest(key):
				self.refuse("No such file|unable to get|error:|would do without TLS", **{"ssl_ca": authority.certificate, key: "/nonexistent.pem"})


Heard = collections.namedtuple("Heard", "plain encrypted last")


class Rogue:
	"""Whoever calls is asked for the password in clear. With a certificate it has TLS; `plain` and `encrypted` is what was sent before and
	after that, `last` what was sent when it was asked."""

	def __init__(self, certificate=None, way=b"mysql_clear_password"):
		self.certificate = certificate
		self.way = way
		self.listener = socket.create_server(("127.0.0.1", 0))
		self.host = f"127.0.0.1:{self.listener.getsockname()[1]}"
		self.heard = []
		self.thread = threading.Thread(target=self.accept)
		self.thread.start()

	def close(self):
		with contextlib.suppress(OSError):
			self.listener.shutdown(socket.SHUT_RDWR)
		self.listener.close()
		self.thread.join()

	def accept(self):
		with contextlib.suppress(OSError):
			while True:
				client, _ = self.listener.accept()
				heard = Heard(bytearray(), bytearray(), bytearray())
				self.heard.append(heard)
				with client, contextlib.suppress(OSError, proxy.Closed):
					client.settimeout(10)
					self.speak(client, heard)

	@staticmethod
	def greeting(tls):
		lower = 0xf7ff if not tls else 0xf7ff | CAN_TLS
		greeting = (b"\x0a10.11.0-MariaDB\0" + b"\1\0\0\0" + b"12345678\0" + lower.to_bytes(2, "little") + b"\x21\2\0" + b"\xff\x81\x15" +
		            b"\0" * 10 + b"123456789012\0" + b"mysql_native_password\0")
		return len(greeting).to_bytes(3, "little") + b"\0" + greeting

	def speak(self, client, heard):
		switch = b"\xfe" + self.way + b"\0" + b"12345678901234567890\0"
		client.sendall(self.greeting(self.certificate))
		header, payload = proxy.read_packet(client)
		heard.plain.extend(payload)
		if self.certificate:
			context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
			context.load_cert_chain(*self.certificate)
			client = context.wrap_socket(client, server_side=True)
			header, payload = proxy.read_packet(client)
			heard.encrypted.extend(payload)
		client.sendall(len(switch).to_bytes(3, "little") + bytes([header[3] + 1]) + switch)
		while data := client.recv(4096):
			(heard.encrypted if self.certificate else heard.plain).extend(data)
			heard.last.extend(data)


class Silent(Rogue):
	"""Says that it has TLS, and then nothing."""

	def speak(self, client, heard):
		client.sendall(self.greeting(True))
		while client.recv(4096):
			pass


class Dripping(Rogue):
	"""Says a byte again and again, so that no read takes long."""

	def speak(self, client, heard):
		for byte in self.greeting(False):
			client.sendall(bytes([byte]))
			time.sleep(0.5)


class Demanded(unittest.TestCase):
	"""A server, or somebody on the way to it, that says it has no TLS, and asks for the password."""
	SAYS_TLS = ("ssl", "ssl=1", "ssl = on", "ssl-mode=REQUIRED", "ssl_mode = VERIFY_CA", "ssl-mode=VERIFY_IDENTITY", "ssl-enforce=1",
	            "ssl-enforce", "ssl-ca={ca}", "ssl_ca = '{ca}'", "ssl-capath=/etc/ssl/certs", "ssl-cipher=TLS_AES_256_GCM_SHA384",
	            "tls-version=TLSv1.3", "ssl-crl={ca}", "ssl-verify-server-cert=1", "ssl_verify_server_cert=1",
	            "ssl-verify-server-cert = 1\nssl-ca={ca}", "ssl-ca={ca}\nskip-ssl", "[client]\nssl-ca={ca}", "[client-server]\nssl",
	            "[client-mariadb]\nssl-mode=REQUIRED", "SSL-CA={ca}", "[Client]\nssl-ca={ca}")
	MISTAKES = ("ssl-verify-server-cert", "ssl-verify-server-cert=on", "ssl_verify_server_cert = TRUE", "ssl-verify-server-cert=",
	            "ssl-verify-server-cert=yes", "ssl-ca={ca}\nssl-verify-server-cert=off", "[client]\nssl-verify-server-cert=on")
	SAYS_NONE = ("", "ssl=0", "skip-ssl", "ssl-mode=DISABLED", "ssl-mode=PREFERRED", "ssl-enforce=0", "ssl-verify-server-cert=0",
	             "[client-other]\nssl-ca={ca}", "[mysql]\nssl-ca={ca}", "#ssl-ca={ca}")

	def rogue(self, certificate=None, **more):
		rogue = Rogue(certificate, **more)
		self.addCleanup(rogue.close)
		return rogue

	def ask(self, rogue, text, environment=()):
		"""What the rogue heard, and the log."""
		file = options(text.format(ca=authority.certificate))
		count = len(rogue.heard)
		with Driver(file, rogue.host, 2000, environment) as driver:
			self.assertEqual(driver("open").outcome, "UNAVAILABLE")
			log = driver.logged()
		password = server.client["password"].encode()
		heard = rogue.heard[count:]
		for one in heard:
			self.assertNotIn(password, bytes(one.plain) + bytes(one.encrypted))
		self.assertRegex(log, r"^(driver\[\d+\]: [ -~]+\n)+$")
		self.assertNotIn(server.client["password"], log)
		return heard, log

	def test_server_without_tls(self):
		rogue = self.rogue()
		for text in self.SAYS_TLS:
			with self.subTest(text):
				heard, log = self.ask(rogue, text)
				self.assertTrue(heard or "would do without TLS" in log)
				self.assertEqual(b"".join(bytes(one.plain) for one in heard), b"", "not even the user's name")
				self.assertRegex(log, "error 2026")
				self.assertIn(REMEDY, log)

	def test_options_that_would_do_nothing(self):
		rogue = self.rogue()
		for text in self.MISTAKES:
			with self.subTest(text):
				heard, log = self.ask(rogue, text)
				self.assertEqual(heard, [], "nobody is called")
				self.assertIn("ssl-verify-server-cert must be 1 or 0", log)

	def test_tls_that_is_not_asked_for(self):
		"""The account is told, the password is not."""
		rogue = self.rogue()
		for text in self.SAYS_NONE:
			with self.subTest(text):
				heard, log = self.ask(rogue, text)
				self.assertIn(b"livechat-slactl", bytes(heard[0].plain))
				self.assertIn(REFUSED, log)

	@unittest.skipIf(MYSQL_LIBRARY, "it takes no key unless the program asks for one")
	def test_key_of_a_rogue(self):
		"""caching_sha2_password encrypts the password with a key that the server sends."""
		heard, log = self.ask(self.rogue(way=b"caching_sha2_password"), "")
		self.assertEqual(bytes(heard[0].last), b"")
		self.assertIn(REFUSED, log)

	def test_options_that_would_do_more_than_they_say(self):
		rogue = self.rogue()
		for text, reason in (("local-infile=1", "files of this host"), ("local_infile", "files of this host"), ("[client]\nlocal-infile = on", "files of"),
		                     ("Local-Infile=1", "files of"), ("[CLIENT]\nlocal-infile=1", "files of"), ("enable_cleartext_plugin", "to whoever asks"),
		                     ("connect-timeout=100", "database-timeout"), ("[client]\nread_timeout=1", "database-timeout"),
		                     ("write-timeout=9", "database-timeout"), ("timeout=9", "database-timeout"),
		                     ("!include /dev/null", "!include"), ("[client-other]\n!includedir /tmp", "!include"),
		                     ("[mysqld]\nskip-networking", "a line that is none")):
			with self.subTest(text):
				heard, log = self.ask(rogue, text)
				self.assertEqual(heard, [], "nobody is called")
				self.assertIn(reason, log)

	def test_rogue_with_a_certificate(self):
		for name, text, plain in (("foreign", "ssl-ca={ca}", False), ("self-signed", "ssl-verify-server-cert=1", False),
		                          ("misnamed", "ssl-ca={ca}", False), ("foreign", "ssl-enforce=1\nssl-verify-server-cert=0", True)):
			with self.subTest(f"{name} {text}"):
				heard, log = self.ask(self.rogue(of(name)), text)
				self.assertNotIn(b"livechat-slactl", bytes(heard[0].plain))
				self.assertEqual(b"livechat-slactl" in bytes(heard[0].encrypted), plain, "the account, to a server that is not verified")
				self.assertIn(REFUSED if plain else "error 2026", log)

	def test_server_that_is_not_worth_waiting_for(self):
		"""It would hold the worker for ever, or for as long as it has something to say: the greeting is 90 bytes."""
		for rogue, text in ((Silent(), f"ssl-ca={authority.certificate}"), (Dripping(), "")):
			self.addCleanup(rogue.close)
			with self.subTest(type(rogue).__name__), Driver(options(text), rogue.host, 1000) as driver:
				result = driver("open")
				self.assertEqual(result.outcome, "UNAVAILABLE", driver.logged())
				self.assertLess(result.ms, 5000)

	def test_environment(self):
		heard, _ = self.ask(self.rogue(), "", {"LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN": "1"})
		self.assertEqual(bytes(heard[0].last), b"")
		heard, _ = self.ask(self.rogue(), "[client_more]\nenable-cleartext-plugin=1", {"MYSQL_GROUP_SUFFIX": "_more"})
		self.assertEqual(bytes(heard[0].last), b"")

	def test_tls_with_any_server_needs_tls(self):
		"""Without verification the library has told the account's name before it is known that there is no TLS; the password it has not."""
		bare = proxy.Proxy(server.database.socket)
		self.addCleanup(bare.close)
		with Driver(options("ssl-enforce=1\nssl-verify-server-cert=0"), bare.host, 2000) as driver:
			self.assertEqual(driver("open").outcome, "UNAVAILABLE")
			self.assertIn("the server doesn't support it" if MYSQL_LIBRARY else "the server has no TLS", driver.logged())
		self.assertEqual(bare.commands, [], "nothing is said over it")

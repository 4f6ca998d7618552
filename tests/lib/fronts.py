# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The web servers before the service, each with a configuration of its own around the snippet that is shipped."""
import pathlib
import re
import shutil
import signal
import socket
import unittest

from process import DAEMON, SRCDIR, USER, Process, free_port

ERRORS = (400, 401, 403, 404, 405, 413, 415, 429, 500, 503)


class Front:
	"""A web server of our own on a free port of 127.0.0.1. The snippet finds everything in the stack's directory. The administrator has
	error pages, which are not for our answers."""

	NAME = None  # of the program and its log
	FILES = ()  # what it needs beside the program
	SNIPPET = None  # below conf/
	SPAWNS = False  # it starts the service itself
	SERVICE_LOG = None  # a file in the directory, in which that then logs
	REFUSED = "%00"  # in a path: it refuses that by itself
	RELOAD = signal.SIGUSR1

	def __init__(self, directory):
		missing = [str(file) for file in (self.NAME, *self.FILES) if shutil.which(file) is None and not pathlib.Path(file).exists()]
		if missing:
			raise unittest.SkipTest(f"not installed: {', '.join(missing)}")
		self.directory = directory
		self.file = directory / f"{self.NAME}.conf"
		self.program = directory / "sbin/livechat-sla"  # what it starts
		self.port = None
		self.process = None

	def command(self):
		raise NotImplementedError

	def configuration(self):
		raise NotImplementedError

	def snippet(self):
		"""The shipped file, made as `make` makes it."""
		directories = {"runstatedir": self.directory, "sysconfdir": self.directory, "sbindir": self.program.parent}
		text = re.sub("@(\\w+)@", lambda match: str(directories[match[1]]), (SRCDIR / f"conf/{self.SNIPPET}.in").read_text())
		file = self.directory / pathlib.Path(self.SNIPPET).name
		file.write_text(text)
		return file

	def prepare(self):
		"""What must be there before the start. Whoever runs the web server may not reach the build directory."""
		for name in ("htdocs", "lighttpd", "sbin"):
			(self.directory / name).mkdir(exist_ok=True)
		for status in ERRORS:
			(self.directory / f"htdocs/error-{status}.html").write_text("the administrator's page")
		if USER:
			shutil.chown(self.directory / "lighttpd", USER)
		if self.SPAWNS:
			shutil.copy(DAEMON, self.program)

	def start(self):
		"""Somebody else may take the port that was free a moment ago."""
		self.prepare()
		for attempt in range(5):
			self.port = free_port()
			self.file.write_text(self.configuration())
			self.process = Process(self.NAME, self.command(), self.directory)
			try:
				self.process.wait_for(self.listening, "its port")
				return
			except RuntimeError:
				if attempt == 4:
					raise

	def listening(self):
		with socket.socket() as probe:
			return probe.connect_ex(("127.0.0.1", self.port)) == 0

	def reload(self):
		self.process.send(self.RELOAD)

	def stop(self):
		self.process.stop()

	def kill(self):
		self.process.kill()


class Lighttpd(Front):
	NAME = "lighttpd"
	SNIPPET = "lighttpd/50-livechat-sla.conf"

	def command(self):
		return ["lighttpd", "-D", "-f", self.file]

	def configuration(self):
		user = f'server.username = "{USER}"\n' if USER else ""
		return f"""{user}server.modules = ( "mod_fastcgi" )
server.document-root = "{self.directory}/htdocs"
server.upload-dirs = ( "{self.directory}" )
server.bind = "127.0.0.1"
server.port = {self.port}
server.errorfile-prefix = "{self.directory}/htdocs/error-"
server.error-handler-404 = "/error-404.html"
include "{self.snippet()}"
"""


class LighttpdSpawn(Lighttpd):
	SNIPPET = "lighttpd/50-livechat-sla-spawn.conf"
	SPAWNS = True
	SERVICE_LOG = "lighttpd.log"


class Apache(Front):
	NAME = "apache2"
	REFUSED = "%00|%2F"
	DIRECTORY = "/usr/lib/apache2/modules"
	MODULES = ()
	MORE = ""

	def command(self):
		return ["apache2", "-D", "FOREGROUND", "-f", self.file]

	def configuration(self):
		user = f"User {USER}\nGroup {USER}\n" if USER else ""
		modules = "".join(f"LoadModule {module}_module {self.DIRECTORY}/mod_{module}.so\n"
		                  for module in ("mpm_event", "authz_core", "env", *self.MODULES))
		pages = "".join(f"ErrorDocument {status} /error-{status}.html\n" for status in ERRORS)
		return f"""{modules}{user}ServerRoot "{self.directory}"
ServerName 127.0.0.1
Listen 127.0.0.1:{self.port}
DefaultRuntimeDir "{self.directory}"
PidFile "{self.directory}/apache2.pid"
ErrorLog "{self.directory}/apache2-error.log"
DocumentRoot "{self.directory}/htdocs"
{pages}{self.MORE.format(directory=self.directory)}
Include "{self.snippet()}"
"""


class ApacheProxy(Apache):
	SNIPPET = "apache2/livechat-sla.conf"
	MODULES = ("proxy", "proxy_fcgi")
	FILES = (f"{Apache.DIRECTORY}/mod_proxy_fcgi.so",)
	MORE = "ProxyErrorOverride On"


class ApacheFcgid(Apache):
	SNIPPET = "apache2/livechat-sla-fcgid.conf"
	SPAWNS = True
	SERVICE_LOG = "apache2-error.log"
	MODULES = ("fcgid",)
	FILES = (f"{Apache.DIRECTORY}/mod_fcgid.so",)
	MORE = 'FcgidIPCDir "{directory}/fcgid"\nFcgidProcessTableFile "{directory}/fcgid-table"'


class Nginx(Front):
	NAME = "nginx"
	SNIPPET = "nginx/livechat-sla.conf"
	FILES = ("/etc/nginx/fastcgi_params",)
	RELOAD = signal.SIGHUP

	def prepare(self):
		super().prepare()
		shutil.copy(self.FILES[0], self.directory)

	def command(self):
		return ["nginx", "-c", self.file, "-e", self.directory / "nginx-error.log"]

	def configuration(self):
		user = f"user {USER};\n" if USER else ""
		places = "".join(f"\t{kind}_temp_path {self.directory}/nginx-{kind};\n"
		                 for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
		pages = "".join(f"\terror_page {status} /error-{status}.html;\n" for status in ERRORS)
		return f"""{user}daemon off;
worker_processes 2;
pid {self.directory}/nginx.pid;
error_log {self.directory}/nginx-error.log;
events {{
}}
http {{
	access_log off;
{pages}{places}	fastcgi_intercept_errors on;
	server {{
		listen 127.0.0.1:{self.port};
		root {self.directory}/htdocs;
		include {self.snippet()};
	}}
}}
"""

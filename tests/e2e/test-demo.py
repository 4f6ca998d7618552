# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""./demo as a new user meets it."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

from process import SRCDIR, free_port, wait_until

STARTED = "serves on http://127.0.0.1:"


class Demo:
	"""A demo that runs; ended with the block."""

	def __init__(self, directory, *options, port=None):
		self.port = port or free_port()
		self.output = pathlib.Path(f"{directory}.out")
		self.started = time.monotonic()
		with self.output.open("w") as output:
			self.popen = subprocess.Popen([SRCDIR / "demo", f"--port={self.port}", "--dir", directory, *options], stdin=subprocess.DEVNULL,
			                              stdout=output, stderr=output, start_new_session=True, preexec_fn=self.listen_to_interrupts)

	@staticmethod
	def listen_to_interrupts():
		"""As at a terminal: a shell can not trap what was ignored when it began, as in a job in the background."""
		signal.signal(signal.SIGINT, signal.SIG_DFL)

	def __enter__(self):
		wait_until(lambda: self.popen.poll() is not None or STARTED in self.text(), "the demo", 60)
		self.seconds = time.monotonic() - self.started
		assert self.popen.poll() is None, self.text()
		return self

	def __exit__(self, *_):
		self.stop()

	def text(self):
		return self.output.read_text()

	def stop(self, number=signal.SIGINT):
		"""As Ctrl-C does: a signal to the whole group of the terminal."""
		if self.popen.poll() is None:
			os.killpg(self.popen.pid, number)
		return self.popen.wait(30)

	def command(self):
		return re.search(r"^curl .*?^     -d .*?$", self.text(), re.MULTILINE | re.DOTALL)[0].replace("curl ", "curl --silent ")

	def create(self):
		return subprocess.run(["sh", "-c", self.command()], capture_output=True, text=True, check=True).stdout

	def list_part(self, credentials):
		"""The status of an answer of which a part is asked for."""
		user, token = re.findall("=(.*)", credentials)
		headers = {"X-User-Id": user, "X-Auth-Token": token, "Range": "bytes=0-4"}
		request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1/livechat/sla", headers=headers)
		with urllib.request.urlopen(request, timeout=30) as answer:
			return answer.status


def processes_of(directory):
	"""Command lines that name the directory."""
	found = []
	for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
		with contextlib.suppress(OSError):
			line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
			if str(directory) in line:
				found.append(line)
	return found


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class DemoTest(unittest.TestCase):
	def setUp(self):
		self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sla-demo-test-", dir="/tmp"))
		self.addCleanup(shutil.rmtree, self.directory)

	def test_first_run_and_second(self):
		data = self.directory / "data"
		with Demo(data) as demo:
			created = demo.create()
			self.assertRegex(created, r'^{"sla":{"name":"Optimum","description":"OPtimum SLA","dueTimeInMinutes":4,"_id":"[0-9a-f]{24}"},"success":true}$')
			self.assertEqual((data / "credentials").stat().st_mode & 0o777, 0o600)
			credentials = (data / "credentials").read_text()
			self.assertRegex(credentials, r"\ASLA_USER=\w{17}\nSLA_TOKEN=[\w-]{43}\n\Z")
			self.assertEqual(demo.list_part(credentials), 200, "a part of an answer is no JSON")
			token = credentials.split("SLA_TOKEN=")[1].strip()
			self.assertEqual([line for line in processes_of(token)], [], "the token is no argument")
			for log in (data / "log").iterdir():
				self.assertNotIn(token, log.read_text(errors="replace"))
			self.assertEqual(demo.stop(), 0)
		self.assertEqual(processes_of(self.directory), [], "everything has ended")
		with Demo(data) as demo:
			self.assertLess(demo.seconds, 10 if "valgrind" not in os.environ.get("SLA_WRAPPER", "") else 60)
			self.assertEqual(demo.create(), '{"success":false,"error":"error-duplicated-sla"}', "the data are kept")
			self.assertEqual((data / "credentials").read_text(), credentials)
			self.assertEqual(demo.stop(signal.SIGTERM), 0)
		self.assertEqual(processes_of(self.directory), [])

	def test_two_at_once_in_awkward_places(self):
		spaces = self.directory / "a directory with 'quotes' and spaces"
		deep = self.directory / ("deep" * 20) / ("deeper" * 20)
		with Demo(self.directory / "one", "--workers", "1") as one:
			spaces.mkdir()
			deep.mkdir(parents=True)
			for data in (spaces / "data", deep / "data"):
				with self.subTest(data.name), Demo(data) as two:
					self.assertIn('"success":true', two.create())
			self.assertIn('"success":true', one.create())

	def refused(self, *options):
		result = subprocess.run([SRCDIR / "demo", *options], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
		self.assertNotEqual(result.returncode, 0)
		return result.stderr

	def test_port_that_is_taken(self):
		with socket.create_server(("127.0.0.1", 0)) as server:
			port = server.getsockname()[1]
			self.assertEqual(self.refused("--dir", self.directory / "data", "--port", str(port)),
			                 f"demo: port {port} is taken; choose another with --port N\n")

	def test_directory_that_is_in_use(self):
		with Demo(self.directory / "data"):
			message = self.refused("--dir", self.directory / "data", "--port", str(free_port()))
			self.assertIn(f"another demo runs in {self.directory / 'data'}", message)

	def test_options_that_are_wrong(self):
		for options, message in ((("--port", "x"), "--port needs a number"), (("--port", "65536"), "--port must be from 1 to 65535"),
		                         (("--workers", "129"), "--workers must be from 0 to 128"), (("--dir",), "--dir needs a value"),
		                         (("--bogus",), "Usage: ./demo")):
			with self.subTest(" ".join(options)):
				self.assertIn(message, self.refused(*options))

	def test_a_program_that_dies_ends_the_demo(self):
		with Demo(self.directory / "data") as demo:
			pid = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(demo.popen.pid)], capture_output=True, text=True).stdout
			lighttpd = int(re.search(r"(\d+) lighttpd", pid)[1])
			os.kill(lighttpd, signal.SIGKILL)
			self.assertEqual(demo.popen.wait(30), 1)
			self.assertIn("lighttpd has ended", demo.text())
		self.assertEqual(processes_of(self.directory), [])

# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""tests/db/driver on a string, and the database it is let loose on."""
import collections
import itertools
import os
import subprocess
import tempfile

import stack
from process import wait_until

DRIVER = stack.BUILDDIR / "tests/db/driver"

Result = collections.namedtuple("Result", "outcome ms text")


class Driver:
	"""A process with one connection of the db floor; used as a context manager."""

	def __init__(self, file, hosts, timeout=3000, environment=()):
		self.log = tempfile.TemporaryFile()
		# surrogateescape: tests send bytes that are no UTF-8, too.
		self.popen = subprocess.Popen([*stack.WRAPPER, DRIVER, file, hosts, str(timeout)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
		                              stderr=self.log, encoding="utf-8", errors="surrogateescape", bufsize=1,
		                              env={**os.environ, **dict(environment)})

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.popen.stdin.close()
		status = self.popen.wait(30)
		self.popen.stdout.close()
		assert status == 0, f"the driver ended with {status}: {self.logged()}"
		self.log.close()

	def send(self, *words):
		self.popen.stdin.write("\t".join(str(word) for word in words) + "\n")

	def line(self):
		line = self.popen.stdout.readline()
		assert line, f"the driver has ended: {self.logged()}"
		return line[:-1]

	def result(self):
		outcome, ms, text = self.line().split("\t", 2)
		return Result(outcome, int(ms), text)

	def __call__(self, *words):
		self.send(*words)
		return self.result()

	def logged(self):
		"""Read at its place: the position in the file is the driver's, which may be writing."""
		return os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size, 0).decode(errors="backslashreplace")


class Server:
	"""A database with the schema, and option files for it."""

	def __init__(self):
		self.stack = stack.Stack()
		self.stack.start_database()
		self.database = self.stack.database
		self.client = self.stack.administrator
		self.sql = self.database.sql
		self.file = self.write_file("driver.conf")
		self.numbers = itertools.count(1)

	def write_file(self, name, **keys):
		"""An account that may do all that drivers do, without the socket, so that they go where their list of hosts says. None leaves a
		key out."""
		client = {key: value for key, value in {**self.client, "socket": None, **keys}.items() if value is not None}
		path = self.stack.directory / name
		path.touch(mode=0o600)
		path.write_text("[client-livechat-sla]\n" + "".join(f"{key} = {value}\n" for key, value in client.items()))
		return path

	def policy(self):
		"""A name and a due time that nobody has."""
		number = next(self.numbers)
		return f"policy {number}", number

	def wait_for_lock(self):
		"""Until somebody waits for a row that another transaction holds."""
		wait_until(lambda: self.database.counter("Innodb_row_lock_current_waits") > 0, "a transaction that waits", 10)

	def close(self):
		self.stack.close()

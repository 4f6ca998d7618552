# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""A throw-away database server: MariaDB, or MySQL if SLA_DATABASE=mysql."""
import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess

from process import BUILDDIR, USER, Process, can_connect


class MariaDB:
	"""What the two vendors have different names, words or columns for."""
	SERVER, CLIENT = "mariadbd", "mariadb"
	ISOLATION, STATEMENT_TIME = "tx_isolation", "max_statement_time"
	VERSION = r"\S*MariaDB\S*"
	DENIED = "error 1045"  # what is logged of a wrong password
	PLAN = (1, 2, 3, 5)  # columns of EXPLAIN: select_type, table, type, key
	TLS = ()  # options for a server with TLS
	RELOAD_TLS, WRONG_CERTIFICATES = "FLUSH SSL", 4  # of which the server takes so many
	OPTIONS = ("--innodb-log-file-size=8M", "--key-buffer-size=64K", "--aria-pagecache-buffer-size=1M",
	           "--loose-innodb-use-native-aio=OFF")
	# Makes a data directory in which root has no password.
	INSTALL = ("mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--force")


class MySQL:
	SERVER, CLIENT = "mysqld", "mysql"
	ISOLATION, STATEMENT_TIME = "transaction_isolation", "max_execution_time"
	VERSION = r"[\d.-]+"
	DENIED = "error (1045|2061)"  # 2061: it wants TLS before it says so
	PLAN = (1, 2, 4, 6)
	TLS = ("--tls-version=TLSv1.2,TLSv1.3",)
	RELOAD_TLS, WRONG_CERTIFICATES = "ALTER INSTANCE RELOAD TLS", 1
	# Without TLS, so that a proxy sees what is said.
	OPTIONS = ("--innodb-redo-log-capacity=8M", "--innodb-use-native-aio=OFF", "--mysqlx=OFF", "--secure-file-priv=NULL", "--tls-version=")
	INSTALL = ("mysqld", "--no-defaults", "--initialize-insecure")


VENDOR = MySQL if os.environ.get("SLA_DATABASE") == "mysql" else MariaDB


class Database:
	"""A server of our own: a data directory and a unix socket, no network."""

	OPTIONS = ("--innodb-buffer-pool-size=16M", "--sort-buffer-size=32K", "--performance-schema=OFF", "--skip-log-bin",
	           "--skip-name-resolve", *VENDOR.OPTIONS)
	TEMPLATE = BUILDDIR / "tests/database-template"

	def __init__(self, directory):
		self.directory = directory
		self.data = directory / "data"
		self.socket = directory / "db.sock"
		self.process = None
		self.options = []
		self.accounts = []
		self.copy_template()

	def copy_template(self):
		self.TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
		with open(f"{self.TEMPLATE}.lock", "w") as lock:
			fcntl.flock(lock, fcntl.LOCK_EX)
			if not self.TEMPLATE.exists():
				self.make_template()
		copy_tree(self.TEMPLATE, self.data)

	def make_template(self):
		"""Made in the short directory, which the database's user can reach whoever owns the build directory. So are temporary tables, since
		another server that starts deletes those that it finds in /tmp."""
		made, new = self.directory / "template", f"{self.TEMPLATE}.new"
		user = [f"--user={USER}"] if USER else []
		result = subprocess.run([*VENDOR.INSTALL, f"--datadir={made}", f"--tmpdir={self.directory}", *user, *self.OPTIONS],
		                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
		if result.returncode != 0:
			raise RuntimeError(f"{VENDOR.INSTALL[0]}: {result.stdout}")
		shutil.rmtree(new, ignore_errors=True)
		copy_tree(made, new)
		shutil.rmtree(made)
		os.rename(new, self.TEMPLATE)

	def address(self):
		"""Where clients find it, as their option file says it."""
		return {"socket": self.socket}

	def start(self):
		self.process = Process("database", [VENDOR.SERVER, "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}",
		                                    f"--pid-file={self.directory / 'db.pid'}", f"--tmpdir={self.directory}", "--skip-networking",
		                                    *self.OPTIONS, *self.options], self.directory, USER)
		self.process.wait_for(lambda: can_connect(self.socket), "its socket")
		for account in self.accounts:
			self.introduce(account)

	def create_account(self, account):
		self.sql(f"CREATE USER '{account['user']}'@'localhost' IDENTIFIED BY '{account['password']}'", database="mysql")
		self.accounts.append(account)
		self.introduce(account)

	def introduce(self, account):
		"""MySQL's server asks for a password by a way of its own until an account has logged in by a socket, or with TLS."""
		if VENDOR is MySQL:
			subprocess.run(self.client(f"--password={account['password']}", user=account["user"]), stdin=subprocess.DEVNULL,
			               capture_output=True, check=False)

	def stop(self):
		self.process.stop()

	def kill(self):
		self.process.kill()

	def pause(self):
		self.process.send(signal.SIGSTOP)

	def resume(self):
		self.process.send(signal.SIGCONT)

	def client(self, *options, user="root"):
		"""The command of the vendor's client, which reads statements."""
		return [VENDOR.CLIENT, "--no-defaults", f"--socket={self.socket}", f"--user={user}", *options]

	def sql(self, text, database="livechat_sla"):
		"""Runs statements as root; rows as lists of strings, None for NULL."""
		result = subprocess.run(self.client("--batch", "--skip-column-names", "--default-character-set=utf8mb4", database), input=text,
		                        capture_output=True, encoding="utf-8")
		if result.returncode != 0:
			raise RuntimeError(f"SQL: {result.stderr}")
		return [[unescape(column) for column in line.split("\t")] for line in result.stdout.split("\n")[:-1]]

	def counter(self, name):
		"""A status variable of the server that is a number."""
		[[_, number]] = self.sql(f"SHOW GLOBAL STATUS WHERE variable_name = '{name}'", database="")
		return int(number)

	@contextlib.contextmanager
	def transaction(self, statement):
		"""A session that has done this and holds its locks until the end of the block, when it is rolled back."""
		command = self.client("--batch", "--skip-column-names", "--unbuffered", "livechat_sla")
		with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
			client.stdin.write(f"START TRANSACTION; {statement}; SELECT 'begun';\n")
			client.stdin.flush()
			assert "begun\n" in client.stdout, statement
			yield


def numbers(most):
	"""A table with one column, `seq`, that goes from 1 to this."""
	return f"JSON_TABLE(CONCAT('[0', REPEAT(',0', {most - 1}), ']'), '$[*]' COLUMNS (seq FOR ORDINALITY)) AS numbers"


def unescape(column):
	if column == "NULL":
		return None
	return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t", "0": "\0"}.get(match[1], match[1]), column)


def copy_tree(source, target):
	"""With owners and modes."""
	subprocess.run(["cp", "-a", str(source), str(target)], check=True)

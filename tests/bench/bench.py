#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Measures livechat-sla beside its limits and beside what a site would write instead, interleaved in one run.

  limit     a fixed JSON answer by a pre-forked libfcgi program behind the same lighttpd
  database  the same statements by as many processes, without a web server
  composed  1 / (1 / limit + 1 / database): what a program could reach that costs nothing itself
  sla       livechat-sla
  php       the same endpoints in PHP: php-fpm, static pool of the same size, persistent mysqli, prepared statements, opcache

bench.py [--seconds S] [--rounds R] [--workers N] [--clients C] [--csv FILE]
bench.py --growth: how a request's cost grows with workers, clients, policies and users, as CSV and plot"""
import argparse
import collections
import csv
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from stack import BUILDDIR, SRCDIR, USER, Process, Stack, can_connect, wait_until  # noqa: E402

KINDS = ("create", "list", "read", "refused-body", "refused-token")
HERE = SRCDIR / "tests/bench"
FIXED = '{"success":false,"error":"error-not-authorized"}'
Load = collections.namedtuple("Load", "rate p50 p99 wrong errors")
PHP = shutil.which("php-fpm8.2") or shutil.which("php-fpm")


class Bench(Stack):
	"""The stack with the limit's program and PHP behind the same web server."""

	def __init__(self, workers, **keys):
		super().__init__(workers=workers, log_level="error", rate_limit="off", max_requests=0, **keys)
		self.workers = workers
		self.credentials = self.directory / "credentials"
		self.rounds = 0
		self.others = []

	def start(self):
		self.start_database()
		self.database.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
		self.credentials.touch(mode=0o600)
		self.credentials.write_text(f"{self.admin.user_id}\n{self.admin.token}\n")
		self.pool.start()
		self.start_limit()
		if PHP:
			self.start_php()
		self.web.configuration = self.web_configuration
		self.web.start()
		wait_until(lambda: self.request("GET", "/api/v1/").status == 404, "the service")
		self.fill(200)
		return self

	def web_configuration(self):
		user = f'server.username = "{USER}"\n' if USER else ""
		back_ends = {"/api/v1/": self.pool.socket, "/limit/v1/": self.directory / "limit.sock", "/sla.php": self.directory / "php.sock"}
		rows = ",\n".join(f'"{prefix}" => (( "socket" => "{path}", "check-local" => "disable" ))' for prefix, path in back_ends.items())
		return f"""{user}server.modules = ( "mod_rewrite", "mod_fastcgi" )
server.document-root = "{self.directory / 'www'}"
url.rewrite-once = ( "^/php/v1/[^?]*(\\?.*)?$" => "/sla.php$1" )
server.upload-dirs = ( "{self.directory}" )
server.bind = "127.0.0.1"
server.port = {self.web.port}
server.range-requests = "disable"
server.max-keep-alive-requests = 1000000
server.max-connections = 1024
fastcgi.server = ( {rows} )
"""

	def start_limit(self):
		sock = self.directory / "limit.sock"
		process = Process("limit", [BUILDDIR / "tests/bench/limit", sock, str(self.workers), FIXED], self.directory)
		self.others.append(process)
		process.wait_for(lambda: can_connect(sock), "its socket")
		sock.chmod(0o666)

	def start_php(self):
		sock, file, script = self.directory / "php.sock", self.directory / "php-fpm.conf", self.directory / "www/sla.php"
		script.parent.mkdir()
		shutil.copyfile(HERE / "sla.php", script)
		for path in (script.parent, script):
			path.chmod(0o755)
		file.touch(mode=0o600)
		environment = {"SLA_DB_USER": self.client["user"], "SLA_DB_PASSWORD": self.client["password"], "SLA_DB_NAME": self.client["database"],
		               "SLA_DB_SOCKET": self.client["socket"]}
		own = f"user = {USER}\ngroup = {USER}\nlisten.owner = {USER}\n" if USER else ""
		file.write_text(f"[global]\ndaemonize = no\nerror_log = {self.directory}/php.log\n[sla]\nlisten = {sock}\nlisten.backlog = 1024\n{own}"
		                f"pm = static\npm.max_children = {self.workers}\nclear_env = yes\n"
		                "php_admin_value[opcache.enable] = 1\nphp_admin_value[opcache.validate_timestamps] = 0\nphp_admin_value[mysqli.allow_persistent] = 1\n"
		                + "".join(f'env[{key}] = "{value}"\n' for key, value in environment.items()))
		process = Process("php-fpm", [PHP, "-y", file, "-F"], self.directory)
		self.others.append(process)
		process.wait_for(lambda: can_connect(sock), "its socket")

	def fill(self, policies):
		self.database.sql("DELETE FROM sla_policies")
		self.database.sql(f"""INSERT INTO sla_policies SELECT LOWER(LPAD(HEX(seq), 24, '0')), CONCAT('a policy ', LPAD(seq, 7, '0')), 'a description',
			2000000000 + seq, UTC_TIMESTAMP(3), 'x', UTC_TIMESTAMP(3), 'x' FROM seq_1_to_{policies}; ANALYZE TABLE sla_policies""")
		self.policy = f"{policies:024x}"

	def drive(self, target, kind, seconds, clients):
		"""wrk's report of one load."""
		self.rounds += 1
		environment = {**os.environ, "KIND": kind, "PREFIX": f"/{target}/v1/", "POLICY": self.policy, "ROUND": str(self.rounds), "CREDENTIALS": str(self.credentials)}
		command = ["wrk", f"-t{min(2, clients)}", f"-c{clients}", f"-d{seconds}s", "-s", HERE / "request.lua", f"http://127.0.0.1:{self.web.port}"]
		text = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
		values = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+) (\d+)", text).groups()
		return Load(*map(float, values[:3]), *map(int, values[3:]))

	def clean(self):
		"""Takes away what a load of creations made."""
		self.database.sql("DELETE FROM sla_policies WHERE due_time_in_minutes < 2000000000")

	def database_rate(self, kind, seconds):
		text = f"{self.admin.user_id} {self.admin.token} {self.policy}\n"
		command = [BUILDDIR / "tests/bench/database", self.pool.file, kind, str(self.workers), str(seconds)]
		return float(subprocess.run(command, input=text, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout)

	def close(self):
		for process in self.others:
			process.kill()
		super().close()


def cpu_seconds(pids):
	total = 0
	for pid in pids:
		fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
		total += int(fields[11]) + int(fields[12])
	return total / os.sysconf("SC_CLK_TCK")


def pss(pids):
	"""KiB of each process, its share of what it shares counted in."""
	sizes = [int(re.search(r"^Pss: +(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[1]) for pid in pids]
	return sum(sizes) / len(sizes)


class Samples:
	"""What was measured of one kind: a list of numbers a column."""

	def __init__(self):
		self.columns = collections.defaultdict(list)

	def add(self, column, value):
		self.columns[column].append(value)

	def median(self, column):
		return statistics.median(self.columns[column]) if self.columns[column] else float("nan")

	def noise(self, column):
		"""The widest distance from the median, in percent."""
		values, middle = self.columns[column], self.median(column)
		return max((abs(value - middle) / middle * 100 for value in values), default=0)


def measure(bench, kind, samples, options):
	"""One round of one kind: every column once."""
	limit = bench.drive("limit", kind, options.seconds, options.clients)
	samples.add("limit", limit.rate)
	samples.add("database", bench.database_rate(kind, options.seconds))
	bench.clean()
	workers = bench.pool.workers()
	before = cpu_seconds(workers)
	load = bench.drive("api", kind, options.seconds, options.clients)
	check(kind, "sla", load)
	samples.add("sla", load.rate)
	samples.add("cpu", (cpu_seconds(workers) - before) * 1e6 / (load.rate * options.seconds))
	samples.add("p50", load.p50)
	samples.add("p99", load.p99)
	samples.add("pss", pss(workers))
	bench.clean()
	if PHP:
		load = bench.drive("php", kind, options.seconds, options.clients)
		check(kind, "php", load)
		samples.add("php", load.rate)
		bench.clean()
	samples.add("composed", 1 / (1 / samples.columns["limit"][-1] + 1 / samples.columns["database"][-1]))


def check(kind, name, load):
	if load.wrong or load.errors:
		sys.exit(f"{name} {kind}: {load.wrong} answers with another status, {load.errors} errors")


COLUMNS = ("limit", "database", "composed", "sla", "php", "of composed", "x php", "p50 ms", "p99 ms", "cpu us", "PSS KiB", "noise %")


def row(kind, samples):
	rate = {name: samples.median(name) for name in ("limit", "database", "composed", "sla", "php")}
	return {"kind": kind, **{name: f"{value:.0f}" for name, value in rate.items()}, "of composed": f"{rate['sla'] / rate['composed']:.2f}",
	        "x php": f"{rate['sla'] / rate['php']:.2f}", "p50 ms": f"{samples.median('p50'):.2f}", "p99 ms": f"{samples.median('p99'):.2f}",
	        "cpu us": f"{samples.median('cpu'):.0f}", "PSS KiB": f"{samples.median('pss'):.0f}", "noise %": f"{samples.noise('sla'):.0f}"}


def print_table(rows):
	columns = ("kind", *COLUMNS)
	print("| " + " | ".join(columns) + " |")
	print("| " + " | ".join("---" for _ in columns) + " |")
	for values in rows:
		print("| " + " | ".join(values[column] for column in columns) + " |")


def write_csv(file, rows):
	with open(file, "w", newline="") as stream:
		writer = csv.DictWriter(stream, rows[0].keys())
		writer.writeheader()
		writer.writerows(rows)


def machine():
	model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
	return f"{os.cpu_count()} cores of {model[1] if model else platform.machine()}, Linux {platform.release()}"


def compare(options):
	samples = {kind: Samples() for kind in options.kinds}
	with Bench(options.workers) as bench:
		for number in range(options.rounds):
			for kind in options.kinds:
				print(f"round {number + 1} of {options.rounds}: {kind}", file=sys.stderr)
				measure(bench, kind, samples[kind], options)
		version = bench.database.sql("SELECT VERSION()")[0][0]
	rows = [row(kind, samples[kind]) for kind in options.kinds]
	print(f"{options.workers} workers, {options.clients} clients, {options.rounds} rounds of {options.seconds} s; {machine()}; MariaDB {version}\n")
	print_table(rows)
	if options.csv:
		write_csv(options.csv, rows)


def parse():
	parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
	parser.add_argument("--seconds", type=int, default=5)
	parser.add_argument("--rounds", type=int, default=5)
	parser.add_argument("--workers", type=int, default=8)
	parser.add_argument("--clients", type=int, default=16)
	parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
	parser.add_argument("--csv")
	return parser.parse_args()


if __name__ == "__main__":
	compare(parse())

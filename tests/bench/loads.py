# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""The service, its limits and PHP behind one web server, and the loads that are measured."""
import collections
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from stack import BUILDDIR, SRCDIR, USER, Process, Stack, can_connect, wait_until  # noqa: E402

KINDS = ("create", "list", "read", "refused-body", "refused-token")
HERE = SRCDIR / "tests/bench"
PATH = "/api/v1/livechat/sla"
PHP = shutil.which("php-fpm8.2") or shutil.which("php-fpm")
PROBE = "<?php echo json_encode([(bool)(opcache_get_status(false)['opcache_enabled'] ?? false), PHP_VERSION]);\n"
Load = collections.namedtuple("Load", "rate p50 p99 wrong errors")

class Bench(Stack):
	"""The stack with the limit's program and PHP behind the same web server."""

	def __init__(self, workers, **keys):
		super().__init__(workers=workers, log_level="error", rate_limit="off", max_requests=0, **keys)
		self.workers = workers
		self.credentials = self.directory / "credentials"
		self.database.options = ["--innodb-buffer-pool-size=128M", "--innodb-log-file-size=96M", "--sort-buffer-size=2M"]  # the server's own defaults
		self.rounds = 0
		self.others = []
		self.php_version = None

	def start(self):
		self.start_database()
		self.database.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
		self.credentials.touch(mode=0o600)
		self.credentials.write_text(f"{self.admin.user_id}\n{self.admin.token}\n")
		self.pool.start()
		self.web.configuration = self.web_configuration
		self.web.start()
		wait_until(lambda: self.request("GET", "/api/v1/").status == 404, "the service")
		self.fill(200)
		for kind in KINDS:
			self.start_limit(kind)
		if PHP:
			self.start_php()
		return self

	def web_configuration(self):
		user = f'server.username = "{USER}"\n' if USER else ""
		php = self.directory / "php.sock"
		back_ends = {"/api/v1/": self.pool.socket, "/sla.php": php, "/probe.php": php,
		             **{f"/limit-{kind}/v1/": self.directory / f"limit-{kind}.sock" for kind in KINDS}}
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

	def example(self, kind):
		"""The answer to one request of a kind."""
		stranger = self.admin._replace(token="A" + self.admin.token[1:])
		policy = {"name": "n", "description": "a description", "dueTimeInMinutes": 1}
		requests = {"create": ("POST", PATH, policy), "list": ("GET", f"{PATH}?count=25"), "read": ("GET", f"{PATH}/{self.policy}"),
		            "refused-body": ("POST", PATH, {**policy, "dueTimeInMinutes": 0}), "refused-token": ("GET", f"{PATH}/{self.policy}")}
		answer = self.request(*requests[kind], credentials=stranger if kind == "refused-token" else self.admin)
		self.clean()
		return answer.body.decode()

	def start_limit(self, kind):
		"""What it answers is as long as the service's answer of this kind: bytes cost the web server, too."""
		sock = self.directory / f"limit-{kind}.sock"
		process = Process(f"limit-{kind}", [BUILDDIR / "tests/bench/limit", sock, str(self.workers), self.example(kind)], self.directory)
		self.others.append(process)
		process.wait_for(lambda: can_connect(sock), "its socket")
		sock.chmod(0o666)

	def start_php(self):
		sock, file, script = self.directory / "php.sock", self.directory / "php-fpm.conf", self.directory / "www/sla.php"
		script.parent.mkdir()
		shutil.copyfile(HERE / "sla.php", script)
		probe = script.with_name("probe.php")
		probe.write_text(PROBE)
		for path in (script.parent, script, probe):
			path.chmod(0o755)
		file.touch(mode=0o600)
		environment = {"SLA_DB_USER": self.client["user"], "SLA_DB_PASSWORD": self.client["password"], "SLA_DB_NAME": self.client["database"],
		               "SLA_DB_SOCKET": self.client["socket"]}
		own = f"user = {USER}\ngroup = {USER}\nlisten.owner = {USER}\n" if USER else ""
		file.write_text(f"[global]\ndaemonize = no\nerror_log = {self.directory}/php.log\n[sla]\nlisten = {sock}\nlisten.backlog = 1024\n{own}"
		                f"pm = static\npm.max_children = {self.workers}\nclear_env = yes\n"
		                "php_admin_value[opcache.enable] = 1\nphp_admin_value[opcache.validate_timestamps] = 0\n"
		                "php_admin_value[mysqli.allow_persistent] = 1\n"
		                + "".join(f'env[{key}] = "{value}"\n' for key, value in environment.items()))
		process = Process("php-fpm", [PHP, "-y", file, "-F"], self.directory)
		self.others.append(process)
		process.wait_for(lambda: can_connect(sock), "its socket")
		opcache, self.php_version = json.loads(self.request("GET", "/probe.php").body)
		if not opcache:
			sys.exit("PHP runs without opcache, which is no fair opponent")

	def connections(self):
		"""How many the database has accepted."""
		return self.database.counter("Connections")

	def drive_php(self, kind, seconds, clients):
		"""As drive; PHP's own connections have to last."""
		before = self.connections()
		load = self.drive("php", kind, seconds, clients)
		made = self.connections() - before - 1
		if made > self.workers:
			sys.exit(f"PHP made {made} connections to the database in one load: they are not persistent")
		return load

	def fill(self, policies):
		self.database.sql("DELETE FROM sla_policies")
		self.database.sql(f"""INSERT INTO sla_policies SELECT LOWER(LPAD(HEX(seq), 24, '0')), CONCAT('a policy ', LPAD(seq, 7, '0')), 'a description',
			2000000000 + seq, UTC_TIMESTAMP(3), 'x', UTC_TIMESTAMP(3), 'x' FROM seq_1_to_{policies}; ANALYZE TABLE sla_policies""")
		self.policy = f"{policies:024x}"

	def drive(self, target, kind, seconds, clients):
		"""wrk's report of one load."""
		self.rounds += 1
		environment = {**os.environ, "KIND": kind, "PREFIX": f"/{target}/v1/", "POLICY": self.policy, "ROUND": str(self.rounds),
		               "CREDENTIALS": str(self.credentials)}
		command = ["wrk", f"-t{min(2, clients)}", f"-c{clients}", f"-d{seconds}s", "-s", HERE / "request.lua",
		           f"http://127.0.0.1:{self.web.port}"]
		text = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
		values = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+) (\d+)", text).groups()
		return Load(*map(float, values[:3]), *map(int, values[3:]))

	def clean(self):
		"""Takes away what a load of creations made; until the server has purged it, every look at an index passes over it."""
		self.database.sql("DELETE FROM sla_policies WHERE due_time_in_minutes < 2000000000")
		wait_until(lambda: self.database.counter("Innodb_history_list_length") < 100, "purge", 120)

	def drive_database(self, kind, seconds):
		text = f"{self.admin.user_id} {self.admin.token} {self.policy}\n"
		command = [BUILDDIR / "tests/bench/database", self.pool.file, kind, str(self.workers), str(seconds)]
		result = subprocess.run(command, input=text, check=True, capture_output=True, text=True, timeout=seconds + 60).stdout
		return Load(*map(float, result.split()), 0, 0)

	def start_seconds(self):
		"""From the start of the program to its first answer out of the database."""
		self.pool.stop()
		began = time.monotonic()
		self.pool.start()
		while self.request("GET", f"{PATH}/{self.policy}", credentials=self.admin).status != 200:
			pass
		return time.monotonic() - began

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

	def add(self, **values):
		for column, value in values.items():
			self.columns[column].append(value)

	def median(self, column):
		return statistics.median(self.columns[column]) if self.columns[column] else float("nan")

	def noise(self, column):
		"""The widest distance from the median, in percent."""
		values, middle = self.columns[column], self.median(column)
		return max((abs(value - middle) / middle * 100 for value in values), default=0)


def check(kind, name, load):
	if load.wrong or load.errors:
		sys.exit(f"{name} {kind}: {load.wrong} answers with another status, {load.errors} errors")

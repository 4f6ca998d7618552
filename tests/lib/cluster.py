# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""A Galera cluster of three nodes on 127.0.0.1, and service hosts before it."""
import pathlib
import re
import secrets
import shutil
import unittest

from database import Database, copy_tree
from process import USER, Process, can_connect, free_port, wait_until
from stack import Site, Stack

# Where Galera's library may be: Debian's place, Red Hat's.
PROVIDERS = [path for path in ("/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so") if pathlib.Path(path).exists()]

# The nodes begin as copies of one directory, so that none needs all of another's (a state snapshot transfer, whose scripts come with a
# packaged server and its service). What a node missed it gets from another's cache of transactions; for that the server still runs a
# script at both ends, which has to pass the position on: here through a pipe in the node's directory.
TRANSFER = """#!/bin/sh
bypass=0
while [ $# -gt 0 ]; do
	case $1 in
	--role) role=$2 ;;
	--address) address=$2 ;;
	--gtid) position=$2 ;;
	--bypass) bypass=1 ;;
	esac
	shift
done
if [ "$role" = joiner ]; then
	rm -f "$address"
	mkfifo "$address"
	echo "ready $address"
	cat "$address"
elif [ $bypass = 1 ]; then
	echo "$position" >"$address"
	echo "done $position"
else
	echo "this node's cache does not reach back far enough" >&2
	exit 1
fi
"""


class Node(Database):
	"""One server of the cluster; its ports are for clients, the group and transfers."""

	OPTIONS = (*Database.OPTIONS, "--bind-address=127.0.0.1", "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
	           "--innodb-flush-log-at-trx-commit=1", "--max-connections=200")

	def __init__(self, cluster, number):
		self.cluster = cluster
		self.name = f"node{number}"
		self.port, self.group_port, self.transfer_port = free_port(), free_port(), free_port()
		directory = cluster.directory / self.name
		directory.mkdir()
		if USER:
			shutil.chown(directory, USER)
		super().__init__(directory)
		self.state = self.data / "grastate.dat"  # where the server keeps its position from its end to its start

	@property
	def host(self):
		return f"127.0.0.1:{self.port}"

	def command(self, *more):
		provider = {"gmcast.listen_addr": f"tcp://127.0.0.1:{self.group_port}", "ist.recv_addr": f"127.0.0.1:{self.transfer_port}",
		            "gcache.size": "16M", **self.cluster.PROVIDER}
		members = ",".join(f"127.0.0.1:{node.group_port}" for node in self.cluster.nodes)
		return ["mariadbd", "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}", f"--pid-file={self.directory / 'db.pid'}",
		        f"--tmpdir={self.directory}", f"--port={self.port}", *self.OPTIONS, "--wsrep-on=ON", f"--wsrep-provider={PROVIDERS[0]}",
		        f"--wsrep-cluster-address=gcomm://{members}", f"--wsrep-node-name={self.name}",
		        f"--wsrep-node-address=127.0.0.1:{self.group_port}", f"--wsrep-node-incoming-address={self.host}",
		        "--wsrep-sst-method=position", f"--wsrep-sst-receive-address={self.directory / 'position'}", "--wsrep-slave-threads=2",
		        "--wsrep-provider-options=" + ";".join(f"{key}={value}" for key, value in provider.items()), *more]

	def position(self):
		"""What the data directory of a node that was killed holds."""
		result = Process(f"{self.name}-recovery", self.command("--wsrep-recover"), self.cluster.directory, USER)
		result.wait(60)
		return re.findall(r"Recovered position: (\S+):(-?\d+)", result.log.read_text(errors="replace"))[-1]

	def start(self, bootstrap=False):
		"""Returns at once; see wait()."""
		options = ["--wsrep-new-cluster"] if bootstrap else []
		if self.state.exists() and re.search(r"^seqno: +-1$", self.state.read_text(), re.MULTILINE):
			options.append("--wsrep-start-position=" + ":".join(self.position()))
		self.socket.unlink(missing_ok=True)
		self.process = Process(self.name, self.command(*options), self.cluster.directory, USER,
		                       environment={"PATH": f"{self.cluster.directory}:/usr/sbin:/usr/bin:/sbin:/bin"})

	def status(self, name):
		"""A variable of the cluster's; None if the node can not be asked."""
		try:
			return self.sql(f"SHOW STATUS LIKE 'wsrep_{name}'", database="")[0][1] if can_connect(self.socket) else None
		except RuntimeError:
			return None

	def is_ready(self):
		return self.status("ready") == "ON" and self.status("local_state_comment") == "Synced"

	def wait(self, seconds=60):
		"""Until it serves."""
		self.process.wait_for(self.is_ready, "its place in the cluster", seconds)

	def isolate(self):
		"""Cuts it off the others, as a broken network does."""
		self.sql("SET GLOBAL wsrep_provider_options='gmcast.isolate=1'", database="")

	def rejoin(self):
		self.sql("SET GLOBAL wsrep_provider_options='gmcast.isolate=0'", database="")


class Cluster(Site):
	"""Three nodes with the service's database and account; sql() asks the first that is ready."""

	PROVIDER = {}  # of Galera's options beside those that must be: none, so that its time-outs are what they are anywhere

	def __init__(self):
		if not PROVIDERS:
			raise unittest.SkipTest("not installed: Galera's library")
		super().__init__()
		(self.directory / "wsrep_sst_position").write_text(TRANSFER)
		(self.directory / "wsrep_sst_position").chmod(0o755)
		self.nodes = []
		self.nodes.extend(Node(self, number) for number in (1, 2, 3))
		self.parts = self.nodes
		self.password = secrets.token_urlsafe(16)

	def address(self):
		return {"host": ",".join(node.host for node in self.nodes)}

	def start(self):
		"""The first node makes the group; when it has ended in its orderly way its directory is good for all."""
		first = self.nodes[0]
		first.start(bootstrap=True)
		first.wait()
		first.sql(f"""CREATE DATABASE livechat_sla CHARACTER SET utf8mb4;
			CREATE USER 'livechat-sla'@'127.0.0.1' IDENTIFIED BY '{self.password}';
			GRANT ALL ON livechat_sla.* TO 'livechat-sla'@'127.0.0.1';
			GRANT ALL ON other.* TO 'livechat-sla'@'127.0.0.1';""", database="")
		first.stop()
		for node in self.nodes[1:]:
			shutil.rmtree(node.data)
			copy_tree(first.data, node.data)
		self.start_from(first)
		return self

	def start_from(self, first):
		"""All nodes, after none ran; `first` is one that has the most."""
		first.state.write_text(re.sub("(?<=safe_to_bootstrap: ).*", "1", first.state.read_text()))
		first.start(bootstrap=True)
		first.wait()
		for node in self.nodes:
			if node is not first:
				node.start()
		self.wait()

	def kill(self):
		for node in self.nodes:
			node.kill()

	def recover(self):
		"""After kill()."""
		self.start_from(max(self.nodes, key=lambda node: int(node.position()[1])))

	def wait(self):
		"""Until all are one group again. A node that hung or was cut off does not know that at once, but the others do."""
		def whole():
			return all(node.is_ready() and node.status("cluster_size") == str(len(self.nodes)) for node in self.nodes)
		wait_until(whole, "the cluster", 90)

	def ready(self):
		return [node for node in self.nodes if node.process.running() and node.is_ready()]

	def sql(self, text, database="livechat_sla"):
		return wait_until(self.ready, "a node")[0].sql("SET SESSION wsrep_sync_wait=15;" + text, database)


class Host(Stack):
	"""A service host: web server and pool, given these nodes of a cluster that is not its own."""

	def __init__(self, cluster, *nodes, **keys):
		super().__init__(database=cluster, **keys)
		self.pool.accounts = {}  # one is enough here
		self.client.update(host=",".join(node.host for node in nodes), password=cluster.password)
		self.secrets.append(cluster.password)
		self.parts = self.web, self.pool
		self.pool.write_configuration()

	def start_database(self):
		pass

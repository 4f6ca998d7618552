# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""A proxy before a MySQL server that knows the protocol well enough to do harm at a chosen statement."""
import collections
import contextlib
import socket
import struct
import threading

QUERY, PREPARE, EXECUTE = 0x03, 0x16, 0x17
CLIENT_QUERY_ATTRIBUTES = 1 << 27
NO_ATTRIBUTES = b"\0\1"  # before the text of a query: none of them, in one set
SERVER_STATUS_IN_TRANS, SERVER_STATUS_AUTOCOMMIT = 1, 2

PASS = "pass"
CUT = "cut"          # the server never sees the statement, the client loses the connection
SWALLOW = "swallow"  # the server carries it out, the client loses the connection instead of the answer
HANG = "hang"        # the server never sees it, the client gets no answer
NOTHING = "nothing"  # the server never sees it, the client is told that it is done and concerned no row

Command = collections.namedtuple("Command", "kind sql")
Failure = collections.namedtuple("Failure", "number state")
# Calls a function between the server's work and its answer.
Before = collections.namedtuple("Before", "call action")
# The client loses the connection at once, and the server gets the command when a function returns.
Late = collections.namedtuple("Late", "wait")

ANSWER_MOST = 10  # s that the answer to a late command may take


class Closed(Exception):
	pass


def read_exactly(sock, length):
	data = b""
	while len(data) < length:
		try:
			more = sock.recv(length - len(data))
		except OSError:
			more = b""
		if not more:
			raise Closed
		data += more
	return data


def read_packet(sock):
	"""Header and payload of one packet."""
	header = read_exactly(sock, 4)
	return header, read_exactly(sock, int.from_bytes(header[:3], "little"))


def error_packet(failure):
	payload = b"\xff" + struct.pack("<H", failure.number) + b"#" + failure.state.encode() + b"injected"
	return len(payload).to_bytes(3, "little") + b"\x01" + payload


def ok_packet():
	"""No rows, in a transaction."""
	payload = b"\0\0\0" + struct.pack("<HH", SERVER_STATUS_IN_TRANS | SERVER_STATUS_AUTOCOMMIT, 0)
	return len(payload).to_bytes(3, "little") + b"\x01" + payload


class Session:
	"""One connection through the proxy."""

	def __init__(self, proxy, client):
		self.proxy = proxy
		self.client = client
		self.server = socket.socket(socket.AF_UNIX)
		self.statements = {}
		self.preparing = None
		self.attributes = False
		self.on_answer = None
		self.server.connect(str(proxy.target))
		for work in (self.upstream, self.downstream):
			threading.Thread(target=self.guarded, args=(work,), daemon=True).start()

	def guarded(self, work):
		with contextlib.suppress(Closed, OSError):
			work()
		self.close()

	def close(self):
		for sock in (self.client, self.server):
			with contextlib.suppress(OSError):
				sock.shutdown(socket.SHUT_RDWR)

	def upstream(self):
		while True:
			header, payload = read_packet(self.client)
			command = self.command_of(header, payload)
			action = PASS if command is None else self.proxy.decide(command)
			if isinstance(action, Before):
				self.on_answer, action = action.call, action.action
			if isinstance(action, Failure):
				self.client.sendall(error_packet(action))
			elif action == NOTHING:
				self.client.sendall(ok_packet())
			elif action == CUT:
				raise Closed
			elif isinstance(action, Late):
				self.deliver_late(action, header + payload)
			elif action != HANG:
				if action == SWALLOW:
					self.on_answer = self.refuse
				self.server.sendall(header + payload)

	@staticmethod
	def refuse():
		raise Closed

	def deliver_late(self, late, packet):
		answered = threading.Event()
		self.client.shutdown(socket.SHUT_RDWR)
		late.wait()
		self.on_answer = answered.set
		self.server.sendall(packet)
		answered.wait(ANSWER_MOST)
		raise Closed

	def command_of(self, header, payload):
		"""A packet with number 0 begins a command; the others belong to the login, which begins with the client's capabilities."""
		if header[3] != 0:
			if header[3] == 1:
				self.attributes = bool(int.from_bytes(payload[:4], "little") & CLIENT_QUERY_ATTRIBUTES)
			return None
		kind = payload[0]
		if kind == PREPARE:
			self.preparing = payload[1:].decode()
		if kind == QUERY and self.attributes:
			return Command(kind, payload[1:].removeprefix(NO_ATTRIBUTES).decode())
		if kind in (QUERY, PREPARE):
			return Command(kind, payload[1:].decode())
		if kind == EXECUTE:
			return Command(kind, self.statements[int.from_bytes(payload[1:5], "little")])
		return None

	def downstream(self):
		while True:
			header, payload = read_packet(self.server)
			if self.preparing is not None and payload[0] == 0:
				self.statements[int.from_bytes(payload[1:5], "little")] = self.preparing
			self.preparing = None
			if self.on_answer is not None:
				call, self.on_answer = self.on_answer, None
				call()
			self.client.sendall(header + payload)


class Proxy:
	"""Listens on a free port of 127.0.0.1. `decide(command)` is asked before each command is passed on; `commands` are those seen."""

	def __init__(self, target):
		self.target = target
		self.listener = socket.create_server(("127.0.0.1", 0))
		self.port = self.listener.getsockname()[1]
		self.sessions = []
		self.commands = []
		self.plan = None
		threading.Thread(target=self.accept, daemon=True).start()

	@property
	def host(self):
		return f"127.0.0.1:{self.port}"

	def accept(self):
		with contextlib.suppress(OSError):
			while True:
				client, _ = self.listener.accept()
				try:
					self.sessions.append(Session(self, client))
				except OSError:
					client.close()

	def decide(self, command):
		self.commands.append(command)
		return PASS if self.plan is None else self.plan(command)

	def at(self, beginning, *actions, kind=EXECUTE):
		"""Does one action after the other at the commands whose SQL has this beginning, then passes them."""
		left = list(actions)

		def plan(command):
			return left.pop(0) if left and command.kind == kind and command.sql.startswith(beginning) else PASS
		self.plan = plan

	def count(self, beginning, kind=EXECUTE):
		return sum(command.kind == kind and command.sql.startswith(beginning) for command in self.commands)

	def reset(self):
		self.plan = None
		self.commands.clear()

	def close_sessions(self):
		for session in self.sessions:
			session.close()
		self.sessions.clear()

	def close(self):
		"""shutdown wakes the thread in accept, which close alone does not."""
		with contextlib.suppress(OSError):
			self.listener.shutdown(socket.SHUT_RDWR)
		self.listener.close()
		self.close_sessions()

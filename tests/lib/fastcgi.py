# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""A FastCGI client that keeps to the specification or, piece by piece, does not; and the pool alone, for it to talk to."""
import collections
import fcntl
import json
import socket
import struct
import termios

from stack import Answer, Pool, Site, wait_until

VERSION = 1
BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES = range(1, 10)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
KEEP_CONN = 1
RECORD_MOST = 65535

API = "/api/v1/"

Record = collections.namedtuple("Record", "type request_id content")


def record(kind, content=b"", request_id=1, padding=0, version=VERSION):
	return struct.pack(">BBHHBx", version, kind, request_id, len(content), padding) + content + b"\xa5" * padding


def begin(role=RESPONDER, flags=0, request_id=1):
	return record(BEGIN_REQUEST, struct.pack(">HB5x", role, flags), request_id)


# The last bytes of an answer.
END = record(END_REQUEST, bytes(8))


def stream(kind, content):
	"""In as many records as it needs, and the empty one that ends it."""
	return b"".join(record(kind, content[at:at + RECORD_MOST]) for at in range(0, len(content), RECORD_MOST)) + record(kind)


def length(number):
	return bytes([number]) if number < 0x80 else struct.pack(">I", number | 0x80000000)


def pairs(variables):
	encoded = [(name.encode(), value.encode()) for name, value in variables.items()]
	return b"".join(length(len(name)) + length(len(value)) + name + value for name, value in encoded)


def variables(method, path, body=b"", headers=(), address="192.0.2.1"):
	"""As lighttpd sends them."""
	names = {"Content-Type": "CONTENT_TYPE"}
	found = {"REQUEST_METHOD": method, "REQUEST_URI": path, "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": address}
	found.update({names.get(name, "HTTP_" + name.upper().replace("-", "_")): value for name, value in dict(headers).items()})
	return found


def request(method, path, body=b"", headers=(), flags=0, **changed):
	"""A whole request; `changed` variables replace what it would have, None takes one away."""
	found = {name: value for name, value in {**variables(method, path, body, headers), **changed}.items() if value is not None}
	return begin(flags=flags) + stream(PARAMS, pairs(found)) + stream(STDIN, body)


def records(data):
	"""The records in what was received."""
	while data:
		version, kind, request_id, size, padding = struct.unpack_from(">BBHHBx", data)
		assert version == VERSION and len(data) >= 8 + size + padding, "a broken record"
		yield Record(kind, request_id, data[8:8 + size])
		data = data[8 + size + padding:]


def answer(data):
	"""What a web server makes of an answer, which has to be whole and alone."""
	got = list(records(data))
	assert got and got[-1] == Record(END_REQUEST, 1, bytes(8)), f"no end of the request: {data[-100:]}"
	assert all(one.type == STDOUT and one.request_id == 1 for one in got[:-1]), f"not an answer alone: {got}"
	head, _, body = b"".join(one.content for one in got[:-1]).partition(b"\r\n\r\n")
	headers = [tuple(line.split(": ", 1)) for line in head.decode("ascii").split("\r\n")]
	assert headers[0][0] == "Status"
	status, reason = headers.pop(0)[1].split(" ", 1)
	return Answer(int(status), reason, headers, body)


def until_available(ask):
	"""The first answer of `ask` that is not 503: a worker whose database kept it waiting at its start gives that for a moment."""
	def attempt():
		got = ask()
		return got if got.status != 503 else None
	return wait_until(attempt, "an answer other than 503")


def unread(connection):
	"""Bytes sent that the other side has not taken yet."""
	return struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]


class Peer:
	"""A connection; used as a context manager."""

	def __init__(self, address, seconds=30):
		"""`address` is a path or (host, port)."""
		if isinstance(address, tuple):
			self.socket = socket.create_connection(address, seconds)
		else:
			self.socket = socket.socket(socket.AF_UNIX)
			self.socket.settimeout(seconds)
			self.socket.connect(str(address))

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.socket.close()

	def send(self, data):
		self.socket.sendall(data)
		return self

	def receive(self):
		"""Everything up to the end."""
		chunks = []
		while chunk := self.socket.recv(65536):
			chunks.append(chunk)
		return b"".join(chunks)

	def answer(self):
		return answer(self.receive())

	def next_answer(self):
		"""One answer, behind which the connection may stay."""
		data = b""
		while not data.endswith(END):
			chunk = self.socket.recv(65536)
			if not chunk:
				raise EOFError("the connection has ended")
			data += chunk
		return answer(data)


class Service(Site):
	"""The pool without a web server, and with a database that is not there, or is a socket that nobody serves (hang_database)."""

	def __init__(self, **keys):
		"""`keys` are configuration keys with _ for -."""
		super().__init__()
		self.database = self.directory / "database.sock"
		self.pool = Pool(self.directory, {"socket": self.database, "user": "nobody"}, keys)
		self.parts = self.pool,

	def start(self, **more):
		"""`more` goes to Pool.start."""
		self.pool.start(**more)
		return self

	def hang_database(self):
		"""Whoever connects waits. Returns the socket, to be closed."""
		listening = socket.socket(socket.AF_UNIX)
		listening.bind(str(self.database))
		self.database.chmod(0o777)
		listening.listen()
		return listening

	def peer(self, seconds=30):
		return Peer(self.pool.socket, seconds)

	def request(self, method, path, body=None, headers=(), credentials=None, seconds=30, **changed):
		"""As Stack.request, but with variables instead of HTTP."""
		headers = dict(headers)
		if body is not None and not isinstance(body, bytes):
			body = (body if isinstance(body, str) else json.dumps(body)).encode()
			headers.setdefault("Content-Type", "application/json")
		if credentials is not None:
			headers.update({"X-User-Id": credentials.user_id, "X-Auth-Token": credentials.token})
		with self.peer(seconds) as peer:
			return peer.send(request(method, path, body or b"", headers, **changed)).answer()

	def serves(self):
		"""Whether an ordinary request is answered as it ought to be."""
		return self.request("OPTIONS", f"{API}livechat/sla").status == 204

	def wait_until_whole(self):
		"""Until it serves with all its workers: the first one may do so before the last is there."""
		wait_until(lambda: len(self.pool.workers()) == self.pool.keys["workers"] and self.serves(), "the service with all its workers")

	def logged(self, text):
		return text in self.pool.process.log.read_text(errors="replace")

	def wait_for_log(self, text, seconds=30):
		wait_until(lambda: self.logged(text), f"the log to say {text!r}", seconds)

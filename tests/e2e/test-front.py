# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""What web servers do differently, and no client may notice."""
import http.client
import json
import socket
import threading

from contract import GOOD, NO_ENDPOINT, NO_JSON, NOT_LOGGED_IN, PATH, TOO_LARGE, ContractCase, compact
from stack import Answer, Stack

CLIENTS = 12
stack = None


def setUpModule():
	global stack
	stack = Stack().start()


def tearDownModule():
	stack.finish()


class Case(ContractCase):
	def setUp(self):
		stack.database.sql("DELETE FROM sla_policies")

	def fill(self, policies, description):
		"""`description` is an SQL expression."""
		rows = ", ".join(f"('{number:024x}', 'n{number}', {description}, {number}, UTC_TIMESTAMP(3), '', UTC_TIMESTAMP(3), '')"
		                 for number in range(1, policies + 1))
		stack.database.sql("INSERT INTO sla_policies (id, name, description, due_time_in_minutes, created_at, created_by, updated_at, "
		                   f"updated_by) VALUES {rows}")

	def raw(self, head, *parts):
		"""Sends a request line and headers, to which the credentials are added, and the parts of a body as they are."""
		with socket.create_connection(("127.0.0.1", stack.web.port), 60) as connection:
			lines = [*head, "Host: 127.0.0.1", "Connection: close", f"X-User-Id: {stack.admin.user_id}", f"X-Auth-Token: {stack.admin.token}"]
			connection.sendall("\r\n".join([*lines, "", ""]).encode())
			for part in parts:
				connection.sendall(part)
			response = http.client.HTTPResponse(connection)
			response.begin()
			return Answer(response.status, response.reason, response.getheaders(), response.read())

	def raw_post(self, *headers_and_parts):
		headers = [part for part in headers_and_parts if isinstance(part, str)]
		parts = [part for part in headers_and_parts if isinstance(part, bytes)]
		return self.raw([f"POST {PATH} HTTP/1.1", "Content-Type: application/json", *headers], *parts)


def chunks(body, size):
	for at in range(0, len(body), size):
		yield b"%x\r\n%s\r\n" % (len(body[at:at + size]), body[at:at + size])
	yield b"0\r\n\r\n"


class Bodies(Case):
	def test_upload_in_chunks(self):
		for size in (1, 30, 100000):
			with self.subTest(size):
				self.setUp()
				answer = self.raw_post("Transfer-Encoding: chunked", *chunks(json.dumps(GOOD).encode(), size))
				self.assertEqual((answer.status, answer.json()["sla"]["name"]), (200, "Optimum"))

	def test_upload_in_chunks_too_large(self):
		for length in (65537, 1 << 20):
			with self.subTest(length):
				body = json.dumps(GOOD).ljust(length).encode()
				self.expect(self.raw_post("Transfer-Encoding: chunked", *chunks(body, 10000)), 413, TOO_LARGE)

	def test_largest_body_that_can_be_allowed_is_answered_by_the_service(self):
		body = b" " * (16 << 20)
		self.expect(self.raw_post(f"Content-Length: {len(body)}", body), 413, TOO_LARGE)

	def test_body_far_too_large(self):
		try:
			status = self.raw_post(f"Content-Length: {(16 << 20) + 2}", b" " * ((16 << 20) + 2)).status
		except ConnectionError:
			status = 413  # refused by the web server before all was sent
		self.assertIn(status, (400, 413), "mod_fcgid says 400")

	def test_no_length_is_no_body(self):
		answer = self.raw_post()
		if answer.status != 411:
			self.expect(answer, 400, NO_JSON)

	def test_client_that_waits_for_100_continue(self):
		body = json.dumps(GOOD).encode()
		answer = self.raw_post(f"Content-Length: {len(body)}", "Expect: 100-continue", body)
		self.assertEqual(answer.status, 200)

	def test_body_that_comes_in_pieces(self):
		answer = self.raw_post(f"Content-Length: {len(json.dumps(GOOD))}", *(bytes([byte]) for byte in json.dumps(GOOD).encode()))
		self.assertEqual(answer.status, 200)


class Answers(Case):
	def test_part_that_is_asked_for_is_the_whole(self):
		self.fill(3, "'d'")
		whole = stack.request("GET", PATH, credentials=stack.admin)
		for part in ("bytes=0-9", "bytes=-5", "bytes=0-1,4-5"):
			with self.subTest(part):
				answer = stack.request("GET", PATH, headers={"Range": part}, credentials=stack.admin)
				self.expect(answer, 200, whole.body.decode())

	def test_long_answer(self):
		self.fill(100, "REPEAT('\U0001f600', 4000)")
		for _ in range(3):
			answer = stack.request("GET", f"{PATH}?count=100", credentials=stack.admin)
			self.expect(answer, 200, compact(answer.json()))
			self.assertEqual(len(answer.json()["sla"]), 100)

	def test_requests_over_one_connection(self):
		connection = http.client.HTTPConnection("127.0.0.1", stack.web.port, timeout=60)
		self.addCleanup(connection.close)
		good = {"X-User-Id": stack.admin.user_id, "X-Auth-Token": stack.admin.token}
		for turn in range(5):
			for method, body, headers, status in (("GET", None, good, 200), ("HEAD", None, good, 200), ("POST", "{}", good, 400),
			                                      ("OPTIONS", None, {}, 204), ("GET", None, {}, 401), ("PATCH", "{}", good, 405)):
				connection.request(method, PATH, body, headers)
				response = connection.getresponse()
				response.read()
				self.assertEqual(response.status, status, f"{method} in turn {turn}")


class Variables(Case):
	def test_paths_at_the_edge(self):
		self.expect(stack.request("GET", "/api/v1"), 404, NO_ENDPOINT)
		self.assertNotEqual(stack.request("GET", "/api/v1x/livechat/sla").body.decode(), NO_ENDPOINT, "not ours")

	def test_query_arrives_as_it_is(self):
		self.fill(3, "'100%&more=+'")
		answer = stack.request("GET", f"{PATH}?text=100%25%26more%3D%2b&count=2&offset=1", credentials=stack.admin)
		self.assertEqual((answer.status, answer.json()["total"], answer.json()["count"], answer.json()["offset"]), (200, 3, 2, 1))

	def test_other_headers_change_nothing(self):
		for name, value in (("Authorization", "Basic eDp5"), ("Proxy", "http://127.0.0.1:1"), ("Accept", "text/html"),
		                    ("Accept-Encoding", "gzip"), ("If-None-Match", "*"), ("Content-Length", "0")):
			with self.subTest(name):
				self.assertEqual(stack.request("GET", PATH, None, {name: value}, stack.admin).status, 200)

	def test_credentials_sent_twice(self):
		answer = self.raw([f"GET {PATH} HTTP/1.1", "X-Auth-Token: x"])
		self.expect(answer, 401, NOT_LOGGED_IN)


class Together(Case):
	def test_clients_in_parallel(self):
		wrong = []

		def client(number):
			for turn in range(20):
				body = {"name": f"{number}-{turn}", "description": "", "dueTimeInMinutes": number * 100 + turn + 1}
				answers = [stack.request("POST", PATH, body, (), stack.admin), stack.request("GET", PATH, credentials=stack.admin)]
				wrong.extend(answer for answer in answers if answer.status != 200)

		threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		self.assertEqual(wrong, [])
		self.assertEqual(stack.database.sql("SELECT COUNT(*) FROM sla_policies"), [[str(20 * CLIENTS)]])


class Addresses(ContractCase):
	def test_callers_are_told_apart_by_their_address(self):
		with Stack(rate_limit="on", rate_limit_calls=3) as limited:
			user = limited.add_user("manager", "livechat-manager")
			for address in ("127.0.0.1", "127.0.0.2"):
				with self.subTest(address):
					statuses = [limited.request("GET", PATH, credentials=user, source=address).status for _ in range(5)]
					self.assertEqual(statuses, [200, 200, 200, 429, 429])

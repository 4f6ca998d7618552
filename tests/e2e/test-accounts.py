# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 The livechat-sla authors
"""Accounts through a web server: logging in and out, tokens, permissions, and what the audit tells of it."""
import hashlib
import json
import re
import threading

from contract import GOOD, NOT_AUTHORIZED, NOT_LOGGED_IN, PATH, ContractCase, compact, invalid_params
from stack import Credentials, Stack, wait_until

PASSWORD = "correct horse battery staple"
DIGEST = hashlib.sha256(PASSWORD.encode()).hexdigest()
# Of the digest, by `htpasswd -nbB`: cost 4, so that the tests need not wait.
HASH = "$2y$04$mKlyZcjpJv4gIURumLYuVOtSIA23JOZ/Gn4oCE.SHWysKWiZBfIGi"

UNAUTHORIZED = '{"status":"error","error":"Unauthorized","message":"Unauthorized"}'
LOGGED_OUT = '{"status":"success","data":{"message":"You\'ve been logged out!"},"success":true}'
SUCCESS = '{"success":true}'
NOT_EDITABLE = ("Editing permissions is not allowed", "error-edit-permissions-not-allowed")

GRANTS = {
	"access-permissions": ["admin"],
	"api-bypass-rate-limit": ["admin", "app", "bot"],
	"create-personal-access-tokens": ["admin", "user"],
	"manage-livechat-sla": ["admin", "livechat-manager"],
	"view-l-room": ["admin", "livechat-agent", "livechat-manager", "livechat-monitor"],
}
WORKERS = 4
stack = None


def setUpModule():
	global stack
	stack = Stack(workers=WORKERS).start()


def tearDownModule():
	stack.finish()


def typed(text, kind):
	return compact({"success": False, "error": f"{text} [{kind}]", "errorType": kind})


class Case(ContractCase):
	def setUp(self):
		stack.database.sql("DELETE FROM users WHERE username <> 'administrator'; DELETE FROM audit; DELETE FROM sla_policies;")

	def call(self, method, path, body=None, credentials=None, **more):
		return stack.request(method, "/api/v1/" + path, body, (), credentials, **more)

	def add(self, name, *roles, password_hash=HASH, email=None):
		"""A user who can log in, and its credentials."""
		credentials = stack.add_user(name, *roles)
		columns = "NULL" if password_hash is None else f"'{password_hash}'"
		stack.database.sql(f"UPDATE users SET password_hash = {columns}, email = {'NULL' if email is None else repr(email)} WHERE username = '{name}'")
		return credentials

	def log_in(self, **body):
		answer = self.call("POST", "login", body)
		self.assertEqual(answer.status, 200, answer.body)
		data = answer.json()["data"]
		stack.secrets.append(data["authToken"])
		return Credentials(data["userId"], data["authToken"])

	def audit(self, *columns, where="TRUE"):
		return stack.database.sql(f"SELECT {', '.join(columns)} FROM audit WHERE {where} ORDER BY id")


class Login(Case):
	def test_answer(self):
		ada = self.add("ada", "user", "livechat-manager")
		answer = self.call("POST", "login", {"user": "ada", "password": PASSWORD})
		token = answer.json()["data"]["authToken"]
		self.assertRegex(token, "^[A-Za-z0-9_-]{43}$")
		me = f'{{"_id":"{ada.user_id}","username":"ada","roles":["livechat-manager","user"],"active":true}}'
		self.expect(answer, 200, f'{{"status":"success","data":{{"userId":"{ada.user_id}","authToken":"{token}","me":{me}}},"success":true}}')
		stored = stack.database.sql(f"SELECT user_id, name, last_part FROM tokens WHERE digest = TO_BASE64(UNHEX(SHA2('{token}', 256)))")
		self.assertEqual(stored, [[ada.user_id, None, token[-6:]]])

	def test_ways_to_say_who_it_is(self):
		ada = self.add("ada", "user", email="ada@example.org")
		password = {"digest": DIGEST, "algorithm": "sha-256"}
		for body in ({"user": "ada", "password": PASSWORD}, {"user": "ada@example.org", "password": PASSWORD}, {"username": "ada", "password": PASSWORD},
		             {"email": "ada@example.org", "password": PASSWORD}, {"user": {"username": "ada"}, "password": PASSWORD},
		             {"user": {"email": "ada@example.org"}, "password": PASSWORD}, {"user": "ada", "password": password},
		             {"user": {"email": "ada@example.org"}, "password": password, "code": "", "extra": [1]}):
			with self.subTest(json.dumps(body)):
				credentials = self.log_in(**body)
				self.assertEqual(credentials.user_id, ada.user_id)
				self.assertEqual(self.call("GET", "me", credentials=credentials).status, 200)

	def test_password_is_bytes_of_utf8(self):
		self.add("umlaut", "user", password_hash="$2y$05$SvpxJjGKmFB1a.hUoi.bt.U7UUfQAgd2MCf1C4.asXkPbbfHPkGlG")
		self.log_in(user="umlaut", password="größe €")

	def test_refused(self):
		self.add("ada", "user", email="ada@example.org")
		self.add("tokens-only", "user", password_hash=None)
		self.add("broken", "user", password_hash="x")
		self.add("disabled", "user")
		stack.database.sql("UPDATE users SET active = 0 WHERE username = 'disabled'")
		for body in ({"user": "ada", "password": PASSWORD + "x"}, {"user": "ada", "password": ""}, {"user": "ada", "password": DIGEST},
		             {"user": "ada", "password": {"digest": DIGEST.upper(), "algorithm": "sha-256"}},
		             {"user": "ada", "password": {"digest": DIGEST, "algorithm": "sha-512"}}, {"user": "ada", "password": {"digest": DIGEST}},
		             {"user": "ada", "password": HASH}, {"user": "ada", "password": {"digest": HASH, "algorithm": "sha-256"}},
		             {"user": "nobody", "password": PASSWORD}, {"user": "", "password": PASSWORD}, {"user": "ada ", "password": PASSWORD},
		             {"user": "Ada", "password": PASSWORD}, {"user": "ada\0", "password": PASSWORD}, {"user": "ada@example.org ", "password": PASSWORD},
		             {"user": "x" * 60000, "password": PASSWORD}, {"user": "tokens-only", "password": PASSWORD}, {"user": "tokens-only", "password": ""},
		             {"user": "broken", "password": PASSWORD}, {"user": "broken", "password": "x"}, {"user": "disabled", "password": PASSWORD},
		             {}, [], "text", 7, True, {"user": "ada"}, {"password": PASSWORD}, {"user": 7, "password": PASSWORD},
		             {"user": ["ada"], "password": PASSWORD}, {"user": {"name": "ada"}, "password": PASSWORD}, {"user": "ada", "password": 7},
		             {"user": "ada", "password": [PASSWORD]}, {"user": None, "password": None}, {"resume": "x"}, {"resume": ""}, {"resume": "A" * 43},
		             {"resume": "A" * 60000}, {"resume": 7}, {"resume": None, "user": "nobody", "password": PASSWORD}):
			with self.subTest(json.dumps(body)[:90]):
				stack.database.sql("DELETE FROM audit")
				self.expect(self.call("POST", "login", json.dumps(body)), 401, UNAUTHORIZED)
				self.assertEqual(self.audit("user_id", "username", "address", "action"), [[None, "", "127.0.0.1", "login.refused"]])
		self.assertEqual(stack.database.sql("SELECT COUNT(*) FROM tokens WHERE expires_at IS NOT NULL"), [["0"]])

	def test_null_is_refused_as_a_body(self):
		self.expect(self.call("POST", "login", "null"), 401, UNAUTHORIZED)

	def test_body_has_to_be_json(self):
		for body in ("", "x", "user=ada&password=x", '{"user":"ada","password":"x"}}'):
			with self.subTest(body):
				self.expect(stack.request("POST", "/api/v1/login", body.encode(), {"Content-Type": "application/json"}), 400, invalid_params("must be valid JSON"))

	def test_audit_tells_why(self):
		self.add("ada", "user")
		self.add("tokens-only", "user", password_hash=None)
		self.add("disabled", "user")
		stack.database.sql("UPDATE users SET active = 0 WHERE username = 'disabled'")
		for body, target, reason in (({"user": "ada", "password": "x"}, "ada", "wrong password"), ({"user": PASSWORD, "password": "x"}, "", "no such user"),
		                             ({"user": "tokens-only", "password": "x"}, "tokens-only", "no password"), ({"resume": "A" * 43}, "", "no such token"),
		                             ({"user": "disabled", "password": PASSWORD}, "disabled", "disabled"), ({}, "", "malformed")):
			with self.subTest(reason):
				stack.database.sql("DELETE FROM audit")
				self.call("POST", "login", body)
				self.assertEqual(self.audit("action", "target", "detail"), [["login.refused", target, reason]])

	def test_success_is_one_row(self):
		ada = self.add("ada", "user")
		stack.database.sql("DELETE FROM audit")
		self.log_in(user="ada", password=PASSWORD)
		self.assertEqual(self.audit("user_id", "username", "address", "action", "target", "detail"), [[ada.user_id, "ada", "127.0.0.1", "login", "ada", ""]])


class LoginTokens(Case):
	LOGINS = "name IS NULL AND expires_at IS NOT NULL"

	def test_they_expire(self):
		self.add("ada", "user")
		credentials = self.log_in(user="ada", password=PASSWORD)
		[[days]] = stack.database.sql(f"SELECT TIMESTAMPDIFF(SECOND, created_at, expires_at) / 86400 FROM tokens WHERE {self.LOGINS}")
		self.assertEqual(float(days), 90)
		stack.database.sql("UPDATE tokens SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE expires_at IS NOT NULL")
		self.expect(self.call("GET", "me", credentials=credentials), 401, NOT_LOGGED_IN)
		self.expect(self.call("POST", "login", {"resume": credentials.token}), 401, UNAUTHORIZED)

	def test_resume_keeps_token_and_end(self):
		self.add("ada", "user")
		credentials = self.log_in(user="ada", password=PASSWORD)
		before = stack.database.sql(f"SELECT digest, created_at, expires_at FROM tokens WHERE {self.LOGINS}")
		self.assertEqual(self.log_in(resume=credentials.token), credentials)
		self.assertEqual(stack.database.sql(f"SELECT digest, created_at, expires_at FROM tokens WHERE {self.LOGINS}"), before)
		stack.database.sql("UPDATE users SET active = 0 WHERE username = 'ada'")
		self.expect(self.call("POST", "login", {"resume": credentials.token}), 401, UNAUTHORIZED)

	def test_fifty_are_kept(self):
		ada = self.add("ada", "user")
		self.call("POST", "users.generatePersonalAccessToken", {"tokenName": "script"}, ada)
		tokens = [self.log_in(user="ada", password=PASSWORD) for _ in range(52)]
		self.assertEqual([self.call("GET", "me", credentials=token).status for token in tokens], [401] * 2 + [200] * 50)
		self.assertEqual(self.call("GET", "me", credentials=ada).status, 200, "what was issued otherwise stays")
		self.assertEqual(stack.database.sql(f"SELECT COUNT(*), SUM({self.LOGINS}) FROM tokens WHERE user_id = '{ada.user_id}'"), [["52", "50"]])

	def test_logins_at_once_keep_to_fifty(self):
		ada = self.add("ada", "user")
		for number in range(50):
			stack.database.sql(f"INSERT INTO tokens VALUES (RPAD('{number}', 44, 'x'), '{ada.user_id}', NULL, 'xxxxxx', '2020-01-01', '2030-01-01', NULL)")
		threads = [threading.Thread(target=self.log_in, kwargs={"user": "ada", "password": PASSWORD}) for _ in range(8)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		self.assertEqual(stack.database.sql(f"SELECT COUNT(*), SUM(digest NOT LIKE '%xxxx') FROM tokens WHERE {self.LOGINS}"), [["50", "8"]])


class Logout(Case):
	def test_token_is_dead_in_every_worker(self):
		ada = self.add("ada", "user")
		first, second = (self.log_in(user="ada", password=PASSWORD) for _ in range(2))
		stack.database.sql("DELETE FROM audit")
		self.expect(self.call("POST", "logout", credentials=first), 200, LOGGED_OUT)
		for _ in range(4 * WORKERS):
			self.expect(self.call("GET", "me", credentials=first), 401, NOT_LOGGED_IN)
		self.assertEqual(self.call("GET", "me", credentials=second).status, 200)
		self.assertEqual(self.audit("user_id", "username", "action", "target"), [[ada.user_id, "ada", "logout", "ada"]])

	def test_body_is_ignored(self):
		self.add("ada", "user")
		self.expect(self.call("POST", "logout", {"x": 1}, self.log_in(user="ada", password=PASSWORD)), 200, LOGGED_OUT)


class Me(Case):
	def test_with_everything(self):
		ada = self.add("ada", "user", "bot", email="ada@example.org")
		stack.database.sql("UPDATE users SET name = 'Ada Λ' WHERE username = 'ada'")
		self.expect(self.call("GET", "me", credentials=ada), 200,
		            f'{{"_id":"{ada.user_id}","username":"ada","name":"Ada Λ","emails":[{{"address":"ada@example.org","verified":false}}],'
		            '"roles":["bot","user"],"active":true,"success":true}')

	def test_with_nothing(self):
		bare = self.add("bare")
		self.expect(self.call("GET", "me", credentials=bare), 200,
		            f'{{"_id":"{bare.user_id}","username":"bare","name":"","emails":[],"roles":[],"active":true,"success":true}}')


class LastUse(Case):
	def last_used(self):
		return stack.database.sql("SELECT last_used_at FROM tokens AS t JOIN users AS u ON u.id = t.user_id WHERE u.username = 'ada'")[0][0]

	def test_once_a_minute(self):
		ada = self.add("ada", "user")
		self.assertIsNone(self.last_used())
		self.call("GET", "me", credentials=ada)
		first = self.last_used()
		self.assertIsNotNone(first)
		self.call("GET", "me", credentials=ada)
		self.assertEqual(self.last_used(), first)
		stack.database.sql("UPDATE tokens SET last_used_at = UTC_TIMESTAMP(3) - INTERVAL 61 SECOND")
		self.call("GET", "me", credentials=ada)
		self.assertGreater(self.last_used(), first)


class PersonalTokens(Case):
	def generate(self, body, credentials):
		answer = self.call("POST", "users.generatePersonalAccessToken", body, credentials)
		if answer.status == 200:
			stack.secrets.append(answer.json()["token"])
		return answer

	def test_life(self):
		ada = self.add("ada", "user")
		stack.database.sql("DELETE FROM audit")
		answer = self.generate({"tokenName": "nächtlich", "bypassTwoFactor": True}, ada)
		token = answer.json()["token"]
		self.expect(answer, 200, f'{{"token":"{token}","success":true}}')
		script = Credentials(ada.user_id, token)
		listed = self.call("GET", "users.getPersonalAccessTokens", credentials=script)
		[shown] = listed.json()["tokens"]
		self.assertRegex(shown["createdAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
		self.expect(listed, 200, f'{{"tokens":[{{"name":"nächtlich","createdAt":"{shown["createdAt"]}","lastTokenPart":"{token[-6:]}","bypassTwoFactor":false}}],"success":true}}')
		self.expect(self.generate({"tokenName": "nächtlich"}, ada), 400, typed("A token with this name already exists", "error-token-already-exists"))
		self.expect(self.call("POST", "users.removePersonalAccessToken", {"tokenName": "nächtlich"}, script), 200, SUCCESS)
		self.expect(self.call("GET", "me", credentials=script), 401, NOT_LOGGED_IN)
		self.expect(self.call("POST", "users.removePersonalAccessToken", {"tokenName": "nächtlich"}, ada), 400, typed("Token does not exist", "error-token-does-not-exists"))
		self.expect(self.call("GET", "users.getPersonalAccessTokens", credentials=ada), 200, '{"tokens":[],"success":true}')
		self.assertEqual(self.audit("username", "action", "target", "detail"),
		                 [["ada", "token.issue", "ada", "nächtlich"], ["ada", "token.revoke", "ada", "nächtlich"]])

	def test_does_not_expire(self):
		self.generate({"tokenName": "x"}, self.add("ada", "user"))
		self.assertEqual(stack.database.sql("SELECT expires_at FROM tokens WHERE name = 'x'"), [[None]])

	def test_names(self):
		ada = self.add("ada", "user")
		required = '{"success":false,"error":"The \'tokenName\' param is required"}'
		for path in ("users.generatePersonalAccessToken", "users.removePersonalAccessToken"):
			for body in ({}, [], None, "x", {"tokenName": ""}, {"tokenName": None}, {"tokenName": 7}, {"tokenName": ["x"]}, {"name": "x"}):
				with self.subTest(f"{path} {json.dumps(body)}"):
					self.expect(self.call("POST", path, json.dumps(body), ada), 400, required)
			for name in ("x" * 256, "\U0001f600" * 256, "a\0b"):
				with self.subTest(f"{path} {ascii(name)[:20]}"):
					self.expect(self.call("POST", path, {"tokenName": name}, ada), 400, typed("Invalid 'tokenName' param", "invalid-params"))
		for name in ("x" * 255, "\U0001f600" * 255):
			self.assertEqual(self.generate({"tokenName": name}, ada).status, 200)

	def test_of_others_are_not_touched(self):
		ada, bob = self.add("ada", "user"), self.add("bob", "user")
		self.assertEqual(self.generate({"tokenName": "x"}, ada).status, 200)
		self.expect(self.call("POST", "users.removePersonalAccessToken", {"tokenName": "x"}, bob), 400, typed("Token does not exist", "error-token-does-not-exists"))
		self.expect(self.call("GET", "users.getPersonalAccessTokens", credentials=bob), 200, '{"tokens":[],"success":true}')
		self.assertEqual(self.generate({"tokenName": "x"}, bob).status, 200, "a name is unique for the user alone")

	def test_permission(self):
		agent = self.add("agent", "livechat-agent")
		self.expect(self.generate({"tokenName": "x"}, agent), 403, NOT_AUTHORIZED)
		self.assertEqual(self.call("GET", "users.getPersonalAccessTokens", credentials=agent).status, 200)


class Roles(Case):
	def test_list(self):
		roles = (("admin", "Administrator"), ("app", "App"), ("bot", "Bot"), ("livechat-agent", "Livechat agent"),
		         ("livechat-manager", "Livechat manager"), ("livechat-monitor", "Livechat monitor"), ("user", "User"))
		self.expect(self.call("GET", "roles.list", credentials=self.add("ada")), 200,
		            compact({"roles": [{"_id": role, "name": role, "description": text} for role, text in roles], "success": True}))


def restore_grants():
	rows = ", ".join(f"('{permission}', '{role}')" for permission, roles in GRANTS.items() for role in roles)
	stack.database.sql(f"DELETE FROM role_permissions; INSERT INTO role_permissions (permission_id, role_id) VALUES {rows};")


class Permissions(Case):
	def setUp(self):
		super().setUp()
		self.addCleanup(restore_grants)

	def update(self, *permissions, credentials=None):
		body = {"permissions": [{"_id": permission, "roles": roles} for permission, roles in permissions]}
		return self.call("POST", "permissions.update", body, credentials or stack.admin)

	def grants(self):
		grants = {permission: [] for permission in GRANTS}
		for permission, role in stack.database.sql("SELECT permission_id, role_id FROM role_permissions ORDER BY 1, 2"):
			grants[permission].append(role)
		return grants

	def expect_list(self, answer, key, more, grants):
		at = {permission["_id"]: permission["_updatedAt"] for permission in answer.json()[key]}
		for time in at.values():
			self.assertRegex(time, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
		self.expect(answer, 200, compact({key: [{"_id": permission, "roles": grants[permission], "_updatedAt": at[permission]} for permission in sorted(grants)],
		                                  **more, "success": True}))

	def test_list(self):
		self.expect_list(self.call("GET", "permissions.listAll", credentials=stack.admin), "update", {"remove": []}, GRANTS)

	def test_list_needs_permission(self):
		self.expect(self.call("GET", "permissions.listAll", credentials=self.add("ada", "livechat-manager")), 403, NOT_AUTHORIZED)

	def test_update(self):
		stack.database.sql("UPDATE permissions SET updated_at = '2020-01-01'")
		wanted = {**GRANTS, "view-l-room": [], "manage-livechat-sla": ["admin", "bot"]}
		answer = self.update(("manage-livechat-sla", ["bot", "admin", "bot"]), ("view-l-room", []), ("api-bypass-rate-limit", GRANTS["api-bypass-rate-limit"]))
		self.expect_list(answer, "permissions", {}, wanted)
		self.assertEqual(self.grants(), wanted)
		self.assertEqual(stack.database.sql("SELECT id FROM permissions WHERE updated_at > '2020-01-01' ORDER BY id"), [["manage-livechat-sla"], ["view-l-room"]])
		self.assertEqual(self.audit("user_id", "username", "address", "action", "target", "detail"), [
			[stack.admin.user_id, "administrator", "127.0.0.1", f"permission.{action}", target, role] for action, target, role in (
				("grant", "manage-livechat-sla", "bot"), ("revoke", "manage-livechat-sla", "livechat-manager"), ("revoke", "view-l-room", "admin"),
				("revoke", "view-l-room", "livechat-agent"), ("revoke", "view-l-room", "livechat-manager"), ("revoke", "view-l-room", "livechat-monitor"))])
		self.assertEqual(len(set(self.audit("change_id")[0])), 1, "one change")

	def test_what_is_listed_can_be_sent_back(self):
		listed = self.call("GET", "permissions.listAll", credentials=stack.admin).json()["update"]
		answer = self.call("POST", "permissions.update", {"permissions": listed}, stack.admin)
		self.expect_list(answer, "permissions", {}, GRANTS)
		self.assertEqual(answer.json()["permissions"], listed)
		self.assertEqual(self.audit("id"), [])

	def test_nothing_is_asked(self):
		self.expect_list(self.update(), "permissions", {}, GRANTS)

	def test_refused_as_a_whole(self):
		good = ("view-l-room", ["bot"])
		for permissions, refusal in (
			((good, ("no-such", ["bot"])), ("Invalid permission", "error-invalid-permission")),
			((good, ("view-l-room", ["app"])), ("Invalid permission", "error-invalid-permission")),
			((good, ("", ["bot"])), ("Invalid permission", "error-invalid-permission")),
			((good, ("View-l-room", ["bot"])), ("Invalid permission", "error-invalid-permission")),
			((good, ("view-l-room ", ["bot"])), ("Invalid permission", "error-invalid-permission")),
			((good, ("no-such", ["no-such"])), ("Invalid permission", "error-invalid-permission")),
			((good, ("manage-livechat-sla", ["bot", "no-such"])), ("Invalid role", "error-invalid-role")),
			((good, ("manage-livechat-sla", ["bot "])), ("Invalid role", "error-invalid-role")),
			((good, ("access-permissions", [])), NOT_EDITABLE),
			((good, ("access-permissions", ["bot", "user"])), NOT_EDITABLE)):
			with self.subTest(permissions[1]):
				self.expect(self.update(*permissions), 400, typed(*refusal))
				self.assertEqual(self.grants(), GRANTS)
				self.assertEqual(self.audit("id"), [])

	def test_bodies_of_another_form(self):
		change = {"_id": "view-l-room", "roles": ["bot"]}
		for body in ({}, [], None, "x", [change], {"permissions": change}, {"permissions": [7]}, {"permissions": [{**change, "_id": 7}]},
		             {"permissions": [{"roles": []}]}, {"permissions": [{"_id": "view-l-room"}]}, {"permissions": [change, {**change, "roles": "bot"}]},
		             {"permissions": [{**change, "roles": ["bot", 7]}]}, {"permissions": [{**change, "roles": ["bot\0"]}]},
		             {"permissions": [{**change, "_id": "view-l-room\0"}]}):
			with self.subTest(json.dumps(body)):
				self.expect(self.call("POST", "permissions.update", json.dumps(body), stack.admin), 400, typed("Invalid body params", "error-invalid-body-params"))
		self.assertEqual(self.grants(), GRANTS)

	def test_large_bodies_are_answered_soon(self):
		many = [(f"no-such-{number}", []) for number in range(1500)]
		self.expect(self.update(*many), 400, typed("Invalid permission", "error-invalid-permission"))
		self.assertEqual(self.update(("view-l-room", ["bot"] * 9000)).status, 200)

	def test_permission_is_asked_before_the_body(self):
		agent = self.add("agent", "livechat-agent")
		for body in ("x", "{}", json.dumps({"permissions": []})):
			self.expect(self.call("POST", "permissions.update", body, agent), 400, typed(*NOT_EDITABLE))

	def test_a_disabled_holder_does_not_count(self):
		self.add("other", "bot")
		stack.database.sql("UPDATE users SET active = 0 WHERE username = 'other'")
		self.expect(self.update(("access-permissions", ["bot"])), 400, typed(*NOT_EDITABLE))
		stack.database.sql("UPDATE users SET active = 1 WHERE username = 'other'")
		self.assertEqual(self.update(("access-permissions", ["bot"])).status, 200)

	def test_two_who_shut_each_other_out(self):
		"""Each takes the right from the other's role at the same time: one of them must fail."""
		bot = self.add("bot", "bot")
		for _ in range(10):
			stack.database.sql("DELETE FROM role_permissions WHERE permission_id = 'access-permissions';"
			                   "INSERT INTO role_permissions (permission_id, role_id) VALUES ('access-permissions', 'admin'), ('access-permissions', 'bot')")
			barrier, answers = threading.Barrier(2), []

			def shut_out(credentials, role):
				barrier.wait()
				answers.append(self.update(("access-permissions", [role]), credentials=credentials).status)

			threads = [threading.Thread(target=shut_out, args=arguments) for arguments in ((stack.admin, "bot"), (bot, "admin"))]
			for thread in threads:
				thread.start()
			for thread in threads:
				thread.join()
			self.assertIn(200, answers)
			self.assertEqual(len(self.grants()["access-permissions"]), 1)


class WhoMayDoWhat(Case):
	def test_from_the_first_login_to_the_last(self):
		self.add("ada", "livechat-manager")
		self.addCleanup(restore_grants)
		ada = self.log_in(user="ada", password=PASSWORD)
		self.assertEqual(stack.request("POST", PATH, GOOD, (), ada).status, 200)
		taken = self.call("POST", "permissions.update", {"permissions": [{"_id": "manage-livechat-sla", "roles": ["admin"]}]}, stack.admin)
		self.assertEqual(taken.status, 200)
		for _ in range(4 * WORKERS):
			self.expect(stack.request("POST", PATH, GOOD, (), ada), 403, NOT_AUTHORIZED)
		self.assertEqual(stack.request("GET", PATH, credentials=ada).status, 200, "view-l-room is left")
		self.expect(self.call("POST", "logout", credentials=ada), 200, LOGGED_OUT)
		for _ in range(4 * WORKERS):
			self.expect(stack.request("GET", PATH, credentials=ada), 401, NOT_LOGGED_IN)


class Brakes(Case):
	@staticmethod
	def reload(**keys):
		old = set(stack.pool.workers())
		stack.pool.reload(**keys)
		wait_until(lambda: not old & set(stack.pool.workers()), "workers of the new configuration")

	def test_failed_logins(self):
		self.add("ada", "user")
		self.add("bob", "user")
		self.addCleanup(self.reload, rate_limit="off")
		self.reload(rate_limit="on", rate_limit_calls=1000, failed_logins=3, failed_credentials=1000)
		stack.database.sql("DELETE FROM audit")
		for _ in range(3):
			self.assertEqual(self.call("POST", "login", {"user": "ada", "password": "x"}).status, 401)
		for password in ("x", PASSWORD):
			answer = self.call("POST", "login", {"user": "ada", "password": password})
			self.assertEqual(answer.status, 429)
			self.assertEqual(answer.header("Retry-After"), re.search(r"wait (\d+) seconds", answer.json()["error"])[1])
		self.assertEqual(self.audit("action"), [["login.refused"]] * 3, "what is braked leaves no row")
		self.log_in(user="bob", password=PASSWORD)

	def test_failed_resumes_count_for_the_address(self):
		self.addCleanup(self.reload, rate_limit="off")
		self.reload(rate_limit="on", rate_limit_calls=1000, failed_logins=1000, failed_credentials=4)
		bodies = ({"resume": "A" * 43}, {}, {"resume": "x"}, {"user": 7}, {"resume": "A" * 43})
		statuses = [self.call("POST", "login", body, source="127.0.0.2").status for body in bodies]
		self.assertEqual(statuses, [401] * 4 + [429])


class Unavailable(Case):
	def test_database_is_away(self):
		ada = self.add("ada", "user")
		stack.database.stop()
		for method, path, body, credentials in (("POST", "login", {"user": "ada", "password": PASSWORD}, None), ("POST", "login", {}, None),
		                                        ("POST", "login", {"resume": ada.token}, None), ("POST", "logout", None, ada), ("GET", "roles.list", None, ada)):
			with self.subTest(f"{path} {body}"):
				answer = self.call(method, path, body, credentials)
				self.assertEqual((answer.status, answer.json()["error"]), (503, "error-service-unavailable"))
		stack.database.start()
		wait_until(lambda: self.call("GET", "me", credentials=ada).status == 200, "service")


class Stored(Case):
	def test_no_secret_is_in_the_database(self):
		ada = self.add("ada", "user")
		login = self.log_in(user="ada", password=PASSWORD)
		self.call("POST", "login", {"user": "ada", "password": "not-my-password"})
		self.call("POST", "login", {"user": "typed-my-password-here", "password": "x"})
		self.call("POST", "logout", credentials=login)
		tables = [table for [table] in stack.database.sql("SHOW TABLES")]
		dump = "".join(str(stack.database.sql(f"SELECT * FROM {table}")) for table in tables)
		self.assertIn(HASH, dump)
		for secret in (PASSWORD, DIGEST, ada.token, login.token, "not-my-password", "typed-my-password-here"):
			self.assertNotIn(secret, dump)

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * api/dispatch: what a row says is enforced, in the contract's order. The route table and the sessions are this test's own: as it defines
 * `routes` and `session_open`, the linker takes no others from the library.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "api/answer.h"
#include "api/dispatch.h"
#include "api/route.h"
#include "api/service.h"
#include "base/log.h"
#include "http/request.h"
#include "http/response.h"
#include "json/parse.h"
#include "json/schema.h"

#define USER_ID "aaaaaaaaaaaaaaaaa"
#define JSON "application/json"
#define GOOD "{\"number\":\"7\"}"

/* What the fake session says, and what was asked of it. */
static struct {
	enum outcome outcome;
	bool permitted;
	int asked;
	const struct connection *connection;
	char user_id[64];
	char token[64];
	const char *const *permissions;
} session;

/* What reached the handler. */
static struct {
	int calls;
	char route[32];
	char argument[32];
	char user_id[32];
	char body[64];
	char query[64];
} handled;

enum outcome session_open(struct connection *connection, const char *user_id, const char *token,
                          const char *const permissions[SESSION_PERMISSIONS_MOST], struct session *opened)
{
	session.asked++;
	session.connection = connection;
	snprintf(session.user_id, sizeof session.user_id, "%s", user_id);
	snprintf(session.token, sizeof session.token, "%s", token);
	session.permissions = permissions;
	memset(opened, 0, sizeof *opened);
	if (session.outcome != OUTCOME_DONE)
		return session.outcome;
	strcpy(opened->user_id, USER_ID);
	opened->permitted = session.permitted;
	return OUTCOME_DONE;
}

/* The last line that was logged, and how many there were. */
static struct {
	int lines;
	int level;
	char text[256];
} logged;

__attribute__((format(printf, 2, 3))) void __wrap_log_message(int level, const char *format, ...);

void __wrap_log_message(int level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(logged.text, sizeof logged.text, format, arguments);
	va_end(arguments);
	logged.level = level;
	logged.lines++;
}

static bool memory_is_short; /* to the parser */

bool __real_json_parse(const char *body, size_t length, struct json_object **value, bool *no_memory);
bool __wrap_json_parse(const char *body, size_t length, struct json_object **value, bool *no_memory);

bool __wrap_json_parse(const char *body, size_t length, struct json_object **value, bool *no_memory)
{
	if (!memory_is_short)
		return __real_json_parse(body, length, value, no_memory);
	*value = NULL;
	*no_memory = true;
	return false;
}

static void copy_json(char *out, size_t size, struct json_object *value)
{
	snprintf(out, size, "%s", value == NULL ? "" : json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
}

static void handle(struct call *call)
{
	handled.calls++;
	snprintf(handled.route, sizeof handled.route, "%s %s", call->route->method, call->route->path);
	snprintf(handled.argument, sizeof handled.argument, "%s", call->argument);
	snprintf(handled.user_id, sizeof handled.user_id, "%s", call->session.user_id);
	copy_json(handled.body, sizeof handled.body, call->body);
	copy_json(handled.query, sizeof handled.query, call->query);
	response_succeed(call->response, json_object_new_object());
}

static const struct schema_property properties[] = { { "number", SCHEMA_INTEGER, true, 1, 9, NULL } };
static const struct schema_property query_properties[] = { { "number", SCHEMA_INTEGER, false, 1, 9, NULL } };
static const struct schema schema = { properties, 1 };
static const struct schema query_schema = { query_properties, 1 };

static const struct route things[] = {
	{ .method = "GET", .path = "things", .permissions = { "read", "write" }, .query = &query_schema, .handler = handle },
	{ .method = "POST", .path = "things", .permissions = { "write" }, .body = &schema, .handler = handle },
	{ .method = "GET", .path = "things/:", .permissions = { "read", "write" }, .handler = handle },
	{ .method = "PUT", .path = "things/:", .permissions = { "write" }, .body = &schema, .handler = handle },
	{ .method = "DELETE", .path = "things/:", .permissions = { "write" }, .handler = handle },
	{ 0 },
};

static const struct route doors[] = {
	{ .method = "POST", .path = "door", .open = true, .body = &schema, .handler = handle },
	{ 0 },
};

const struct route *const routes[] = { things, doors, NULL };

static struct service service;
static struct response response;
static char user[32];

static int begin(void **state)
{
	(void)state;
	memset(&session, 0, sizeof session);
	memset(&logged, 0, sizeof logged);
	session.permitted = true;
	memory_is_short = false;
	return 0;
}

static int end(void **state)
{
	(void)state;
	response_clear(&response);
	return 0;
}

/* A request with good credentials; the caller changes what it likes. */
static struct request request_of(const char *method, const char *path, const char *body)
{
	struct request request = {
		.method = method, .path_found = true, .query = "", .user_id = USER_ID, .auth_token = "token", .content_type = JSON,
		.address = "192.0.2.1", .forwarded_for = "", .id = "id", .body = body, .body_length = strlen(body),
	};

	snprintf(request.path, sizeof request.path, "%s", path);
	return request;
}

static int serve(const struct request *request)
{
	response_clear(&response);
	memset(&handled, 0, sizeof handled);
	memset(user, 'x', sizeof user);
	dispatch(&service, request, &response, user, sizeof user);
	return response.status;
}

static void assert_body(const char *expected)
{
	assert_string_equal(json_object_to_json_string_ext(response.body, JSON_C_TO_STRING_PLAIN), expected);
}

/* Each row mends the first fault of the row before it; all faults behind it are still there. */
static void the_first_failure_answers(void **state)
{
	static const struct {
		const char *path, *method;
		enum request_body body_state;
		const char *content_type, *user_id;
		enum outcome outcome;
		bool permitted;
		const char *body;
		int status, asked;
	} rows[] = {
		{ "nowhere", "PATCH", REQUEST_BODY_TOO_LARGE, "text/plain", "", OUTCOME_NOT_FOUND, false, "x", 404, 0 },
		{ "things", "PATCH", REQUEST_BODY_TOO_LARGE, "text/plain", "", OUTCOME_NOT_FOUND, false, "x", 405, 0 },
		{ "things", "POST", REQUEST_BODY_TOO_LARGE, "text/plain", "", OUTCOME_NOT_FOUND, false, "x", 413, 0 },
		{ "things", "POST", REQUEST_BODY_BROKEN, "text/plain", "", OUTCOME_NOT_FOUND, false, "x", 415, 0 },
		{ "things", "POST", REQUEST_BODY_BROKEN, JSON, "", OUTCOME_NOT_FOUND, false, "x", 401, 0 },
		{ "things", "POST", REQUEST_BODY_BROKEN, JSON, USER_ID, OUTCOME_NOT_FOUND, false, "x", 401, 1 },
		{ "things", "POST", REQUEST_BODY_BROKEN, JSON, USER_ID, OUTCOME_UNAVAILABLE, false, "x", 503, 1 },
		{ "things", "POST", REQUEST_BODY_BROKEN, JSON, USER_ID, OUTCOME_DEFECT, false, "x", 500, 1 },
		{ "things", "POST", REQUEST_BODY_BROKEN, JSON, USER_ID, OUTCOME_DONE, false, "x", 403, 1 },
		{ "things", "POST", REQUEST_BODY_BROKEN, JSON, USER_ID, OUTCOME_DONE, true, "x", 400, 1 },
		{ "things", "POST", REQUEST_BODY_WHOLE, JSON, USER_ID, OUTCOME_DONE, true, "x", 400, 1 },
		{ "things", "POST", REQUEST_BODY_WHOLE, JSON, USER_ID, OUTCOME_DONE, true, "{}", 400, 1 },
		{ "things", "POST", REQUEST_BODY_WHOLE, JSON, USER_ID, OUTCOME_DONE, true, GOOD, 200, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct request request = request_of(rows[i].method, rows[i].path, rows[i].body);

		request.body_state = rows[i].body_state;
		request.content_type = rows[i].content_type;
		request.user_id = rows[i].user_id;
		session.outcome = rows[i].outcome;
		session.permitted = rows[i].permitted;
		session.asked = 0;
		assert_int_equal(serve(&request), rows[i].status);
		assert_int_equal(session.asked, rows[i].asked);
		assert_int_equal(handled.calls, rows[i].status == 200);
	}
}

static void paths_are_those_of_the_table(void **state)
{
	static const struct {
		const char *path;
		int status;
		const char *route;
		const char *argument;
	} rows[] = {
		{ "things", 200, "GET things", "" },
		{ "things/a b", 200, "GET things/:", "a b" },
		{ "things/:", 200, "GET things/:", ":" },
		{ "", 404, "", "" },
		{ "thing", 404, "", "" },
		{ "thingsx", 404, "", "" },
		{ "Things", 404, "", "" },
		{ "things/", 404, "", "" },
		{ "things/a/", 404, "", "" },
		{ "things/a/b", 404, "", "" },
		{ "things//a", 404, "", "" },
		{ "/things", 404, "", "" },
		{ "door", 405, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct request request = request_of("GET", rows[i].path, "");

		assert_int_equal(serve(&request), rows[i].status);
		assert_string_equal(handled.route, rows[i].route);
		assert_string_equal(handled.argument, rows[i].argument);
	}
}

static void a_path_that_was_not_found_is_looked_up_nowhere(void **state)
{
	struct request request = request_of("GET", "things", "");

	(void)state;
	request.path_found = false;
	assert_int_equal(serve(&request), 404);
	assert_body("{\"status\":\"error\",\"message\":\"API endpoint does not exist\"}");
	assert_string_equal(response.allow, "");
}

static void allow_tells_the_methods_of_the_path(void **state)
{
	static const struct {
		const char *path;
		const char *allow;
	} rows[] = {
		{ "things", "GET, HEAD, POST, OPTIONS" },
		{ "things/x", "GET, HEAD, PUT, DELETE, OPTIONS" },
		{ "door", "POST, OPTIONS" },
	};
	static const char *const methods[] = { "PATCH", "TRACE", "get", "POSTS", "POS", "" };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct request request = request_of("OPTIONS", rows[i].path, "");

		request.user_id = "";
		assert_int_equal(serve(&request), 204);
		assert_null(response.body);
		assert_string_equal(response.allow, rows[i].allow);
		for (size_t j = 0; j < sizeof methods / sizeof *methods; j++) {
			request.method = methods[j];
			assert_int_equal(serve(&request), 405);
			assert_string_equal(response.allow, rows[i].allow);
			assert_body("{\"status\":\"error\",\"message\":\"API endpoint does not exist\"}");
		}
	}
	assert_int_equal(session.asked, 0);
}

static void head_is_served_by_the_row_of_get(void **state)
{
	struct request request = request_of("HEAD", "things/x", "");

	(void)state;
	assert_int_equal(serve(&request), 200);
	assert_string_equal(handled.route, "GET things/:");
	assert_string_equal(handled.argument, "x");
	assert_string_equal(response.allow, "");
	request = request_of("HEAD", "door", "");
	assert_int_equal(serve(&request), 405);
}

static void half_credentials_are_none(void **state)
{
	static const char *const rows[][2] = { { "", "" }, { USER_ID, "" }, { "", "token" } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct request request = request_of("GET", "things", "");

		request.user_id = rows[i][0];
		request.auth_token = rows[i][1];
		assert_int_equal(serve(&request), 401);
		assert_body("{\"status\":\"error\",\"message\":\"You must be logged in to do this.\"}");
	}
	assert_int_equal(session.asked, 0);
}

static void the_session_is_asked_for_the_permissions_of_the_row(void **state)
{
	struct request request = request_of("GET", "things", "");

	(void)state;
	service.connection = (struct connection *)(void *)&service;
	serve(&request);
	service.connection = NULL;
	assert_int_equal(session.asked, 1);
	assert_ptr_equal(session.connection, &service);
	assert_string_equal(session.user_id, USER_ID);
	assert_string_equal(session.token, "token");
	assert_ptr_equal(session.permissions, things[0].permissions);
	request = request_of("DELETE", "things/x", "");
	serve(&request);
	assert_ptr_equal(session.permissions, things[4].permissions);
}

static void an_open_row_asks_for_no_credentials(void **state)
{
	struct request request = request_of("POST", "door", GOOD);

	(void)state;
	session.permitted = false;
	request.user_id = "";
	assert_int_equal(serve(&request), 200);
	request.user_id = USER_ID;
	assert_int_equal(serve(&request), 200);
	assert_int_equal(session.asked, 0);
	assert_string_equal(user, "");
}

static void the_user_is_told_to_the_log_once_known(void **state)
{
	static const struct {
		enum outcome outcome;
		bool permitted;
		const char *user;
	} rows[] = { { OUTCOME_DONE, true, USER_ID }, { OUTCOME_DONE, false, USER_ID }, { OUTCOME_NOT_FOUND, false, "" } };
	struct request request = request_of("GET", "things", "");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		session.outcome = rows[i].outcome;
		session.permitted = rows[i].permitted;
		serve(&request);
		assert_string_equal(user, rows[i].user);
	}
	request.method = "PATCH";
	serve(&request);
	assert_string_equal(user, "");
}

static void a_body_of_another_type_is_refused_wherever_it_comes(void **state)
{
	static const struct {
		const char *method, *path, *body, *content_type;
		int status;
	} rows[] = {
		{ "POST", "things", GOOD, "", 200 },
		{ "POST", "things", GOOD, JSON "; charset=utf-8", 200 },
		{ "POST", "things", GOOD, "text/plain", 415 },
		{ "POST", "things", "", "text/plain", 400 },
		{ "DELETE", "things/x", "x", "text/plain", 415 },
		{ "DELETE", "things/x", "", "text/plain", 200 },
		{ "DELETE", "things/x", "not read", JSON, 200 },
		{ "GET", "things", "not read", "", 200 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct request request = request_of(rows[i].method, rows[i].path, rows[i].body);

		request.content_type = rows[i].content_type;
		assert_int_equal(serve(&request), rows[i].status);
	}
}

static void a_body_too_large_is_refused_by_rows_without_one_too(void **state)
{
	struct request request = request_of("GET", "things", "");

	(void)state;
	request.body_state = REQUEST_BODY_TOO_LARGE;
	request.body = NULL;
	request.body_length = 70000;
	request.content_type = "text/plain";
	assert_int_equal(serve(&request), 413);
}

static void bodies_are_checked_and_coerced(void **state)
{
	static const struct {
		const char *body;
		const char *error;
	} rows[] = {
		{ "", "must be valid JSON" },
		{ "{", "must be valid JSON" },
		{ "{'number':7}", "must be valid JSON" },
		{ "{} x", "must be valid JSON" },
		{ "null", "must be object" },
		{ "[]", "must be object" },
		{ "{}", "must have required property 'number'" },
		{ "{\"number\":10}", "must be <= 9" },
	};
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char expected[192];

		snprintf(expected, sizeof expected, "{\"success\":false,\"error\":\"%s [invalid-params]\",\"errorType\":\"invalid-params\"}",
		         rows[i].error);
		request = request_of("PUT", "things/x", rows[i].body);
		assert_int_equal(serve(&request), 400);
		assert_body(expected);
	}
	request = request_of("PUT", "things/x", GOOD);
	assert_int_equal(serve(&request), 200);
	assert_string_equal(handled.body, "{\"number\":7}");
	assert_string_equal(handled.user_id, USER_ID);
}

/* None came at all, where others are "" of length 0. */
static void no_body_is_an_empty_one(void **state)
{
	struct request request = request_of("POST", "things", "");

	(void)state;
	request.body = NULL;
	assert_int_equal(serve(&request), 400);
	request = request_of("GET", "things", "");
	request.body = NULL;
	assert_int_equal(serve(&request), 200);
}

static void queries_are_checked_where_the_row_has_one(void **state)
{
	static const struct {
		const char *path, *query;
		int status;
		const char *seen; /* or the error */
	} rows[] = {
		{ "things", "", 200, "{}" },
		{ "things", "number=7", 200, "{\"number\":7}" },
		{ "things", "&number=%37&", 200, "{\"number\":7}" },
		{ "things", "number=0", 400, "must be >= 1" },
		{ "things", "number=1&number=2", 400, "must be integer" },
		{ "things", "other=1", 400, "must NOT have additional properties" },
		{ "things", "number=%", 400, "must be a valid query string" },
		{ "things", "number=%00", 400, "must be a valid query string" },
		{ "things/x", "other=%", 200, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct request request = request_of("GET", rows[i].path, "");

		request.query = rows[i].query;
		assert_int_equal(serve(&request), rows[i].status);
		if (rows[i].status == 200)
			assert_string_equal(handled.query, rows[i].seen);
		else
			assert_non_null(strstr(json_object_to_json_string(response.body), rows[i].seen));
	}
}

static void what_has_no_answer_is_logged(void **state)
{
	static const struct {
		enum outcome outcome;
		int status;
		const char *line; /* NULL: none, or by whom it happened to */
	} rows[] = {
		{ OUTCOME_NOT_FOUND, 500, "not found" }, { OUTCOME_DUPLICATE, 500, "duplicate" }, { OUTCOME_REFUSED, 500, "refused" },
		{ OUTCOME_UNAVAILABLE, 503, NULL }, { OUTCOME_DEFECT, 500, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		response_clear(&response);
		logged.lines = 0;
		assert_false(answer_outcome(&response, rows[i].outcome));
		assert_int_equal(response.status, rows[i].status);
		assert_int_equal(logged.lines, rows[i].line != NULL);
		if (rows[i].line == NULL)
			continue;
		assert_int_equal(logged.level, LOG_ERR);
		assert_non_null(strstr(logged.text, rows[i].line));
	}
	assert_true(answer_outcome(&response, OUTCOME_DONE));
}

static void memory_that_is_short_is_logged(void **state)
{
	struct request request = request_of("POST", "things", GOOD);

	(void)state;
	memory_is_short = true;
	assert_int_equal(serve(&request), 500);
	assert_body("{\"success\":false,\"error\":\"Internal server error\"}");
	assert_int_equal(logged.lines, 1);
	assert_int_equal(logged.level, LOG_ERR);
	assert_string_equal(logged.text, "out of memory");
}

#define served(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		served(the_first_failure_answers),
		served(paths_are_those_of_the_table),
		served(a_path_that_was_not_found_is_looked_up_nowhere),
		served(allow_tells_the_methods_of_the_path),
		served(head_is_served_by_the_row_of_get),
		served(half_credentials_are_none),
		served(the_session_is_asked_for_the_permissions_of_the_row),
		served(an_open_row_asks_for_no_credentials),
		served(the_user_is_told_to_the_log_once_known),
		served(a_body_of_another_type_is_refused_wherever_it_comes),
		served(a_body_too_large_is_refused_by_rows_without_one_too),
		served(bodies_are_checked_and_coerced),
		served(no_body_is_an_empty_one),
		served(queries_are_checked_where_the_row_has_one),
		served(what_has_no_answer_is_logged),
		served(memory_that_is_short_is_logged),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}

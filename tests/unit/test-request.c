/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * http/request: what each web server's variables come to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/objectid.h"
#include "http/request.h"

#define VARIABLES_MOST 8
#define BASE "/api/v1/"

/* What was there before must not shine through. */
static void read_with_body(struct request *request, const char *const *environment, const char *body, size_t length)
{
	memset(request, 0x55, sizeof *request);
	request_read(request, (char *const *)environment, BASE, body, length);
}

static void read_variables(struct request *request, const char *const *environment)
{
	read_with_body(request, environment, "", 0);
}

static void read_path(struct request *request, const char *uri)
{
	char variable[3 * REQUEST_PATH_MOST];
	const char *const environment[] = { variable, NULL };

	snprintf(variable, sizeof variable, "REQUEST_URI=%s", uri);
	read_variables(request, environment);
	/* It points into the variable, which ends here. */
	request->query = "";
}

static void paths_below_the_base_path_are_decoded_once(void **state)
{
	static const struct {
		const char *uri;
		const char *path;
	} rows[] = {
		{ "/api/v1/livechat/sla", "livechat/sla" },
		{ "/api/v1/livechat/sla?count=1", "livechat/sla" },
		{ "/api/v1/", "" },
		{ "/api/v1/a%20b%41", "a bA" },
		{ "/api/v1/a%2520b", "a%20b" },
		{ "/api/v1/a%3Fb?c", "a?b" },
		{ "/api/v1/a+b", "a+b" },
		{ "/api/v1/%C3%A4", "\xc3\xa4" },
		{ "/%61pi/v1/livechat/sla", "livechat/sla" },
		{ "/api/v1/livechat//sla", "livechat//sla" },
		{ "/api/v1/...", "..." },
		{ "/api/v1/.a/a..", ".a/a.." },
		{ "http://example.org/api/v1/livechat/sla?x", "livechat/sla" },
		{ "HTTPS://[::1]:8443/api/v1/me", "me" },
	};
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		read_path(&request, rows[i].uri);
		assert_true(request.path_found);
		assert_string_equal(request.path, rows[i].path);
	}
}

static void paths_elsewhere_or_malformed_are_not_found(void **state)
{
	static const char *const rows[] = {
		"", "/", "*", "/api/v1", "/api/v1x/me", "/api/v2/me", "api/v1/me", "/API/v1/me", "//api/v1/me", "?/api/v1/me",
		"/api/v1/%", "/api/v1/%4", "/api/v1/%4g", "/api/v1/a%00b", "/api/v1/%FF", "/api/v1/%C0%AF", "/api/v1/%ED%A0%80", "/api/v1/\xff",
		"/api/v1/.", "/api/v1/..", "/api/v1/../v1/me", "/api/v1/%2e%2E/v1/me", "/api/v1/a/./b", "/api/v1/a%2F..%2Fme", "/x/../api/v1/me",
		"http://example.org", "http://example.org?/api/v1/me", "://example.org/api/v1/me", "x?y=http://h/api/v1/me",
	};
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		read_path(&request, rows[i]);
		if (request.path_found)
			fail_msg("%s was found", rows[i]);
		assert_string_equal(request.path, "");
	}
}

static void a_path_may_be_as_long_as_its_limit(void **state)
{
	char uri[REQUEST_PATH_MOST + 2] = BASE;
	struct request request;

	(void)state;
	memset(uri + strlen(BASE), 'x', REQUEST_PATH_MOST - strlen(BASE));
	read_path(&request, uri);
	assert_true(request.path_found);
	assert_int_equal(strlen(request.path), REQUEST_PATH_MOST - strlen(BASE));
	uri[REQUEST_PATH_MOST] = 'x';
	read_path(&request, uri);
	assert_false(request.path_found);
}

static void each_variable_has_its_field(void **state)
{
	static const char *const environment[] = {
		"REQUEST_METHOD=PUT",      "REQUEST_URI=/api/v1/me?a=b?c", "HTTP_X_USER_ID=user",  "HTTP_X_AUTH_TOKEN=to=ken",
		"CONTENT_TYPE=text/plain", "REMOTE_ADDR=192.0.2.1",        "UNIQUE_ID=Z7@_-",      "HTTP_X_FORWARDED_FOR=192.0.2.2",
		"REQUEST_METHODS=POST",    "REMOTE=::1",                   "HTTP_X_USER_ID",       "=",
		NULL,
	};
	struct request request;

	(void)state;
	read_variables(&request, environment);
	assert_string_equal(request.method, "PUT");
	assert_string_equal(request.path, "me");
	assert_string_equal(request.query, "a=b?c");
	assert_string_equal(request.user_id, "user");
	assert_string_equal(request.auth_token, "to=ken");
	assert_string_equal(request.content_type, "text/plain");
	assert_string_equal(request.address, "192.0.2.1");
	assert_string_equal(request.forwarded_for, "192.0.2.2");
	assert_string_equal(request.id, "Z7@_-");
}

static void what_is_missing_is_empty(void **state)
{
	static const char *const environment[] = { NULL };
	struct request request;

	(void)state;
	read_variables(&request, environment);
	assert_string_equal(request.method, "");
	assert_false(request.path_found);
	assert_string_equal(request.query, "");
	assert_string_equal(request.user_id, "");
	assert_string_equal(request.auth_token, "");
	assert_string_equal(request.content_type, "");
	assert_string_equal(request.address, "");
	assert_string_equal(request.forwarded_for, "");
	assert_true(objectid_valid(request.id));
	assert_int_equal(request.body_state, REQUEST_BODY_WHOLE);
}

/* A web server may hand on a repeated header as two variables; even two that agree are refused. */
static void repeated_credentials_are_nobodys(void **state)
{
	static const char *const rows[][VARIABLES_MOST] = {
		{ "HTTP_X_USER_ID=u", "HTTP_X_AUTH_TOKEN=t", "HTTP_X_AUTH_TOKEN=other" },
		{ "HTTP_X_USER_ID=u", "HTTP_X_AUTH_TOKEN=t", "HTTP_X_AUTH_TOKEN=t" },
		{ "HTTP_X_USER_ID=u", "HTTP_X_USER_ID=other", "HTTP_X_AUTH_TOKEN=t" },
		{ "HTTP_X_USER_ID=", "HTTP_X_USER_ID=u", "HTTP_X_AUTH_TOKEN=t" },
	};
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		read_variables(&request, rows[i]);
		assert_string_equal(request.user_id, "");
		assert_string_equal(request.auth_token, "");
	}
}

static void of_other_repeated_variables_the_first_counts(void **state)
{
	static const char *const environment[] = { "REQUEST_METHOD=GET", "REQUEST_METHOD=PUT", "REMOTE_ADDR=::1", "REMOTE_ADDR=::2", NULL };
	struct request request;

	(void)state;
	read_variables(&request, environment);
	assert_string_equal(request.method, "GET");
	assert_string_equal(request.address, "::1");
}

static void the_last_forwarding_header_is_the_nearest_proxys(void **state)
{
	static const char *const environment[] = { "HTTP_X_FORWARDED_FOR=forged", "HTTP_X_FORWARDED_FOR=192.0.2.1", NULL };
	struct request request;

	(void)state;
	read_variables(&request, environment);
	assert_string_equal(request.forwarded_for, "192.0.2.1");
}

static void an_id_that_could_forge_a_log_line_is_replaced(void **state)
{
	static const char *const rows[] = {
		"UNIQUE_ID=", "UNIQUE_ID=a b", "UNIQUE_ID=a\nb", "UNIQUE_ID=a\"", "UNIQUE_ID=\xc3\xa4", "UNIQUE_ID=%s",
		"UNIQUE_ID=0123456789012345678901234567890123456789012345678901234567890123",
	};
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const environment[] = { rows[i], NULL };

		read_variables(&request, environment);
		assert_true(objectid_valid(request.id));
	}
}

static void an_id_may_be_as_long_as_its_limit(void **state)
{
	static const char *const environment[] = { "UNIQUE_ID=012345678901234567890123456789012345678901234567890123456789012", NULL };
	struct request request;

	(void)state;
	read_variables(&request, environment);
	assert_string_equal(request.id, environment[0] + strlen("UNIQUE_ID="));
	assert_int_equal(strlen(request.id), REQUEST_ID_MOST);
}

static void a_body_is_whole_broken_or_too_large(void **state)
{
	static const struct {
		const char *content_length;
		const char *body;
		size_t length;
		enum request_body expected;
	} rows[] = {
		{ "CONTENT_LENGTH=4", "body", 4, REQUEST_BODY_WHOLE },
		{ "CONTENT_LENGTH=0004", "body", 4, REQUEST_BODY_WHOLE },
		{ "CONTENT_LENGTH=0", "", 0, REQUEST_BODY_WHOLE },
		{ "CONTENT_LENGTH=0", NULL, 0, REQUEST_BODY_WHOLE },
		{ "CONTENT_LENGTH=", "", 0, REQUEST_BODY_WHOLE },
		{ "CONTENT_LENGTH=", "body", 4, REQUEST_BODY_WHOLE },
		{ "NONE=", "body", 4, REQUEST_BODY_WHOLE },
		{ "CONTENT_LENGTH=5", "body", 4, REQUEST_BODY_BROKEN },
		{ "CONTENT_LENGTH=3", "body", 4, REQUEST_BODY_BROKEN },
		{ "CONTENT_LENGTH=4", "", 0, REQUEST_BODY_BROKEN },
		{ "CONTENT_LENGTH=+4", "body", 4, REQUEST_BODY_BROKEN },
		{ "CONTENT_LENGTH=-4", "body", 4, REQUEST_BODY_BROKEN },
		{ "CONTENT_LENGTH= 4", "body", 4, REQUEST_BODY_BROKEN },
		{ "CONTENT_LENGTH=4, 4", "body", 4, REQUEST_BODY_BROKEN },
		{ "CONTENT_LENGTH=18446744073709551620", "body", 4, REQUEST_BODY_BROKEN },
		{ "CONTENT_LENGTH=70000", NULL, 70000, REQUEST_BODY_TOO_LARGE },
		{ "CONTENT_LENGTH=4", NULL, 70000, REQUEST_BODY_TOO_LARGE },
		{ "CONTENT_LENGTH=", NULL, 70000, REQUEST_BODY_TOO_LARGE },
	};
	struct request request;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const environment[] = { rows[i].content_length, NULL };

		read_with_body(&request, environment, rows[i].body, rows[i].length);
		if (request.body_state != rows[i].expected)
			fail_msg("row %zu, %s", i, rows[i].content_length);
		assert_ptr_equal(request.body, rows[i].body);
		assert_int_equal(request.body_length, rows[i].length);
	}
}

static void json_is_known_by_its_media_type(void **state)
{
	static const struct {
		const char *type;
		bool json;
	} rows[] = {
		{ "", true },
		{ " ", true },
		{ "application/json", true },
		{ "Application/JSON", true },
		{ "application/json; charset=utf-8", true },
		{ "application/json;charset=utf-8", true },
		{ "application/json ; charset=utf-8", true },
		{ " application/json\t", true },
		{ "application/jsonp", false },
		{ "application/json+x", false },
		{ "application/json charset=utf-8", false },
		{ "application/json, text/plain", false },
		{ "application/jso", false },
		{ "application/problem+json", false },
		{ "text/json", false },
		{ "text/plain; application/json", false },
		{ ";application/json", false },
		{ "application/x-www-form-urlencoded", false },
	};
	struct request request = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		request.content_type = rows[i].type;
		if (request_is_json(&request) != rows[i].json)
			fail_msg("\"%s\"", rows[i].type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_below_the_base_path_are_decoded_once),
		cmocka_unit_test(paths_elsewhere_or_malformed_are_not_found),
		cmocka_unit_test(a_path_may_be_as_long_as_its_limit),
		cmocka_unit_test(each_variable_has_its_field),
		cmocka_unit_test(what_is_missing_is_empty),
		cmocka_unit_test(repeated_credentials_are_nobodys),
		cmocka_unit_test(of_other_repeated_variables_the_first_counts),
		cmocka_unit_test(the_last_forwarding_header_is_the_nearest_proxys),
		cmocka_unit_test(an_id_that_could_forge_a_log_line_is_replaced),
		cmocka_unit_test(an_id_may_be_as_long_as_its_limit),
		cmocka_unit_test(a_body_is_whole_broken_or_too_large),
		cmocka_unit_test(json_is_known_by_its_media_type),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}

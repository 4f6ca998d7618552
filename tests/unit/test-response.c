/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * http/response: every failure's words, and the bytes of an answer.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "base/document.h"
#include "base/secret.h"
#include "http/response.h"
#include "short-memory.h"

#define INTERNAL_ERROR "{\"success\":false,\"error\":\"Internal server error\"}"
#define COMMON "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"

static void assert_answer(const struct response *response, bool head_only, const char *expected)
{
	char *text;
	size_t length;

	assert_int_equal(response_format(response, head_only, &text, &length), 0);
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(text, expected, length);
	free(text);
}

/* The answer with this status line, these headers behind the common ones, and this body. */
static void assert_json(const struct response *response, const char *status, const char *headers, const char *body)
{
	char expected[2048];

	snprintf(expected, sizeof expected, "Status: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n" COMMON "%s\r\n%s",
	         status, strlen(body), headers, body);
	assert_answer(response, false, expected);
}

static void every_failure_has_its_words(void **state)
{
	static const struct {
		enum response_failure failure;
		const char *status;
		const char *headers;
		const char *body;
	} rows[] = {
		{ RESPONSE_NO_SUCH_PATH, "404 Not Found", "", "{\"status\":\"error\",\"message\":\"API endpoint does not exist\"}" },
		{ RESPONSE_NO_SUCH_METHOD, "405 Method Not Allowed", "", "{\"status\":\"error\",\"message\":\"API endpoint does not exist\"}" },
		{ RESPONSE_BODY_TOO_LARGE, "413 Content Too Large", "", "{\"success\":false,\"error\":\"error-body-too-large\"}" },
		{ RESPONSE_UNSUPPORTED_MEDIA_TYPE, "415 Unsupported Media Type", "",
		  "{\"success\":false,\"error\":\"error-unsupported-media-type\"}" },
		{ RESPONSE_NOT_LOGGED_IN, "401 Unauthorized", "", "{\"status\":\"error\",\"message\":\"You must be logged in to do this.\"}" },
		{ RESPONSE_NOT_AUTHORIZED, "403 Forbidden", "", "{\"success\":false,\"error\":\"error-not-authorized\"}" },
		{ RESPONSE_DUPLICATED_SLA, "400 Bad Request", "", "{\"success\":false,\"error\":\"error-duplicated-sla\"}" },
		{ RESPONSE_SERVICE_UNAVAILABLE, "503 Service Unavailable", "Retry-After: 2\r\n",
		  "{\"success\":false,\"error\":\"error-service-unavailable\"}" },
		{ RESPONSE_INTERNAL_ERROR, "500 Internal Server Error", "", INTERNAL_ERROR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct response response = { 0 };

		response_fail(&response, rows[i].failure);
		assert_json(&response, rows[i].status, rows[i].headers, rows[i].body);
		response_clear(&response);
	}
}

static void a_refusal_carries_its_type_twice(void **state)
{
	struct response response = { 0 };

	(void)state;
	response_refuse(&response, "must have required property 'name'", "invalid-params");
	assert_json(&response, "400 Bad Request", "",
	            "{\"success\":false,\"error\":\"must have required property 'name' [invalid-params]\",\"errorType\":\"invalid-params\"}");
	response_clear(&response);
}

static void an_error_of_its_own_has_its_status(void **state)
{
	struct response response = { 0 };

	(void)state;
	response_error(&response, 404, "SLA with id x/\"\xc3\xa4 not found");
	assert_json(&response, "404 Not Found", "", "{\"success\":false,\"error\":\"SLA with id x/\\\"\xc3\xa4 not found\"}");
	response_clear(&response);
}

static void the_time_to_wait_is_rounded_up(void **state)
{
	static const struct {
		int64_t wait_ms;
		int seconds;
	} rows[] = { { -5, 1 }, { 0, 1 }, { 1, 1 }, { 1000, 1 }, { 1001, 2 }, { 7000, 7 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct response response = { 0 };
		char header[64], body[256];

		snprintf(header, sizeof header, "Retry-After: %d\r\n", rows[i].seconds);
		snprintf(body, sizeof body,
		         "{\"success\":false,\"error\":\"Error, too many requests. Please slow down. You must wait %d seconds before trying this "
		         "endpoint again. [error-too-many-requests]\"}",
		         rows[i].seconds);
		response_too_many(&response, rows[i].wait_ms);
		assert_json(&response, "429 Too Many Requests", header, body);
		response_clear(&response);
	}
}

static void success_comes_last(void **state)
{
	struct response response = { 0 };
	struct json_object *body = json_object_new_object();

	(void)state;
	json_object_object_add(body, "url", json_object_new_string("a/b"));
	json_object_object_add(body, "name", json_object_new_string("\xf0\x9f\x98\x80\n\x01"));
	response_succeed(&response, body);
	assert_json(&response, "200 OK", "", "{\"url\":\"a/b\",\"name\":\"\xf0\x9f\x98\x80\\n\\u0001\",\"success\":true}");
	response_clear(&response);
}

static void no_body_for_want_of_memory_is_an_internal_error(void **state)
{
	struct response response = { 0 };

	(void)state;
	response_succeed(&response, NULL);
	assert_int_equal(response.status, 500);
	response_clear(&response);
}

static void head_has_the_length_of_the_body_it_leaves_out(void **state)
{
	struct response response = { 0 };

	(void)state;
	response_succeed(&response, json_object_new_object());
	assert_answer(&response, true, "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n" COMMON "\r\n");
	response_clear(&response);
}

static void no_content_has_neither_type_nor_length(void **state)
{
	struct response response = { .status = 204, .allow = "GET, HEAD, OPTIONS" };

	(void)state;
	assert_answer(&response, false, "Status: 204 No Content\r\n" COMMON "Allow: GET, HEAD, OPTIONS\r\n\r\n");
	response_clear(&response);
}

static void the_longest_head_has_room(void **state)
{
	struct response response = { .retry_after = INT64_MAX, .limit = { INT64_MAX, INT64_MAX, INT64_MAX } };
	char headers[512];

	(void)state;
	memset(response.allow, 'X', sizeof response.allow - 1);
	response_error(&response, 415, "x");
	snprintf(headers, sizeof headers,
	         "Allow: %s\r\nRetry-After: 9223372036854775807\r\nX-RateLimit-Limit: 9223372036854775807\r\n"
	         "X-RateLimit-Remaining: 9223372036854775807\r\nX-RateLimit-Reset: 9223372036854775807\r\n",
	         response.allow);
	assert_json(&response, "415 Unsupported Media Type", headers, "{\"success\":false,\"error\":\"x\"}");
	response_clear(&response);
}

static void the_last_word_counts_and_none_is_leaked(void **state)
{
	struct response response = { 0 };

	(void)state;
	response_succeed(&response, json_object_new_object());
	response_fail(&response, RESPONSE_NOT_AUTHORIZED);
	assert_json(&response, "403 Forbidden", "", "{\"success\":false,\"error\":\"error-not-authorized\"}");
	response_clear(&response);
	assert_null(response.body);
	assert_int_equal(response.status, 0);
}

#define TOKEN "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

static int tokens_wiped;

/* Stands in for the library's. */
void secret_wipe(void *memory, size_t length)
{
	if (memmem(memory, length, TOKEN, sizeof TOKEN - 1) != NULL)
		tokens_wiped++;
	memset(memory, 0, length);
}

static void succeed_with_token(struct response *response)
{
	struct json_object *place = response_place();

	response_succeed_with(response, document_of("token", place), place, TOKEN);
}

static void a_token_stands_in_its_place(void **state)
{
	struct response response = { 0 };

	(void)state;
	succeed_with_token(&response);
	assert_json(&response, "200 OK", "", "{\"token\":\"" TOKEN "\",\"success\":true}");
	response_clear(&response);
}

/* In the string and in the text that was made of it, whether the answer was sent or another took its place. */
static void a_token_is_wiped_with_its_body(void **state)
{
	struct response response = { 0 };
	char *text;
	size_t length;

	(void)state;
	tokens_wiped = 0;
	succeed_with_token(&response);
	assert_int_equal(response_format(&response, false, &text, &length), 0);
	free(text);
	response_clear(&response);
	assert_int_equal(tokens_wiped, 2);
	succeed_with_token(&response);
	response_fail(&response, RESPONSE_NOT_AUTHORIZED);
	assert_int_equal(tokens_wiped, 4);
	response_clear(&response);
	assert_int_equal(tokens_wiped, 4);
}

static void a_token_without_a_place_is_an_internal_error(void **state)
{
	struct response response = { 0 };

	(void)state;
	response_succeed_with(&response, json_object_new_object(), NULL, TOKEN);
	assert_json(&response, "500 Internal Server Error", "", INTERNAL_ERROR);
	response_succeed_with(&response, NULL, NULL, TOKEN);
	assert_int_equal(response.status, 500);
	response_clear(&response);
}

/* The answer when there is none: of a call that is limited, so that it tells the limit, too. */
static void expect_last_answer(struct response *response)
{
	static const char expected_head[] =
		"Status: 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 49\r\n" COMMON
		"X-RateLimit-Limit: 10\r\nX-RateLimit-Remaining: 9\r\nX-RateLimit-Reset: 1700000000000\r\n\r\n";
	static const char expected_body[] = INTERNAL_ERROR;
	size_t head = sizeof expected_head - 1, body = sizeof expected_body - 1, length;
	const char *text = response_out_of_memory(response, true, &length);

	assert_int_equal(length, head);
	assert_memory_equal(text, expected_head, head);
	text = response_out_of_memory(response, false, &length);
	assert_int_equal(length, head + body);
	assert_memory_equal(text, expected_head, head);
	assert_memory_equal(text + head, expected_body, body);
	assert_int_equal(response->status, 500);
}

/* Whichever allocation is the one too many. */
static void there_is_an_answer_without_memory(void **state)
{
	bool formatted = false;

	(void)state;
	for (long i = 0; !formatted; i++) {
		struct response response = { .retry_after = 1, .limit = { 10, 9, 1700000000000 }, .allow = "GET" };
		char *text;
		size_t length;

		short_memory_begin(i);
		response_error(&response, 404, "SLA with id 641db89a7718f90c810429cc not found");
		formatted = response_format(&response, false, &text, &length) == 0;
		if (!formatted)
			expect_last_answer(&response);
		assert_true(short_memory_end() == !formatted);
		free(text);
		response_clear(&response);
	}
}

typedef void filler(struct response *response);

static void refuse(struct response *response)
{
	response_refuse(response, "must be valid JSON", "invalid-params");
}

static void fail_as_the_router(struct response *response)
{
	response_fail(response, RESPONSE_NOT_LOGGED_IN);
}

static void fail_as_a_login(struct response *response)
{
	response_fail(response, RESPONSE_UNAUTHORIZED);
}

/* A text longer than json-c's first buffer. */
static void succeed(struct response *response)
{
	struct json_object *body = json_object_new_object();

	document_add_text(&body, "name", "a name of some length, with \"quotes\" and a \\");
	document_add(&body, "dueTimeInMinutes", json_object_new_int64(4));
	response_succeed(response, body);
}

static char *answer_of(filler *fill, long allocations, bool *refused)
{
	struct response response = { 0 };
	char *text = NULL;
	size_t length;

	short_memory_begin_once(allocations);
	fill(&response);
	response_format(&response, false, &text, &length);
	*refused = short_memory_end();
	response_clear(&response);
	return text;
}

/* Whichever single allocation fails: the answer is whole, that of an internal error, or none. */
static void no_part_of_an_answer_passes_for_the_whole(void **state)
{
	static filler *const fillers[] = { refuse, fail_as_the_router, fail_as_a_login, succeed, succeed_with_token };

	(void)state;
	for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++) {
		bool refused = true;
		char *whole = answer_of(fillers[i], LONG_MAX, &refused);

		assert_false(refused);
		assert_non_null(whole);
		refused = true;
		for (long allocations = 0; refused; allocations++) {
			char *text = answer_of(fillers[i], allocations, &refused);

			if (refused)
				assert_true(text == NULL || strcmp(text, whole) == 0 || strstr(text, "\r\n\r\n" INTERNAL_ERROR) != NULL);
			else
				assert_string_equal(text, whole);
			free(text);
		}
		free(whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failure_has_its_words),
		cmocka_unit_test(a_refusal_carries_its_type_twice),
		cmocka_unit_test(an_error_of_its_own_has_its_status),
		cmocka_unit_test(the_time_to_wait_is_rounded_up),
		cmocka_unit_test(success_comes_last),
		cmocka_unit_test(no_body_for_want_of_memory_is_an_internal_error),
		cmocka_unit_test(head_has_the_length_of_the_body_it_leaves_out),
		cmocka_unit_test(no_content_has_neither_type_nor_length),
		cmocka_unit_test(the_longest_head_has_room),
		cmocka_unit_test(the_last_word_counts_and_none_is_leaked),
		cmocka_unit_test(a_token_stands_in_its_place),
		cmocka_unit_test(a_token_is_wiped_with_its_body),
		cmocka_unit_test(a_token_without_a_place_is_an_internal_error),
		cmocka_unit_test(there_is_an_answer_without_memory),
		cmocka_unit_test(no_part_of_an_answer_passes_for_the_whole),
	};

	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}

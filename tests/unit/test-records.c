/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * server/records: what is a request and what is none, wherever the bytes are cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/records.h"

#define BODY_LIMIT 1000
#define RECORD_MOST 65535
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A literal of bytes and its length. */
#define BYTES(literal) (literal), sizeof(literal) - 1

/* Records of request 1; type, lengths and content are literals. */
#define PADDED(type, length, padding) "\1" type "\0\1\0" length padding "\377"
#define HEADER(type, length) "\1" type "\0\1\0" length "\0\0"
#define BEGIN HEADER("\1", "\10") "\0\1\0\0\0\0\0\0"
#define PARAMS(length, content) HEADER("\4", length) content
#define PARAMS_END HEADER("\4", "\0")
#define STDIN(length, content) HEADER("\5", length) content
#define STDIN_END HEADER("\5", "\0")
#define REST PARAMS_END STDIN_END
#define EMPTY_REQUEST BEGIN REST
#define EMPTY_HEAD BEGIN PARAMS_END

static const struct request_row {
	const char *name;
	const char *bytes;
	size_t length;
	const char *head; /* what libfcgi is to read */
	size_t head_length;
	const char *body;
	size_t body_length;
	bool keep_connection;
} requests[] = {
	{ "nothing in it", BYTES(EMPTY_REQUEST), BYTES(EMPTY_HEAD), BYTES(""), false },
	{ "kept connection", BYTES(HEADER("\1", "\10") "\0\1\1\0\0\0\0\0" REST), BYTES(EMPTY_HEAD), BYTES(""), true },
	{ "other flags", BYTES(HEADER("\1", "\10") "\0\1\376\1\2\3\4\5" REST), BYTES(EMPTY_HEAD), BYTES(""), false },
	{ "one variable", BYTES(BEGIN PARAMS("\5", "\1\2Axy") REST), BYTES(BEGIN PARAMS("\5", "\1\2Axy") PARAMS_END), BYTES(""), false },
	{ "no value", BYTES(BEGIN PARAMS("\3", "\1\0A") REST), BYTES(BEGIN PARAMS("\3", "\1\0A") PARAMS_END), BYTES(""), false },
	{ "= in a value", BYTES(BEGIN PARAMS("\5", "\1\2A=x") REST), BYTES(BEGIN PARAMS("\5", "\1\2A=x") PARAMS_END), BYTES(""), false },
	{ "long lengths", BYTES(BEGIN PARAMS("\13", "\200\0\0\1\200\0\0\2Axy") REST),
	  BYTES(BEGIN PARAMS("\13", "\200\0\0\1\200\0\0\2Axy") PARAMS_END), BYTES(""), false },
	{ "variable in pieces", BYTES(BEGIN PARAMS("\1", "\1") PARAMS("\2", "\2A") PARAMS("\2", "xy") REST),
	  BYTES(BEGIN PARAMS("\5", "\1\2Axy") PARAMS_END), BYTES(""), false },
	{ "body", BYTES(BEGIN PARAMS_END STDIN("\2", "{}") STDIN_END), BYTES(EMPTY_HEAD), BYTES("{}"), false },
	{ "body in pieces", BYTES(BEGIN PARAMS_END STDIN("\1", "{") STDIN("\1", "}") STDIN_END), BYTES(EMPTY_HEAD), BYTES("{}"), false },
	{ "records in the body", BYTES(BEGIN PARAMS_END STDIN("\10", PARAMS_END) STDIN_END), BYTES(EMPTY_HEAD), BYTES(PARAMS_END), false },
	{ "padding", BYTES(PADDED("\1", "\10", "\3") "\0\1\0\0\0\0\0\0abc" PADDED("\4", "\3", "\1") "\1\0A" "d"
	                   PADDED("\4", "\0", "\2") "ef" PADDED("\5", "\2", "\1") "{}" "g" PADDED("\5", "\0", "\4") "hijk"),
	  BYTES(BEGIN PARAMS("\3", "\1\0A") PARAMS_END), BYTES("{}"), false },
	{ "request 258", BYTES("\1\1\1\2\0\10\0\0" "\0\1\0\0\0\0\0\0" "\1\4\1\2\0\0\0\0" "\1\5\1\2\0\0\0\0"),
	  BYTES("\1\1\1\2\0\10\0\0" "\0\1\0\0\0\0\0\0" "\1\4\1\2\0\0\0\0"), BYTES(""), false },
};

/* What is refused with its last byte, and not before. */
static const struct refusal_row {
	const char *name;
	const char *bytes;
	size_t length;
} refusals[] = {
	{ "version 0", BYTES("\0\1\0\1\0\10\0\0") },
	{ "version 2", BYTES("\2\1\0\1\0\10\0\0") },
	{ "another version later", BYTES(BEGIN "\2\4\0\1\0\0\0\0") },
	{ "a text protocol", BYTES("GET / HT") },
	{ "request 0", BYTES("\1\1\0\0\0\10\0\0") },
	{ "short begin", BYTES(HEADER("\1", "\7")) },
	{ "long begin", BYTES(HEADER("\1", "\11")) },
	{ "authorizer", BYTES(HEADER("\1", "\10") "\0\2\0\0\0\0\0\0") },
	{ "filter", BYTES(HEADER("\1", "\10") "\0\3\0\0\0\0\0\0") },
	{ "role 257", BYTES(HEADER("\1", "\10") "\1\1\0\0\0\0\0\0") },
	{ "role 0", BYTES(HEADER("\1", "\10") "\0\0\0\0\0\0\0\0") },
	{ "begin twice", BYTES(BEGIN HEADER("\1", "\10")) },
	{ "another request", BYTES(BEGIN "\1\4\0\2\0\0\0\0") },
	{ "another request in the body", BYTES(BEGIN PARAMS_END "\1\5\1\1\0\0\0\0") },
	{ "params first", BYTES(PARAMS_END) },
	{ "stdin first", BYTES(STDIN_END) },
	{ "stdin before the end of params", BYTES(BEGIN PARAMS("\3", "\1\0A") HEADER("\5", "\2")) },
	{ "end of stdin before that of params", BYTES(BEGIN STDIN_END) },
	{ "params after their end", BYTES(BEGIN PARAMS_END HEADER("\4", "\3")) },
	{ "abort", BYTES(BEGIN HEADER("\2", "\0")) },
	{ "data", BYTES(BEGIN PARAMS_END HEADER("\10", "\0")) },
	{ "get values first", BYTES("\1\11\0\0\0\0\0\0") },
	{ "get values within", BYTES(BEGIN "\1\11\0\0\0\0\0\0") },
	{ "unknown management record", BYTES(BEGIN "\1\310\0\0\0\0\0\0") },
	{ "type 0", BYTES(BEGIN HEADER("\0", "\0")) },
	{ "empty name", BYTES(BEGIN PARAMS("\3", "\0\1x") PARAMS_END) },
	{ "NUL in a name", BYTES(BEGIN PARAMS("\4", "\2\0A\0") PARAMS_END) },
	{ "NUL in a value", BYTES(BEGIN PARAMS("\5", "\1\2Ax\0") PARAMS_END) },
	{ "= in a name", BYTES(BEGIN PARAMS("\4", "\2\0A=") PARAMS_END) },
	{ "one length", BYTES(BEGIN PARAMS("\1", "\1") PARAMS_END) },
	{ "half a length", BYTES(BEGIN PARAMS("\3", "\200\0\0") PARAMS_END) },
	{ "half a second length", BYTES(BEGIN PARAMS("\4", "\1\200\0\0") PARAMS_END) },
	{ "name over the end", BYTES(BEGIN PARAMS("\3", "\2\0A") PARAMS_END) },
	{ "value over the end", BYTES(BEGIN PARAMS("\4", "\1\2Ax") PARAMS_END) },
	{ "second variable over the end", BYTES(BEGIN PARAMS("\6", "\1\0A\1\1B") PARAMS_END) },
	{ "largest lengths", BYTES(BEGIN PARAMS("\11", "\377\377\377\377\377\377\377\377A") PARAMS_END) },
};

/* Bytes that are too many for a literal. */
struct made {
	unsigned char *bytes;
	size_t length;
};

static void add(struct made *made, const void *bytes, size_t length)
{
	made->bytes = realloc(made->bytes, made->length + length);
	assert_non_null(made->bytes);
	memcpy(made->bytes + made->length, bytes, length);
	made->length += length;
}

static void add_record(struct made *made, unsigned char type, const unsigned char *content, size_t length)
{
	const unsigned char header[] = { 1, type, 0, 1, (unsigned char)(length >> 8), (unsigned char)length, 0, 0 };

	add(made, header, sizeof header);
	add(made, content, length);
}

/* Content in as many records as it needs. */
static void add_stream(struct made *made, unsigned char type, const unsigned char *content, size_t length)
{
	for (size_t at = 0; at < length; at += RECORD_MOST)
		add_record(made, type, content + at, length - at < RECORD_MOST ? length - at : RECORD_MOST);
	add_record(made, type, (const unsigned char *)"", 0);
}

static struct records *new_records(void)
{
	struct records *records = records_new(BODY_LIMIT);

	assert_non_null(records);
	return records;
}

/* Feeds pieces of `step` bytes; how many bytes were taken when the verdict was no longer RECORDS_MORE, or all of them. */
static enum records_verdict feed(struct records *records, const void *bytes, size_t length, size_t step, size_t *fed)
{
	enum records_verdict verdict = RECORDS_MORE;

	records_reset(records);
	for (*fed = 0; *fed < length && verdict == RECORDS_MORE;) {
		size_t size = length - *fed < step ? length - *fed : step;
		size_t taken;

		verdict = records_feed(records, (const char *)bytes + *fed, size, &taken);
		assert_true(taken <= size);
		*fed += verdict == RECORDS_REFUSED ? size : taken;
	}
	return verdict;
}

static void expect_request(const struct records *records, const struct request_row *row)
{
	size_t length;
	const void *bytes = records_head(records, &length);

	assert_int_equal(length, row->head_length);
	assert_memory_equal(bytes, row->head, length);
	bytes = records_body(records, &length);
	assert_int_equal(length, row->body_length);
	if (length > 0)
		assert_memory_equal(bytes, row->body, length);
	assert_int_equal(records_keep_connection(records), row->keep_connection);
}

static void requests_are_read_in_pieces_of_any_size(void **state)
{
	struct records *records = new_records();
	size_t fed;

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++)
		for (size_t step = 1; step <= requests[i].length; step++) {
			if (feed(records, requests[i].bytes, requests[i].length, step, &fed) != RECORDS_COMPLETE || fed != requests[i].length)
				fail_msg("%s in pieces of %zu", requests[i].name, step);
			expect_request(records, &requests[i]);
		}
	records_free(records);
}

static void a_request_is_whole_with_its_last_byte_only(void **state)
{
	struct records *records = new_records();
	size_t fed;

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++)
		for (size_t length = 0; length < requests[i].length; length++)
			if (feed(records, requests[i].bytes, length, length, &fed) != RECORDS_MORE)
				fail_msg("%s, the first %zu", requests[i].name, length);
	records_free(records);
}

static void bytes_of_the_next_request_are_left(void **state)
{
	struct records *records = new_records();
	size_t fed;

	(void)state;
	assert_int_equal(feed(records, BYTES(EMPTY_REQUEST EMPTY_REQUEST), 1000, &fed), RECORDS_COMPLETE);
	assert_int_equal(fed, sizeof EMPTY_REQUEST - 1);
	records_free(records);
}

static void refusals_come_with_the_first_wrong_record(void **state)
{
	struct records *records = new_records();
	size_t fed;

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++)
		for (size_t step = 1; step <= refusals[i].length; step++)
			if (feed(records, refusals[i].bytes, refusals[i].length, step, &fed) != RECORDS_REFUSED || fed != refusals[i].length)
				fail_msg("%s in pieces of %zu: after %zu", refusals[i].name, step, fed);
	records_free(records);
}

/* Nothing of what was refused or left half is in the next request. */
static void reset_forgets_everything(void **state)
{
	struct records *records = new_records();
	size_t fed;

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		feed(records, refusals[i].bytes, refusals[i].length, refusals[i].length, &fed);
		assert_int_equal(feed(records, requests[0].bytes, requests[0].length, 1000, &fed), RECORDS_COMPLETE);
		expect_request(records, &requests[0]);
	}
	for (size_t i = 0; i < COUNT(requests); i++)
		for (size_t length = 0; length < requests[i].length; length++) {
			feed(records, requests[i].bytes, length, length, &fed);
			assert_int_equal(feed(records, requests[0].bytes, requests[0].length, 1000, &fed), RECORDS_COMPLETE);
			expect_request(records, &requests[0]);
		}
	records_free(records);
}

/* A request with variables of `length` bytes in all. */
static struct made request_with_params(size_t length)
{
	struct made made = { NULL, 0 };
	unsigned char *params = calloc(1, length);
	size_t value_length = length - 6;

	assert_non_null(params);
	params[0] = 1;
	params[1] = (unsigned char)(0x80 | value_length >> 24);
	params[2] = (unsigned char)(value_length >> 16);
	params[3] = (unsigned char)(value_length >> 8);
	params[4] = (unsigned char)value_length;
	memset(params + 5, 'A', length - 5);
	add(&made, BYTES(BEGIN));
	add_stream(&made, 4, params, length);
	add_stream(&made, 5, NULL, 0);
	free(params);
	return made;
}

static void variables_have_a_limit(void **state)
{
	struct made most = request_with_params(RECORDS_PARAMS_MOST), over = request_with_params(RECORDS_PARAMS_MOST + 1);
	struct records *records = new_records();
	size_t fed, length;

	(void)state;
	assert_int_equal(feed(records, most.bytes, most.length, 10000, &fed), RECORDS_COMPLETE);
	records_head(records, &length);
	assert_true(length > RECORDS_PARAMS_MOST && length < RECORDS_PARAMS_MOST + 100);
	assert_int_equal(feed(records, over.bytes, over.length, 10000, &fed), RECORDS_REFUSED);
	free(most.bytes);
	free(over.bytes);
	records_free(records);
}

static struct made request_with_body(const unsigned char *body, size_t length)
{
	struct made made = { NULL, 0 };

	add(&made, BYTES(BEGIN PARAMS_END));
	add_stream(&made, 5, body, length);
	return made;
}

/* A body over the limit is read to its end, and only its length is told. */
static void a_long_body_is_not_kept(void **state)
{
	static const size_t lengths[] = { 1, BODY_LIMIT - 1, BODY_LIMIT, BODY_LIMIT + 1, 2 * BODY_LIMIT, 300000 };
	unsigned char *content = malloc(300000);
	struct records *records = new_records();

	(void)state;
	assert_non_null(content);
	memset(content, 'x', 300000);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct made made = request_with_body(content, lengths[i]);
		size_t fed, length;
		const char *body;

		assert_int_equal(feed(records, made.bytes, made.length, 777, &fed), RECORDS_COMPLETE);
		body = records_body(records, &length);
		assert_int_equal(length, lengths[i]);
		if (lengths[i] > BODY_LIMIT)
			assert_null(body);
		else
			assert_memory_equal(body, content, length);
		free(made.bytes);
	}
	free(content);
	records_free(records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read_in_pieces_of_any_size),
		cmocka_unit_test(a_request_is_whole_with_its_last_byte_only),
		cmocka_unit_test(bytes_of_the_next_request_are_left),
		cmocka_unit_test(refusals_come_with_the_first_wrong_record),
		cmocka_unit_test(reset_forgets_everything),
		cmocka_unit_test(variables_have_a_limit),
		cmocka_unit_test(a_long_body_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

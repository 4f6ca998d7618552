/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * slactl/policy_line: what an import takes for a policy, and why it refuses the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "slactl/policy_line.h"

#define ID "641db89a7718f90c810429cc"
#define BODY "\"name\":\"n\",\"description\":\"d\",\"dueTimeInMinutes\":4"
#define WITH(members) "{\"_id\":\"" ID "\"," BODY "," members "}"
#define WITH_ID(id) "{\"_id\":" id "," BODY "}"
#define WITH_DUE_TIME(value) "{\"_id\":\"" ID "\",\"name\":\"n\",\"description\":\"d\",\"dueTimeInMinutes\":" value "}"
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* From a copy of just its length, so that a byte read beyond it is seen by the sanitizers. */
static bool read_bytes(struct policy_line *line, const char *bytes, size_t length)
{
	char *copy = malloc(length == 0 ? 1 : length);
	bool read;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	read = policy_line_read(line, copy, length);
	free(copy);
	return read;
}

static void read_good(struct policy_line *line, const char *text)
{
	if (!read_bytes(line, text, strlen(text)))
		fail_msg("refused: %s: %s", text, line->reason);
}

static void ids_are_taken(void **state)
{
	static const char *const rows[] = { WITH_ID("\"" ID "\""), WITH_ID("{\"$oid\":\"" ID "\"}") };
	struct policy_line line;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		read_good(&line, rows[i]);
		assert_string_equal(line.record.policy.id, ID);
		policy_line_free(&line);
	}
}

static void due_times_are_taken(void **state)
{
	static const char *const rows[] = {
		WITH_DUE_TIME("4"), WITH_DUE_TIME("4.0"), WITH_DUE_TIME("\"4\""), WITH_DUE_TIME("{\"$numberInt\":\"4\"}"),
		WITH_DUE_TIME("{\"$numberLong\":\"4\"}"), WITH_DUE_TIME("{\"$numberDouble\":\"4.0\"}"),
	};
	struct policy_line line;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		read_good(&line, rows[i]);
		assert_int_equal(line.record.policy.due_time_in_minutes, 4);
		policy_line_free(&line);
	}
}

static void times_are_taken(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{ WITH("\"x\":1"), "" },
		{ WITH("\"_updatedAt\":\"2023-03-24T14:50:02.123Z\""), "2023-03-24T14:50:02.123Z" },
		{ WITH("\"_updatedAt\":{\"$date\":\"2023-03-24T14:50:02.123Z\"}"), "2023-03-24T14:50:02.123Z" },
		{ WITH("\"_updatedAt\":{\"$date\":\"2023-03-24T14:50:02Z\"}"), "2023-03-24T14:50:02.000Z" },
		{ WITH("\"_updatedAt\":{\"$date\":1679669402123}"), "2023-03-24T14:50:02.123Z" },
		{ WITH("\"_updatedAt\":{\"$date\":{\"$numberLong\":\"1679669402123\"}}"), "2023-03-24T14:50:02.123Z" },
		{ WITH("\"_updatedAt\":{\"$date\":{\"$numberLong\":\"-1\"}}"), "1969-12-31T23:59:59.999Z" },
	};
	struct policy_line line;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		read_good(&line, rows[i].text);
		assert_string_equal(line.record.policy.updated_at, rows[i].expected);
		assert_string_equal(line.record.created_at, "");
		assert_null(line.record.created_by);
		assert_null(line.record.updated_by);
		policy_line_free(&line);
	}
}

static void refusals_tell_why(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = {
		{ "", "must be valid JSON" },
		{ "{", "must be valid JSON" },
		{ WITH_ID("NaN"), "must be valid JSON" },
		{ WITH("\"x\":\"\xed\xa0\x80\""), "must be valid JSON" },
		{ "null", "must be object" },
		{ "[" WITH("\"x\":1") "]", "must be object" },
		{ "{}", "must have required property 'name'" },
		{ "{" BODY "}", "must have required property '_id'" },
		{ WITH_ID("null"), "_id must be 24 lower-case hexadecimal digits" },
		{ WITH_ID("1"), "_id must be 24 lower-case hexadecimal digits" },
		{ WITH_ID("\"\""), "_id must be 24 lower-case hexadecimal digits" },
		{ WITH_ID("\"rocketRandomId17x\""), "_id must be 24 lower-case hexadecimal digits" },
		{ WITH_ID("\"641DB89A7718F90C810429CC\""), "_id must be 24 lower-case hexadecimal digits" },
		{ WITH_ID("\"" ID "\\u0000\""), "_id must be 24 lower-case hexadecimal digits" },
		{ WITH_ID("\"" ID "0\""), "_id must be 24 lower-case hexadecimal digits" },
		{ WITH_ID("{\"$oid\":\"" ID "\",\"x\":1}"), "_id must be 24 lower-case hexadecimal digits" },
		{ WITH_DUE_TIME("0"), "dueTimeInMinutes must be >= 1" },
		{ WITH_DUE_TIME("{\"$numberLong\":\"2147483648\"}"), "dueTimeInMinutes must be <= 2147483647" },
		{ WITH_DUE_TIME("{\"$numberDouble\":\"4.5\"}"), "dueTimeInMinutes must be integer" },
		{ WITH_DUE_TIME("{\"$numberDouble\":\"NaN\"}"), "dueTimeInMinutes must be integer" },
		{ WITH_DUE_TIME("{\"$numberDecimal\":\"4\"}"), "dueTimeInMinutes must be integer" },
		{ WITH_DUE_TIME("{}"), "dueTimeInMinutes must be integer" },
		{ WITH("\"name\":\"\""), "name must NOT have fewer than 1 characters" },
		{ WITH("\"name\":\"a\\u0000b\""), "name must match pattern \"^[^\\u0000]*$\"" },
		{ WITH("\"description\":{\"$numberInt\":\"4\"}"), "description must be string" },
		{ WITH("\"_updatedAt\":null"), "_updatedAt must be a date with time and zone, from the year 1000 to 9999" },
		{ WITH("\"_updatedAt\":1679669402123"), "_updatedAt must be a date with time and zone, from the year 1000 to 9999" },
		{ WITH("\"_updatedAt\":{\"$date\":{\"$numberLong\":\"\"}}"),
		  "_updatedAt must be a date with time and zone, from the year 1000 to 9999" },
		{ WITH("\"_updatedAt\":{\"$date\":{\"$numberLong\":\"99999999999999999999\"}}"),
		  "_updatedAt must be a date with time and zone, from the year 1000 to 9999" },
		{ WITH("\"_updatedAt\":{\"$date\":{\"$numberLong\":\"253402300800000\"}}"),
		  "_updatedAt must be a date with time and zone, from the year 1000 to 9999" },
		{ WITH("\"_updatedAt\":{\"$date\":1e300}"), "_updatedAt must be a date with time and zone, from the year 1000 to 9999" },
		{ WITH("\"createdAt\":\"yesterday\""), "createdAt must be a date with time and zone, from the year 1000 to 9999" },
		{ WITH("\"createdBy\":\"\""), "createdBy must be a string of 1 to 64 characters" },
		{ WITH("\"createdBy\":{}"), "createdBy must be a string of 1 to 64 characters" },
		{ WITH("\"updatedBy\":\"12345678901234567890123456789012345678901234567890123456789012345\""),
		  "updatedBy must be a string of 1 to 64 characters" },
	};
	struct policy_line line;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (read_bytes(&line, rows[i].text, strlen(rows[i].text)))
			fail_msg("taken: %s", rows[i].text);
		assert_string_equal(line.reason, rows[i].reason);
		policy_line_free(&line);
	}
}

static void unknown_members_are_ignored(void **state)
{
	struct policy_line line;

	(void)state;
	read_good(&line, WITH("\"_class\":\"x\",\"nested\":{\"name\":[1,2]},\"name\":\"the last counts\""));
	assert_string_equal(line.record.policy.name, "the last counts");
	policy_line_free(&line);
}

static void documents_are_read_back(void **state)
{
	static const char name[] = "a \"b\" / \\ \x01\x1f\x7f \xc2\x80 \xf0\x9f\x98\x80 ";
	static const struct policy_record record = {
		.policy = {
			.id = ID,
			.name = name,
			.name_length = sizeof name - 1,
			.description = "",
			.due_time_in_minutes = POLICY_DUE_TIME_MOST,
			.updated_at = "2023-03-24T14:50:02.123Z",
		},
		.created_at = "2022-03-24T14:50:02.123Z",
		.created_by = "cli:root",
		.updated_by = "rocketRandomId17x",
	};
	struct json_object *document = policy_line_document(&record);
	struct policy_line line;

	(void)state;
	read_good(&line, json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN));
	assert_string_equal(line.record.policy.id, ID);
	assert_int_equal(line.record.policy.name_length, sizeof name - 1);
	assert_memory_equal(line.record.policy.name, name, sizeof name);
	assert_int_equal(line.record.policy.description_length, 0);
	assert_int_equal(line.record.policy.due_time_in_minutes, POLICY_DUE_TIME_MOST);
	assert_string_equal(line.record.policy.updated_at, record.policy.updated_at);
	assert_string_equal(line.record.created_at, record.created_at);
	assert_string_equal(line.record.created_by, record.created_by);
	assert_string_equal(line.record.updated_by, record.updated_by);
	policy_line_free(&line);
	json_object_put(document);
}

/* Whatever a text is cut to, it is refused and nothing is lost. */
static void cut_texts_are_refused(void **state)
{
	static const char text[] = WITH("\"_updatedAt\":{\"$date\":{\"$numberLong\":\"1679669402123\"}},\"createdBy\":\"x\"");
	struct policy_line line;

	(void)state;
	for (size_t length = 0; length < sizeof text - 1; length++) {
		assert_false(read_bytes(&line, text, length));
		assert_string_equal(line.reason, "must be valid JSON");
		policy_line_free(&line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_taken),
		cmocka_unit_test(due_times_are_taken),
		cmocka_unit_test(times_are_taken),
		cmocka_unit_test(refusals_tell_why),
		cmocka_unit_test(unknown_members_are_ignored),
		cmocka_unit_test(documents_are_read_back),
		cmocka_unit_test(cut_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

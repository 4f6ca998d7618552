/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * ajv 8's verdicts with coerceTypes: the expected texts and values are its own, but for numbers that are infinite.
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

#include "json/parse.h"
#include "json/schema.h"
#include "short-memory.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NO_NUL "^[^\\u0000]*$"

static const struct schema_property policy_properties[] = {
	{ "name", SCHEMA_STRING, true, 1, 255, NO_NUL },
	{ "description", SCHEMA_STRING, true, 0, 4000, NO_NUL },
	{ "dueTimeInMinutes", SCHEMA_INTEGER, true, 1, 2147483647, NULL },
};

static const struct schema_property optional_properties[] = {
	{ "count", SCHEMA_NUMBER, false, 0, INT64_MAX, NULL },
	{ "offset", SCHEMA_NUMBER, false, -5, 5, NULL },
	{ "text", SCHEMA_STRING, false, 0, INT64_MAX, NULL },
};

static const struct schema policy = { policy_properties, COUNT(policy_properties) };
static const struct schema optional = { optional_properties, COUNT(optional_properties) };

static struct json_object *parsed(const char *text)
{
	struct json_object *value;
	bool no_memory;

	if (!json_parse(text, strlen(text), &value, &no_memory))
		fail_msg("not JSON: %s", text);
	return value;
}

/* `expected` is the coerced object, or else ajv's message. */
static void check(const struct schema *schema, const char *text, const char *expected)
{
	struct json_object *value = parsed(text);
	struct schema_error error;

	if (schema_check(schema, value, &error))
		assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN), expected);
	else
		assert_string_equal(error.text, expected);
	assert_false(error.no_memory);
	json_object_put(value);
}

struct row {
	const char *text;
	const char *expected;
};

static void refuses_in_order(void **state)
{
	static const struct row rows[] = {
		{ "null", "must be object" },
		{ "[]", "must be object" },
		{ "1", "must be object" },
		{ "true", "must be object" },
		{ "\"{}\"", "must be object" },
		{ "{}", "must have required property 'name'" },
		{ "{\"x\":1,\"name\":[]}", "must have required property 'description'" },
		{ "{\"description\":1}", "must have required property 'name'" },
		{ "{\"description\":[],\"name\":{}}", "must have required property 'dueTimeInMinutes'" },
		{ "{\"name\":\"a\",\"description\":\"\",\"duetimeinminutes\":4}",
		    "must have required property 'dueTimeInMinutes'" },
		{ "{\"name\":[],\"description\":[],\"dueTimeInMinutes\":[],\"x\":1}", "must NOT have additional properties" },
		{ "{\"_id\":1,\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":4}",
		    "must NOT have additional properties" },
		{ "{\"\":1,\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":4}", "must NOT have additional properties" },
		{ "{\"Name\":1,\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":4}",
		    "must NOT have additional properties" },
		{ "{\"name\\u0000\":1,\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":4}",
		    "must NOT have additional properties" },
		{ "{\"__proto__\":1,\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":4}",
		    "must NOT have additional properties" },
		{ "{\"dueTimeInMinutes\":[],\"description\":[],\"name\":\"\"}", "must NOT have fewer than 1 characters" },
		{ "{\"dueTimeInMinutes\":[],\"description\":[],\"name\":\"a\"}", "must be string" },
		{ "{\"dueTimeInMinutes\":[],\"description\":\"\",\"name\":\"a\"}", "must be integer" },
		{ "{\"\\u006eame\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":4}",
		    "{\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":4}" },
		{ "{\"name\":[],\"description\":\"\",\"name\":\"b\",\"dueTimeInMinutes\":4}",
		    "{\"name\":\"b\",\"description\":\"\",\"dueTimeInMinutes\":4}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&policy, rows[i].text, rows[i].expected);
}

/* Puts `value` in a policy's place; an expected value in quotes or digits stands for the whole coerced policy. */
static void check_in(const char *head, const char *value, const char *tail, const char *expected)
{
	char text[512];
	char whole[512];
	bool refusal = strncmp(expected, "must ", 5) == 0;

	snprintf(text, sizeof text, "%s%s%s", head, value, tail);
	snprintf(whole, sizeof whole, "%s%s%s", refusal ? "" : head, expected, refusal ? "" : tail);
	check(&policy, text, whole);
}

static void coerces_to_string(void **state)
{
	static const struct row rows[] = {
		{ "\"\u00e9\"", "\"\u00e9\"" },
		{ "12", "\"12\"" },
		{ "-0", "\"0\"" },
		{ "-0.0", "\"0\"" },
		{ "1.50", "\"1.5\"" },
		{ "1e-7", "\"1e-7\"" },
		{ "1e21", "\"1e+21\"" },
		{ "123456789012345680000", "\"123456789012345680000\"" },
		{ "9007199254740993", "\"9007199254740992\"" },
		{ "1e-400", "\"0\"" },
		{ "true", "\"true\"" },
		{ "false", "\"false\"" },
		{ "null", "must NOT have fewer than 1 characters" },
		{ "\"\"", "must NOT have fewer than 1 characters" },
		{ "\"\\u0000\"", "must match pattern \"^[^\\u0000]*$\"" },
		{ "\"a\\u0000b\"", "must match pattern \"^[^\\u0000]*$\"" },
		{ "[]", "must be string" },
		{ "[\"a\"]", "must be string" },
		{ "{}", "must be string" },
		{ "1e400", "must be string" },
		{ "-1e400", "must be string" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_in("{\"name\":", rows[i].text, ",\"description\":\"\",\"dueTimeInMinutes\":4}", rows[i].expected);
	check_in("{\"name\":\"a\",\"description\":", "null", ",\"dueTimeInMinutes\":4}", "\"\"");
	check_in("{\"name\":\"a\",\"description\":", "\"\\u0000\"", ",\"dueTimeInMinutes\":4}",
	    "must match pattern \"^[^\\u0000]*$\"");
}

static void coerces_to_integer(void **state)
{
	static const struct row rows[] = {
		{ "1", "1" },
		{ "2147483647", "2147483647" },
		{ "4.0", "4" },
		{ "4e0", "4" },
		{ "40e-1", "4" },
		{ "2147483647.0", "2147483647" },
		{ "true", "1" },
		{ "\"7\"", "7" },
		{ "\" 7 \"", "7" },
		{ "\"\\u00a07\\ufeff\"", "7" },
		{ "\"1e3\"", "1000" },
		{ "\"0x10\"", "16" },
		{ "\"0b11\"", "3" },
		{ "\"5.\"", "5" },
		{ "\"+7\"", "7" },
		{ "\"1.5e1\"", "15" },
		{ "0", "must be >= 1" },
		{ "-0", "must be >= 1" },
		{ "-1", "must be >= 1" },
		{ "-1e300", "must be >= 1" },
		{ "1e-400", "must be >= 1" },
		{ "false", "must be >= 1" },
		{ "null", "must be >= 1" },
		{ "\" \"", "must be >= 1" },
		{ "\"-7\"", "must be >= 1" },
		{ "2147483648", "must be <= 2147483647" },
		{ "1e20", "must be <= 2147483647" },
		{ "99999999999999999999999", "must be <= 2147483647" },
		{ "\"0x80000000\"", "must be <= 2147483647" },
		{ "1.7976931348623157e308", "must be <= 2147483647" },
		{ "1.5", "must be integer" },
		{ "0.5", "must be integer" },
		{ "2147483647.5", "must be integer" },
		{ "1e400", "must be integer" },
		{ "-1e400", "must be integer" },
		{ "\"1e400\"", "must be integer" },
		{ "\"Infinity\"", "must be integer" },
		{ "\"-Infinity\"", "must be integer" },
		{ "\"NaN\"", "must be integer" },
		{ "\"\"", "must be integer" },
		{ "\"1.5\"", "must be integer" },
		{ "\"1_000\"", "must be integer" },
		{ "\"7\\u0000\"", "must be integer" },
		{ "\"-0x10\"", "must be integer" },
		{ "\"true\"", "must be integer" },
		{ "\"\\ud800\"", "must be integer" },
		{ "[]", "must be integer" },
		{ "[7]", "must be integer" },
		{ "{}", "must be integer" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_in("{\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":", rows[i].text, "}", rows[i].expected);
}

static void coerces_to_number(void **state)
{
	static const struct row rows[] = {
		{ "{}", "{}" },
		{ "{\"count\":2.5}", "{\"count\":2.5}" },
		{ "{\"count\":\"2.5\"}", "{\"count\":2.5}" },
		{ "{\"count\":7}", "{\"count\":7.0}" },
		{ "{\"count\":\" 0x10 \"}", "{\"count\":16.0}" },
		{ "{\"count\":null}", "{\"count\":0.0}" },
		{ "{\"count\":true}", "{\"count\":1.0}" },
		{ "{\"count\":1e300}", "{\"count\":1.0000000000000001e+300}" },
		{ "{\"count\":-0.5}", "must be >= 0" },
		{ "{\"count\":\"\"}", "must be number" },
		{ "{\"count\":\"x\"}", "must be number" },
		{ "{\"count\":\"1e400\"}", "must be number" },
		{ "{\"count\":1e400}", "must be number" },
		{ "{\"count\":[\"1\",\"2\"]}", "must be number" },
		{ "{\"offset\":-5}", "{\"offset\":-5.0}" },
		{ "{\"offset\":-5.01}", "must be >= -5" },
		{ "{\"offset\":5.01}", "must be <= 5" },
		{ "{\"text\":\"a\\u0000\"}", "{\"text\":\"a\\u0000\"}" },
		{ "{\"text\":[]}", "must be string" },
		{ "{\"x\":1}", "must NOT have additional properties" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&optional, rows[i].text, rows[i].expected);
}

static void coerced_integer_is_an_integer(void **state)
{
	static const char *const rows[] = { "4", "4.0", "\"4\"", "\"0x4\"" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[128];
		struct schema_error error;
		struct json_object *value;

		snprintf(text, sizeof text, "{\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":%s}", rows[i]);
		value = parsed(text);
		assert_true(schema_check(&policy, value, &error));
		assert_true(json_object_is_type(json_object_object_get(value, "dueTimeInMinutes"), json_type_int));
		json_object_put(value);
	}
}

/* `count` times `character` as the property `name` or `description`. */
static void check_length(const char *property, size_t count, const char *character, const char *refusal)
{
	bool is_name = strcmp(property, "name") == 0;
	char *string = calloc(count + 1, strlen(character));
	struct json_object *value = parsed("{\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":4}");
	struct schema_error error;

	assert_non_null(string);
	for (size_t i = 0; i < count; i++)
		memcpy(string + i * strlen(character), character, strlen(character));
	json_object_object_add(value, is_name ? "name" : "description", json_object_new_string(string));
	if (schema_check(&policy, value, &error))
		assert_null(refusal);
	else
		assert_string_equal(error.text, refusal == NULL ? "" : refusal);
	json_object_put(value);
	free(string);
}

static void counts_code_points(void **state)
{
	static const char *const characters[] = { "a", "\u00e9", "\u20ac", "\U0001f600" };

	(void)state;
	for (size_t i = 0; i < COUNT(characters); i++) {
		check_length("name", 1, characters[i], NULL);
		check_length("name", 255, characters[i], NULL);
		check_length("name", 256, characters[i], "must NOT have more than 255 characters");
		check_length("description", 4000, characters[i], NULL);
		check_length("description", 4001, characters[i], "must NOT have more than 4000 characters");
	}
}

static void tells_that_memory_is_short(void **state)
{
	static const char *const rows[] = {
		"{\"name\":1,\"description\":\"\",\"dueTimeInMinutes\":4}",
		"{\"name\":\"a\",\"description\":null,\"dueTimeInMinutes\":4}",
		"{\"name\":\"a\",\"description\":\"\",\"dueTimeInMinutes\":\"4\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json_object *value = parsed(rows[i]);
		struct schema_error error;
		bool valid;

		short_memory_begin(0);
		valid = schema_check(&policy, value, &error);
		assert_true(short_memory_end());
		assert_false(valid);
		assert_true(error.no_memory);
		assert_string_equal(error.text, "");
		json_object_put(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_in_order),
		cmocka_unit_test(coerces_to_string),
		cmocka_unit_test(coerces_to_integer),
		cmocka_unit_test(coerces_to_number),
		cmocka_unit_test(coerced_integer_is_an_integer),
		cmocka_unit_test(counts_code_points),
		cmocka_unit_test(tells_that_memory_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

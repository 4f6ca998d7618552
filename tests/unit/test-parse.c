/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * JSON to the letter of RFC 8259: what is taken, as what, and what is not.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "base/secret.h"
#include "json/parse.h"
#include "short-memory.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TEXT(literal) { literal, sizeof(literal) - 1 }

struct text {
	const char *bytes;
	size_t length;
};

/* From a copy of just its length, so that a byte read beyond it is seen by the sanitizers. */
static bool parse(const char *bytes, size_t length, struct json_object **value)
{
	char *copy = malloc(length == 0 ? 1 : length);
	bool no_memory = true;
	bool parsed;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	parsed = json_parse(copy, length, value, &no_memory);
	assert_false(no_memory);
	free(copy);
	return parsed;
}

static struct json_object *parsed(const char *text)
{
	struct json_object *value;

	if (!parse(text, strlen(text), &value))
		fail_msg("refused: %s", text);
	return value;
}

static void takes_values(void **state)
{
	static const struct {
		const char *text;
		const char *expected; /* as json-c writes it */
	} rows[] = {
		{ "null", "null" },
		{ "true", "true" },
		{ " false\n", "false" },
		{ "\t\r\n {} ", "{}" },
		{ "[]", "[]" },
		{ "[ ]", "[]" },
		{ "{ }", "{}" },
		{ "\"\"", "\"\"" },
		{ "[ 1 , \"a\" , null , true,{ } ]", "[1,\"a\",null,true,{}]" },
		{ "{ \"a\" : [ ] , \"b\":{\"c\":0}}", "{\"a\":[],\"b\":{\"c\":0}}" },
		{ "{\"\":1}", "{\"\":1}" },
		{ "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}" },
		{ "{\"a\":1,\"\\u0061\":{\"x\":[]}}", "{\"a\":{\"x\":[]}}" },
		{ "{\"a\":{\"x\":[]},\"a\":null}", "{\"a\":null}" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
		{ "\"\x7f\u00e9\u20ac\U0001f600\"", "\"\x7f\u00e9\u20ac\U0001f600\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json_object *value = parsed(rows[i].text);

		assert_string_equal(json_object_to_json_string_ext(value,
		    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE), rows[i].expected);
		json_object_put(value);
	}
}

static void refuses_what_is_not_json(void **state)
{
	static const struct text rows[] = {
		TEXT(""), TEXT(" \t\r\n"), TEXT("\0"), TEXT("1\0"), TEXT("{}\0"), TEXT("\0{}"), TEXT("[1\0]"), TEXT("{}{}"),
		TEXT("1 2"), TEXT("{} x"), TEXT("nul"), TEXT("nulll"), TEXT("NULL"), TEXT("True"), TEXT("tru"),
		TEXT("undefined"), TEXT("\f1"), TEXT("\v1"), TEXT("\xc2\xa0" "1"), TEXT("\xef\xbb\xbf{}"),
		TEXT("{}\xef\xbb\xbf"),
		/* numbers */
		TEXT("NaN"), TEXT("Infinity"), TEXT("-Infinity"), TEXT("-NaN"), TEXT("inf"), TEXT("1."), TEXT("1.e5"),
		TEXT(".5"), TEXT("-.5"), TEXT("01"), TEXT("-01"), TEXT("00"), TEXT("+1"), TEXT("-"), TEXT("--1"), TEXT("1e"),
		TEXT("1e+"), TEXT("1e-"), TEXT("1e5.5"), TEXT("e5"), TEXT("0x10"), TEXT("1_000"), TEXT("1n"), TEXT("- 1"),
		TEXT("1 e5"), TEXT("[1.]"), TEXT("[-]"), TEXT("[01]"),
		/* strings */
		TEXT("\""), TEXT("\"a"), TEXT("a\""), TEXT("'a'"), TEXT("\"a'"), TEXT("\"\t\""), TEXT("\"\n\""),
		TEXT("\"\x1f\""), TEXT("\"a\0b\""), TEXT("\"\\"), TEXT("\"\\\""), TEXT("\"\\x41\""), TEXT("\"\\'\""),
		TEXT("\"\\0\""), TEXT("\"\\a\""), TEXT("\"\\\n\""), TEXT("\"\\\0\""), TEXT("\"\\U0041\""), TEXT("\"\\u\""),
		TEXT("\"\\u12"), TEXT("\"\\u123\""), TEXT("\"\\u12g4\""), TEXT("\"\\u+123\""), TEXT("\"\\ud800\\u12\""),
		TEXT("\"\\ud800\\x\""), TEXT("\"\\ud800\\"), TEXT("\"\\ud83d\\ude0\""),
		/* UTF-8 */
		TEXT("\"\xed\xa0\x80\""), TEXT("\"\xed\xbf\xbf\""), TEXT("\"\xc0\x80\""), TEXT("\"\xe0\x80\xaf\""),
		TEXT("\"\xf4\x90\x80\x80\""), TEXT("\"\xc3(\""), TEXT("\"\xff\""), TEXT("\"\x80\""), TEXT("\"\xe2\x82\""),
		TEXT("\"\xe2\x82"), TEXT("{\"\xff\":1}"),
		/* arrays and objects */
		TEXT("["), TEXT("]"), TEXT("[1"), TEXT("[1,"), TEXT("[1,]"), TEXT("[,1]"), TEXT("[,]"), TEXT("[1 2]"),
		TEXT("[1,,2]"), TEXT("[1}"), TEXT("[1;2]"), TEXT("{"), TEXT("}"), TEXT("{\"a\"}"), TEXT("{\"a\":}"),
		TEXT("{\"a\":1,}"), TEXT("{,}"), TEXT("{\"a\":1 \"b\":2}"), TEXT("{\"a\" 1}"), TEXT("{\"a\"::1}"),
		TEXT("{a:1}"), TEXT("{1:1}"), TEXT("{null:1}"), TEXT("{'a':1}"), TEXT("{\"a\":1]"), TEXT("{\"a\":1"),
		TEXT("{\"a\":"), TEXT("{\"a\""), TEXT("{\"a"), TEXT("{\"a\":[1,{\"b\":2}"), TEXT("{[]:1}"),
		/* comments */
		TEXT("1//"), TEXT("1 /* */"), TEXT("/**/1"), TEXT("[1,/**/2]"), TEXT("{\"a\":1#\n}"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json_object *value;

		if (parse(rows[i].bytes, rows[i].length, &value))
			fail_msg("row %zu: %s", i, rows[i].bytes);
		assert_null(value);
	}
}

static void takes_strings(void **state)
{
	static const struct {
		const char *text;
		struct text expected;
	} rows[] = {
		{ "\"\\u0041\\u00e9\\u00E9\\u20ac\"", TEXT("A\u00e9\u00e9\u20ac") },
		{ "\"a\\u0000b\"", TEXT("a\0b") },
		{ "\"\\u0000\"", TEXT("\0") },
		{ "\"\\uFFFF\\ufeff\"", TEXT("\xef\xbf\xbf\ufeff") },
		{ "\"\\ud83d\\ude00\"", TEXT("\U0001f600") },
		{ "\"\\uD800\\uDC00\\udbff\\udfff\"", TEXT("\U00010000\xf4\x8f\xbf\xbf") },
		{ "\"\\ud800\"", TEXT("\ufffd") },
		{ "\"\\udc00\"", TEXT("\ufffd") },
		{ "\"\\udfffa\"", TEXT("\ufffd" "a") },
		{ "\"\\ud800a\"", TEXT("\ufffd" "a") },
		{ "\"\\ud800\\n\"", TEXT("\ufffd\n") },
		{ "\"\\ud800\\u0041\"", TEXT("\ufffd" "A") },
		{ "\"\\udc00\\ud800\"", TEXT("\ufffd\ufffd") },
		{ "\"\\udc00\\udc00\"", TEXT("\ufffd\ufffd") },
		{ "\"\\ud800\\ue000\"", TEXT("\ufffd\xee\x80\x80") },
		{ "\"\\ud800\\ud800\\udc00\"", TEXT("\ufffd\U00010000") },
		{ "\"\\ud83d\\ude00\\ude00\"", TEXT("\U0001f600\ufffd") },
		{ "\"\\\\ud800\"", TEXT("\\ud800") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json_object *value = parsed(rows[i].text);

		assert_true(json_object_is_type(value, json_type_string));
		assert_int_equal(json_object_get_string_len(value), rows[i].expected.length);
		assert_memory_equal(json_object_get_string(value), rows[i].expected.bytes, rows[i].expected.length);
		json_object_put(value);
	}
}

/* "name\u0000x" is not "name". */
static void shortens_no_key(void **state)
{
	struct json_object *value = parsed("{\"name\\u0000x\":1,\"\\u0000\":[\"\\u0000\"]}");

	(void)state;
	assert_int_equal(json_object_object_length(value), 2);
	assert_false(json_object_object_get_ex(value, "name", NULL));
	assert_true(json_object_object_get_ex(value, "name\ufffdx", NULL));
	assert_true(json_object_object_get_ex(value, "\ufffd", NULL));
	assert_int_equal(json_object_get_string_len(json_object_array_get_idx(json_object_object_get(value, "\ufffd"), 0)), 1);
	json_object_put(value);
}

static void takes_numbers(void **state)
{
	static const struct {
		const char *text;
		enum json_type type;
		double number;
	} rows[] = {
		{ "0", json_type_int, 0 },
		{ "-0", json_type_int, 0 },
		{ "-12", json_type_int, -12 },
		{ "999999999999999", json_type_int, 999999999999999 },
		{ "-999999999999999", json_type_int, -999999999999999 },
		{ "9007199254740993", json_type_double, 9007199254740992. },
		{ "9223372036854775808", json_type_double, 9223372036854775808. },
		{ "-99999999999999999999999", json_type_double, -1e23 },
		{ "4.0", json_type_double, 4 },
		{ "4e0", json_type_double, 4 },
		{ "0E+2", json_type_double, 0 },
		{ "40e-1", json_type_double, 4 },
		{ "-1.25", json_type_double, -1.25 },
		{ "1e-400", json_type_double, 0 },
		{ "1e400", json_type_double, HUGE_VAL },
		{ "-1e400", json_type_double, -HUGE_VAL },
		{ "[1e2]", json_type_array, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json_object *value = parsed(rows[i].text);

		if (!json_object_is_type(value, rows[i].type) ||
		    (rows[i].type != json_type_array && json_object_get_double(value) != rows[i].number))
			fail_msg("row %zu: %s", i, rows[i].text);
		json_object_put(value);
	}
}

/* `depth` times what `opening` and `closing` repeat in turn, around `core`. */
static void nest(char *out, size_t depth, const char *const opening[2], const char *core, const char *const closing[2])
{
	*out = '\0';
	for (size_t i = 0; i < depth; i++)
		strcat(out, opening[i % 2]);
	strcat(out, core);
	while (depth-- > 0)
		strcat(out, closing[depth % 2]);
}

static void takes_sixteen_levels(void **state)
{
	static const struct {
		const char *opening[2];
		const char *core;
		const char *closing[2];
	} rows[] = {
		{ { "[", "[" }, "", { "]", "]" } },
		{ { "[", "[" }, "1", { "]", "]" } },
		{ { "{\"a\":", "{\"a\":" }, "\"\"", { "}", "}" } },
		{ { "[", "{\"a\":" }, "null", { "]", "}" } },
		{ { "[[],{},", "{\"b\":[[]],\"a\":" }, "0", { "]", "}" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t depth = JSON_PARSE_DEPTH - 1; depth <= JSON_PARSE_DEPTH + 1; depth++) {
			struct json_object *value;
			char text[512];

			nest(text, depth, rows[i].opening, rows[i].core, rows[i].closing);
			if (parse(text, strlen(text), &value) != (depth + (i == 4) <= JSON_PARSE_DEPTH))
				fail_msg("row %zu, %zu levels", i, depth);
			json_object_put(value);
		}
}

/* A megabyte of `unit`, after `head`. */
static char *repeated(const char *head, const char *unit, size_t *length)
{
	enum { MEGABYTE = 1 << 20 };
	char *text = malloc(MEGABYTE + 64);

	assert_non_null(text);
	strcpy(text, head);
	for (*length = strlen(head); *length < MEGABYTE; *length += strlen(unit))
		strcpy(text + *length, unit);
	return text;
}

/* Time in proportion to the length: these take minutes if it is to its square. */
static void reads_a_megabyte(void **state)
{
	static const struct {
		const char *head, *unit, *tail;
		bool valid;
	} rows[] = {
		{ "[1", ",1", "]", true },
		{ "\"", "\\ud800", "\"", true },
		{ "\"", "a", "\"", true },
		{ "{\"a\":1", ",\"a\":[]", "}", true },
		{ "1", "0", "", true },
		{ "0.1", "1", "e5", true },
		{ "", " ", "1", true },
		{ "", "[", "", false },
		{ "", "{\"a\":", "", false },
		{ "[1", ",1", "", false },
		{ "\"", "\\\\", "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json_object *value;
		size_t length;
		char *text = repeated(rows[i].head, rows[i].unit, &length);

		strcpy(text + length, rows[i].tail);
		if (parse(text, length + strlen(rows[i].tail), &value) != rows[i].valid)
			fail_msg("row %zu", i);
		json_object_put(value);
		free(text);
	}
}

static void takes_a_hundred_thousand_keys(void **state)
{
	enum { KEYS = 100000 };
	char *text = malloc(KEYS * 16);
	size_t length = 1;
	struct json_object *value;

	(void)state;
	assert_non_null(text);
	text[0] = '{';
	for (int i = 0; i < KEYS; i++)
		length += (size_t)sprintf(text + length, "\"k%d\":%d,", i, i);
	text[length - 1] = '}';
	assert_true(parse(text, length, &value));
	assert_int_equal(json_object_object_length(value), KEYS);
	assert_int_equal(json_object_get_int64(json_object_object_get(value, "k99999")), 99999);
	json_object_put(value);
	free(text);
}

static const char *secret; /* that is looked for where something is wiped */
static bool secret_wiped;

/* Stands in for the library's. */
void secret_wipe(void *memory, size_t length)
{
	if (secret != NULL && length > strlen(secret) && memcmp(memory, secret, strlen(secret)) == 0)
		secret_wiped = true;
	memset(memory, 0, length);
}

/* A text that is refused may have had a password in it, too. */
static void leaves_no_copy_behind(void **state)
{
	static const char *const texts[] = { "\"open sesame\"", "\"open sesame\" and more" };

	(void)state;
	secret = "open sesame";
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct json_object *value;

		secret_wiped = false;
		parse(texts[i], strlen(texts[i]), &value);
		if (!secret_wiped)
			fail_msg("row %zu", i);
		json_object_put(value);
	}
	secret = NULL;
}

/* Whichever allocation is the one too many: it is told, and no part of the text passes for the whole. */
static void tells_that_memory_is_short(void **state)
{
	static const char text[] = "{\"a\":[1,2.5,\"b\",true,null,{\"c\":{}},[],[]],\"a\":false,\"d\":null,"
				   "\"e\":\"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\"}";
	bool parsed_whole = false;

	(void)state;
	for (long i = 0; !parsed_whole; i++) {
		struct json_object *value;
		bool no_memory;
		bool refused;

		short_memory_begin(i);
		parsed_whole = json_parse(text, sizeof text - 1, &value, &no_memory);
		refused = short_memory_end();
		assert_true(refused == !parsed_whole);
		assert_true(no_memory == !parsed_whole);
		assert_true(parsed_whole || value == NULL);
		json_object_put(value);
	}
}

static void tells_that_a_text_is_too_long(void **state)
{
	struct json_object *value;
	bool no_memory = false;

	(void)state;
	assert_false(json_parse("", SIZE_MAX, &value, &no_memory));
	assert_true(no_memory);
	assert_null(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_values),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(takes_strings),
		cmocka_unit_test(shortens_no_key),
		cmocka_unit_test(takes_numbers),
		cmocka_unit_test(takes_sixteen_levels),
		cmocka_unit_test(reads_a_megabyte),
		cmocka_unit_test(takes_a_hundred_thousand_keys),
		cmocka_unit_test(leaves_no_copy_behind),
		cmocka_unit_test(tells_that_memory_is_short),
		cmocka_unit_test(tells_that_a_text_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/document: whole or not there at all, whichever allocation fails.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "base/document.h"
#include "short-memory.h"

#define PRINTBUF_ALLOCATIONS 3 /* it, its first bytes, and those of the text */
#define ALL_BUT_NUL 255

static const char expected[] =
	"{\"_id\":\"641db89a7718f90c810429cc\",\"none\":null,\"sla\":[{\"name\":\"a \\\"name\\\" that is longer than json-c's first buffer\"},"
	"{\"name\":\"\\u0001/\\\\\\n\"}],\"total\":-9223372036854775808,\"success\":true}";

static struct json_object *row(const char *name)
{
	return document_of("name", json_object_new_string(name));
}

static struct json_object *make(void)
{
	struct json_object *object = json_object_new_object(), *array = json_object_new_array();

	document_append(&array, row("a \"name\" that is longer than json-c's first buffer"));
	document_append(&array, row("\1/\\\n"));
	document_add_text(&object, "_id", "641db89a7718f90c810429cc");
	document_add_null(&object, "none");
	document_add(&object, "sla", array);
	document_add(&object, "total", json_object_new_int64(INT64_MIN));
	document_add(&object, "success", json_object_new_boolean(true));
	return object;
}

static void is_made_and_printed(void **state)
{
	struct json_object *object = make();
	size_t length = 0;

	(void)state;
	assert_string_equal(document_print(object, &length), expected);
	assert_int_equal(length, sizeof expected - 1);
	json_object_put(object);
}

typedef void shortage(long count);

/* Whether there was enough memory: if not, there is no text. */
static bool is_printed_with(shortage *begin, long allocations)
{
	struct json_object *object;
	const char *text = NULL;
	size_t length;
	bool refused;

	begin(allocations);
	object = make();
	if (object != NULL)
		text = document_print(object, &length);
	refused = short_memory_end();
	assert_true(refused == (text == NULL));
	if (text != NULL)
		assert_string_equal(text, expected);
	json_object_put(object);
	return text != NULL;
}

static void is_whole_or_not_there_without_memory(void **state)
{
	static shortage *const shortages[] = { short_memory_begin, short_memory_begin_once };
	long allocations;

	(void)state;
	for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++) {
		for (allocations = 0; !is_printed_with(shortages[i], allocations); allocations++)
			;
		assert_true(allocations > 10);
	}
}

/* A shorter one would be freed with what is in it, a token perhaps. */
static void text_is_made_at_its_length(void **state)
{
	struct json_object *object;
	char long_text[64 * 1024];
	size_t length = 0;
	bool refused;

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	object = document_of("text", json_object_new_string_len(long_text, sizeof long_text));
	short_memory_begin(PRINTBUF_ALLOCATIONS);
	document_print(object, &length);
	refused = short_memory_end();
	assert_false(refused);
	assert_int_equal(length, sizeof "{\"text\":\"\"}" - 1 + sizeof long_text);
	json_object_put(object);
}

/* As keys and as values, which json-c escapes as it likes: there is room for it. */
static void every_character_has_room(void **state)
{
	(void)state;
	for (int character = 1; character <= ALL_BUT_NUL; character++) {
		char text[1000];
		struct json_object *object;
		size_t length = 0;
		bool refused;

		memset(text, character, sizeof text - 1);
		text[sizeof text - 1] = '\0';
		object = document_of(text, json_object_new_string(text));
		short_memory_begin(PRINTBUF_ALLOCATIONS);
		document_print(object, &length);
		refused = short_memory_end();
		assert_false(refused);
		assert_true(length >= 2 * (sizeof text - 1));
		json_object_put(object);
	}
}

static void every_number_has_room(void **state)
{
	struct json_object *array = json_object_new_array();
	size_t length = 0;
	bool refused;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		document_append(&array, json_object_new_int64(INT64_MIN));
	short_memory_begin(PRINTBUF_ALLOCATIONS);
	document_print(array, &length);
	refused = short_memory_end();
	assert_false(refused);
	assert_int_equal(length, sizeof "[" + 1000 * (sizeof "-9223372036854775808," - 1) - 1);
	json_object_put(array);
}

static void what_is_added_to_nothing_is_put(void **state)
{
	struct json_object *object = NULL, *array = NULL;
	size_t length;

	(void)state;
	document_add(&object, "key", json_object_new_string("value"));
	document_append(&array, json_object_new_string("value"));
	assert_null(object);
	assert_null(array);
	object = make();
	document_add(&object, "key", NULL);
	assert_null(object);
	document_add_null(&object, "key");
	assert_null(object);
	assert_null(document_print(object, &length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_made_and_printed),
		cmocka_unit_test(is_whole_or_not_there_without_memory),
		cmocka_unit_test(text_is_made_at_its_length),
		cmocka_unit_test(every_character_has_room),
		cmocka_unit_test(every_number_has_room),
		cmocka_unit_test(what_is_added_to_nothing_is_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * http/query: what is a query string, and what becomes of one for which there is no memory.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "base/document.h"
#include "http/query.h"
#include "short-memory.h"

static void is_an_object_of_strings(void **state)
{
	static const char *const rows[][2] = {
		{ "", "{}" },
		{ "&&", "{}" },
		{ "a=1&b=%C3%A4+%2b", "{\"a\":\"1\",\"b\":\"\xc3\xa4 +\"}" },
		{ "a&b=&c==", "{\"a\":\"\",\"b\":\"\",\"c\":\"=\"}" },
		{ "a=1&b=2&a=3&a=", "{\"a\":[\"1\",\"3\",\"\"],\"b\":\"2\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct json_object *object;
		bool no_memory;
		size_t length;

		assert_true(query_parse(rows[i][0], &object, &no_memory));
		assert_string_equal(document_print(object, &length), rows[i][1]);
		json_object_put(object);
	}
}

static void is_refused(void **state)
{
	static const char *const rows[] = { "a=%", "a=%4", "a=%4g", "%00", "a=%00", "a=%ff", "%ff=a", "a=1&b=\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct json_object *object;
		bool no_memory;

		assert_false(query_parse(rows[i], &object, &no_memory));
		assert_null(object);
		assert_false(no_memory);
	}
}

/* Whichever single allocation fails: no parameter is left out, and it is not the query's fault. With so few keys that json-c's table
 * need not grow: when it can not, its copy of the key leaks. */
static void tells_that_memory_is_short(void **state)
{
	bool parsed = false;

	(void)state;
	for (long allocations = 0; !parsed; allocations++) {
		struct json_object *object;
		bool no_memory, refused;

		short_memory_begin_once(allocations);
		parsed = query_parse("a=1&b=2&a=3&c=4&a=5&d=6&e=7&f=8", &object, &no_memory);
		refused = short_memory_end();
		assert_true(refused == !parsed);
		assert_true(no_memory == !parsed);
		assert_true((object == NULL) == !parsed);
		json_object_put(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_an_object_of_strings),
		cmocka_unit_test(is_refused),
		cmocka_unit_test(tells_that_memory_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

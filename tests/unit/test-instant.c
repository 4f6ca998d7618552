/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/instant: moments as text and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/instant.h"

/* From a copy of just its length, so that a byte read beyond it is seen by the sanitizers. */
static bool read_copy(const char *text, int64_t *milliseconds)
{
	size_t length = strlen(text);
	char *copy = malloc(length == 0 ? 1 : length);
	bool read;

	assert_non_null(copy);
	memcpy(copy, text, length);
	read = instant_read(copy, length, milliseconds);
	free(copy);
	return read;
}

static void forms_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{ "2023-03-24T14:50:02.123Z", "2023-03-24T14:50:02.123Z" },
		{ "2023-03-24T14:50:02Z", "2023-03-24T14:50:02.000Z" },
		{ "2023-03-24T14:50:02.1Z", "2023-03-24T14:50:02.100Z" },
		{ "2023-03-24T14:50:02.123999999Z", "2023-03-24T14:50:02.123Z" },
		{ "2023-03-24T14:50:02.123+00:00", "2023-03-24T14:50:02.123Z" },
		{ "2023-03-24T14:50:02.123+0130", "2023-03-24T13:20:02.123Z" },
		{ "2023-12-31T23:30:00-01:00", "2024-01-01T00:30:00.000Z" },
		{ "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z" },
		{ "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z" },
		{ "1000-01-01T00:00:00.000Z", "1000-01-01T00:00:00.000Z" },
		{ "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z" },
	};
	char text[INSTANT_SIZE];
	int64_t milliseconds;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(read_copy(rows[i].text, &milliseconds));
		assert_true(instant_write(milliseconds, text));
		assert_string_equal(text, rows[i].expected);
	}
}

static void what_is_no_moment_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "2023", "2023-03-24", "2023-03-24T14:50", "2023-03-24T14:50Z", "2023-03-24T14:50:02", "2023-03-24 14:50:02Z",
		"2023-03-24T14:50:02.Z", "2023-03-24T14:50:02z", "2023-03-24t14:50:02Z", "2023-03-24T14:50:02.123Zx", " 2023-03-24T14:50:02Z",
		"2023-02-30T14:50:02Z", "2023-02-29T14:50:02Z", "2023-13-24T14:50:02Z", "2023-00-24T14:50:02Z", "2023-03-00T14:50:02Z",
		"2023-03-24T24:00:00Z", "2023-03-24T14:60:02Z", "2023-03-24T14:50:60Z", "2023-03-24T14:50:02+1", "2023-03-24T14:50:02+24:00",
		"2023-03-24T14:50:02+01:60", "0999-12-31T23:59:59Z", "1000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
		"+2023-03-24T14:50:02Z", "10000-01-01T00:00:00Z", "2023-3-24T14:50:02Z",
	};
	int64_t milliseconds;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (read_copy(rows[i], &milliseconds))
			fail_msg("read: %s", rows[i]);
}

static void moments_out_of_range_are_not_written(void **state)
{
	static const int64_t rows[] = { INT64_MIN, -30610224000001, 253402300800000, INT64_MAX };
	char text[INSTANT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_false(instant_write(rows[i], text));
		assert_string_equal(text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_read),
		cmocka_unit_test(what_is_no_moment_is_refused),
		cmocka_unit_test(moments_out_of_range_are_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

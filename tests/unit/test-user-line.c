/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * slactl/user_line: which times of tokens an import takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "slactl/user_line.h"

#define USER(token) "{\"_id\":\"rocketRandomId17x\",\"username\":\"rosa\",\"services\":{\"resume\":{\"loginTokens\":[{" token "}]}}}"
#define DIGEST "\"hashedToken\":\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq=\","
#define LOGIN(time) USER(DIGEST "\"when\":" time)
#define PERSONAL(time) USER(DIGEST "\"type\":\"personalAccessToken\",\"name\":\"n\",\"lastTokenPart\":\"abcdef\",\"createdAt\":" time)
#define BOTH(time) { LOGIN(time), PERSONAL(time) }
#define MILLISECONDS(digits) "{\"$date\":{\"$numberLong\":\"" digits "\"}}"
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct user_line line;

static void times_of_tokens_are_taken(void **state)
{
	static const struct {
		const char *texts[2];
		int64_t milliseconds;
	} rows[] = {
		{ BOTH("{\"$date\":\"2023-03-24T14:50:02.123Z\"}"), 1679669402123 },
		{ BOTH("{\"$date\":1679669402123}"), 1679669402123 },
		{ BOTH(MILLISECONDS("1679669402123")), 1679669402123 },
		{ BOTH(MILLISECONDS("-30610224000000")), -30610224000000 },
		{ BOTH(MILLISECONDS("253402300799999")), 253402300799999 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t j = 0; j < COUNT(rows[i].texts); j++) {
			if (!user_line_read(&line, rows[i].texts[j], strlen(rows[i].texts[j])))
				fail_msg("refused: %s: %s", rows[i].texts[j], line.reason);
			assert_int_equal(line.record.tokens_count, 1);
			assert_int_equal(line.record.tokens[0].created_ms, rows[i].milliseconds);
			user_line_free(&line);
		}
	}
}

/* What no column holds: added to a lifetime, the largest of them has no sum. */
static void times_that_no_table_holds_are_refused(void **state)
{
	static const char *const rows[][2] = {
		BOTH("{\"$date\":999999999999999}"),
		BOTH("{\"$date\":-999999999999999}"),
		BOTH(MILLISECONDS("253402300800000")),
		BOTH(MILLISECONDS("-30610224000001")),
		BOTH(MILLISECONDS("9223372036854775807")),
		BOTH(MILLISECONDS("9223372036854775808")),
		BOTH(MILLISECONDS("x")),
		BOTH("null"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t j = 0; j < COUNT(rows[i]); j++) {
			if (user_line_read(&line, rows[i][j], strlen(rows[i][j])))
				fail_msg("taken: %s", rows[i][j]);
			assert_string_equal(line.reason, "services.resume.loginTokens has a token that is none of a login and none with a name");
			user_line_free(&line);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_of_tokens_are_taken),
		cmocka_unit_test(times_that_no_table_holds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

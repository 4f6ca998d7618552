/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * JavaScript's String(number) and Number(string); the expected values are a JavaScript engine's.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/number.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void writes_as_javascript(void **state)
{
	static const struct {
		double number;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ -0.0, "0" },
		{ 12, "12" },
		{ -12, "-12" },
		{ 1.50, "1.5" },
		{ 0.1, "0.1" },
		{ 100, "100" },
		{ 1e20, "100000000000000000000" },
		{ 123456789012345680000., "123456789012345680000" },
		{ 99999999999999990000., "99999999999999980000" },
		{ 1e21, "1e+21" },
		{ 123456789012345680000000., "1.2345678901234569e+23" },
		{ 0.000001, "0.000001" },
		{ -0.0000012345678901234567, "-0.0000012345678901234567" },
		{ 1e-7, "1e-7" },
		{ 1.5e-9, "1.5e-9" },
		{ 9007199254740993., "9007199254740992" },
		{ 2147483647.5, "2147483647.5" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1. / 3, "0.3333333333333333" },
		{ 5e-324, "5e-324" },
		{ DBL_MIN, "2.2250738585072014e-308" },
		{ -DBL_MAX, "-1.7976931348623157e+308" },
		/* Powers of two whose nearest decimal of 16 digits is not theirs. */
		{ 0x1p-44, "5.684341886080802e-14" },
		{ 0x1p-1017, "7.120236347223045e-307" },
		{ 0x1p-24, "5.960464477539063e-8" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[NUMBER_TEXT_SIZE];

		number_to_text(rows[i].number, text);
		assert_string_equal(text, rows[i].text);
	}
}

static double from_bits(uint64_t bits)
{
	double number;

	memcpy(&number, &bits, sizeof number);
	return number;
}

/* Every power of two and its neighbours, every power of ten, and numbers of all sizes between. */
static void reads_back_what_it_wrote(void **state)
{
	uint64_t bits = 1;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char text[NUMBER_TEXT_SIZE];
		double number = from_bits(i < 6138 ? ((uint64_t)(i / 3) << 52) + (uint64_t)(i % 3) - 1 : bits);
		double back;

		bits = bits * 6364136223846793005u + 1442695040888963407u;
		if (!isfinite(number))
			continue;
		number_to_text(number, text);
		if (!number_from_text(text, strlen(text), &back) || back != number)
			fail_msg("%a is written as %s", number, text);
	}
}

static void reads_as_javascript(void **state)
{
	static const struct {
		const char *text;
		double number;
	} rows[] = {
		{ "7", 7 },
		{ "+7", 7 },
		{ "-7", -7 },
		{ "0007", 7 },
		{ "1e3", 1000 },
		{ "1E+3", 1000 },
		{ "10e-1", 1 },
		{ ".5", 0.5 },
		{ "-.5", -0.5 },
		{ "5.", 5 },
		{ "5.e1", 50 },
		{ "0x10", 16 },
		{ "0XfF", 255 },
		{ "0o17", 15 },
		{ "0O7", 7 },
		{ "0b101", 5 },
		{ "0B1", 1 },
		{ "0x20000000000000", 9007199254740992. },
		{ "9007199254740993", 9007199254740992. },
		{ "1e-400", 0 },
		{ "1e400", HUGE_VAL },
		{ "-1e400", -HUGE_VAL },
		/* White space: nothing is 0. */
		{ "", 0 },
		{ " \t\n\v\f\r", 0 },
		{ " 7 ", 7 },
		{ " 0x10\n", 16 },
		{ "\u00a0\u1680\u2000\u200a7\u2028\u2029\u202f\u205f\u3000\ufeff", 7 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		double number;

		if (!number_from_text(rows[i].text, strlen(rows[i].text), &number) || number != rows[i].number)
			fail_msg("row %zu: \"%s\"", i, rows[i].text);
	}
}

static void refuses_what_is_no_number(void **state)
{
	static const char *const rows[] = {
		"a", ".", "+", "-", "+.", "e5", ".e5", "1e", "1e+", "1e5.5", "1 2", "1 e3", "--1", "+-1", "1_000", "1,5", "7a",
		"Infinity", "-Infinity", "inf", "INF", "nan", "NaN", "true", "null",
		/* What strtod would take: */
		"0x1p3", "0x1.8", "0x.8", "nan(1)",
		"0x", "0xg", "0x 1", "+0x10", "-0x10", "0b", "0b2", "0o8", "0o", "00x1",
		/* No white space to JavaScript: */
		"\u180e7", "\u200b7", "\xc2\x85" "7", "\u2060" "7",
		"\u0667",
	};
	double number;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (number_from_text(rows[i], strlen(rows[i]), &number))
			fail_msg("row %zu: \"%s\"", i, rows[i]);
	assert_false(number_from_text("7\0", 2, &number));
	assert_false(number_from_text("\0", 1, &number));
	assert_false(number_from_text("0x1\0", 4, &number));
}

/* Digits without end are read in a time in proportion to their number: seconds here if it were to their square. */
static void reads_long_texts(void **state)
{
	enum { LENGTH = 1 << 20 };
	char *text = malloc(LENGTH + 1);
	double number;

	(void)state;
	assert_non_null(text);
	memset(text, '9', LENGTH);
	text[LENGTH] = '\0';
	assert_true(number_from_text(text, LENGTH, &number));
	assert_true(number == HUGE_VAL);
	text[1] = '.';
	assert_true(number_from_text(text, LENGTH, &number));
	assert_true(number == 10);
	memset(text, ' ', LENGTH);
	assert_true(number_from_text(text, LENGTH, &number));
	assert_true(number == 0);
	memcpy(text, "0x", 2);
	memset(text + 2, 'f', LENGTH - 2);
	assert_true(number_from_text(text, LENGTH, &number));
	assert_true(number == HUGE_VAL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_as_javascript),
		cmocka_unit_test(reads_back_what_it_wrote),
		cmocka_unit_test(reads_as_javascript),
		cmocka_unit_test(refuses_what_is_no_number),
		cmocka_unit_test(reads_long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

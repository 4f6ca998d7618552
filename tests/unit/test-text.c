/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * UTF-8 and percent-encoding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Against the definition: what encodes a code point is a sequence, and nothing else of up to 4 bytes begins with one. */
static void encodes_each_code_point(void **state)
{
	(void)state;
	for (uint32_t point = 0; point <= 0x10ffff; point++) {
		char bytes[4];
		size_t length;

		if (point == 0xd800)
			point = 0xe000;
		length = text_utf8_encode(point, bytes);
		if (text_utf8_sequence(bytes, length) != length || text_utf8_sequence(bytes, length - 1) != 0)
			fail_msg("U+%04X", (unsigned)point);
	}
}

static void takes_no_more_sequences_than_code_points(void **state)
{
	static const unsigned char edges[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff };
	static const size_t expected[] = { 0, 128, 30 * 64, 0xf800 - 0x800, 0x100000 };
	size_t found[5] = { 0 };

	(void)state;
	for (uint32_t lead = 0; lead < 256; lead++)
		for (uint32_t second = 0; second < 256; second++) {
			/* Only the first two bytes have ranges of their own. */
			const char bytes[] = { (char)lead, (char)second, (char)0x80, (char)0xbf };
			size_t length = text_utf8_sequence(bytes, sizeof bytes);

			found[length] += length == 1 ? second == 0 : length == 3 ? 64 : length == 4 ? 64 * 64 : 1;
		}
	for (size_t length = 1; length <= 4; length++)
		assert_int_equal(found[length], expected[length]);
	for (size_t i = 0; i < COUNT(edges); i++) {
		const char third[] = { '\xe2', '\x82', (char)edges[i] };
		const char fourth[] = { '\xf0', '\x9f', '\x98', (char)edges[i] };

		assert_int_equal(text_utf8_sequence(third, 3), (edges[i] & 0xc0) == 0x80 ? 3 : 0);
		assert_int_equal(text_utf8_sequence(fourth, 4), (edges[i] & 0xc0) == 0x80 ? 4 : 0);
	}
}

static void tells_valid_from_invalid(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{ "", true },
		{ "plain", true },
		{ "gr\u00fc\u00df \u20ac \U0001f600", true },
		{ "\xed\x9f\xbf\xee\x80\x80", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "\xf4\x90\x80\x80", false }, /* U+110000 */
		{ "\xed\xa0\x80", false },     /* U+D800 */
		{ "\xed\xbf\xbf", false },     /* U+DFFF */
		{ "\xc0\x80", false },         /* overlong from here */
		{ "\xc1\xbf", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xc3(", false },
		{ "a\x80", false },
		{ "a\xe2\x82", false },
		{ "\xf5\x80\x80\x80", false },
		{ "\xff", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (text_utf8_valid(rows[i].text, strlen(rows[i].text)) != rows[i].valid)
			fail_msg("row %zu: %s", i, rows[i].text);
	assert_true(text_utf8_valid("a\0b", 3));
}

static void counts_code_points(void **state)
{
	(void)state;
	assert_int_equal(text_utf8_count("", 0), 0);
	assert_int_equal(text_utf8_count("a\0b", 3), 3);
	assert_int_equal(text_utf8_count("\u00e9\u20ac\U0001f600", 9), 3);
	assert_int_equal(text_utf8_count("e\u0301", 3), 2);
}

static void reads_hex_digits(void **state)
{
	static const char digits[] = "0123456789abcdef";

	(void)state;
	for (int byte = -128; byte < 128; byte++) {
		const char *found = byte <= 0 ? NULL : strchr(digits, byte >= 'A' && byte <= 'F' ? byte + 32 : byte);

		assert_int_equal(text_hex_value((char)byte), found == NULL ? -1 : found - digits);
	}
}

static void decodes_percent_escapes(void **state)
{
	static const struct {
		const char *text;
		bool plus;
		const char *expected; /* NULL: refused */
	} rows[] = {
		{ "", false, "" },
		{ "a/b", false, "a/b" },
		{ "%41%6a%6A", false, "Ajj" },
		{ "a+b", false, "a+b" },
		{ "a+b", true, "a b" },
		{ "%2B%2b", true, "++" },
		{ "%25%32%35", false, "%25" },
		{ "%e2%82%AC", false, "\u20ac" },
		{ "%ff", false, "\xff" },
		{ "%", false, NULL },
		{ "a%4", false, NULL },
		{ "%g0", false, NULL },
		{ "%0g", false, NULL },
		{ "%%41", false, NULL },
		{ "%+1", true, NULL },
		{ "% 1", false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[16];
		ssize_t expected = rows[i].expected == NULL ? -1 : (ssize_t)strlen(rows[i].expected);
		ssize_t length = text_percent_decode(rows[i].text, strlen(rows[i].text), rows[i].plus, out);

		if (length != expected || (length > 0 && memcmp(out, rows[i].expected, (size_t)length) != 0))
			fail_msg("row %zu: %s", i, rows[i].text);
	}
}

static void reads_no_escape_beyond_the_end(void **state)
{
	char out[4];

	(void)state;
	assert_int_equal(text_percent_decode("a%41", 2, false, out), -1);
	assert_int_equal(text_percent_decode("a%41", 3, false, out), -1);
	assert_int_equal(text_percent_decode("a%41", 4, false, out), 2);
}

static void decodes_nul_and_in_place(void **state)
{
	char text[] = "%00%2f+";

	(void)state;
	assert_int_equal(text_percent_decode(text, strlen(text), true, text), 3);
	assert_memory_equal(text, "\0/ ", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_each_code_point),
		cmocka_unit_test(takes_no_more_sequences_than_code_points),
		cmocka_unit_test(tells_valid_from_invalid),
		cmocka_unit_test(counts_code_points),
		cmocka_unit_test(reads_hex_digits),
		cmocka_unit_test(decodes_percent_escapes),
		cmocka_unit_test(reads_no_escape_beyond_the_end),
		cmocka_unit_test(decodes_nul_and_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

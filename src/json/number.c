/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * JavaScript's number formats over the C library's correctly rounded ones.
 */
#include "json/number.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* number = 0.DIGITS * 10^point */
struct decimal {
	char digits[DBL_DECIMAL_DIG + 1];
	int count;
	int point;
};

/* Splits "D.DDDe+XX"; the digits may end in zeros only if there is but one. */
static void split(struct decimal *decimal, const char *scientific)
{
	const char *exponent = strchr(scientific, 'e');

	decimal->count = 0;
	for (const char *at = scientific; at < exponent; at++)
		if (*at != '.')
			decimal->digits[decimal->count++] = *at;
	decimal->digits[decimal->count] = '\0';
	decimal->point = (int)strtol(exponent + 1, NULL, 10) + 1;
}

static bool reads_back(const char *scientific, double number)
{
	return strtod(scientific, NULL) == number;
}

/* Adds one to the last digit. No digit is left to carry into from 9.99; that text reads back as nothing. */
static void increment(char *scientific)
{
	char *at = strchr(scientific, 'e') - 1;

	for (; at > scientific && (*at == '9' || *at == '.'); at--)
		if (*at == '9')
			*at = '0';
	++*at;
}

/* Below a power of two doubles lie closer together than above it, so that the nearest decimal of some length may belong to a
 * neighbour while the next one above still reads back. */
static void shortest(struct decimal *decimal, double number)
{
	char scientific[NUMBER_TEXT_SIZE];

	for (int precision = 0; precision < DBL_DECIMAL_DIG; precision++) {
		snprintf(scientific, sizeof scientific, "%.*e", precision, number);
		if (reads_back(scientific, number))
			break;
		increment(scientific);
		if (reads_back(scientific, number))
			break;
	}
	split(decimal, scientific);
}

/* 0 < number; -6 and 21 are where JavaScript goes over to an exponent. */
static void write_positive(char *out, size_t size, double number)
{
	static const char zeros[] = "00000000000000000000";
	struct decimal decimal;
	const char *digits = decimal.digits;

	shortest(&decimal, number);
	if (decimal.point > 21 || decimal.point <= -6)
		snprintf(out, size, "%.1s%s%se%+d", digits, decimal.count > 1 ? "." : "", digits + 1, decimal.point - 1);
	else if (decimal.point <= 0)
		snprintf(out, size, "0.%.*s%s", -decimal.point, zeros, digits);
	else if (decimal.point < decimal.count)
		snprintf(out, size, "%.*s.%s", decimal.point, digits, digits + decimal.point);
	else
		snprintf(out, size, "%s%.*s", digits, decimal.point - decimal.count, zeros);
}

void number_to_text(double number, char out[NUMBER_TEXT_SIZE])
{
	size_t sign = number < 0;

	out[0] = '-';
	if (number == 0)
		strcpy(out, "0"); /* -0 too */
	else
		write_positive(out + sign, NUMBER_TEXT_SIZE - sign, sign ? -number : number);
}

/* JavaScript's white space and line ends. */
static const char *const spaces[] = {
	" ", "\t", "\n", "\v", "\f", "\r",
	"\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007",
	"\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff",
};

struct span {
	const char *at;
	const char *end;
};

/* Length of the white space character at the beginning of the span, or at its end; 0 if there is none. */
static size_t space(const struct span *span, bool at_end)
{
	size_t left = (size_t)(span->end - span->at);

	for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
		size_t length = strlen(spaces[i]);

		if (length <= left && memcmp(at_end ? span->end - length : span->at, spaces[i], length) == 0)
			return length;
	}
	return 0;
}

static void trim(struct span *span)
{
	size_t length;

	while ((length = space(span, false)) > 0)
		span->at += length;
	while ((length = space(span, true)) > 0)
		span->end -= length;
}

static bool take_any(struct span *span, const char *characters)
{
	if (span->at == span->end || *span->at == '\0' || strchr(characters, *span->at) == NULL)
		return false;
	span->at++;
	return true;
}

static bool take_digits(struct span *span)
{
	const char *start = span->at;

	while (take_any(span, "0123456789"))
		;
	return span->at > start;
}

/* strtod(3) reads much more than JavaScript does, so that the grammar comes first. */
static bool is_decimal(struct span span)
{
	bool before;
	bool after;

	take_any(&span, "+-");
	before = take_digits(&span);
	after = take_any(&span, ".") && take_digits(&span);
	if (!before && !after)
		return false;
	if (take_any(&span, "eE")) {
		take_any(&span, "+-");
		if (!take_digits(&span))
			return false;
	}
	return span.at == span.end;
}

/* The base that a prefix names, which is skipped; 0 if there is none. */
static int take_base(struct span *span)
{
	if (span->end - span->at < 2 || span->at[0] != '0')
		return 0;
	span->at++;
	if (take_any(span, "xX"))
		return 16;
	if (take_any(span, "oO"))
		return 8;
	return take_any(span, "bB") ? 2 : 0;
}

static bool read_digits(struct span span, int base, double *number)
{
	if (span.at == span.end)
		return false;
	for (*number = 0; span.at < span.end; span.at++) {
		int digit = text_hex_value(*span.at);

		if (digit < 0 || digit >= base)
			return false;
		*number = *number * base + digit;
	}
	return true;
}

bool number_from_text(const char *text, size_t length, double *number)
{
	struct span span = { text, text + length };
	struct span digits;
	int base;

	trim(&span);
	digits = span;
	base = take_base(&digits);
	if (base != 0)
		return read_digits(digits, base, number);
	if (span.at < span.end && !is_decimal(span))
		return false;
	*number = span.at < span.end ? strtod(span.at, NULL) : 0;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * UTF-8 as RFC 3629 has it (the C library's decoder follows the locale, json-c's takes surrogates) and percent-encoding.
 */
#include "base/text.h"

static size_t length_by_lead(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2)
		return 0;
	if (lead < 0xe0)
		return 2;
	if (lead < 0xf0)
		return 3;
	return lead < 0xf5 ? 4 : 0;
}

static bool continues(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* After these four the second byte has a narrower range: against overlong forms, surrogates and what lies beyond U+10FFFF. */
static bool second_fits(unsigned char lead, unsigned char second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second < 0xa0;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second < 0x90;
	default:
		return true;
	}
}

size_t text_utf8_sequence(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t sequence = length == 0 ? 0 : length_by_lead(bytes[0]);

	if (sequence > length)
		return 0;
	for (size_t i = 1; i < sequence; i++)
		if (!continues(bytes[i]))
			return 0;
	return sequence < 2 || second_fits(bytes[0], bytes[1]) ? sequence : 0;
}

bool text_utf8_valid(const char *text, size_t length)
{
	for (size_t i = 0, step; i < length; i += step) {
		step = text_utf8_sequence(text + i, length - i);
		if (step == 0)
			return false;
	}
	return true;
}

size_t text_utf8_count(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += !continues((unsigned char)text[i]);
	return count;
}

size_t text_utf8_encode(uint32_t code_point, char out[4])
{
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;

	for (size_t i = length - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code_point & 0x3f));
		code_point >>= 6;
	}
	out[0] = (char)(leads[length] | code_point);
	return length;
}

int text_hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

ssize_t text_percent_decode(const char *text, size_t length, bool plus, char *out)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '%') {
			out[used++] = plus && text[i] == '+' ? ' ' : text[i];
			continue;
		}
		if (length - i < 3 || text_hex_value(text[i + 1]) < 0 || text_hex_value(text[i + 2]) < 0)
			return -1;
		out[used++] = (char)(text_hex_value(text[i + 1]) << 4 | text_hex_value(text[i + 2]));
		i += 2;
	}
	return (ssize_t)used;
}

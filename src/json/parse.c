/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A strict JSON reader that builds json-c's objects. json-c's own tokener, even strict, takes NaN, single quotes, raw control
 * characters and encoded surrogates, clamps big integers, and drops members without a word when memory is short.
 */
#include "json/parse.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "json/wipe.h"

#define REPLACEMENT 0xfffd
#define INTEGER_DIGITS_MOST 15 /* a double holds each of them exactly */

/* On failure a function leaves in its `value` what it has built so far; whoever owns the place puts it. */
struct parser {
	const char *text;
	const char *at;
	const char *end;
	char *decoded; /* a token is decoded at its offset in the text, so that a key lasts while its value is read */
	char *out;
	unsigned depth;
	bool no_memory;
};

static bool parse_value(struct parser *parser, struct json_object **value);

static bool keep(struct parser *parser, struct json_object **place, struct json_object *built)
{
	*place = built;
	parser->no_memory = built == NULL;
	return built != NULL;
}

static bool added(struct parser *parser, int result)
{
	parser->no_memory = result != 0;
	return result == 0;
}

/* There may be a password in what is no whole value, too. */
static void discard(struct json_object *value)
{
	json_wipe(value);
	json_object_put(value);
}

static void skip_space(struct parser *parser)
{
	while (parser->at < parser->end && strchr(" \t\n\r", *parser->at) != NULL && *parser->at != '\0')
		parser->at++;
}

static bool take(struct parser *parser, char character)
{
	if (parser->at == parser->end || *parser->at != character)
		return false;
	parser->at++;
	return true;
}

static bool take_word(struct parser *parser, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(parser->end - parser->at) < length || memcmp(parser->at, word, length) != 0)
		return false;
	parser->at += length;
	return true;
}

static size_t take_digits(struct parser *parser)
{
	const char *start = parser->at;

	while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9')
		parser->at++;
	return (size_t)(parser->at - start);
}

static char *decoded_place(const struct parser *parser)
{
	return parser->decoded + (parser->at - parser->text);
}

static bool scan_fraction(struct parser *parser, bool *whole)
{
	if (!take(parser, '.'))
		return true;
	*whole = false;
	return take_digits(parser) > 0;
}

static bool scan_exponent(struct parser *parser, bool *whole)
{
	if (!take(parser, 'e') && !take(parser, 'E'))
		return true;
	*whole = false;
	if (!take(parser, '-'))
		take(parser, '+');
	return take_digits(parser) > 0;
}

static bool parse_number(struct parser *parser, struct json_object **value)
{
	const char *start = parser->at;
	char *copy = decoded_place(parser);
	bool whole = true;
	size_t digits;

	take(parser, '-');
	digits = take(parser, '0') ? 1 : take_digits(parser);
	if (digits == 0 || !scan_fraction(parser, &whole) || !scan_exponent(parser, &whole))
		return false;
	memcpy(copy, start, (size_t)(parser->at - start));
	copy[parser->at - start] = '\0';
	if (whole && digits <= INTEGER_DIGITS_MOST)
		return keep(parser, value, json_object_new_int64(strtoll(copy, NULL, 10)));
	return keep(parser, value, json_object_new_double(strtod(copy, NULL)));
}

/* The four digits of \uXXXX. */
static bool decode_unit(struct parser *parser, uint32_t *unit)
{
	*unit = 0;
	for (int i = 0; i < 4; i++) {
		int digit = parser->at < parser->end ? text_hex_value(*parser->at++) : -1;

		if (digit < 0)
			return false;
		*unit = *unit << 4 | (uint32_t)digit;
	}
	return true;
}

/* What \uXXXX at the reader's place means if it is the second half of a pair; else it is left for the next round. */
static uint32_t complete_pair(struct parser *parser, uint32_t high)
{
	const char *start = parser->at;
	uint32_t low;

	if (high < 0xdc00 && take_word(parser, "\\u") && decode_unit(parser, &low) && low >= 0xdc00 && low < 0xe000)
		return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	parser->at = start;
	return REPLACEMENT;
}

static bool decode_unicode_escape(struct parser *parser, uint32_t nul)
{
	uint32_t unit;

	if (!decode_unit(parser, &unit))
		return false;
	if (unit >= 0xd800 && unit < 0xe000)
		unit = complete_pair(parser, unit);
	parser->out += text_utf8_encode(unit == 0 ? nul : unit, parser->out);
	return true;
}

static bool decode_escape(struct parser *parser, uint32_t nul)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";

	if (take(parser, 'u'))
		return decode_unicode_escape(parser, nul);
	for (size_t i = 0; letters[i] != '\0'; i++) {
		if (take(parser, letters[i])) {
			*parser->out++ = meanings[i];
			return true;
		}
	}
	return false;
}

static bool decode_character(struct parser *parser, uint32_t nul)
{
	size_t length;

	if (take(parser, '\\'))
		return decode_escape(parser, nul);
	length = text_utf8_sequence(parser->at, (size_t)(parser->end - parser->at));
	if (length == 0 || (unsigned char)*parser->at < 0x20)
		return false;
	memcpy(parser->out, parser->at, length);
	parser->at += length;
	parser->out += length;
	return true;
}

/* Returns the string, terminated, with an escaped NUL as `nul`; NULL if it is none. It ends at parser->out. */
static const char *decode_string(struct parser *parser, uint32_t nul)
{
	char *start = decoded_place(parser);

	if (!take(parser, '"'))
		return NULL;
	parser->out = start;
	while (!take(parser, '"'))
		if (!decode_character(parser, nul))
			return NULL;
	*parser->out = '\0';
	return start;
}

static bool parse_string(struct parser *parser, struct json_object **value)
{
	const char *string = decode_string(parser, 0);

	return string != NULL && keep(parser, value, json_object_new_string_len(string, (int)(parser->out - string)));
}

static bool parse_element(struct parser *parser, struct json_object *array)
{
	struct json_object *element = NULL;

	if (parse_value(parser, &element) && added(parser, json_object_array_add(array, element)))
		return true;
	discard(element);
	return false;
}

static bool parse_member(struct parser *parser, struct json_object *object)
{
	const char *key = decode_string(parser, REPLACEMENT);
	struct json_object *member = NULL;

	skip_space(parser);
	if (key == NULL || !take(parser, ':'))
		return false;
	skip_space(parser);
	if (parse_value(parser, &member) && added(parser, json_object_object_add(object, key, member)))
		return true;
	discard(member);
	return false;
}

/* From behind the opening bracket to behind the closing one. */
static bool parse_list(struct parser *parser, struct json_object *list, char closing,
    bool (*parse_one)(struct parser *parser, struct json_object *list))
{
	skip_space(parser);
	if (take(parser, closing))
		return true;
	do {
		skip_space(parser);
		if (!parse_one(parser, list))
			return false;
		skip_space(parser);
	} while (take(parser, ','));
	return take(parser, closing);
}

static bool parse_container(struct parser *parser, struct json_object **value)
{
	bool parsed;

	if (parser->depth == JSON_PARSE_DEPTH)
		return false;
	parser->depth++;
	if (take(parser, '['))
		parsed = keep(parser, value, json_object_new_array_ext(1)) && parse_list(parser, *value, ']', parse_element);
	else
		parsed = take(parser, '{') && keep(parser, value, json_object_new_object()) &&
		    parse_list(parser, *value, '}', parse_member);
	parser->depth--;
	return parsed;
}

static bool parse_value(struct parser *parser, struct json_object **value)
{
	if (parser->at == parser->end)
		return false;
	switch (*parser->at) {
	case '[':
	case '{':
		return parse_container(parser, value);
	case '"':
		return parse_string(parser, value);
	case 'f':
		return take_word(parser, "false") && keep(parser, value, json_object_new_boolean(false));
	case 'n':
		return take_word(parser, "null");
	case 't':
		return take_word(parser, "true") && keep(parser, value, json_object_new_boolean(true));
	default:
		return parse_number(parser, value);
	}
}

static bool parse_text(struct parser *parser, struct json_object **value)
{
	skip_space(parser);
	if (!parse_value(parser, value))
		return false;
	skip_space(parser);
	return parser->at == parser->end;
}

bool json_parse(const char *text, size_t length, struct json_object **value, bool *no_memory)
{
	struct parser parser = { .text = text, .at = text };
	bool parsed = false;

	*value = NULL;
	/* A string's length is an int to json-c. */
	parser.decoded = length < INT_MAX ? malloc(length + 1) : NULL;
	parser.no_memory = parser.decoded == NULL;
	if (parser.decoded != NULL) {
		parser.end = text + length;
		parsed = parse_text(&parser, value);
		secret_wipe(parser.decoded, length + 1); /* a login has a password in it */
	}
	free(parser.decoded);
	if (!parsed) {
		discard(*value);
		*value = NULL;
	}
	*no_memory = parser.no_memory;
	return parsed;
}

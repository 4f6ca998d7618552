/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Query strings, parsed once and strictly.
 */
#include "http/query.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Decodes `length` bytes and puts a NUL behind them. The result is the caller's to free; NULL if they are not text. */
static char *decode(const char *raw, size_t length, size_t *decoded_length)
{
	char *text = malloc(length + 1);
	ssize_t decoded;

	if (text == NULL)
		return NULL;
	decoded = text_percent_decode(raw, length, true, text);
	if (decoded < 0 || memchr(text, '\0', (size_t)decoded) != NULL || !text_utf8_valid(text, (size_t)decoded)) {
		free(text);
		return NULL;
	}
	text[decoded] = '\0';
	*decoded_length = (size_t)decoded;
	return text;
}

static void add_value(struct json_object *object, const char *key, struct json_object *value)
{
	struct json_object *before = json_object_object_get(object, key);
	struct json_object *values;

	if (before == NULL) {
		json_object_object_add(object, key, value);
		return;
	}
	if (json_object_is_type(before, json_type_array)) {
		json_object_array_add(before, value);
		return;
	}
	values = json_object_new_array();
	json_object_array_add(values, json_object_get(before));
	json_object_array_add(values, value);
	json_object_object_add(object, key, values);
}

/* One KEY=VALUE of the string. */
static bool add_pair(struct json_object *object, const char *pair, size_t length)
{
	const char *equals = memchr(pair, '=', length);
	size_t key_length = equals == NULL ? length : (size_t)(equals - pair);
	size_t value_start = equals == NULL ? length : key_length + 1;
	size_t decoded_length = 0;
	char *key = decode(pair, key_length, &decoded_length);
	char *value = decode(pair + value_start, length - value_start, &decoded_length);
	bool whole = key != NULL && value != NULL;

	if (whole)
		add_value(object, key, json_object_new_string_len(value, (int)decoded_length));
	free(key);
	free(value);
	return whole;
}

static bool add_pairs(struct json_object *object, const char *query)
{
	for (;;) {
		size_t length = strcspn(query, "&");

		if (length > 0 && !add_pair(object, query, length))
			return false;
		if (query[length] == '\0')
			return true;
		query += length + 1;
	}
}

bool query_parse(const char *query, struct json_object **object)
{
	*object = json_object_new_object();
	if (add_pairs(*object, query))
		return true;
	json_object_put(*object);
	*object = NULL;
	return false;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Query strings, parsed once and strictly.
 */
#include "http/query.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "base/text.h"

enum reading { READ, MALFORMED, NO_MEMORY };

/* Decodes `length` bytes and puts a NUL behind them. The text is the caller's to free, also if it is NULL. */
static enum reading decode(const char *raw, size_t length, char **text, size_t *decoded_length)
{
	ssize_t decoded;

	*text = malloc(length + 1);
	if (*text == NULL)
		return NO_MEMORY;
	decoded = text_percent_decode(raw, length, true, *text);
	if (decoded < 0 || memchr(*text, '\0', (size_t)decoded) != NULL || !text_utf8_valid(*text, (size_t)decoded))
		return MALFORMED;
	(*text)[decoded] = '\0';
	*decoded_length = (size_t)decoded;
	return READ;
}

/* Takes `value`. False if memory is out. */
static bool add_value(struct json_object *object, const char *key, struct json_object *value)
{
	struct json_object *before = json_object_object_get(object, key);
	struct json_object *values;

	if (before == NULL)
		return document_set(object, key, value);
	if (json_object_is_type(before, json_type_array))
		return document_push(before, value);
	values = json_object_new_array();
	document_append(&values, json_object_get(before));
	document_append(&values, value);
	return document_set(object, key, values);
}

static enum reading add_decoded(struct json_object *object, const char *key, const char *value, size_t length)
{
	return add_value(object, key, json_object_new_string_len(value, (int)length)) ? READ : NO_MEMORY;
}

/* One KEY=VALUE of the string. */
static enum reading add_pair(struct json_object *object, const char *pair, size_t length)
{
	const char *equals = memchr(pair, '=', length);
	size_t key_length = equals == NULL ? length : (size_t)(equals - pair);
	size_t value_start = equals == NULL ? length : key_length + 1;
	size_t decoded_length = 0;
	char *key, *value = NULL;
	enum reading reading = decode(pair, key_length, &key, &decoded_length);

	if (reading == READ)
		reading = decode(pair + value_start, length - value_start, &value, &decoded_length);
	if (reading == READ)
		reading = add_decoded(object, key, value, decoded_length);
	free(key);
	free(value);
	return reading;
}

static enum reading add_pairs(struct json_object *object, const char *query)
{
	enum reading reading = READ;

	for (;;) {
		size_t length = strcspn(query, "&");

		if (length > 0)
			reading = add_pair(object, query, length);
		if (reading != READ || query[length] == '\0')
			return reading;
		query += length + 1;
	}
}

bool query_parse(const char *query, struct json_object **object, bool *no_memory)
{
	enum reading reading;

	*object = json_object_new_object();
	reading = *object == NULL ? NO_MEMORY : add_pairs(*object, query);
	*no_memory = reading == NO_MEMORY;
	if (reading == READ)
		return true;
	json_object_put(*object);
	*object = NULL;
	return false;
}

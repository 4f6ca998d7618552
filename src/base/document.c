/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * json-c's values, checked where json-c does not.
 */
#include "base/document.h"

#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <limits.h>
#include <string.h>

#define FORM (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
#define ESCAPE_LENGTH 6 /* \u0000 */
#define NUMBER_MOST 32
#define ROOM 8 /* a printbuf wants a little more than its text */
#define ONCE (JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT)

static void give_up(struct json_object **whole, struct json_object *value)
{
	json_object_put(value);
	json_object_put(*whole);
	*whole = NULL;
}

void document_add(struct json_object **object, const char *key, struct json_object *value)
{
	if (*object == NULL || value == NULL || json_object_object_add_ex(*object, key, value, ONCE) != 0)
		give_up(object, value);
}

void document_append(struct json_object **array, struct json_object *value)
{
	if (*array == NULL || value == NULL || json_object_array_add(*array, value) != 0)
		give_up(array, value);
}

bool document_set(struct json_object *object, const char *key, struct json_object *value)
{
	if (value != NULL && json_object_object_add(object, key, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

bool document_push(struct json_object *array, struct json_object *value)
{
	if (value != NULL && json_object_array_add(array, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

void document_add_text(struct json_object **object, const char *key, const char *text)
{
	document_add(object, key, json_object_new_string(text));
}

void document_add_null(struct json_object **object, const char *key)
{
	if (*object == NULL || json_object_object_add_ex(*object, key, NULL, ONCE) != 0)
		give_up(object, NULL);
}

struct json_object *document_of(const char *key, struct json_object *value)
{
	struct json_object *object = json_object_new_object();

	document_add(&object, key, value);
	return object;
}

/* -- printing -- */

static size_t string_most(const char *text, size_t length)
{
	size_t most = sizeof "\"\"" - 1 + length;

	for (size_t i = 0; i < length; i++)
		if (text[i] == '"' || text[i] == '\\' || (unsigned char)text[i] < ' ')
			most += ESCAPE_LENGTH - 1;
	return most;
}

static size_t text_most(struct json_object *value);

static size_t members_most(struct json_object *object)
{
	size_t most = sizeof "{}" - 1;

	json_object_object_foreach(object, key, member)
		most += string_most(key, strlen(key)) + sizeof ":," - 1 + text_most(member);
	return most;
}

static size_t elements_most(struct json_object *array)
{
	size_t most = sizeof "[]" - 1;

	for (size_t i = 0; i < json_object_array_length(array); i++)
		most += text_most(json_object_array_get_idx(array, i)) + sizeof "," - 1;
	return most;
}

/* No text of `value` is longer. */
static size_t text_most(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		return string_most(json_object_get_string(value), (size_t)json_object_get_string_len(value));
	case json_type_object:
		return members_most(value);
	case json_type_array:
		return elements_most(value);
	default:
		return NUMBER_MOST;
	}
}

/* A serializer that prints nothing, but makes room: json-c keeps the buffer for the next one. */
static int reserve(struct json_object *value, struct printbuf *buffer, int level, int flags)
{
	size_t most = text_most(value) + ROOM;

	(void)level;
	(void)flags;
	return most > INT_MAX ? -1 : printbuf_memset(buffer, (int)most - 1, '\0', 1);
}

const char *document_print(struct json_object *value, size_t *length)
{
	bool reserved;

	if (value == NULL)
		return NULL;
	json_object_set_serializer(value, reserve, NULL, NULL);
	reserved = json_object_to_json_string_ext(value, FORM) != NULL;
	json_object_set_serializer(value, NULL, NULL, NULL);
	return reserved ? json_object_to_json_string_length(value, FORM, length) : NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * JSON values that are whole or not there at all. json-c itself takes a value for which there was no memory for JSON's null, ends the
 * process where an object is NULL, and leaves out of a text what it could not enlarge the text for.
 */
#ifndef BASE_DOCUMENT_H
#define BASE_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/* Each takes `value` and adds it to the object or array at the end. Where either is NULL, or memory is out, both are put and the object or
 * array is NULL from then on, so that a caller who has added everything asks once. A key is a literal, and comes once. */
void document_add(struct json_object **object, const char *key, struct json_object *value);
void document_append(struct json_object **array, struct json_object *value);

/* The same with a new string of `text`; with JSON's null. */
void document_add_text(struct json_object **object, const char *key, const char *text);
void document_add_null(struct json_object **object, const char *key);

/* For an object or array that is kept if this fails. Each takes `value`: true; false, with it put, if it is NULL or memory is out. The key
 * is copied, and a member of that name is replaced. */
bool document_set(struct json_object *object, const char *key, struct json_object *value);
bool document_push(struct json_object *array, struct json_object *value);

/* A new object with this one member; NULL under the same conditions. */
struct json_object *document_of(const char *key, struct json_object *value);

/* The text of `value` in one line, lent by it until it is changed or put; "/" stays as it is. NULL if `value` is or memory is out. It is
 * made by json_object_new_*: json-c's parser notes how a number was written, which may be longer than there is room for. */
const char *document_print(struct json_object *value, size_t *length);

#endif

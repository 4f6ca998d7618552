/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A table of properties -> the verdict of ajv 8 with coerceTypes, first error only, in ajv's words.
 */
#ifndef JSON_SCHEMA_H
#define JSON_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

enum schema_type { SCHEMA_STRING, SCHEMA_INTEGER, SCHEMA_NUMBER };

struct schema_property {
	const char *name;
	enum schema_type type;
	bool required;
	int64_t minimum; /* of an integer or number, or of a string's length in code points */
	int64_t maximum; /* within 2^53; of a number or a length also INT64_MAX, which is no limit */
	const char *pattern; /* quoted in the message if the string has a NUL in it; NULL = NUL is allowed */
};

struct schema {
	const struct schema_property *properties;
	size_t count;
};

struct schema_error {
	char text[128]; /* as ajv words it, without " [invalid-params]" */
	const char *property; /* whose value it is about; NULL = the object itself */
	bool no_memory; /* it is not the value's fault, and there is no text */
};

/* Checks `value` (NULL is JSON's null) and coerces its properties in place, as ajv does: after true each property present has its
 * schema's type (an integer is json_type_int, a number json_type_double). What is infinite is no number. False with `error`
 * filled. */
bool schema_check(const struct schema *schema, struct json_object *value, struct schema_error *error);

#endif

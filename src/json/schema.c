/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * ajv's checks and coercions, in its order and its words.
 */
#include "json/schema.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/document.h"
#include "base/text.h"
#include "json/number.h"

__attribute__((format(printf, 2, 3))) static bool refuse(struct schema_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return false;
}

static bool none_missing(const struct schema *schema, struct json_object *object, struct schema_error *error)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_property *property = &schema->properties[i];

		if (property->required && !json_object_object_get_ex(object, property->name, NULL))
			return refuse(error, "must have required property '%s'", property->name);
	}
	return true;
}

static bool knows(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->count; i++)
		if (strcmp(schema->properties[i].name, name) == 0)
			return true;
	return false;
}

static bool none_unknown(const struct schema *schema, struct json_object *object, struct schema_error *error)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		if (!knows(schema, json_object_iter_peek_name(&at)))
			return refuse(error, "must NOT have additional properties");
	return true;
}

/* Puts the coerced value in the property's place; the object had the one before. */
static bool replace(struct json_object *object, const struct schema_property *property, struct json_object *value,
    struct schema_error *error)
{
	error->no_memory = !document_set(object, property->name, value);
	return !error->no_memory;
}

static bool scalar_to_text(struct json_object *value, char text[NUMBER_TEXT_SIZE])
{
	switch (json_object_get_type(value)) {
	case json_type_int:
	case json_type_double:
		if (!isfinite(json_object_get_double(value)))
			return false;
		number_to_text(json_object_get_double(value), text);
		return true;
	case json_type_boolean:
		strcpy(text, json_object_get_boolean(value) ? "true" : "false");
		return true;
	case json_type_null:
		strcpy(text, "");
		return true;
	default:
		return false;
	}
}

static bool string_fits(const struct schema_property *property, const char *text, size_t length, struct schema_error *error)
{
	int64_t count = (int64_t)text_utf8_count(text, length);

	if (count < property->minimum)
		return refuse(error, "must NOT have fewer than %" PRId64 " characters", property->minimum);
	if (count > property->maximum)
		return refuse(error, "must NOT have more than %" PRId64 " characters", property->maximum);
	if (property->pattern != NULL && memchr(text, '\0', length) != NULL)
		return refuse(error, "must match pattern \"%s\"", property->pattern);
	return true;
}

static bool check_string(struct json_object *object, const struct schema_property *property, struct json_object *value,
    struct schema_error *error)
{
	char text[NUMBER_TEXT_SIZE];

	if (json_object_is_type(value, json_type_string))
		return string_fits(property, json_object_get_string(value), (size_t)json_object_get_string_len(value), error);
	if (!scalar_to_text(value, text))
		return refuse(error, "must be string");
	return string_fits(property, text, strlen(text), error) && replace(object, property, json_object_new_string(text), error);
}

static bool scalar_to_number(struct json_object *value, double *number)
{
	size_t length;

	switch (json_object_get_type(value)) {
	case json_type_int:
	case json_type_double:
		*number = json_object_get_double(value);
		return true;
	case json_type_boolean:
		*number = json_object_get_boolean(value);
		return true;
	case json_type_null:
		*number = 0;
		return true;
	case json_type_string:
		length = (size_t)json_object_get_string_len(value);
		return length > 0 && number_from_text(json_object_get_string(value), length, number);
	default:
		return false;
	}
}

static bool is_whole(double number)
{
	if (fabs(number) >= 0x1p53)
		return isfinite(number);
	return number == (double)(int64_t)number;
}

static bool number_fits(const struct schema_property *property, double number, struct schema_error *error)
{
	if (number < (double)property->minimum)
		return refuse(error, "must be >= %" PRId64, property->minimum);
	if (property->maximum != INT64_MAX && number > (double)property->maximum)
		return refuse(error, "must be <= %" PRId64, property->maximum);
	return true;
}

static bool check_integer(struct json_object *object, const struct schema_property *property, struct json_object *value,
    struct schema_error *error)
{
	double number;

	if (!scalar_to_number(value, &number) || !is_whole(number))
		return refuse(error, "must be integer");
	return number_fits(property, number, error) &&
	    replace(object, property, json_object_new_int64((int64_t)number), error);
}

static bool check_number(struct json_object *object, const struct schema_property *property, struct json_object *value,
    struct schema_error *error)
{
	double number;

	if (!scalar_to_number(value, &number) || !isfinite(number))
		return refuse(error, "must be number");
	return number_fits(property, number, error) && replace(object, property, json_object_new_double(number), error);
}

static bool properties_valid(const struct schema *schema, struct json_object *object, struct schema_error *error)
{
	static bool (*const checks[])(struct json_object *, const struct schema_property *, struct json_object *,
	    struct schema_error *) = {
		[SCHEMA_STRING] = check_string,
		[SCHEMA_INTEGER] = check_integer,
		[SCHEMA_NUMBER] = check_number,
	};

	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_property *property = &schema->properties[i];
		struct json_object *value;

		if (json_object_object_get_ex(object, property->name, &value) &&
		    !checks[property->type](object, property, value, error)) {
			error->property = property->name;
			return false;
		}
	}
	return true;
}

bool schema_check(const struct schema *schema, struct json_object *value, struct schema_error *error)
{
	*error = (struct schema_error){ .no_memory = false };
	if (!json_object_is_type(value, json_type_object))
		return refuse(error, "must be object");
	return none_missing(schema, value, error) && none_unknown(schema, value, error) && properties_valid(schema, value, error);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The query string: what is taken is text that reads the same when it is encoded anew, and the list's parameters keep to their schema.
 */
#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "api/policies_sort.h"
#include "api/route.h"
#include "base/text.h"
#include "fuzz.h"
#include "http/query.h"
#include "http/response.h"
#include "json/parse.h"
#include "json/schema.h"
#include "model/policy.h"

const char fuzz_name[] = "query";

struct size {
	size_t pairs;
	size_t bytes; /* decoded */
};

static void check_text(const char *text, size_t length)
{
	PROMISE(strlen(text) == length);
	PROMISE(text_utf8_valid(text, length));
}

static void check_value(struct json_object *value, struct size *size)
{
	PROMISE(json_object_is_type(value, json_type_string));
	check_text(json_object_get_string(value), (size_t)json_object_get_string_len(value));
	size->pairs++;
	size->bytes += (size_t)json_object_get_string_len(value);
}

static void check_member(const char *key, struct json_object *value, struct size *size)
{
	check_text(key, strlen(key));
	size->bytes += strlen(key);
	if (!json_object_is_type(value, json_type_array)) {
		check_value(value, size);
		return;
	}
	PROMISE(json_object_array_length(value) > 1);
	for (size_t i = 0; i < json_object_array_length(value); i++)
		check_value(json_object_array_get_idx(value, i), size);
}

/* Decoding makes nothing longer. */
static void check_members(struct json_object *object, size_t length)
{
	struct size size = { 0, 0 };

	json_object_object_foreach(object, key, value)
		check_member(key, value, &size);
	PROMISE(size.pairs <= length / 2 + 1);
	PROMISE(size.bytes <= length);
}

/* -- encoded anew -- */

static char *encode(char *out, const char *text)
{
	for (; *text != '\0'; text++)
		out += sprintf(out, "%%%02x", (unsigned char)*text);
	return out;
}

static char *encode_pair(char *out, const char *key, struct json_object *value)
{
	out = encode(out, key);
	*out++ = '=';
	out = encode(out, json_object_get_string(value));
	*out++ = '&';
	*out = '\0';
	return out;
}

static char *encode_member(char *out, const char *key, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_array))
		return encode_pair(out, key, value);
	for (size_t i = 0; i < json_object_array_length(value); i++)
		out = encode_pair(out, key, json_object_array_get_idx(value, i));
	return out;
}

static void check_encoded(struct json_object *object, size_t length)
{
	char *encoded = calloc(3, length + 2), *out = encoded;
	struct json_object *again;
	bool no_memory;

	json_object_object_foreach(object, key, value)
		out = encode_member(out, key, value);
	PROMISE(query_parse(encoded, &again, &no_memory));
	PROMISE(json_object_equal(object, again));
	json_object_put(again);
	free(encoded);
}

/* -- the list's parameters -- */

static void check_parameter(const struct schema_property *property, struct json_object *object)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, property->name, &value))
		return;
	if (property->type == SCHEMA_STRING) {
		check_text(json_object_get_string(value), (size_t)json_object_get_string_len(value));
	} else {
		PROMISE(json_object_is_type(value, json_type_double) && isfinite(json_object_get_double(value)));
		PROMISE(json_object_get_double(value) >= (double)property->minimum && json_object_get_int64(value) >= property->minimum);
	}
}

static void check_sort(struct json_object *object)
{
	struct json_object *sort = json_object_object_get(object, "sort");
	struct policy_query query = { .sort_count = 0 };
	unsigned seen = 0;

	if (sort == NULL || !policies_sort(json_object_get_string(sort), (size_t)json_object_get_string_len(sort), &query))
		return;
	PROMISE(query.sort_count <= POLICY_SORT_MOST);
	for (size_t i = 0; i < query.sort_count; i++) {
		PROMISE((seen >> query.sort[i].field & 1) == 0);
		seen |= 1U << query.sort[i].field;
	}
}

/* What a refusal quotes is JSON again. */
static void check_refusal(const char *quoted)
{
	struct response response = { 0 };
	struct json_object *body;
	size_t length;
	char *text;
	bool no_memory;

	response_refuse(&response, quoted, "error-invalid-sort");
	PROMISE(response_format(&response, false, &text, &length) == 0);
	PROMISE(json_parse(strstr(text, "{"), strlen(strstr(text, "{")), &body, &no_memory));
	PROMISE(json_object_equal(body, response.body));
	json_object_put(body);
	free(text);
	response_clear(&response);
}

static void check_schema(const struct schema *schema, struct json_object *object)
{
	struct schema_error error;

	if (!schema_check(schema, object, &error)) {
		PROMISE(!error.no_memory && error.text[0] != '\0');
		check_refusal(error.text);
		return;
	}
	PROMISE((size_t)json_object_object_length(object) <= schema->count);
	for (size_t i = 0; i < schema->count; i++)
		check_parameter(&schema->properties[i], object);
	check_sort(object);
	if (json_object_object_get(object, "sort") != NULL)
		check_refusal(json_object_get_string(json_object_object_get(object, "sort")));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *query = strndup((const char *)bytes, size);
	size_t length = strlen(query);
	struct json_object *object;
	bool no_memory;

	if (query_parse(query, &object, &no_memory)) {
		check_members(object, length);
		check_encoded(object, length);
		check_schema(policies_routes[0].query, object);
	} else {
		PROMISE(object == NULL && !no_memory);
	}
	json_object_put(object);
	free(query);
	return 0;
}

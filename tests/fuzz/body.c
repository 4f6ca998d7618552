/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A request's body: what the parser takes is JSON to json-c too and means the same; what the schema takes keeps to the schema, and comes
 * back in an answer as it was.
 */
#include <json-c/json.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "api/policies_document.h"
#include "base/text.h"
#include "fuzz.h"
#include "http/response.h"
#include "json/parse.h"
#include "json/schema.h"
#include "model/policy.h"

const char fuzz_name[] = "body";

#define WHOLE_NUMBERS 0x1p53 /* up to here json-c reads them as we do */

static struct json_object *parse(const char *text, size_t length)
{
	struct json_object *value;
	bool no_memory, parsed = json_parse(text, length, &value, &no_memory);

	PROMISE(!no_memory);
	PROMISE(parsed || value == NULL);
	PROMISE(!parsed || text_utf8_valid(text, length));
	return value;
}

static struct json_object *parse_written(struct json_object *value)
{
	size_t length;
	const char *text = json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN, &length);

	return parse(text, length);
}

/* -- beside json-c -- */

static bool same(struct json_object *ours, struct json_object *theirs);

/* An escaped pair whose code point ends like a surrogate (U+1D800) is mistaken for one by json-c: what it reads there is its own. */
static bool is_mistaken(const char *text, size_t length)
{
	for (size_t i = 0, sequence; i < length; i += sequence) {
		sequence = text_utf8_sequence(text + i, length - i);
		if (sequence == 4 && (text[i + 1] & 0x0f) == 0x0d && (text[i + 2] & 0x20) != 0)
			return true;
	}
	return false;
}

static bool same_string(struct json_object *ours, struct json_object *theirs)
{
	const char *text = json_object_get_string(ours);
	size_t length = (size_t)json_object_get_string_len(ours);

	if (!json_object_is_type(theirs, json_type_string))
		return false;
	return is_mistaken(text, length) || ((size_t)json_object_get_string_len(theirs) == length &&
	                                     memcmp(text, json_object_get_string(theirs), length) == 0);
}

static bool same_number(struct json_object *ours, struct json_object *theirs)
{
	double number = json_object_get_double(ours);

	if (!json_object_is_type(theirs, json_type_int) && !json_object_is_type(theirs, json_type_double))
		return false;
	return fabs(number) > WHOLE_NUMBERS || number == json_object_get_double(theirs);
}

static bool same_array(struct json_object *ours, struct json_object *theirs)
{
	size_t length = json_object_array_length(ours);

	if (!json_object_is_type(theirs, json_type_array) || json_object_array_length(theirs) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!same(json_object_array_get_idx(ours, i), json_object_array_get_idx(theirs, i)))
			return false;
	return true;
}

/* A key that json-c may read as another member's. A NUL in it, which is U+FFFD here, cuts it there. */
static bool has_doubtful_key(struct json_object *object)
{
	json_object_object_foreach(object, key, value)
	{
		(void)value;
		if (strstr(key, "\ufffd") != NULL || is_mistaken(key, strlen(key)))
			return true;
	}
	return false;
}

static bool same_object(struct json_object *ours, struct json_object *theirs)
{
	if (!json_object_is_type(theirs, json_type_object))
		return false;
	if (has_doubtful_key(ours))
		return true;
	json_object_object_foreach(ours, key, value)
	{
		struct json_object *other;

		if (!json_object_object_get_ex(theirs, key, &other) || !same(value, other))
			return false;
	}
	return json_object_object_length(ours) == json_object_object_length(theirs);
}

static bool same(struct json_object *ours, struct json_object *theirs)
{
	switch (json_object_get_type(ours)) {
	case json_type_string:
		return same_string(ours, theirs);
	case json_type_int:
	case json_type_double:
		return same_number(ours, theirs);
	case json_type_array:
		return same_array(ours, theirs);
	case json_type_object:
		return same_object(ours, theirs);
	default:
		return json_object_equal(ours, theirs);
	}
}

/* Behind the value json-c, if strict, takes no blanks; and it sees a number's end by the NUL. */
static void compare(struct json_object *ours, const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_PARSE_DEPTH + 2);
	struct json_object *theirs;
	char *copy;

	while (strchr(" \t\n\r", text[length - 1]) != NULL)
		length--;
	copy = strndup(text, length);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	theirs = json_tokener_parse_ex(tokener, copy, (int)length + 1);
	PROMISE(json_tokener_get_error(tokener) == json_tokener_success);
	PROMISE(same(ours, theirs));
	json_object_put(theirs);
	json_tokener_free(tokener);
	free(copy);
}

/* -- the schema -- */

static void check_string(const struct schema_property *property, struct json_object *value)
{
	const char *text = json_object_get_string(value);
	size_t length = (size_t)json_object_get_string_len(value);
	int64_t count = (int64_t)text_utf8_count(text, length);

	PROMISE(json_object_is_type(value, json_type_string));
	PROMISE(text_utf8_valid(text, length));
	PROMISE(strlen(text) == length);
	PROMISE(count >= property->minimum && count <= property->maximum);
}

static void check_integer(const struct schema_property *property, struct json_object *value)
{
	int64_t number = json_object_get_int64(value);

	PROMISE(json_object_is_type(value, json_type_int));
	PROMISE(number >= property->minimum && number <= property->maximum);
}

static void check_kept(struct json_object *body)
{
	PROMISE((size_t)json_object_object_length(body) == policies_schema.count);
	for (size_t i = 0; i < policies_schema.count; i++) {
		const struct schema_property *property = &policies_schema.properties[i];
		struct json_object *value = json_object_object_get(body, property->name);

		if (property->type == SCHEMA_STRING)
			check_string(property, value);
		else
			check_integer(property, value);
	}
}

/* -- the answer -- */

/* Takes the response's body off what goes to the web server. */
static struct json_object *answered(struct response *response)
{
	char *text, *body;
	size_t length;
	struct json_object *value;

	PROMISE(response_format(response, false, &text, &length) == 0);
	PROMISE(strlen(text) == length);
	body = strstr(text, "\r\n\r\n");
	PROMISE(body != NULL);
	value = parse(body + 4, length - (size_t)(body + 4 - text));
	PROMISE(json_object_is_type(value, json_type_object));
	PROMISE(json_object_equal(value, response->body));
	free(text);
	response_clear(response);
	return value;
}

static void check_refusal(const struct schema_error *error)
{
	struct response response = { 0 };
	struct json_object *answer;

	PROMISE(!error->no_memory);
	PROMISE(strncmp(error->text, "must ", 5) == 0);
	response_refuse(&response, error->text, "invalid-params");
	answer = answered(&response);
	PROMISE(strncmp(json_object_get_string(json_object_object_get(answer, "error")), error->text, strlen(error->text)) == 0);
	json_object_put(answer);
}

/* A policy that was read out of an answer is a body that is taken, unchanged. */
static void check_answer(struct json_object *body)
{
	struct response response = { 0 };
	struct policy policy;
	struct json_object *again = json_object_new_object(), *answer;
	struct schema_error error;

	policies_read(&policy, body);
	policies_add_texts(&again, &policy);
	PROMISE(json_object_equal(again, body));
	response_succeed(&response, again);
	answer = answered(&response);
	PROMISE(json_object_get_boolean(json_object_object_get(answer, "success")));
	json_object_object_del(answer, "success");
	PROMISE(schema_check(&policies_schema, answer, &error));
	PROMISE(json_object_equal(answer, body));
	json_object_put(answer);
}

static void check_schema(struct json_object *body)
{
	struct schema_error error;

	if (schema_check(&policies_schema, body, &error)) {
		check_kept(body);
		check_answer(body);
	} else {
		check_refusal(&error);
	}
}

/* What is beyond a double's range has no JSON. */
static bool has_infinity(struct json_object *value)
{
	const char *text = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);

	return strstr(text, "Infinity") != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	struct json_object *value = parse(text, size), *again;

	if (value == NULL)
		return 0;
	compare(value, text, size);
	if (!has_infinity(value)) {
		again = parse_written(value);
		PROMISE(json_object_equal(value, again));
		json_object_put(again);
	}
	check_schema(value);
	json_object_put(value);
	return 0;
}

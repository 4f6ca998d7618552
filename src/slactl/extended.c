/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Wrapped values and plain ones.
 */
#include "slactl/extended.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"

struct json_object *extended_unwrap(struct json_object *value, const char *key)
{
	struct json_object *inner = NULL;

	if (json_object_is_type(value, json_type_object) && json_object_object_length(value) == 1)
		json_object_object_get_ex(value, key, &inner);
	return inner;
}

const char *extended_text(struct json_object *value)
{
	const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;

	return text != NULL && strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

static bool read_milliseconds(struct json_object *value, int64_t *milliseconds)
{
	struct json_object *number = extended_unwrap(value, "$numberLong");
	const char *text = extended_text(number);
	char *end;

	*milliseconds = json_object_get_int64(value);
	if (text == NULL)
		return json_object_is_type(value, json_type_int);
	errno = 0;
	*milliseconds = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

bool extended_moment(struct json_object *value, int64_t *milliseconds)
{
	struct json_object *date = extended_unwrap(value, "$date");
	const char *text = extended_text(date == NULL ? value : date);

	if (text != NULL)
		return instant_read(text, strlen(text), milliseconds);
	return date != NULL && read_milliseconds(date, milliseconds) && instant_valid(*milliseconds);
}

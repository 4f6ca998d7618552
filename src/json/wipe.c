/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Strings, wherever they are in a value.
 */
#include "json/wipe.h"

#include <json-c/json.h>

#include "base/secret.h"

/* The text that json_object_get_string lends is the string's only copy; it is const because json-c keeps its length elsewhere, and that
 * stays. */
static void wipe_string(struct json_object *string)
{
	secret_wipe((char *)json_object_get_string(string), (size_t)json_object_get_string_len(string));
}

static void wipe_members(struct json_object *object)
{
	json_object_object_foreach(object, name, member)
	{
		(void)name;
		json_wipe(member);
	}
}

void json_wipe(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		wipe_string(value);
		break;
	case json_type_object:
		wipe_members(value);
		break;
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(value); i++)
			json_wipe(json_object_array_get_idx(value, i));
		break;
	default:
		break;
	}
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * {"name":1} -> the model's sort keys: names on the wire meet a closed list here and never reach SQL.
 */
#include "api/policies_sort.h"

#include <json-c/json.h>
#include <string.h>

#include "json/parse.h"
#include "model/policy.h"

static const struct {
	const char *name;
	enum policy_field field;
} fields[POLICY_SORT_MOST] = {
	{ "name", POLICY_NAME },
	{ "description", POLICY_DESCRIPTION },
	{ "dueTimeInMinutes", POLICY_DUE_TIME },
	{ "_updatedAt", POLICY_UPDATED_AT },
	{ "_id", POLICY_ID },
};

static bool find_field(const char *name, enum policy_field *field)
{
	for (size_t i = 0; i < POLICY_SORT_MOST; i++) {
		if (strcmp(fields[i].name, name) == 0) {
			*field = fields[i].field;
			return true;
		}
	}
	return false;
}

/* 1 or -1, however written. */
static bool read_direction(struct json_object *value, bool *descending)
{
	double direction = json_object_get_double(value);

	if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
		return false;
	*descending = direction < 0;
	return direction >= -1 && direction <= 1 && json_object_get_int64(value) == (*descending ? -1 : 1);
}

/* An object's keys differ, so that there are never more of them than fields. */
static bool read_keys(struct json_object *object, struct policy_query *query)
{
	json_object_object_foreach(object, name, value)
	{
		struct policy_sort key;

		if (!find_field(name, &key.field) || !read_direction(value, &key.descending))
			return false;
		query->sort[query->sort_count++] = key;
	}
	return true;
}

bool policies_sort(const char *text, size_t length, struct policy_query *query)
{
	struct json_object *object;
	bool no_memory, valid;

	query->sort_count = 0;
	if (length == 0)
		return true;
	if (!json_parse(text, length, &object, &no_memory))
		return false;
	valid = json_object_is_type(object, json_type_object) && read_keys(object, query);
	json_object_put(object);
	return valid;
}

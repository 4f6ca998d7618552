/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Members of a policy's JSON object and their bounds.
 */
#include "api/policies_document.h"

#include <json-c/json.h>

#include "base/document.h"
#include "json/schema.h"
#include "model/policy.h"

#define NO_NUL "^[^\\u0000]*$"

static const struct schema_property properties[] = {
	{ "name", SCHEMA_STRING, true, 1, POLICY_NAME_MOST, NO_NUL },
	{ "description", SCHEMA_STRING, true, 0, POLICY_DESCRIPTION_MOST, NO_NUL },
	{ "dueTimeInMinutes", SCHEMA_INTEGER, true, 1, POLICY_DUE_TIME_MOST, NULL },
};

const struct schema policies_schema = { properties, sizeof properties / sizeof *properties };

void policies_read(struct policy *policy, struct json_object *body)
{
	struct json_object *name = json_object_object_get(body, "name");
	struct json_object *description = json_object_object_get(body, "description");

	*policy = (struct policy){
		.name = json_object_get_string(name),
		.name_length = (size_t)json_object_get_string_len(name),
		.description = json_object_get_string(description),
		.description_length = (size_t)json_object_get_string_len(description),
		.due_time_in_minutes = json_object_get_int64(json_object_object_get(body, "dueTimeInMinutes")),
	};
}

void policies_add_texts(struct json_object **object, const struct policy *policy)
{
	document_add(object, "name", json_object_new_string_len(policy->name, (int)policy->name_length));
	document_add(object, "description", json_object_new_string_len(policy->description, (int)policy->description_length));
	document_add(object, "dueTimeInMinutes", json_object_new_int64(policy->due_time_in_minutes));
}

void policies_add_id(struct json_object **object, const struct policy *policy)
{
	document_add_text(object, "_id", policy->id);
}

void policies_add_updated_at(struct json_object **object, const struct policy *policy)
{
	document_add_text(object, "_updatedAt", policy->updated_at);
}

struct json_object *policies_document(const struct policy *policy)
{
	struct json_object *document = json_object_new_object();

	policies_add_id(&document, policy);
	policies_add_texts(&document, policy);
	policies_add_updated_at(&document, policy);
	return document;
}

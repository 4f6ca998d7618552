/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * livechat/sla: the SLA policies.
 */
#include <json-c/json.h>

#include "api/answer.h"
#include "api/route.h"
#include "http/response.h"
#include "json/schema.h"
#include "model/policy.h"

#define NO_NUL "^[^\\u0000]*$"

/* POST's body and PUT's. */
static const struct schema_property properties[] = {
	{ "name", SCHEMA_STRING, true, 1, POLICY_NAME_MOST, NO_NUL },
	{ "description", SCHEMA_STRING, true, 0, POLICY_DESCRIPTION_MOST, NO_NUL },
	{ "dueTimeInMinutes", SCHEMA_INTEGER, true, 1, POLICY_DUE_TIME_MOST, NULL },
};

static const struct schema body_schema = { properties, sizeof properties / sizeof *properties };

/* The texts are lent by the body. */
static void policy_of_body(struct policy *policy, struct json_object *body)
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

static void add_texts(struct json_object *object, const struct policy *policy)
{
	json_object_object_add(object, "name", json_object_new_string_len(policy->name, (int)policy->name_length));
	json_object_object_add(object, "description", json_object_new_string_len(policy->description, (int)policy->description_length));
	json_object_object_add(object, "dueTimeInMinutes", json_object_new_int64(policy->due_time_in_minutes));
}

static struct json_object *created(const struct policy *policy)
{
	struct json_object *body = json_object_new_object();
	struct json_object *sla = json_object_new_object();

	add_texts(sla, policy);
	json_object_object_add(sla, "_id", json_object_new_string(policy->id));
	json_object_object_add(body, "sla", sla);
	return body;
}

static void create(struct call *call)
{
	struct policy policy;
	enum outcome outcome;

	policy_of_body(&policy, call->body);
	outcome = policy_add(call->connection, &policy, call->session.user_id);
	if (outcome == OUTCOME_DUPLICATE)
		response_fail(call->response, RESPONSE_DUPLICATED_SLA);
	else if (answer_outcome(call->response, outcome))
		response_succeed(call->response, created(&policy));
}

const struct route policies_routes[] = {
	{
		.method = "POST",
		.path = "livechat/sla",
		.permissions = { "manage-livechat-sla" },
		.body = &body_schema,
		.handler = create,
	},
	{ 0 },
};

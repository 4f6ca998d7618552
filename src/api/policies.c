/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * livechat/sla: the SLA policies.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/policies_document.h"
#include "api/policies_sort.h"
#include "api/route.h"
#include "base/document.h"
#include "http/request.h"
#include "http/response.h"
#include "json/schema.h"
#include "model/policy.h"

#define COUNT_INITIAL 50
#define COUNT_MOST 100

/* The list's query. `query` and `fields` are accepted, as clients send them, and ignored. */
static const struct schema_property query_properties[] = {
	{ "count", SCHEMA_NUMBER, false, 0, INT64_MAX, NULL },
	{ "offset", SCHEMA_NUMBER, false, 0, INT64_MAX, NULL },
	{ "sort", SCHEMA_STRING, false, 0, INT64_MAX, NULL },
	{ "text", SCHEMA_STRING, false, 0, INT64_MAX, NULL },
	{ "query", SCHEMA_STRING, false, 0, INT64_MAX, NULL },
	{ "fields", SCHEMA_STRING, false, 0, INT64_MAX, NULL },
};

static const struct schema query_schema = { query_properties, sizeof query_properties / sizeof *query_properties };

/* The answers that carry a policy differ in the order of their keys and in what they leave out. */
static struct json_object *created(const struct policy *policy)
{
	struct json_object *sla = json_object_new_object();

	policies_add_texts(&sla, policy);
	policies_add_id(&sla, policy);
	return document_of("sla", sla);
}

static struct json_object *changed(const struct policy *policy)
{
	struct json_object *sla = json_object_new_object();

	policies_add_texts(&sla, policy);
	policies_add_updated_at(&sla, policy);
	policies_add_id(&sla, policy);
	return document_of("sla", sla);
}

static void answer_not_found(struct call *call)
{
	char *text;

	if (asprintf(&text, "SLA with id %s not found", call->argument) < 0) {
		response_fail_without_memory(call->response);
		return;
	}
	response_error(call->response, 404, text);
	free(text);
}

/* What a policy's own outcomes mean; true if the work is done. */
static bool done(struct call *call, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_NOT_FOUND:
		answer_not_found(call);
		return false;
	case OUTCOME_DUPLICATE:
		response_fail(call->response, RESPONSE_DUPLICATED_SLA);
		return false;
	default:
		return answer_outcome(call->response, outcome);
	}
}

static void create(struct call *call)
{
	struct policy policy;

	policies_read(&policy, call->body);
	if (done(call, policy_add(call->connection, &policy, call->session.user_id)))
		response_succeed(call->response, created(&policy));
}

static void get(struct call *call)
{
	struct policy policy;

	if (done(call, policy_get(call->connection, call->argument, &policy)))
		response_succeed(call->response, policies_document(&policy));
}

static void change(struct call *call)
{
	struct policy policy;

	policies_read(&policy, call->body);
	if (strlen(call->argument) > POLICY_ID_MOST) {
		answer_not_found(call);
		return;
	}
	strcpy(policy.id, call->argument);
	if (done(call, policy_change(call->connection, &policy, call->session.user_id)))
		response_succeed(call->response, changed(&policy));
}

static void remove_one(struct call *call)
{
	if (done(call, policy_remove(call->connection, call->argument, call->session.user_id)))
		response_succeed(call->response, json_object_new_object());
}

/* A parameter that is absent is 0; a fraction is cut. */
static int64_t number_parameter(const struct call *call, const char *name)
{
	return json_object_get_int64(json_object_object_get(call->query, name));
}

static int64_t count_parameter(const struct call *call)
{
	int64_t count = number_parameter(call, "count");

	if (count == 0)
		return COUNT_INITIAL;
	return count < COUNT_MOST ? count : COUNT_MOST;
}

static void text_parameter(const struct call *call, struct policy_query *query)
{
	struct json_object *text = json_object_object_get(call->query, "text");

	query->text = text == NULL ? "" : json_object_get_string(text);
	query->text_length = (size_t)json_object_get_string_len(text);
}

static void answer_invalid_sort(struct call *call, const char *sort)
{
	char *text;

	if (asprintf(&text, "Invalid sort parameter provided: \"%s\"", sort) < 0) {
		response_fail_without_memory(call->response);
		return;
	}
	response_refuse(call->response, text, "error-invalid-sort");
	free(text);
}

static bool sort_parameter(struct call *call, struct policy_query *query)
{
	struct json_object *sort = json_object_object_get(call->query, "sort");

	if (sort == NULL || policies_sort(json_object_get_string(sort), (size_t)json_object_get_string_len(sort), query))
		return true;
	answer_invalid_sort(call, json_object_get_string(sort));
	return false;
}

static enum outcome add_to_list(void *context, const struct policy *policy)
{
	document_append(context, policies_document(policy));
	return OUTCOME_DONE;
}

static struct json_object *listed(struct json_object *slas, int64_t offset, int64_t total)
{
	int64_t count = slas == NULL ? 0 : (int64_t)json_object_array_length(slas);
	struct json_object *body = document_of("sla", slas);

	document_add(&body, "count", json_object_new_int64(count));
	document_add(&body, "offset", json_object_new_int64(offset));
	document_add(&body, "total", json_object_new_int64(total));
	return body;
}

static void list(struct call *call)
{
	struct policy_query query = { .count = count_parameter(call), .offset = number_parameter(call, "offset") };
	struct json_object *slas;
	int64_t total;

	text_parameter(call, &query);
	if (!sort_parameter(call, &query))
		return;
	slas = json_object_new_array();
	if (done(call, policy_list(call->connection, &query, add_to_list, &slas, &total)))
		response_succeed(call->response, listed(slas, query.offset, total));
	else
		json_object_put(slas);
}

#define READERS { "manage-livechat-sla", "view-l-room" }
#define WRITERS { "manage-livechat-sla" }

const struct route policies_routes[] = {
	{ .method = "GET", .path = "livechat/sla", .permissions = READERS, .query = &query_schema, .handler = list },
	{ .method = "POST", .path = "livechat/sla", .permissions = WRITERS, .body = &policies_schema, .handler = create },
	{ .method = "GET", .path = "livechat/sla/:", .permissions = READERS, .handler = get },
	{ .method = "PUT", .path = "livechat/sla/:", .permissions = WRITERS, .body = &policies_schema, .handler = change },
	{ .method = "DELETE", .path = "livechat/sla/:", .permissions = WRITERS, .handler = remove_one },
	{ 0 },
};

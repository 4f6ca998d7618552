/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * policy list, show, add, remove, history.
 */
#include "slactl/policy.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "api/policies_document.h"
#include "base/document.h"
#include "base/text.h"
#include "db/connection.h"
#include "model/audit.h"
#include "model/policy_record.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/policy_line.h"
#include "slactl/report.h"

#define PAGE 1000

static const struct option_row list_options[] = {
	{ "text", 0, "TEXT", "only those whose name or description has this in it, whatever the case" },
	{ "json", 0, NULL, "print one JSON object a line" },
	{ 0 },
};

static const struct option_row json_options[] = {
	{ "json", 0, NULL, "print one JSON object a line" },
	{ 0 },
};

static const struct option_row add_options[] = {
	{ "description", 0, "TEXT", "what it is for" },
	{ "json", 0, NULL, "print one JSON object" },
	{ 0 },
};

static bool wants_json(const struct invocation *invocation)
{
	return options_value(&invocation->options, "json") != NULL;
}

/* An id may be any text that was given. */
static int report_policy(enum outcome outcome, const char *id)
{
	if (outcome != OUTCOME_NOT_FOUND)
		return report_outcome(outcome);
	complain("there is no policy '%s'", id);
	return STATUS_FAILED;
}

/* -- list -- */

static void print_name(const struct policy *policy)
{
	report_text(policy->name, policy->name_length);
	putchar('\n');
}

static enum outcome print_row(void *context, const struct policy *policy)
{
	(void)context;
	printf("%s  %10" PRId64 "  %s  ", policy->id, policy->due_time_in_minutes, policy->updated_at);
	print_name(policy);
	return OUTCOME_DONE;
}

static enum outcome print_document(void *context, const struct policy *policy)
{
	(void)context;
	return report_json(policies_document(policy));
}

static enum outcome print_pages(struct connection *connection, const struct invocation *invocation, const char *text)
{
	struct policy_query query = { .text = text, .text_length = strlen(text), .count = PAGE };
	policy_visitor *print = wants_json(invocation) ? print_document : print_row;
	enum outcome outcome;
	int64_t total;

	if (!wants_json(invocation))
		printf("%-24s  %10s  %-24s  %s\n", "ID", "MINUTES", "CHANGED", "NAME");
	do {
		client_renew(connection, invocation);
		outcome = policy_list(connection, &query, print, NULL, &total);
		query.offset += PAGE;
	} while (outcome == OUTCOME_DONE && query.offset < total);
	return outcome;
}

static int list(const struct invocation *invocation)
{
	const char *text = options_value(&invocation->options, "text");
	struct connection *connection;
	int status;

	if (text != NULL && !text_utf8_valid(text, strlen(text))) {
		complain("--text: must be UTF-8");
		return STATUS_USAGE;
	}
	connection = client_connect(invocation);
	if (connection == NULL)
		return STATUS_FAILED;
	status = report_outcome(print_pages(connection, invocation, text == NULL ? "" : text));
	connection_free(connection);
	return status == STATUS_DONE ? report_done() : status;
}

/* -- show -- */

static void print_fields(const struct policy_record *record)
{
	const struct policy *policy = &record->policy;

	printf("id: %s\nname: ", policy->id);
	print_name(policy);
	printf("description: ");
	report_text(policy->description, policy->description_length);
	printf("\ndue time in minutes: %" PRId64 "\nmade: %s by %s\nchanged: %s by %s\n", policy->due_time_in_minutes,
	       record->created_at, record->created_by, policy->updated_at, record->updated_by);
}

static int show(const struct invocation *invocation)
{
	const char *id = invocation->arguments[0];
	struct connection *connection = client_connect(invocation);
	struct policy_record record;
	int status;

	if (connection == NULL)
		return STATUS_FAILED;
	status = report_policy(policy_record_get(connection, id, &record), id);
	if (status == STATUS_DONE && wants_json(invocation))
		status = report_outcome(report_json(policy_line_document(&record)));
	else if (status == STATUS_DONE)
		print_fields(&record);
	connection_free(connection);
	return status == STATUS_DONE ? report_done() : status;
}

/* -- add -- */

static int print_added(const struct invocation *invocation, const struct policy *policy)
{
	if (wants_json(invocation))
		printf("{\"_id\":\"%s\"}\n", policy->id);
	else
		printf("policy id: %s\n", policy->id);
	return report_done();
}

static int store(const struct invocation *invocation, struct policy *policy)
{
	struct connection *connection = client_connect(invocation);
	enum outcome outcome;

	if (connection == NULL)
		return STATUS_FAILED;
	outcome = policy_add(connection, policy, client_actor()->username);
	connection_free(connection);
	if (outcome == OUTCOME_DONE)
		return print_added(invocation, policy);
	if (outcome != OUTCOME_DUPLICATE)
		return report_outcome(outcome);
	complain("another policy has this name or this due time");
	return STATUS_FAILED;
}

/* What the API would be sent. */
static struct json_object *body_of_arguments(const struct invocation *invocation)
{
	const char *description = options_value(&invocation->options, "description");
	struct json_object *body = json_object_new_object();

	document_add_text(&body, "name", invocation->arguments[0]);
	document_add_text(&body, "description", description == NULL ? "" : description);
	document_add_text(&body, "dueTimeInMinutes", invocation->arguments[1]);
	return body;
}

static bool all_utf8(struct json_object *body)
{
	json_object_object_foreach(body, name, value)
	{
		(void)name;
		if (!text_utf8_valid(json_object_get_string(value), (size_t)json_object_get_string_len(value)))
			return false;
	}
	return true;
}

static int add(const struct invocation *invocation)
{
	struct json_object *body = body_of_arguments(invocation);
	char reason[POLICY_REASON_SIZE];
	struct policy policy;
	int status = STATUS_USAGE;

	if (body == NULL)
		return report_outcome(OUTCOME_DEFECT);
	if (!all_utf8(body))
		complain("name and description must be UTF-8");
	else if (!policy_line_read_body(&policy, body, reason))
		complain("%s", reason);
	else
		status = store(invocation, &policy);
	json_object_put(body);
	return status;
}

/* -- remove -- */

static int remove_one(const struct invocation *invocation)
{
	const char *id = invocation->arguments[0];
	struct connection *connection = client_connect(invocation);
	int status;

	if (connection == NULL)
		return STATUS_FAILED;
	status = report_policy(policy_remove(connection, id, client_actor()->username), id);
	connection_free(connection);
	return status;
}

/* -- history -- */

struct telling {
	bool json;
	bool any;
};

static struct json_object *step_document(const struct policy_step *step)
{
	struct json_object *document = json_object_new_object();

	document_add_text(&document, "at", step->at);
	document_add_text(&document, "by", step->user_id);
	document_add_text(&document, "step", step->kind);
	document_add(&document, "before", policies_document(&step->policy));
	return document;
}

static enum outcome print_step(void *context, const struct policy_step *step)
{
	struct telling *telling = context;
	bool first = !telling->any;

	telling->any = true;
	if (telling->json)
		return report_json(step_document(step));
	if (first)
		printf("%-24s  %-6s  %-17s  %10s  %s\n", "AT", "STEP", "BY", "MINUTES", "NAME BEFORE");
	printf("%s  %-6s  %-17s  %10" PRId64 "  ", step->at, step->kind, step->user_id, step->policy.due_time_in_minutes);
	print_name(&step->policy);
	return OUTCOME_DONE;
}

/* A policy without a history may have none yet, or not be there at all. */
static enum outcome tell_history(struct connection *connection, const char *id, struct telling *telling)
{
	enum outcome outcome = policy_history(connection, id, print_step, telling);
	struct policy policy;

	return outcome == OUTCOME_DONE && !telling->any ? policy_get(connection, id, &policy) : outcome;
}

static int history(const struct invocation *invocation)
{
	const char *id = invocation->arguments[0];
	struct telling telling = { .json = wants_json(invocation) };
	struct connection *connection = client_connect(invocation);
	int status;

	if (connection == NULL)
		return STATUS_FAILED;
	status = report_policy(tell_history(connection, id, &telling), id);
	connection_free(connection);
	return status == STATUS_DONE ? report_done() : status;
}

const struct command policy_commands[] = {
	{ "policy add", "NAME MINUTES", "make a policy and print its id", add_options, .run = add },
	{ "policy export", "", "print every policy, one JSON object a line", NULL, .run = policy_export },
	{ "policy history", "ID", "tell what became of a policy, and who did it when", json_options, .run = history },
	{ "policy import", "[FILE]", "store policies that were exported, here or by mongoexport", policy_import_options, .run = policy_import },
	{ "policy list", "", "list the policies by name", list_options, .run = list },
	{ "policy remove", "ID", "remove a policy; its history stays", NULL, .run = remove_one },
	{ "policy show", "ID", "show a policy", json_options, .run = show },
	{ 0 },
};

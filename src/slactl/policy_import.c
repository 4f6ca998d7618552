/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * policy import.
 */
#include "db/connection.h"
#include "model/audit.h"
#include "model/policy_record.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/import.h"
#include "slactl/policy.h"
#include "slactl/policy_line.h"

const struct option_row policy_import_options[] = {
	{ "replace", 0, NULL, "change a policy that is there with other values" },
	{ "skip-bad", 0, NULL, "import the rest when some are refused" },
	{ 0 },
};

struct run {
	const char *user_id; /* who does it */
	bool replace;
	struct import *import;
};

static const char *const refusals[] = {
	[POLICY_ID_TAKEN] = "id exists with other values",
	[POLICY_NAME_TAKEN] = "another policy has this name",
	[POLICY_DUE_TIME_TAKEN] = "another policy has this dueTimeInMinutes",
};

static const enum import_verdict verdicts[] = {
	[POLICY_IMPORTED] = IMPORT_STORED,
	[POLICY_REPLACED] = IMPORT_REPLACED,
	[POLICY_UNCHANGED] = IMPORT_UNCHANGED,
};

static enum outcome put_record(struct connection *connection, const struct run *run, const struct policy_record *record)
{
	enum policy_verdict verdict;
	enum outcome outcome = policy_record_put(connection, record, run->replace, run->user_id, &verdict);

	if (outcome != OUTCOME_DONE)
		return outcome;
	if (refusals[verdict] != NULL)
		import_refuse(run->import, refusals[verdict]);
	else
		import_count(run->import, verdicts[verdict]);
	return OUTCOME_DONE;
}

static enum outcome put(struct connection *connection, struct import *import, void *context, const char *text, size_t length)
{
	enum outcome outcome = OUTCOME_DONE;
	struct policy_line line;

	if (policy_line_read(&line, text, length))
		outcome = put_record(connection, context, &line.record);
	else
		import_refuse(import, line.reason);
	policy_line_free(&line);
	return outcome;
}

static enum outcome work(struct connection *connection, void *context, bool unsure)
{
	const struct run *run = context;

	return import_attempt(connection, run->import, unsure);
}

static enum outcome transact(struct connection *connection, struct import *import, void *context)
{
	struct run *run = context;

	run->import = import;
	return connection_transact(connection, work, run);
}

int policy_import(const struct invocation *invocation)
{
	static const struct import_kind kind = { .transact = transact, .put = put };
	struct run run = {
		.user_id = client_actor()->username,
		.replace = options_value(&invocation->options, "replace") != NULL,
	};

	return import_run(invocation, &kind, &run);
}

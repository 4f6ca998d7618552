/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * user import: people keep their passwords, scripts their tokens.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/instant.h"
#include "model/audit.h"
#include "model/role.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/import.h"
#include "slactl/report.h"
#include "slactl/user.h"
#include "slactl/user_line.h"

const struct option_row user_import_options[] = {
	{ "skip-bad", 0, NULL, "import the rest when some are refused" },
	{ 0 },
};

struct run {
	int64_t lifetime_ms; /* of tokens of logins */
	struct import *import;
	const struct audit *audit; /* of this attempt */
	struct user_line *line;
};

/* A role that is not known here gives no right here. */
static enum outcome grant_roles(struct connection *connection, const struct run *run, const struct user *user)
{
	enum outcome outcome = OUTCOME_DONE;

	for (size_t i = 0; outcome == OUTCOME_DONE && i < user->roles_count; i++) {
		outcome = user_name_valid(user->roles[i]) ? role_grant_in(connection, run->audit, user->username, user->roles[i]) : OUTCOME_REFUSED;
		if (outcome == OUTCOME_REFUSED) {
			import_note(run->import, "a role that is not known here is left out");
			outcome = OUTCOME_DONE;
		}
	}
	return outcome;
}

static enum outcome store_tokens(struct connection *connection, const struct run *run, const struct user_record *record)
{
	enum outcome outcome = OUTCOME_DONE;

	for (size_t i = 0; outcome == OUTCOME_DONE && i < record->tokens_count; i++) {
		outcome = user_record_token(connection, record->user.id, &record->tokens[i], run->lifetime_ms);
		if (outcome == OUTCOME_DUPLICATE) {
			import_note(run->import, "a token that is there already is left out");
			outcome = OUTCOME_DONE;
		}
	}
	return outcome;
}

static enum outcome put_record(struct connection *connection, const struct run *run, const struct user_record *record)
{
	static const char *const refusals[] = {
		[USER_ID_TAKEN] = "id exists with another username",
		[USER_NAME_TAKEN] = "another user has this username or e-mail address",
	};
	enum user_verdict verdict;
	enum outcome outcome = user_record_put(connection, run->audit, &record->user, &verdict);

	if (outcome != OUTCOME_DONE)
		return outcome;
	if (verdict == USER_UNCHANGED)
		import_count(run->import, IMPORT_UNCHANGED);
	else if (verdict != USER_IMPORTED)
		import_refuse(run->import, refusals[verdict]);
	if (verdict != USER_IMPORTED)
		return OUTCOME_DONE;
	import_count(run->import, IMPORT_STORED);
	outcome = grant_roles(connection, run, &record->user);
	return outcome == OUTCOME_DONE ? store_tokens(connection, run, record) : outcome;
}

static bool logins_end(const struct run *run, const struct user_record *record)
{
	for (size_t i = 0; i < record->tokens_count; i++)
		if (record->tokens[i].name == NULL && !instant_valid(record->tokens[i].created_ms + run->lifetime_ms))
			return false;
	return true;
}

static enum outcome put(struct connection *connection, struct import *import, void *context, const char *text, size_t length)
{
	const struct run *run = context;
	enum outcome outcome = OUTCOME_DONE;

	if (!user_line_read(run->line, text, length))
		import_refuse(import, run->line->reason);
	else if (run->line->own_bot)
		import_note(import, "Rocket.Chat's own bot is left out");
	else if (!logins_end(run, &run->line->record))
		import_refuse(import, "services.resume.loginTokens has a login that ends after the year 9999");
	else
		outcome = put_record(connection, run, &run->line->record);
	user_line_free(run->line);
	return outcome;
}

static enum outcome work(struct connection *connection, const struct audit *audit, void *context)
{
	struct run *run = context;

	run->audit = audit;
	return import_attempt(connection, run->import, false);
}

static enum outcome transact(struct connection *connection, struct import *import, void *context)
{
	struct run *run = context;

	run->import = import;
	return audit_transact(connection, client_actor(), work, run);
}

int user_import(const struct invocation *invocation)
{
	static const struct import_kind kind = { .transact = transact, .put = put };
	struct run run = { .lifetime_ms = invocation->config.login_expiry, .line = malloc(sizeof *run.line) };
	int status = STATUS_FAILED;

	if (run.line == NULL)
		complain("out of memory");
	else
		status = import_run(invocation, &kind, &run);
	free(run.line);
	return status;
}

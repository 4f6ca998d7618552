/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * role list, grant, revoke.
 */
#include "model/role.h"

#include <json-c/json.h>

#include "model/user.h"
#include "slactl/account.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/listing.h"
#include "slactl/report.h"

static const struct option_row list_options[] = { ACCOUNT_JSON_OPTION, { 0 } };

static const struct listing_column columns[] = { { "_id", "ROLE" }, { "name", "NAME" }, { "description", "DESCRIPTION" }, { 0 } };

static enum outcome add_to_list(void *context, const struct role *role)
{
	struct json_object *row = json_object_new_object();

	listing_text(&row, "_id", role->id);
	listing_text(&row, "name", role->name);
	listing_text(&row, "description", role->description);
	return listing_add(context, row);
}

static int list(struct connection *connection, const struct invocation *invocation)
{
	struct listing listing;
	enum outcome outcome;

	listing_begin(&listing, columns, invocation);
	outcome = role_list(connection, add_to_list, &listing);
	listing_end(&listing);
	return outcome == OUTCOME_DONE ? report_done() : report_outcome(outcome);
}

static int grant(struct connection *connection, const struct invocation *invocation)
{
	const char *username = invocation->arguments[0], *role = invocation->arguments[1];
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (user_name_valid(username))
		outcome = user_name_valid(role) ? role_grant(connection, client_actor(), username, role) : OUTCOME_REFUSED;
	if (outcome != OUTCOME_REFUSED)
		return account_report(outcome, username);
	complain("there is no role '%s'", role);
	return STATUS_FAILED;
}

static int revoke(struct connection *connection, const struct invocation *invocation)
{
	const char *username = invocation->arguments[0], *role = invocation->arguments[1];
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (user_name_valid(username) && user_name_valid(role))
		outcome = role_revoke(connection, client_actor(), username, role);
	if (outcome != OUTCOME_NOT_FOUND)
		return account_refuse(outcome);
	complain("there is no user '%s' with the role '%s'", username, role);
	return STATUS_FAILED;
}

const struct command role_commands[] = {
	{ "role grant", "NAME ROLE", "give the user NAME a role", NULL, .work = grant },
	{ "role list", "", "list the roles", list_options, .work = list },
	{ "role revoke", "NAME ROLE", "take a role from the user NAME", NULL, .work = revoke },
	{ 0 },
};

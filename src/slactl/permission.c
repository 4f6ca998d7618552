/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * permission list, grant, revoke.
 */
#include "model/permission.h"

#include <json-c/json.h>

#include "model/user.h"
#include "slactl/account.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/listing.h"
#include "slactl/report.h"

static const struct option_row list_options[] = { ACCOUNT_JSON_OPTION, { 0 } };

static const struct listing_column columns[] = {
	{ "_id", "PERMISSION" }, { "_updatedAt", "CHANGED" }, { "roles", "ROLES" }, { 0 },
};

static enum outcome add_to_list(void *context, const struct permission *permission)
{
	struct json_object *row = json_object_new_object();

	listing_text(&row, "_id", permission->id);
	listing_texts(&row, "roles", permission->roles, permission->roles_count);
	listing_text(&row, "_updatedAt", permission->updated_at);
	return listing_add(context, row);
}

static int list(struct connection *connection, const struct invocation *invocation)
{
	struct listing listing;
	enum outcome outcome;

	listing_begin(&listing, columns, invocation);
	outcome = permission_list(connection, add_to_list, &listing);
	listing_end(&listing);
	return outcome == OUTCOME_DONE ? report_done() : report_outcome(outcome);
}

static int grant(struct connection *connection, const struct invocation *invocation)
{
	const char *permission = invocation->arguments[0], *role = invocation->arguments[1];
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (user_name_valid(permission))
		outcome = user_name_valid(role) ? permission_grant(connection, client_actor(), permission, role) : OUTCOME_REFUSED;
	if (outcome == OUTCOME_NOT_FOUND)
		complain("there is no permission '%s'", permission);
	else if (outcome == OUTCOME_REFUSED)
		complain("there is no role '%s'", role);
	else
		return report_outcome(outcome);
	return STATUS_FAILED;
}

static int revoke(struct connection *connection, const struct invocation *invocation)
{
	const char *permission = invocation->arguments[0], *role = invocation->arguments[1];
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (user_name_valid(permission) && user_name_valid(role))
		outcome = permission_revoke(connection, client_actor(), permission, role);
	if (outcome != OUTCOME_NOT_FOUND)
		return account_refuse(outcome);
	complain("there is no role '%s' with the permission '%s'", role, permission);
	return STATUS_FAILED;
}

const struct command permission_commands[] = {
	{ "permission grant", "PERMISSION ROLE", "let a role have a permission", NULL, .work = grant },
	{ "permission list", "", "list the permissions and the roles that have them", list_options, .work = list },
	{ "permission revoke", "PERMISSION ROLE", "take a permission from a role", NULL, .work = revoke },
	{ 0 },
};

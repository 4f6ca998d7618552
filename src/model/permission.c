/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Permissions and their statements.
 */
#include "model/permission.h"

#include <stdbool.h>

#include "db/connection.h"
#include "db/statement.h"
#include "model/access.h"
#include "model/audit.h"
#include "model/grant.h"
#include "model/names.h"

static const struct statement list_permissions = {
	"SELECT p.id, p.updated_at, (SELECT " NAMES_CONCAT("rp.role_id") " FROM role_permissions AS rp WHERE rp.permission_id = p.id)"
	" FROM permissions AS p ORDER BY p.id",
	"", "ttt",
};

static const struct statement find_permission = { "SELECT id FROM permissions WHERE id = ?", "t", "t" };

/* -- reading -- */

struct listing {
	permission_visitor *visitor;
	void *context;
};

static enum outcome visit(void *context, const struct value *columns)
{
	struct listing *listing = context;
	struct permission permission = { .id = columns[0].text };
	struct names roles;
	enum outcome outcome = OUTCOME_DEFECT;

	timestamp_read(permission.updated_at, &columns[1]);
	if (names_read(&roles, &columns[2])) {
		permission.roles = roles.list;
		permission.roles_count = roles.count;
		outcome = listing->visitor(listing->context, &permission);
	}
	names_free(&roles);
	return outcome;
}

static enum outcome list(struct connection *connection, void *context, bool unsure)
{
	(void)unsure; /* reading twice is reading */
	return statement_rows(connection, &list_permissions, NULL, visit, context);
}

enum outcome permission_list(struct connection *connection, permission_visitor *visitor, void *context)
{
	struct listing listing = { .visitor = visitor, .context = context };

	return connection_do(connection, list, &listing);
}

/* -- one grant -- */

/* Why nothing was inserted: the permission is not there, or else the role. */
static enum outcome find_fault(struct connection *connection, const struct grant *grant)
{
	const struct value parameters[] = { value_text(grant->permission) };
	struct value id;
	enum outcome outcome = statement_row(connection, &find_permission, parameters, &id);

	return outcome == OUTCOME_DONE ? OUTCOME_REFUSED : outcome;
}

static enum outcome grant_work(struct connection *connection, const struct audit *audit, void *context)
{
	const struct grant *grant = context;
	bool held;
	enum outcome outcome = access_guard(connection, &held);

	if (outcome == OUTCOME_DONE)
		outcome = grant_add(connection, audit, grant);
	if (outcome == OUTCOME_DUPLICATE)
		return OUTCOME_DONE; /* the role carries it already */
	return outcome == OUTCOME_NOT_FOUND ? find_fault(connection, grant) : outcome;
}

enum outcome permission_grant(struct connection *connection, const struct actor *actor, const char *permission, const char *role)
{
	struct grant grant = { .permission = permission, .role = role };

	return audit_transact(connection, actor, grant_work, &grant);
}

static enum outcome revoke_work(struct connection *connection, const struct audit *audit, void *context)
{
	bool held;
	enum outcome outcome = access_guard(connection, &held);

	if (outcome == OUTCOME_DONE)
		outcome = grant_remove(connection, audit, context);
	return outcome == OUTCOME_DONE ? access_check(connection, held) : outcome;
}

enum outcome permission_revoke(struct connection *connection, const struct actor *actor, const char *permission, const char *role)
{
	struct grant grant = { .permission = permission, .role = role };

	return audit_transact(connection, actor, revoke_work, &grant);
}

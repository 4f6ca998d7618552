/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Roles and their statements.
 */
#include "model/role.h"

#include <stdbool.h>
#include <stdint.h>

#include "db/connection.h"
#include "db/statement.h"
#include "model/access.h"
#include "model/audit.h"

static const struct statement list_roles = { "SELECT id, name, description FROM roles ORDER BY id", "", "ttt" };

static const struct statement find_role = { "SELECT id FROM roles WHERE id = ?", "t", "t" };

static const struct statement insert_role = {
	"INSERT INTO user_roles (user_id, role_id) SELECT u.id, r.id FROM users AS u JOIN roles AS r ON r.id = ? WHERE u.username = ?",
	"tt", "",
};

static const struct statement delete_role = {
	"DELETE FROM user_roles WHERE role_id = ? AND user_id = (SELECT id FROM users WHERE username = ?)",
	"tt", "",
};

/* -- which there are -- */

struct listing {
	role_visitor *visitor;
	void *context;
};

static enum outcome visit(void *context, const struct value *columns)
{
	struct listing *listing = context;
	struct role role = { .id = columns[0].text, .name = columns[1].text, .description = columns[2].text };

	return listing->visitor(listing->context, &role);
}

static enum outcome list(struct connection *connection, void *context, bool unsure)
{
	(void)unsure; /* reading twice is reading */
	return statement_rows(connection, &list_roles, NULL, visit, context);
}

enum outcome role_list(struct connection *connection, role_visitor *visitor, void *context)
{
	struct listing listing = { .visitor = visitor, .context = context };

	return connection_do(connection, list, &listing);
}

/* -- who has them -- */

struct grant {
	const char *username;
	const char *role;
};

/* Why nothing was inserted: the role is not there, or else the user. */
static enum outcome find_fault(struct connection *connection, const char *role)
{
	const struct value parameters[] = { value_text(role) };
	struct value id;
	enum outcome outcome = statement_row(connection, &find_role, parameters, &id);

	if (outcome == OUTCOME_NOT_FOUND)
		return OUTCOME_REFUSED;
	return outcome == OUTCOME_DONE ? OUTCOME_NOT_FOUND : outcome;
}

enum outcome role_grant_in(struct connection *connection, const struct audit *audit, const char *username, const char *role)
{
	const struct value parameters[] = { value_text(role), value_text(username) };
	uint64_t inserted = 0;
	enum outcome outcome = statement_run(connection, &insert_role, parameters, &inserted);

	if (outcome == OUTCOME_DUPLICATE)
		return OUTCOME_DONE; /* the user has it already */
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (inserted == 0)
		return find_fault(connection, role);
	return audit_record(connection, audit, "role.grant", username, role);
}

static enum outcome grant(struct connection *connection, const struct audit *audit, void *context)
{
	const struct grant *grant = context;

	return role_grant_in(connection, audit, grant->username, grant->role);
}

enum outcome role_grant(struct connection *connection, const struct actor *actor, const char *username, const char *role)
{
	struct grant context = { .username = username, .role = role };

	return audit_transact(connection, actor, grant, &context);
}

static enum outcome delete_grant(struct connection *connection, const struct grant *grant)
{
	const struct value parameters[] = { value_text(grant->role), value_text(grant->username) };
	uint64_t deleted = 0;
	enum outcome outcome = statement_run(connection, &delete_role, parameters, &deleted);

	return outcome == OUTCOME_DONE && deleted == 0 ? OUTCOME_NOT_FOUND : outcome;
}

static enum outcome revoke(struct connection *connection, const struct audit *audit, void *context)
{
	const struct grant *grant = context;
	bool held;
	enum outcome outcome = access_guard(connection, &held);

	if (outcome == OUTCOME_DONE)
		outcome = delete_grant(connection, grant);
	if (outcome == OUTCOME_DONE)
		outcome = access_check(connection, held);
	return outcome == OUTCOME_DONE ? audit_record(connection, audit, "role.revoke", grant->username, grant->role) : outcome;
}

enum outcome role_revoke(struct connection *connection, const struct actor *actor, const char *username, const char *role)
{
	struct grant context = { .username = username, .role = role };

	return audit_transact(connection, actor, revoke, &context);
}

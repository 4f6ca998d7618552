/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Rows of role_permissions.
 */
#include "model/grant.h"

#include <stdint.h>

#include "db/connection.h"
#include "db/statement.h"
#include "model/audit.h"

static const struct statement insert_grant = {
	"INSERT INTO role_permissions (permission_id, role_id) SELECT p.id, r.id FROM permissions AS p JOIN roles AS r ON r.id = ?"
	" WHERE p.id = ?",
	"tt", "",
};

static const struct statement delete_grant = { "DELETE FROM role_permissions WHERE role_id = ? AND permission_id = ?", "tt", "" };

static const struct statement touch_permission = { "UPDATE permissions SET updated_at = UTC_TIMESTAMP(3) WHERE id = ?", "t", "" };

/* Runs a statement on one grant and records it; OUTCOME_NOT_FOUND if there was nothing to do. */
static enum outcome change(struct connection *connection, const struct audit *audit, const struct grant *grant,
                                 const struct statement *statement, const char *action)
{
	const struct value parameters[] = { value_text(grant->role), value_text(grant->permission) };
	uint64_t changed = 0;
	enum outcome outcome = statement_run(connection, statement, parameters, &changed);

	if (outcome == OUTCOME_DONE && changed == 0)
		return OUTCOME_NOT_FOUND;
	if (outcome == OUTCOME_DONE)
		outcome = statement_run(connection, &touch_permission, &parameters[1], NULL);
	return outcome == OUTCOME_DONE ? audit_record(connection, audit, action, grant->permission, grant->role) : outcome;
}

enum outcome grant_add(struct connection *connection, const struct audit *audit, const struct grant *grant)
{
	return change(connection, audit, grant, &insert_grant, "permission.grant");
}

enum outcome grant_remove(struct connection *connection, const struct audit *audit, const struct grant *grant)
{
	return change(connection, audit, grant, &delete_grant, "permission.revoke");
}

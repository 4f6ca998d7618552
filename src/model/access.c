/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The guard's row and the question behind it.
 */
#include "model/access.h"

#include <stddef.h>

#include "db/connection.h"
#include "db/statement.h"

static const struct statement take_guard = { "UPDATE access_guard SET changes = changes + 1 WHERE id = 1", "", "" };

/* Not EXISTS, see session.c. */
static const struct statement count_holders = {
	"SELECT COUNT(*) FROM users AS u JOIN user_roles AS ur ON ur.user_id = u.id JOIN role_permissions AS rp ON rp.role_id = ur.role_id"
	" WHERE u.active = 1 AND rp.permission_id = '" ACCESS_PERMISSION "'",
	"", "i",
};

static enum outcome is_held(struct connection *connection, bool *held)
{
	struct value holders;
	enum outcome outcome = statement_row(connection, &count_holders, NULL, &holders);

	*held = outcome == OUTCOME_DONE && holders.integer > 0;
	return outcome;
}

enum outcome access_guard(struct connection *connection, bool *held)
{
	enum outcome outcome = statement_run(connection, &take_guard, NULL, NULL);

	return outcome == OUTCOME_DONE ? is_held(connection, held) : outcome;
}

enum outcome access_check(struct connection *connection, bool held)
{
	bool still_held;
	enum outcome outcome = is_held(connection, &still_held);

	return outcome == OUTCOME_DONE && held && !still_held ? OUTCOME_REFUSED : outcome;
}

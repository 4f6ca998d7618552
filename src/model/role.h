/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Roles, and which users have them.
 */
#ifndef MODEL_ROLE_H
#define MODEL_ROLE_H

#include <stddef.h>

#include "base/outcome.h"

struct actor;
struct audit;
struct connection;

struct role {
	const char *id;
	const char *name;
	const char *description;
};

/* Texts live until it returns; it may run no statement. Anything but OUTCOME_DONE ends the list with that outcome. */
typedef enum outcome role_visitor(void *context, const struct role *role);

/* Shows all roles by id. */
enum outcome role_list(struct connection *connection, role_visitor *visitor, void *context);

/* Gives a role (its id) to a user; one who has it keeps it. OUTCOME_NOT_FOUND: no such user; OUTCOME_REFUSED: no such role. */
enum outcome role_grant(struct connection *connection, const struct actor *actor, const char *username, const char *role);

/* Takes it away. OUTCOME_NOT_FOUND: the user has no such role, or there is no such user; OUTCOME_REFUSED: nobody would hold
 * access-permissions any more. */
enum outcome role_revoke(struct connection *connection, const struct actor *actor, const char *username, const char *role);

/* role_grant inside the work of another change. */
enum outcome role_grant_in(struct connection *connection, const struct audit *audit, const char *username, const char *role);

#endif

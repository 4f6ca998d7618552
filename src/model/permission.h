/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Permissions, and which roles carry them.
 */
#ifndef MODEL_PERMISSION_H
#define MODEL_PERMISSION_H

#include <stddef.h>

#include "base/outcome.h"
#include "model/timestamp.h"

struct actor;
struct connection;

struct permission {
	const char *id;
	const char *const *roles; /* their ids, in order */
	size_t roles_count;
	char updated_at[TIMESTAMP_SIZE];
};

/* Texts live until it returns; it may run no statement. Anything but OUTCOME_DONE ends the list with that outcome. */
typedef enum outcome permission_visitor(void *context, const struct permission *permission);

/* Shows all permissions by id. */
enum outcome permission_list(struct connection *connection, permission_visitor *visitor, void *context);

/* Why permission_update refused. */
enum permission_refusal {
	PERMISSION_UNKNOWN, /* or named twice */
	PERMISSION_ROLE_UNKNOWN,
	PERMISSION_LAST_HOLDER, /* nobody would hold access-permissions any more */
};

/* Gives each of these permissions to just these roles, all or nothing; of each only `id` and `roles` are read. OUTCOME_DONE;
 * OUTCOME_REFUSED with `refusal`; OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome permission_update(struct connection *connection, const struct actor *actor, const struct permission *permissions,
                               size_t count, enum permission_refusal *refusal);

/* Gives a permission to a role that may have it already. OUTCOME_NOT_FOUND: no such permission; OUTCOME_REFUSED: no such role. */
enum outcome permission_grant(struct connection *connection, const struct actor *actor, const char *permission, const char *role);

/* Takes it away. OUTCOME_NOT_FOUND: the role does not carry it; OUTCOME_REFUSED: nobody would hold access-permissions any more. */
enum outcome permission_revoke(struct connection *connection, const struct actor *actor, const char *permission, const char *role);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Credentials of a request -> who is this and what may they do, in one statement.
 */
#ifndef MODEL_SESSION_H
#define MODEL_SESSION_H

#include <stdbool.h>

#include "base/outcome.h"
#include "base/secret.h"

struct connection;

#define SESSION_PERMISSIONS_MOST 2

struct session {
	char user_id[SECRET_USER_ID_LENGTH + 1];
	char username[256 * 4];
	bool permitted; /* a role of the user carries one of the permissions asked for; true if none was */
	bool unlimited; /* a role carries api-bypass-rate-limit */
};

/* Looks the token up by its digest, joined to its user, the roles and the permissions; MySQL is asked each time, so that a revoked
 * token or grant is dead at the next request. `permissions`: up to SESSION_PERMISSIONS_MOST names, the rest NULL; any of them will do.
 * OUTCOME_DONE; OUTCOME_NOT_FOUND (unknown user, unknown, revoked or expired token, disabled user); OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome session_open(struct connection *connection, const char *user_id, const char *token,
                          const char *const permissions[SESSION_PERMISSIONS_MOST], struct session *session);

#endif

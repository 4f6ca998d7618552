/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Tokens: rows of tokens. A token itself is known to its holder alone; the row has its digest.
 */
#ifndef MODEL_TOKEN_H
#define MODEL_TOKEN_H

#include "base/outcome.h"
#include "base/secret.h"

struct connection;

#define TOKEN_NAME_MOST 255 /* code points */

/* Makes a token for a user and stores its digest; it does not expire. `name`: of a personal access token, unique for the user, valid
 * UTF-8 and not ""; NULL = none. The caller wipes `token`.
 * OUTCOME_DONE; OUTCOME_NOT_FOUND (no such user); OUTCOME_DUPLICATE (the name is taken); OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome token_issue(struct connection *connection, const char *user_id, const char *name, char token[SECRET_TOKEN_LENGTH + 1]);

#endif

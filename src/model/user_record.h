/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Users as they come from another server, with their ids, hashes and tokens.
 */
#ifndef MODEL_USER_RECORD_H
#define MODEL_USER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "model/token.h"
#include "model/user.h"

struct audit;

#define USER_RECORD_ROLES_MOST 64
#define USER_RECORD_TOKENS_MOST 1000

struct token_record {
	const char *digest;
	const char *name; /* NULL = a login's, which ends */
	const char *last_part;
	int64_t created_ms; /* since 1970 */
};

struct user_record {
	struct user user;
	const struct token_record *tokens;
	size_t tokens_count;
};

enum user_verdict {
	USER_IMPORTED,
	USER_UNCHANGED, /* it is there, and stays as it is */

	/* These are refusals, and nothing was done. */
	USER_ID_TAKEN, /* by one of another name */
	USER_NAME_TAKEN, /* the user name or the e-mail address */
};

/* Inside the work of a change: stores a user without its roles and tokens. OUTCOME_DONE with a verdict, or an outcome to end the work
 * with. */
enum outcome user_record_put(struct connection *connection, const struct audit *audit, const struct user *user,
                             enum user_verdict *verdict);

/* Inside the same work: stores a token of it; one of a login ends `lifetime_ms` after it was made. OUTCOME_DUPLICATE: its name or
 * itself is there. */
enum outcome user_record_token(struct connection *connection, const char *user_id, const struct token_record *token, int64_t lifetime_ms);

#endif

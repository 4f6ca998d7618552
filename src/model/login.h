/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Logging in by password or by an earlier token, and out.
 */
#ifndef MODEL_LOGIN_H
#define MODEL_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "base/secret.h"

struct actor;
struct connection;

/* Whether too many logins of this user have failed lately. */
typedef bool login_brake(void *context, const char *username);

struct login_attempt {
	const char *name;    /* user name or e-mail address, valid UTF-8 */
	const char *digest;  /* of the password (base/password.h) */
	const char *address; /* where from */
	int64_t lifetime_ms; /* of the token */
	login_brake *braked; /* NULL: never */
	void *context;       /* its own */
};

/* What a login gives. The caller wipes it. Of one that was refused `username` is whose it was, "" if nobody's. */
struct login {
	char user_id[SECRET_USER_ID_LENGTH + 1];
	char username[256 * 4];
	char token[SECRET_TOKEN_LENGTH + 1];
};

/* Makes a token for the user whose password this is. OUTCOME_REFUSED: wrong, and told by the time it took neither from a user without
 * a password, a disabled or a braked one, nor from no such user. */
enum outcome login_by_password(struct connection *connection, const struct login_attempt *attempt, struct login *login);

/* Finds whose token this is; the token and its end stay as they are. OUTCOME_REFUSED: nobody's, expired, or a disabled user's. */
enum outcome login_by_token(struct connection *connection, const char *address, const char *token, struct login *login);

/* Records a login that was refused before it came here: not even its form was right. */
enum outcome login_refuse(struct connection *connection, const char *address);

/* Kills the token that the actor, one of our users, is logged in by. */
enum outcome login_end(struct connection *connection, const struct actor *actor, const char *token);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Tokens: rows of tokens. A token itself is known to its holder alone; the row has its digest.
 */
#ifndef MODEL_TOKEN_H
#define MODEL_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "base/secret.h"
#include "model/timestamp.h"

struct actor;
struct audit;
struct connection;

#define TOKEN_NAME_MOST 255     /* code points */
#define TOKEN_LAST_PART_LENGTH 6
#define TOKEN_LOGINS_MOST 50    /* of one user; the oldest goes */

/* SQL for what a login made: it has no name, but an end. */
#define TOKEN_OF_LOGIN "name IS NULL AND expires_at IS NOT NULL"

/* A token to be made. */
struct token_request {
	const char *username;
	const char *name;    /* of a personal access token, unique for the user, valid UTF-8 and not ""; NULL = none */
	int64_t lifetime_ms; /* 0 = it does not expire */
};

/* Makes a token for a user and stores its digest. The caller wipes `token`.
 * OUTCOME_DONE; OUTCOME_NOT_FOUND (no such user); OUTCOME_DUPLICATE (the name is taken); OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome token_issue(struct connection *connection, const struct actor *actor, const struct token_request *request,
                         char token[SECRET_TOKEN_LENGTH + 1]);

/* What is known of a token. */
struct token {
	const char *name; /* NULL = none */
	const char *last_part;
	char created_at[TIMESTAMP_SIZE];
	char expires_at[TIMESTAMP_SIZE];   /* "" = it does not */
	char last_used_at[TIMESTAMP_SIZE]; /* "" = never; else no finer than a minute */
};

/* Texts live until it returns; it may run no statement. Anything but OUTCOME_DONE ends the list with that outcome. */
typedef enum outcome token_visitor(void *context, const struct token *token);

/* Shows the tokens of a user, the oldest first; none if there is no such user. */
enum outcome token_list(struct connection *connection, const char *username, token_visitor *visitor, void *context);

/* Which tokens of a user: one of these is set. */
struct token_choice {
	const char *name;
	const char *last_part;
	const char *digest;
	bool all;
};

/* Kills them. OUTCOME_NOT_FOUND: there is none, or no such user. */
enum outcome token_revoke_chosen(struct connection *connection, const struct actor *actor, const char *username,
                                 const struct token_choice *choice);

/* Kills the personal access token of this name. OUTCOME_NOT_FOUND. */
enum outcome token_revoke(struct connection *connection, const struct actor *actor, const char *username, const char *name);

/* Stores a token that token_issue or a login made, inside the work of a change, without a record of it. OUTCOME_NOT_FOUND: no such
 * user; OUTCOME_DUPLICATE: the name is taken. */
enum outcome token_store(struct connection *connection, const struct token_request *request, const char *token);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Tokens and their statements.
 */
#include "model/token.h"

#include <stdbool.h>

#include "db/connection.h"
#include "db/statement.h"

#define LAST_PART_LENGTH 6

/* From users, so that a user who is not there is no row and no error of a foreign key. */
static const struct statement insert_token = {
	"INSERT INTO tokens (digest, user_id, name, last_part, created_at) SELECT ?, id, ?, ?, UTC_TIMESTAMP(3) FROM users WHERE id = ?",
	"tttt", "",
};

static const struct statement find_rival = {
	"SELECT digest = ? AS is_own FROM tokens WHERE digest = ? OR (user_id = ? AND name = ?) ORDER BY is_own DESC LIMIT 1",
	"tttt", "i",
};

struct issue {
	const char *user_id;
	const char *name;
	char digest[SECRET_DIGEST_LENGTH + 1];
	const char *last_part;
};

/* After an attempt that may have stored the token. */
static enum outcome settle(struct connection *connection, const struct issue *issue)
{
	const struct value parameters[] = {
		value_text(issue->digest),
		value_text(issue->digest),
		value_text(issue->user_id),
		value_text(issue->name),
	};
	struct value is_own;
	enum outcome outcome = statement_row(connection, &find_rival, parameters, &is_own);

	if (outcome == OUTCOME_NOT_FOUND)
		return OUTCOME_REPEAT;
	if (outcome != OUTCOME_DONE)
		return outcome;
	return is_own.integer == 1 ? OUTCOME_DONE : OUTCOME_DUPLICATE;
}

static enum outcome store(struct connection *connection, void *context, bool unsure)
{
	const struct issue *issue = context;
	const struct value parameters[] = {
		value_text(issue->digest),
		value_text(issue->name),
		value_text(issue->last_part),
		value_text(issue->user_id),
	};
	uint64_t affected;
	enum outcome outcome = statement_run(connection, &insert_token, parameters, &affected);

	if (outcome == OUTCOME_DUPLICATE && unsure)
		return settle(connection, issue);
	return outcome == OUTCOME_DONE && affected == 0 ? OUTCOME_NOT_FOUND : outcome;
}

enum outcome token_issue(struct connection *connection, const char *user_id, const char *name, char token[SECRET_TOKEN_LENGTH + 1])
{
	struct issue issue = { .user_id = user_id, .name = name, .last_part = token + SECRET_TOKEN_LENGTH - LAST_PART_LENGTH };

	if (!secret_token(token) || !secret_digest(token, SECRET_TOKEN_LENGTH, issue.digest))
		return OUTCOME_DEFECT;
	return connection_do(connection, store, &issue);
}

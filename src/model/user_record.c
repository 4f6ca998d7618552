/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Rows with ids that were made elsewhere.
 */
#include "model/user_record.h"

#include <string.h>

#include "db/connection.h"
#include "db/statement.h"
#include "model/audit.h"

#define MOMENT "'1970-01-01' + INTERVAL ? * 1000 MICROSECOND"

static const struct statement insert_user = {
	"INSERT INTO users (id, username, name, email, password_hash, active, created_at, updated_at)"
	" VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
	"ttttti", "",
};

static const struct statement find_username = { "SELECT username FROM users WHERE id = ?", "t", "t" };

static const struct statement insert_token = {
	"INSERT INTO tokens (digest, user_id, name, last_part, created_at, expires_at) VALUES (?, ?, ?, ?, " MOMENT ", " MOMENT ")",
	"ttttii", "",
};

static enum outcome judge(struct connection *connection, const struct user *user, enum user_verdict *verdict)
{
	const struct value parameters[] = { value_text(user->id) };
	struct value username;
	enum outcome outcome = statement_row(connection, &find_username, parameters, &username);

	if (outcome == OUTCOME_NOT_FOUND) {
		*verdict = USER_NAME_TAKEN;
		return OUTCOME_DONE;
	}
	if (outcome == OUTCOME_DONE)
		*verdict = strcmp(username.text, user->username) == 0 ? USER_UNCHANGED : USER_ID_TAKEN;
	return outcome;
}

enum outcome user_record_put(struct connection *connection, const struct audit *audit, const struct user *user,
                             enum user_verdict *verdict)
{
	const struct value parameters[] = {
		value_text(user->id),
		value_text(user->username),
		value_text(user->name),
		value_text(user->email),
		value_text(user->password_hash),
		value_integer(user->active),
	};
	enum outcome outcome = statement_run(connection, &insert_user, parameters, NULL);

	*verdict = USER_IMPORTED;
	if (outcome == OUTCOME_DUPLICATE)
		return judge(connection, user, verdict);
	return outcome == OUTCOME_DONE ? audit_record(connection, audit, "user.import", user->username, "") : outcome;
}

enum outcome user_record_token(struct connection *connection, const char *user_id, const struct token_record *token, int64_t lifetime_ms)
{
	const struct value parameters[] = {
		value_text(token->digest),
		value_text(user_id),
		value_text(token->name),
		value_text(token->last_part),
		value_integer(token->created_ms),
		token->name == NULL ? value_integer(token->created_ms + lifetime_ms) : value_null(),
	};

	return statement_run(connection, &insert_token, parameters, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Tokens and their statements.
 */
#include "model/token.h"

#include <stdbool.h>
#include <stddef.h>

#include "db/connection.h"
#include "db/statement.h"
#include "model/audit.h"

/* From users, so that a user who is not there is no row and no error of a foreign key. */
static const struct statement insert_token = {
	"INSERT INTO tokens (digest, user_id, name, last_part, created_at, expires_at)"
	" SELECT ?, id, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL ? * 1000 MICROSECOND FROM users WHERE username = ?",
	"tttit", "",
};

static const struct statement list_tokens = {
	"SELECT t.name, t.last_part, t.created_at, t.expires_at, t.last_used_at FROM tokens AS t JOIN users AS u ON u.id = t.user_id"
	" WHERE u.username = ? ORDER BY t.created_at, t.digest",
	"t", "ttttt",
};

/* What is not chosen by is NULL, and equal to nothing. */
static const struct statement delete_chosen = {
	"DELETE FROM tokens WHERE user_id = (SELECT id FROM users WHERE username = ?)"
	" AND (? = 1 OR name = ? OR last_part = ? OR digest = ?)",
	"tittt", "",
};

enum outcome token_store(struct connection *connection, const struct token_request *request, const char *token)
{
	char digest[SECRET_DIGEST_LENGTH + 1];
	const struct value parameters[] = {
		value_bytes(digest, SECRET_DIGEST_LENGTH),
		value_text(request->name),
		value_text(token + SECRET_TOKEN_LENGTH - TOKEN_LAST_PART_LENGTH),
		request->lifetime_ms == 0 ? value_null() : value_integer(request->lifetime_ms),
		value_text(request->username),
	};
	uint64_t inserted = 0;
	enum outcome outcome;

	if (!secret_digest(token, SECRET_TOKEN_LENGTH, digest))
		return OUTCOME_DEFECT;
	outcome = statement_run(connection, &insert_token, parameters, &inserted);
	return outcome == OUTCOME_DONE && inserted == 0 ? OUTCOME_NOT_FOUND : outcome;
}

/* -- making -- */

struct issue {
	const struct token_request *request;
	const char *token;
};

static enum outcome store(struct connection *connection, const struct audit *audit, void *context)
{
	const struct issue *issue = context;
	const struct token_request *request = issue->request;
	enum outcome outcome = token_store(connection, request, issue->token);

	if (outcome != OUTCOME_DONE)
		return outcome;
	return audit_record(connection, audit, "token.issue", request->username, request->name == NULL ? "" : request->name);
}

enum outcome token_issue(struct connection *connection, const struct actor *actor, const struct token_request *request,
                         char token[SECRET_TOKEN_LENGTH + 1])
{
	struct issue issue = { .request = request, .token = token };

	return secret_token(token) ? audit_transact(connection, actor, store, &issue) : OUTCOME_DEFECT;
}

/* -- reading -- */

struct listing {
	const char *username;
	token_visitor *visitor;
	void *context;
};

static enum outcome visit(void *context, const struct value *columns)
{
	struct listing *listing = context;
	struct token token = { .name = columns[0].type == VALUE_NULL ? NULL : columns[0].text, .last_part = columns[1].text };

	timestamp_read(token.created_at, &columns[2]);
	timestamp_read(token.expires_at, &columns[3]);
	timestamp_read(token.last_used_at, &columns[4]);
	return listing->visitor(listing->context, &token);
}

static enum outcome list(struct connection *connection, void *context, bool unsure)
{
	struct listing *listing = context;
	const struct value parameters[] = { value_text(listing->username) };

	(void)unsure; /* reading twice is reading */
	return statement_rows(connection, &list_tokens, parameters, visit, listing);
}

enum outcome token_list(struct connection *connection, const char *username, token_visitor *visitor, void *context)
{
	struct listing listing = { .username = username, .visitor = visitor, .context = context };

	return connection_do(connection, list, &listing);
}

/* -- killing -- */

struct revocation {
	const char *username;
	const struct token_choice *choice;
};

/* By what it was chosen, for the audit; a digest would say nothing there. */
static const char *describe(const struct token_choice *choice)
{
	if (choice->all)
		return "all";
	if (choice->name != NULL)
		return choice->name;
	return choice->last_part == NULL ? "" : choice->last_part;
}

static enum outcome revoke(struct connection *connection, const struct audit *audit, void *context)
{
	const struct revocation *revocation = context;
	const struct token_choice *choice = revocation->choice;
	const struct value parameters[] = {
		value_text(revocation->username),
		value_integer(choice->all),
		value_text(choice->name),
		value_text(choice->last_part),
		value_text(choice->digest),
	};
	uint64_t deleted = 0;
	enum outcome outcome = statement_run(connection, &delete_chosen, parameters, &deleted);

	if (outcome != OUTCOME_DONE)
		return outcome;
	return deleted == 0 ? OUTCOME_NOT_FOUND : audit_record(connection, audit, "token.revoke", revocation->username, describe(choice));
}

enum outcome token_revoke_chosen(struct connection *connection, const struct actor *actor, const char *username,
                                 const struct token_choice *choice)
{
	struct revocation revocation = { .username = username, .choice = choice };

	return audit_transact(connection, actor, revoke, &revocation);
}

enum outcome token_revoke(struct connection *connection, const struct actor *actor, const char *username, const char *name)
{
	const struct token_choice choice = { .name = name };

	return token_revoke_chosen(connection, actor, username, &choice);
}

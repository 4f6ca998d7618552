/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Logins: what is slow, the hash, is done between two pieces of work, in none.
 */
#include "model/login.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/password.h"
#include "db/connection.h"
#include "db/statement.h"
#include "model/audit.h"
#include "model/token.h"

#define REFUSED "login.refused"

static const struct statement find_account = {
	"SELECT id, username, password_hash, active FROM users WHERE username = ?"
	" UNION ALL SELECT id, username, password_hash, active FROM users WHERE email = ? LIMIT 1",
	"tt", "ttti",
};

/* Whether the user may still log in so; the lock makes logins of one user follow each other, so that each counts the others' tokens. */
static const struct statement lock_account = {
	"SELECT id FROM users WHERE username = ? AND active = 1 AND password_hash = ? FOR UPDATE", "tt", "t",
};

static const struct statement count_logins = { "SELECT COUNT(*) FROM tokens WHERE user_id = ? AND " TOKEN_OF_LOGIN, "t", "i" };

static const struct statement delete_oldest = {
	"DELETE FROM tokens WHERE user_id = ? AND " TOKEN_OF_LOGIN " ORDER BY created_at, digest LIMIT ?", "ti", "",
};

static const struct statement find_token = {
	"SELECT u.id, u.username, u.active = 1 AND (t.expires_at IS NULL OR t.expires_at > UTC_TIMESTAMP(3))"
	" FROM tokens AS t JOIN users AS u ON u.id = t.user_id WHERE t.digest = ?",
	"t", "tti",
};

static const struct statement delete_token = { "DELETE FROM tokens WHERE digest = ? AND user_id = ?", "tt", "" };

/* -- refusing -- */

struct refusal {
	const char *username; /* "" = of no user: what was sent instead of one may be a secret */
	const char *reason;
};

static enum outcome record_refusal(struct connection *connection, const struct audit *audit, void *context)
{
	const struct refusal *refusal = context;

	return audit_record(connection, audit, REFUSED, refusal->username, refusal->reason);
}

static enum outcome refuse(struct connection *connection, const char *address, const char *username, const char *reason)
{
	const struct actor nobody = { .user_id = NULL, .username = "", .address = address };
	struct refusal refusal = { .username = username, .reason = reason };
	enum outcome outcome = audit_transact(connection, &nobody, record_refusal, &refusal);

	return outcome == OUTCOME_DONE ? OUTCOME_REFUSED : outcome;
}

enum outcome login_refuse(struct connection *connection, const char *address)
{
	return refuse(connection, address, "", "malformed");
}

/* -- by password -- */

struct account {
	const struct login_attempt *attempt;
	struct login *login;
	char hash[PASSWORD_HASH_LENGTH + 1]; /* "" = no password */
	bool active;
};

static enum outcome read_account(struct connection *connection, void *context, bool unsure)
{
	struct account *account = context;
	const struct value parameters[] = { value_text(account->attempt->name), value_text(account->attempt->name) };
	struct value columns[4];
	enum outcome outcome = statement_row(connection, &find_account, parameters, columns);

	(void)unsure; /* reading twice is reading */
	if (outcome != OUTCOME_DONE)
		return outcome;
	snprintf(account->login->user_id, sizeof account->login->user_id, "%s", columns[0].text);
	snprintf(account->login->username, sizeof account->login->username, "%s", columns[1].text);
	if (columns[2].type != VALUE_NULL)
		snprintf(account->hash, sizeof account->hash, "%s", columns[2].text);
	account->active = columns[3].integer != 0;
	return OUTCOME_DONE;
}

/* The column's collation takes no notice of blanks at the end, but the brake on failed logins would count such names apart. */
static enum outcome find(struct connection *connection, struct account *account)
{
	size_t length = strlen(account->attempt->name);

	if (length == 0 || account->attempt->name[length - 1] == ' ')
		return OUTCOME_NOT_FOUND;
	return connection_do(connection, read_account, account);
}

static enum outcome drop_oldest(struct connection *connection, const char *user_id)
{
	struct value parameters[] = { value_text(user_id), value_integer(0) };
	struct value count;
	enum outcome outcome = statement_row(connection, &count_logins, parameters, &count);

	if (outcome != OUTCOME_DONE || count.integer <= TOKEN_LOGINS_MOST)
		return outcome;
	parameters[1].integer = count.integer - TOKEN_LOGINS_MOST;
	return statement_run(connection, &delete_oldest, parameters, NULL);
}

static enum outcome store(struct connection *connection, const struct audit *audit, void *context)
{
	const struct account *account = context;
	const struct login *login = account->login;
	const struct token_request request = { .username = login->username, .lifetime_ms = account->attempt->lifetime_ms };
	const struct value parameters[] = { value_text(login->username), value_text(account->hash) };
	struct value id;
	enum outcome outcome = statement_row(connection, &lock_account, parameters, &id);

	if (outcome == OUTCOME_DONE)
		outcome = token_store(connection, &request, login->token);
	if (outcome == OUTCOME_DONE)
		outcome = drop_oldest(connection, login->user_id);
	return outcome == OUTCOME_DONE ? audit_record(connection, audit, "login", login->username, "") : outcome;
}

static enum outcome let_in(struct connection *connection, struct account *account)
{
	const struct login *login = account->login;
	const struct actor actor = { .user_id = login->user_id, .username = login->username, .address = account->attempt->address };

	return secret_token(account->login->token) ? audit_transact(connection, &actor, store, account) : OUTCOME_DEFECT;
}

static bool is_braked(const struct account *account)
{
	const struct login_attempt *attempt = account->attempt;

	return attempt->braked != NULL && attempt->braked(attempt->context, account->login->username);
}

/* The hash is made whoever it is. */
static enum outcome judge(struct connection *connection, struct account *account, bool known)
{
	const char *hash = account->hash[0] == '\0' ? NULL : account->hash;
	const char *address = account->attempt->address;
	bool right = password_matches(account->attempt->digest, hash);
	enum outcome outcome;

	if (!known)
		return refuse(connection, address, "", "no such user");
	if (is_braked(account))
		return refuse(connection, address, account->login->username, "too many failed logins");
	if (!right)
		return refuse(connection, address, account->login->username, hash == NULL ? "no password" : "wrong password");
	outcome = account->active ? let_in(connection, account) : OUTCOME_NOT_FOUND;
	return outcome == OUTCOME_NOT_FOUND ? refuse(connection, address, account->login->username, "disabled") : outcome;
}

enum outcome login_by_password(struct connection *connection, const struct login_attempt *attempt, struct login *login)
{
	struct account account = { .attempt = attempt, .login = login };
	enum outcome outcome = find(connection, &account);

	if (outcome == OUTCOME_DONE || outcome == OUTCOME_NOT_FOUND)
		outcome = judge(connection, &account, outcome == OUTCOME_DONE);
	secret_wipe(&account, sizeof account);
	return outcome;
}

/* -- by token -- */

struct search {
	char digest[SECRET_DIGEST_LENGTH + 1];
	struct login *login;
	bool alive;
};

static enum outcome read_token(struct connection *connection, void *context, bool unsure)
{
	struct search *search = context;
	const struct value parameters[] = { value_text(search->digest) };
	struct value columns[3];
	enum outcome outcome = statement_row(connection, &find_token, parameters, columns);

	(void)unsure; /* reading twice is reading */
	if (outcome != OUTCOME_DONE)
		return outcome;
	snprintf(search->login->user_id, sizeof search->login->user_id, "%s", columns[0].text);
	snprintf(search->login->username, sizeof search->login->username, "%s", columns[1].text);
	search->alive = columns[2].integer != 0;
	return OUTCOME_DONE;
}

enum outcome login_by_token(struct connection *connection, const char *address, const char *token, struct login *login)
{
	struct search search = { .login = login };
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (!secret_digest(token, strlen(token), search.digest))
		return OUTCOME_DEFECT;
	if (strlen(token) < sizeof login->token)
		outcome = connection_do(connection, read_token, &search);
	if (outcome == OUTCOME_NOT_FOUND)
		return refuse(connection, address, "", "no such token");
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (!search.alive)
		return refuse(connection, address, login->username, "token expired or user disabled");
	strcpy(login->token, token);
	return OUTCOME_DONE;
}

/* -- out -- */

struct end {
	const struct actor *actor;
	char digest[SECRET_DIGEST_LENGTH + 1];
};

/* Two at once with one token: the later one finds it dead, which is what it wants. */
static enum outcome kill_token(struct connection *connection, const struct audit *audit, void *context)
{
	const struct end *end = context;
	const struct value parameters[] = { value_text(end->digest), value_text(end->actor->user_id) };
	uint64_t deleted = 0;
	enum outcome outcome = statement_run(connection, &delete_token, parameters, &deleted);

	return outcome == OUTCOME_DONE && deleted > 0 ? audit_record(connection, audit, "logout", end->actor->username, "") : outcome;
}

enum outcome login_end(struct connection *connection, const struct actor *actor, const char *token)
{
	struct end end = { .actor = actor };

	return secret_digest(token, strlen(token), end.digest) ? audit_transact(connection, actor, kill_token, &end) : OUTCOME_DEFECT;
}

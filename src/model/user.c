/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What is done to users, and its statements.
 */
#include "model/user.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "db/connection.h"
#include "db/statement.h"
#include "model/access.h"
#include "model/audit.h"
#include "model/role.h"
#include "model/token.h"

static const struct statement insert_user = {
	"INSERT INTO users (id, username, name, email, password_hash, created_at, updated_at)"
	" VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
	"ttttt", "",
};

/* Locks the row, so that what is found stays so. */
static const struct statement find_active = { "SELECT active FROM users WHERE username = ? FOR UPDATE", "t", "i" };

static const struct statement update_active = {
	"UPDATE users SET active = ?, updated_at = UTC_TIMESTAMP(3) WHERE username = ?", "it", "",
};

static const struct statement update_password = {
	"UPDATE users SET password_hash = ?, updated_at = UTC_TIMESTAMP(3) WHERE username = ?", "tt", "",
};

static const struct statement delete_logins = {
	"DELETE FROM tokens WHERE " TOKEN_OF_LOGIN " AND user_id = (SELECT id FROM users WHERE username = ?)", "t", "",
};

static const struct statement delete_user = { "DELETE FROM users WHERE username = ?", "t", "" };

bool user_name_valid(const char *username)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
	size_t length = strspn(username, letters);

	return length >= 1 && length <= USER_NAME_MOST && username[length] == '\0';
}

bool user_email_valid(const char *email)
{
	const char *at = strchr(email, '@');
	size_t length = strlen(email);

	if (at == NULL || at == email || at[1] == '\0' || !text_utf8_valid(email, length))
		return false;
	for (const char *letter = email; *letter != '\0'; letter++)
		if ((unsigned char)*letter <= ' ' || *letter == 0x7f)
			return false;
	return text_utf8_count(email, length) <= USER_EMAIL_MOST;
}

/* Runs a statement that changes the row of one user. */
static enum outcome change_row(struct connection *connection, const struct statement *statement, const struct value *parameters)
{
	uint64_t rows = 0;
	enum outcome outcome = statement_run(connection, statement, parameters, &rows);

	return outcome == OUTCOME_DONE && rows == 0 ? OUTCOME_NOT_FOUND : outcome;
}

/* -- adding -- */

struct addition {
	const struct user *user;
	size_t *unknown_role;
};

static enum outcome add_roles(struct connection *connection, const struct audit *audit, const struct addition *addition)
{
	const struct user *user = addition->user;
	enum outcome outcome = OUTCOME_DONE;

	for (size_t i = 0; outcome == OUTCOME_DONE && i < user->roles_count; i++) {
		*addition->unknown_role = i;
		outcome = role_grant_in(connection, audit, user->username, user->roles[i]);
	}
	return outcome;
}

static enum outcome add(struct connection *connection, const struct audit *audit, void *context)
{
	const struct addition *addition = context;
	const struct user *user = addition->user;
	const struct value parameters[] = {
		value_text(user->id),
		value_text(user->username),
		value_text(user->name),
		value_text(user->email),
		value_text(user->password_hash),
	};
	enum outcome outcome = statement_run(connection, &insert_user, parameters, NULL);

	if (outcome == OUTCOME_DONE)
		outcome = audit_record(connection, audit, "user.add", user->username, "");
	return outcome == OUTCOME_DONE ? add_roles(connection, audit, addition) : outcome;
}

enum outcome user_add(struct connection *connection, const struct actor *actor, struct user *user, size_t *unknown_role)
{
	struct addition addition = { .user = user, .unknown_role = unknown_role };

	if (!secret_user_id(user->id))
		return OUTCOME_DEFECT;
	user->active = true;
	return audit_transact(connection, actor, add, &addition);
}

/* -- letting in, keeping out -- */

struct activation {
	const char *username;
	bool active;
};

static enum outcome set_active(struct connection *connection, const struct audit *audit, const struct activation *activation)
{
	const struct value parameters[] = { value_integer(activation->active), value_text(activation->username) };
	enum outcome outcome = statement_run(connection, &update_active, parameters, NULL);

	if (outcome != OUTCOME_DONE)
		return outcome;
	return audit_record(connection, audit, activation->active ? "user.enable" : "user.disable", activation->username, "");
}

static enum outcome activate(struct connection *connection, const struct audit *audit, void *context)
{
	const struct activation *activation = context;
	const struct value parameters[] = { value_text(activation->username) };
	struct value active;
	bool held = false;
	enum outcome outcome = access_guard(connection, &held);

	if (outcome == OUTCOME_DONE)
		outcome = statement_row(connection, &find_active, parameters, &active);
	if (outcome != OUTCOME_DONE || active.integer == activation->active)
		return outcome;
	outcome = set_active(connection, audit, activation);
	return outcome == OUTCOME_DONE ? access_check(connection, held) : outcome;
}

enum outcome user_set_active(struct connection *connection, const struct actor *actor, const char *username, bool active)
{
	struct activation activation = { .username = username, .active = active };

	return audit_transact(connection, actor, activate, &activation);
}

/* -- passwords -- */

struct password {
	const char *username;
	const char *hash;
};

static enum outcome change_password(struct connection *connection, const struct audit *audit, void *context)
{
	const struct password *password = context;
	const struct value parameters[] = { value_text(password->hash), value_text(password->username) };
	enum outcome outcome = change_row(connection, &update_password, parameters);

	if (outcome == OUTCOME_DONE)
		outcome = statement_run(connection, &delete_logins, &parameters[1], NULL);
	return outcome == OUTCOME_DONE ? audit_record(connection, audit, "user.password", password->username, "") : outcome;
}

enum outcome user_set_password(struct connection *connection, const struct actor *actor, const char *username, const char *hash)
{
	struct password password = { .username = username, .hash = hash };

	return audit_transact(connection, actor, change_password, &password);
}

/* -- removing -- */

static enum outcome remove_one(struct connection *connection, const struct audit *audit, void *context)
{
	const char *username = context;
	const struct value parameters[] = { value_text(username) };
	bool held;
	enum outcome outcome = access_guard(connection, &held);

	if (outcome == OUTCOME_DONE)
		outcome = change_row(connection, &delete_user, parameters);
	if (outcome == OUTCOME_DONE)
		outcome = access_check(connection, held);
	return outcome == OUTCOME_DONE ? audit_record(connection, audit, "user.remove", username, "") : outcome;
}

enum outcome user_remove(struct connection *connection, const struct actor *actor, const char *username)
{
	return audit_transact(connection, actor, remove_one, (void *)username);
}

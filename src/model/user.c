/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Users and their statements.
 */
#include "model/user.h"

#include <stdio.h>
#include <string.h>

#include "db/connection.h"
#include "db/statement.h"

static const struct statement insert_user = {
	"INSERT INTO users (id, username, name, created_at, updated_at) VALUES (?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
	"ttt", "",
};

static const struct statement insert_role = {
	"INSERT INTO user_roles (user_id, role_id) SELECT ?, id FROM roles WHERE name = ?",
	"tt", "",
};

static const struct statement find_by_name = {
	"SELECT id FROM users WHERE username = ?",
	"t", "t",
};

bool user_name_valid(const char *username)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
	size_t length = strspn(username, letters);

	return length >= 1 && length <= USER_NAME_MOST && username[length] == '\0';
}

static enum outcome find(struct connection *connection, const char *username, char id[SECRET_USER_ID_LENGTH + 1])
{
	const struct value parameters[] = { value_text(username) };
	struct value column;
	enum outcome outcome = statement_row(connection, &find_by_name, parameters, &column);

	if (outcome == OUTCOME_DONE)
		snprintf(id, SECRET_USER_ID_LENGTH + 1, "%s", column.text);
	return outcome;
}

/* After an attempt that may have stored the user: DONE if it is ours. */
static enum outcome settle(struct connection *connection, const struct user *user)
{
	char id[SECRET_USER_ID_LENGTH + 1];
	enum outcome outcome = find(connection, user->username, id);

	if (outcome == OUTCOME_NOT_FOUND)
		return OUTCOME_REPEAT;
	if (outcome != OUTCOME_DONE)
		return outcome;
	return strcmp(id, user->id) == 0 ? OUTCOME_DONE : OUTCOME_DUPLICATE;
}

struct addition {
	const struct user *user;
	size_t *unknown_role;
};

/* A role that is named twice is a duplicate that does not count. */
static enum outcome add_roles(struct connection *connection, const struct addition *addition)
{
	const struct user *user = addition->user;

	for (size_t i = 0; i < user->roles_count; i++) {
		const struct value parameters[] = { value_text(user->id), value_text(user->roles[i]) };
		uint64_t affected = 1;
		enum outcome outcome = statement_run(connection, &insert_role, parameters, &affected);

		if (outcome != OUTCOME_DONE && outcome != OUTCOME_DUPLICATE)
			return outcome;
		if (affected == 0) {
			*addition->unknown_role = i;
			return OUTCOME_REFUSED;
		}
	}
	return OUTCOME_DONE;
}

static enum outcome add(struct connection *connection, void *context, bool unsure)
{
	const struct addition *addition = context;
	const struct user *user = addition->user;
	const struct value parameters[] = { value_text(user->id), value_text(user->username), value_text(user->name) };
	enum outcome outcome = statement_run(connection, &insert_user, parameters, NULL);

	if (outcome == OUTCOME_DUPLICATE && unsure)
		return settle(connection, user);
	return outcome == OUTCOME_DONE ? add_roles(connection, addition) : outcome;
}

enum outcome user_add(struct connection *connection, struct user *user, size_t *unknown_role)
{
	struct addition addition = { .user = user, .unknown_role = unknown_role };

	if (!secret_user_id(user->id))
		return OUTCOME_DEFECT;
	return connection_transact(connection, add, &addition);
}

struct search {
	const char *username;
	char *id;
};

static enum outcome search(struct connection *connection, void *context, bool unsure)
{
	const struct search *search = context;

	(void)unsure; /* reading twice is reading */
	return find(connection, search->username, search->id);
}

enum outcome user_find(struct connection *connection, const char *username, char id[SECRET_USER_ID_LENGTH + 1])
{
	struct search context = { .username = username, .id = id };

	return connection_do(connection, search, &context);
}

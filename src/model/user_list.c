/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Users as they are read.
 */
#include <stdint.h>
#include <stdio.h>

#include "db/connection.h"
#include "db/statement.h"
#include "model/names.h"
#include "model/user.h"

#define PAGE 500 /* users that are read at once */

#define SELECT_USERS \
	"SELECT u.id, u.username, u.name, u.email, u.active," \
	" (SELECT " NAMES_CONCAT("ur.role_id") " FROM user_roles AS ur WHERE ur.user_id = u.id) FROM users AS u"
#define COLUMN_TYPES "ttttit"

static const struct statement find_id = { "SELECT id FROM users WHERE username = ?", "t", "t" };
static const struct statement find_user = { SELECT_USERS " WHERE u.username = ?", "t", COLUMN_TYPES };
static const struct statement list_users = { SELECT_USERS " WHERE u.username > ? ORDER BY u.username LIMIT ?", "ti", COLUMN_TYPES };

struct search {
	const char *username;
	char *id;
};

static enum outcome find(struct connection *connection, void *context, bool unsure)
{
	const struct search *search = context;
	const struct value parameters[] = { value_text(search->username) };
	struct value id;
	enum outcome outcome = statement_row(connection, &find_id, parameters, &id);

	(void)unsure; /* reading twice is reading */
	if (outcome == OUTCOME_DONE)
		snprintf(search->id, SECRET_USER_ID_LENGTH + 1, "%s", id.text);
	return outcome;
}

enum outcome user_find(struct connection *connection, const char *username, char id[SECRET_USER_ID_LENGTH + 1])
{
	struct search search = { .username = username, .id = id };

	return connection_do(connection, find, &search);
}

struct reading {
	const char *username; /* that is searched for */
	char last[USER_NAME_MOST * 4 + 1]; /* that was shown */
	user_visitor *visitor;
	void *context;
	int64_t rows; /* of this page */
};

static enum outcome visit(void *context, const struct value *columns)
{
	struct reading *reading = context;
	struct names roles;
	struct user user = {
		.username = columns[1].text,
		.name = columns[2].text,
		.email = columns[3].type == VALUE_NULL ? NULL : columns[3].text,
		.active = columns[4].integer != 0,
	};
	enum outcome outcome = OUTCOME_DEFECT;

	snprintf(user.id, sizeof user.id, "%s", columns[0].text);
	snprintf(reading->last, sizeof reading->last, "%s", user.username);
	reading->rows++;
	if (names_read(&roles, &columns[5])) {
		user.roles = roles.list;
		user.roles_count = roles.count;
		outcome = reading->visitor(reading->context, &user);
	}
	names_free(&roles);
	return outcome;
}

static enum outcome read_one(struct connection *connection, void *context, bool unsure)
{
	struct reading *reading = context;
	const struct value parameters[] = { value_text(reading->username) };

	(void)unsure;
	reading->rows = 0;
	return statement_rows(connection, &find_user, parameters, visit, reading);
}

enum outcome user_show(struct connection *connection, const char *username, user_visitor *visitor, void *context)
{
	struct reading reading = { .username = username, .visitor = visitor, .context = context };
	enum outcome outcome = connection_do(connection, read_one, &reading);

	return outcome == OUTCOME_DONE && reading.rows == 0 ? OUTCOME_NOT_FOUND : outcome;
}

static enum outcome read_page(struct connection *connection, void *context, bool unsure)
{
	struct reading *reading = context;
	const struct value parameters[] = { value_text(reading->last), value_integer(PAGE) };

	(void)unsure;
	reading->rows = 0;
	return statement_rows(connection, &list_users, parameters, visit, reading);
}

enum outcome user_list(struct connection *connection, user_visitor *visitor, void *context)
{
	struct reading reading = { .visitor = visitor, .context = context };
	enum outcome outcome;

	do {
		outcome = connection_do(connection, read_page, &reading);
	} while (outcome == OUTCOME_DONE && reading.rows == PAGE);
	return outcome;
}

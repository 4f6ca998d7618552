/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * user add: everything of a user at once.
 */
#include <stdio.h>
#include <string.h>

#include "model/user.h"
#include "slactl/account.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/report.h"
#include "slactl/user.h"

const struct option_row user_add_options[] = {
	{ "role", 0, "ROLE", "give the user this role; may be repeated" },
	{ "name", 0, "TEXT", "the name that people see" },
	{ "email", 0, "ADDRESS", "an e-mail address to log in by" },
	{ "password", 0, NULL, "ask for a password; without one the user has tokens alone" },
	{ "json", 0, NULL, "print one JSON object" },
	{ 0 },
};

static int check(const struct user *user)
{
	if (!user_name_valid(user->username)) {
		complain("a user name is 1 to %d of the letters A-Z, a-z, 0-9, '.', '-' and '_'", USER_NAME_MOST);
		return STATUS_USAGE;
	}
	if (!account_text_valid(user->name, 0, USER_NAME_MOST)) {
		complain("--name: up to %d characters in UTF-8", USER_NAME_MOST);
		return STATUS_USAGE;
	}
	if (user->email != NULL && !user_email_valid(user->email)) {
		complain("--email: an address of up to %d characters in UTF-8", USER_EMAIL_MOST);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int print_added(const struct invocation *invocation, const struct user *user)
{
	printf(options_value(&invocation->options, "json") == NULL ? "user id: %s\n" : "{\"userId\":\"%s\"}\n", user->id);
	return report_done();
}

/* Which of the two it was that is taken. */
static int refuse_duplicate(struct connection *connection, const struct user *user)
{
	char id[SECRET_USER_ID_LENGTH + 1];

	if (user->email != NULL && user_find(connection, user->username, id) == OUTCOME_NOT_FOUND)
		complain("there is a user with the e-mail address '%s' already", user->email);
	else
		complain("there is a user '%s' already", user->username);
	return STATUS_FAILED;
}

static int store(struct connection *connection, const struct invocation *invocation, struct user *user)
{
	size_t unknown_role;
	enum outcome outcome;

	client_renew(connection, invocation);
	outcome = user_add(connection, client_actor(), user, &unknown_role);
	if (outcome == OUTCOME_DONE)
		return print_added(invocation, user);
	if (outcome == OUTCOME_DUPLICATE)
		return refuse_duplicate(connection, user);
	if (outcome != OUTCOME_REFUSED)
		return report_outcome(outcome);
	complain("there is no role '%s'", user->roles[unknown_role]);
	return STATUS_FAILED;
}

int user_add_command(struct connection *connection, const struct invocation *invocation)
{
	const struct options *options = &invocation->options;
	const char *roles[OPTIONS_GIVEN_MOST];
	const char *name = options_value(options, "name");
	char hash[PASSWORD_HASH_LENGTH + 1];
	struct user user = {
		.username = invocation->arguments[0],
		.name = name == NULL ? "" : name,
		.email = options_value(options, "email"),
		.password_hash = options_value(options, "password") == NULL ? NULL : hash,
		.roles = roles,
		.roles_count = options_values(options, "role", roles, OPTIONS_GIVEN_MOST),
	};
	int status = check(&user);

	if (status == STATUS_DONE && user.password_hash != NULL)
		status = user_ask_password(hash);
	return status == STATUS_DONE ? store(connection, invocation, &user) : status;
}

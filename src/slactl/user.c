/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * user add: accounts.
 */
#include "model/user.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "db/connection.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/report.h"

static const struct option_row add_options[] = {
	{ "role", 0, "ROLE", "give the user this role; may be repeated" },
	{ "name", 0, "TEXT", "the name that people see" },
	{ 0 },
};

static bool text_fits(const char *text, size_t most)
{
	size_t length = strlen(text);

	return text_utf8_valid(text, length) && text_utf8_count(text, length) <= most;
}

static int check(const struct user *user)
{
	if (!user_name_valid(user->username)) {
		complain("a user name is 1 to %d of the letters A-Z, a-z, 0-9, '.', '-' and '_'", USER_NAME_MOST);
		return STATUS_USAGE;
	}
	if (!text_fits(user->name, USER_NAME_MOST)) {
		complain("--name: up to %d characters in UTF-8", USER_NAME_MOST);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int store(struct connection *connection, struct user *user)
{
	size_t unknown_role;
	enum outcome outcome = user_add(connection, client_actor(), user, &unknown_role);

	switch (outcome) {
	case OUTCOME_DONE:
		printf("user id: %s\n", user->id);
		return report_done();
	case OUTCOME_DUPLICATE:
		complain("there is a user '%s' already", user->username);
		return STATUS_FAILED;
	case OUTCOME_REFUSED:
		complain("there is no role '%s'", user->roles[unknown_role]);
		return STATUS_FAILED;
	default:
		return report_outcome(outcome);
	}
}

static int add(const struct invocation *invocation)
{
	const char *roles[OPTIONS_GIVEN_MOST];
	const char *name = options_value(&invocation->options, "name");
	struct user user = {
		.username = invocation->arguments[0],
		.name = name == NULL ? "" : name,
		.roles = roles,
		.roles_count = options_values(&invocation->options, "role", roles, OPTIONS_GIVEN_MOST),
	};
	struct connection *connection;
	int status = check(&user);

	if (status != STATUS_DONE)
		return status;
	connection = client_connect(invocation);
	if (connection == NULL)
		return STATUS_FAILED;
	status = store(connection, &user);
	connection_free(connection);
	return status;
}

const struct command user_commands[] = {
	{ "user add", "NAME", "make a user and print its id", add_options, add },
	{ 0 },
};

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * token issue: credentials for scripts.
 */
#include "model/token.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "db/connection.h"
#include "model/user.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/report.h"

static const struct option_row issue_options[] = {
	{ "name", 0, "TOKENNAME", "make it a personal access token of this name" },
	{ "json", 0, NULL, "print one JSON object" },
	{ 0 },
};

/* Neither has a letter that JSON would escape. */
static int print_credentials(const struct invocation *invocation, const char *user_id, const char *token)
{
	if (options_value(&invocation->options, "json") != NULL)
		printf("{\"userId\":\"%s\",\"authToken\":\"%s\"}\n", user_id, token);
	else
		printf("user id: %s\ntoken: %s\n", user_id, token);
	return report_done();
}

static int issue_to(struct connection *connection, const struct invocation *invocation, const char *user_id)
{
	const struct token_request request = {
		.username = invocation->arguments[0],
		.name = options_value(&invocation->options, "name"),
	};
	char token[SECRET_TOKEN_LENGTH + 1];
	enum outcome outcome = token_issue(connection, client_actor(), &request, token);
	int status = STATUS_FAILED;

	if (outcome == OUTCOME_DUPLICATE)
		complain("there is a token '%s' of this user already", request.name);
	else if (outcome == OUTCOME_DONE)
		status = print_credentials(invocation, user_id, token);
	else
		status = report_outcome(outcome);
	secret_wipe(token, sizeof token);
	return status;
}

static int find_and_issue(struct connection *connection, const struct invocation *invocation)
{
	const char *username = invocation->arguments[0];
	char user_id[SECRET_USER_ID_LENGTH + 1];
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (text_utf8_valid(username, strlen(username)))
		outcome = user_find(connection, username, user_id);
	if (outcome == OUTCOME_DONE)
		return issue_to(connection, invocation, user_id);
	if (outcome != OUTCOME_NOT_FOUND)
		return report_outcome(outcome);
	complain("there is no user '%s'", username);
	return STATUS_FAILED;
}

static bool name_valid(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && text_utf8_valid(name, length) && text_utf8_count(name, length) <= TOKEN_NAME_MOST;
}

static int issue(const struct invocation *invocation)
{
	const char *name = options_value(&invocation->options, "name");
	struct connection *connection;
	int status;

	if (name != NULL && !name_valid(name)) {
		complain("--name: 1 to %d characters in UTF-8", TOKEN_NAME_MOST);
		return STATUS_USAGE;
	}
	connection = client_connect(invocation);
	if (connection == NULL)
		return STATUS_FAILED;
	status = find_and_issue(connection, invocation);
	connection_free(connection);
	return status;
}

const struct command token_commands[] = {
	{ "token issue", "NAME", "make a token for the user NAME and print it, this once", issue_options, issue },
	{ 0 },
};

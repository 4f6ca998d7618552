/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * token issue, list, revoke: credentials for scripts.
 */
#include "model/token.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "model/user.h"
#include "slactl/account.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/listing.h"
#include "slactl/prompt.h"
#include "slactl/report.h"

#define LIFETIME_MOST (INT64_C(3650) * 86400000) /* ten years */

static const struct option_row issue_options[] = {
	{ "name", 0, "TOKENNAME", "make it a personal access token of this name" },
	{ "expires", 0, "TIME", "let it end after this time, as in 12h or 30d" },
	{ "json", 0, NULL, "print one JSON object" },
	{ 0 },
};

static const struct option_row list_options[] = { ACCOUNT_JSON_OPTION, { 0 } };

static const struct option_row revoke_options[] = {
	{ "name", 0, "TOKENNAME", "the personal access token of this name" },
	{ "last-part", 0, "TEXT", "those that end so, as `token list` shows them" },
	{ "token", 0, NULL, "the token itself, which is asked for" },
	{ "all", 0, NULL, "every token of the user" },
	{ 0 },
};

static const struct listing_column columns[] = {
	{ "name", "TOKEN" }, { "lastTokenPart", "ENDS IN" }, { "createdAt", "MADE" },
	{ "expiresAt", "EXPIRES" }, { "lastUsedAt", "LAST USED" },
	{ 0 },
};

/* -- issue -- */

/* Neither has a letter that JSON would escape. */
static int print_credentials(const struct invocation *invocation, const char *user_id, const char *token)
{
	if (options_value(&invocation->options, "json") != NULL)
		printf("{\"userId\":\"%s\",\"authToken\":\"%s\"}\n", user_id, token);
	else
		printf("user id: %s\ntoken: %s\n", user_id, token);
	return report_done();
}

static int issue_to(struct connection *connection, const struct invocation *invocation, const struct token_request *request,
                    const char *user_id)
{
	char token[SECRET_TOKEN_LENGTH + 1];
	enum outcome outcome = token_issue(connection, client_actor(), request, token);
	int status = STATUS_FAILED;

	if (outcome == OUTCOME_DUPLICATE)
		complain("there is a token '%s' of this user already", request->name);
	else if (outcome == OUTCOME_DONE)
		status = print_credentials(invocation, user_id, token);
	else
		status = account_report(outcome, request->username);
	secret_wipe(token, sizeof token);
	return status;
}

static int check(struct token_request *request, const char *expires)
{
	if (request->name != NULL && !account_text_valid(request->name, 1, TOKEN_NAME_MOST)) {
		complain("--name: 1 to %d characters in UTF-8", TOKEN_NAME_MOST);
		return STATUS_USAGE;
	}
	if (expires != NULL &&
	    (!duration_read(expires, &request->lifetime_ms) || request->lifetime_ms == 0 || request->lifetime_ms > LIFETIME_MOST)) {
		complain("--expires: must be a length of time of up to 3650d, as in 12h or 30d");
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int issue(struct connection *connection, const struct invocation *invocation)
{
	struct token_request request = { .username = invocation->arguments[0], .name = options_value(&invocation->options, "name") };
	char user_id[SECRET_USER_ID_LENGTH + 1];
	enum outcome outcome = OUTCOME_NOT_FOUND;
	int status = check(&request, options_value(&invocation->options, "expires"));

	if (status != STATUS_DONE)
		return status;
	if (user_name_valid(request.username))
		outcome = user_find(connection, request.username, user_id);
	if (outcome != OUTCOME_DONE)
		return account_report(outcome, request.username);
	return issue_to(connection, invocation, &request, user_id);
}

/* -- list -- */

static enum outcome add_to_list(void *context, const struct token *token)
{
	struct json_object *row = json_object_new_object();

	listing_text(&row, "name", token->name);
	listing_text(&row, "lastTokenPart", token->last_part);
	listing_text(&row, "createdAt", token->created_at);
	listing_text(&row, "expiresAt", token->expires_at);
	listing_text(&row, "lastUsedAt", token->last_used_at);
	return listing_add(context, row);
}

static int list(struct connection *connection, const struct invocation *invocation)
{
	const char *username = invocation->arguments[0];
	char user_id[SECRET_USER_ID_LENGTH + 1];
	struct listing listing;
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (user_name_valid(username))
		outcome = user_find(connection, username, user_id);
	if (outcome != OUTCOME_DONE)
		return account_report(outcome, username);
	listing_begin(&listing, columns, invocation);
	outcome = token_list(connection, username, add_to_list, &listing);
	listing_end(&listing);
	return outcome == OUTCOME_DONE ? report_done() : report_outcome(outcome);
}

/* -- revoke -- */

static int revoke_chosen(struct connection *connection, const struct invocation *invocation, const struct token_choice *choice)
{
	const char *username = invocation->arguments[0];
	enum outcome outcome = OUTCOME_NOT_FOUND;

	client_renew(connection, invocation);
	if (user_name_valid(username))
		outcome = token_revoke_chosen(connection, client_actor(), username, choice);
	if (outcome != OUTCOME_NOT_FOUND)
		return report_outcome(outcome);
	complain("there is no such token of a user '%s'", username);
	return STATUS_FAILED;
}

static int ask_and_revoke(struct connection *connection, const struct invocation *invocation, struct token_choice *choice)
{
	char token[PROMPT_SIZE], digest[SECRET_DIGEST_LENGTH + 1];
	int status = STATUS_FAILED;

	choice->digest = digest;
	if (prompt_secret("Token: ", false, token)) {
		if (secret_digest(token, strlen(token), digest))
			status = revoke_chosen(connection, invocation, choice);
		else
			complain("the token could not be digested");
	}
	secret_wipe(token, sizeof token);
	return status;
}

static int revoke(struct connection *connection, const struct invocation *invocation)
{
	const struct options *options = &invocation->options;
	bool asks = options_value(options, "token") != NULL;
	struct token_choice choice = {
		.name = options_value(options, "name"),
		.last_part = options_value(options, "last-part"),
		.all = options_value(options, "all") != NULL,
	};

	if ((choice.name != NULL) + (choice.last_part != NULL) + choice.all + asks != 1) {
		complain("which token? One of --name, --last-part, --token and --all must be given");
		return STATUS_USAGE;
	}
	if ((choice.name != NULL && !account_text_valid(choice.name, 1, TOKEN_NAME_MOST)) ||
	    (choice.last_part != NULL && !account_text_valid(choice.last_part, TOKEN_LAST_PART_LENGTH, TOKEN_LAST_PART_LENGTH))) {
		complain("there can be no such token");
		return STATUS_USAGE;
	}
	return asks ? ask_and_revoke(connection, invocation, &choice) : revoke_chosen(connection, invocation, &choice);
}

const struct command token_commands[] = {
	{ "token issue", "NAME", "make a token for the user NAME and print it, this once", issue_options, .work = issue },
	{ "token list", "NAME", "list the tokens of the user NAME", list_options, .work = list },
	{ "token revoke", "NAME", "kill tokens of the user NAME", revoke_options, .work = revoke },
	{ 0 },
};

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * user list, show, disable, enable, remove, password.
 */
#include "slactl/user.h"

#include <json-c/json.h>
#include <string.h>

#include "base/document.h"
#include "base/text.h"
#include "model/user.h"
#include "slactl/account.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/listing.h"
#include "slactl/prompt.h"
#include "slactl/report.h"

static const struct option_row json_options[] = { ACCOUNT_JSON_OPTION, { 0 } };

static const struct option_row list_options[] = {
	{ "role", 0, "ROLE", "only those who have this role" },
	ACCOUNT_JSON_OPTION,
	{ 0 },
};

static const struct option_row password_options[] = {
	{ "none", 0, NULL, "take the password away: tokens alone are left" },
	{ 0 },
};

static const struct listing_column columns[] = {
	{ "username", "USER" }, { "active", "ACTIVE" }, { "roles", "ROLES" }, { "_id", "ID" },
	{ "email", "E-MAIL" }, { "name", "NAME" }, { 0 },
};

static const struct listing_column fields[] = {
	{ "username", "user" }, { "_id", "user id" }, { "name", "name" }, { "email", "e-mail" },
	{ "active", "active" }, { "roles", "roles" }, { 0 },
};

/* -- list, show -- */

static struct json_object *document(const struct user *user)
{
	struct json_object *row = json_object_new_object();

	listing_text(&row, "_id", user->id);
	listing_text(&row, "username", user->username);
	listing_text(&row, "name", user->name);
	listing_text(&row, "email", user->email);
	document_add(&row, "active", json_object_new_boolean(user->active));
	listing_texts(&row, "roles", user->roles, user->roles_count);
	return row;
}

struct selection {
	struct listing listing;
	const char *role; /* NULL = all */
};

static bool has_role(const struct user *user, const char *role)
{
	for (size_t i = 0; i < user->roles_count; i++)
		if (strcmp(user->roles[i], role) == 0)
			return true;
	return false;
}

static enum outcome add_to_list(void *context, const struct user *user)
{
	struct selection *selection = context;

	if (selection->role != NULL && !has_role(user, selection->role))
		return OUTCOME_DONE;
	return listing_add(&selection->listing, document(user));
}

static int list(struct connection *connection, const struct invocation *invocation)
{
	struct selection selection = { .role = options_value(&invocation->options, "role") };
	enum outcome outcome;

	listing_begin(&selection.listing, columns, invocation);
	outcome = user_list(connection, add_to_list, &selection);
	listing_end(&selection.listing);
	return outcome == OUTCOME_DONE ? report_done() : report_outcome(outcome);
}

static enum outcome show_one(void *context, const struct user *user)
{
	return listing_show(fields, context, document(user));
}

static int show(struct connection *connection, const struct invocation *invocation)
{
	const char *username = invocation->arguments[0];
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (user_name_valid(username))
		outcome = user_show(connection, username, show_one, (void *)invocation);
	return outcome == OUTCOME_DONE ? report_done() : account_report(outcome, username);
}

/* -- disable, enable, remove -- */

static int set_active(struct connection *connection, const char *username, bool active)
{
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (user_name_valid(username))
		outcome = user_set_active(connection, client_actor(), username, active);
	return account_report(outcome, username);
}

static int disable(struct connection *connection, const struct invocation *invocation)
{
	return set_active(connection, invocation->arguments[0], false);
}

static int enable(struct connection *connection, const struct invocation *invocation)
{
	return set_active(connection, invocation->arguments[0], true);
}

static int remove_one(struct connection *connection, const struct invocation *invocation)
{
	const char *username = invocation->arguments[0];
	enum outcome outcome = OUTCOME_NOT_FOUND;

	if (user_name_valid(username))
		outcome = user_remove(connection, client_actor(), username);
	return account_report(outcome, username);
}

/* -- password -- */

/* What is no UTF-8 no client could send. */
static int hash_password(const char *password, char hash[PASSWORD_HASH_LENGTH + 1])
{
	size_t length = strlen(password);
	char digest[PASSWORD_DIGEST_LENGTH + 1];
	int status = STATUS_FAILED;

	if (!text_utf8_valid(password, length))
		complain("a password must be UTF-8");
	else if (!password_digest(password, length, digest) || !password_hash(digest, hash))
		complain("the password could not be hashed");
	else
		status = STATUS_DONE;
	secret_wipe(digest, sizeof digest);
	return status;
}

int user_ask_password(char hash[PASSWORD_HASH_LENGTH + 1])
{
	char password[PROMPT_SIZE];
	int status = STATUS_FAILED;

	if (prompt_secret("Password: ", true, password))
		status = hash_password(password, hash);
	secret_wipe(password, sizeof password);
	return status;
}

static int store_password(struct connection *connection, const struct invocation *invocation, const char *hash)
{
	const char *username = invocation->arguments[0];

	client_renew(connection, invocation);
	return account_report(user_set_password(connection, client_actor(), username, hash), username);
}

static int password(struct connection *connection, const struct invocation *invocation)
{
	char hash[PASSWORD_HASH_LENGTH + 1];
	int status;

	if (!user_name_valid(invocation->arguments[0]))
		return account_report(OUTCOME_NOT_FOUND, invocation->arguments[0]);
	if (options_value(&invocation->options, "none") != NULL)
		return store_password(connection, invocation, NULL);
	status = user_ask_password(hash);
	return status == STATUS_DONE ? store_password(connection, invocation, hash) : status;
}

const struct command user_commands[] = {
	{ "user add", "NAME", "make a user and print its id", user_add_options, .work = user_add_command },
	{ "user disable", "NAME", "keep a user out; its tokens are dead until it is enabled", NULL, .work = disable },
	{ "user enable", "NAME", "let a user in again", NULL, .work = enable },
	{ "user import", "[FILE]", "store users that mongoexport took from Rocket.Chat", user_import_options, .run = user_import },
	{ "user list", "", "list the users", list_options, .work = list },
	{ "user password", "NAME", "set a user's password and end its logins", password_options, .work = password },
	{ "user remove", "NAME", "remove a user with its tokens and roles", NULL, .work = remove_one },
	{ "user show", "NAME", "show a user", json_options, .work = show },
	{ 0 },
};

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * db init, db status, db grants: the schema, and the rights on it.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "db/connection.h"
#include "db/migration.h"
#include "model/rights.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/report.h"

static const struct option_row options[] = {
	{ "sql-dir", 0, "DIR", "where the schema's files are (default: " SQLDIR ")" },
	{ 0 },
};

static const char *sql_directory(const struct invocation *invocation)
{
	const char *directory = options_value(&invocation->options, "sql-dir");

	return directory == NULL ? SQLDIR : directory;
}

static int complain_no_database(const struct client *client, const struct invocation *invocation)
{
	complain("%s: [%s] names no database", config_client_file(&invocation->config), client->group);
	return STATUS_FAILED;
}

static int complain_database_name(const struct client *client)
{
	complain("a database can not be called '%s' here", client->database);
	return STATUS_FAILED;
}

/* A server is asked for the database before it is told to create it: the account may lack that right and not need it. */
static int create_database(const struct client *client, const struct invocation *invocation)
{
	struct connection *connection;
	enum outcome outcome;

	if (client->database[0] == '\0')
		return complain_no_database(client, invocation);
	connection = client_connection(client, invocation, CLIENT_DATABASE);
	if (connection == NULL)
		return STATUS_FAILED;
	outcome = migration_create_database(connection, client->database);
	connection_free(connection);
	return outcome == OUTCOME_REFUSED ? complain_database_name(client) : report_outcome(outcome);
}

static int apply(const struct client *client, const struct invocation *invocation)
{
	struct connection *connection = client_connection(client, invocation, CLIENT_SCHEMA);
	struct migration_error error;
	int64_t version;
	enum outcome outcome;

	if (connection == NULL)
		return STATUS_FAILED;
	outcome = migration_apply(connection, sql_directory(invocation), &version, &error);
	connection_free(connection);
	if (outcome != OUTCOME_DONE) {
		complain("%s", error.text);
		return STATUS_FAILED;
	}
	printf("schema: version %" PRId64 "\n", version);
	return report_done();
}

static int init(const struct invocation *invocation)
{
	struct client client;
	int status;

	if (client_read(&client, invocation) == -1)
		return STATUS_FAILED;
	status = create_database(&client, invocation);
	return status == STATUS_DONE ? apply(&client, invocation) : status;
}

struct state {
	char server[128];
	int64_t installed;
	int newest;
};

static int read_state(struct state *state, const struct invocation *invocation)
{
	struct migration_error error;
	struct client client;
	struct connection *connection;
	enum outcome outcome;

	state->newest = migration_newest(sql_directory(invocation), &error);
	if (state->newest == -1) {
		complain("%s", error.text);
		return STATUS_FAILED;
	}
	if (client_read(&client, invocation) == -1)
		return STATUS_FAILED;
	connection = client_connection(&client, invocation, CLIENT_SCHEMA);
	if (connection == NULL)
		return STATUS_FAILED;
	outcome = migration_server(connection, state->server, sizeof state->server);
	if (outcome == OUTCOME_DONE)
		outcome = migration_installed(connection, &state->installed);
	connection_free(connection);
	return report_outcome(outcome);
}

static int status(const struct invocation *invocation)
{
	struct state state;

	if (read_state(&state, invocation) != STATUS_DONE)
		return STATUS_FAILED;
	printf("server: %s\ninstalled: %" PRId64 "\nnewest: %d\n", state.server, state.installed, state.newest);
	if (state.installed < state.newest)
		complain("the schema is not up to date: run `livechat-slactl db init`");
	if (state.installed > state.newest)
		complain("the schema is newer than this program");
	return state.installed == state.newest ? report_done() : STATUS_FAILED;
}

/* -- rights -- */

static const struct option_row grants_options[] = {
	{ "administrator", 0, NULL, "those of an account for this command, too, which manages users and imports" },
	{ 0 },
};

/* They are printed between quotes. */
static bool is_quotable(const char *text)
{
	for (; *text != '\0'; text++)
		if (strchr("'`\\\"", *text) != NULL || iscntrl((unsigned char)*text))
			return false;
	return true;
}

/* Each row of the list as one statement that MySQL and MariaDB both know. `at` is where the host of the account begins. */
static void print_grants(const char *database, const char *account, const char *at, bool administrator)
{
	for (const struct right *right = rights; right->table != NULL; right++) {
		const char *list = administrator && right->administrator != NULL ? right->administrator : right->service;

		printf("GRANT %s ON `%s`.`%s` TO '%.*s'@'%s';\n", list, database, right->table, (int)(at - account), account, at + 1);
	}
}

static int grants(const struct invocation *invocation)
{
	const char *account = invocation->arguments[0];
	const char *at = strrchr(account, '@');
	struct client client;

	if (at == NULL || at == account || at[1] == '\0' || !is_quotable(account)) {
		complain("an account is USER@HOST, without quotes");
		return STATUS_USAGE;
	}
	if (client_read(&client, invocation) == -1)
		return STATUS_FAILED;
	if (client.database[0] == '\0')
		return complain_no_database(&client, invocation);
	if (!migration_is_name(client.database))
		return complain_database_name(&client);
	print_grants(client.database, account, at, options_value(&invocation->options, "administrator") != NULL);
	return report_done();
}

const struct command db_commands[] = {
	{ "db grants", "USER@HOST", "print the statements that give an account the rights it needs", grants_options, .run = grants },
	{ "db init", "", "create the database and its tables, or bring them up to date", options, .run = init },
	{ "db status", "", "tell which version of the schema is installed; fail if it is not the newest", options, .run = status },
	{ 0 },
};

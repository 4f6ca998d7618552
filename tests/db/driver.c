/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The db and model floors on a string: reads commands from standard input, a line of words between tabs each, and answers each with
 * a line: outcome, milliseconds, text. tests/lib/driver.py pulls it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "db/connection.h"
#include "db/statement.h"
#include "model/audit.h"
#include "model/login.h"
#include "model/permission.h"
#include "model/policy.h"
#include "model/role.h"
#include "model/session.h"
#include "model/token.h"
#include "model/user.h"

#define WORDS_MOST 8
#define TEXT_MOST (1 << 20)

static struct connection *connection;
static char text[TEXT_MOST];

typedef enum outcome handler(char **words);

static enum outcome open_connection(char **words)
{
	(void)words;
	return connection_open(connection);
}

/* deadline MS: of the commands to come, from now on. */
static enum outcome set_deadline(char **words)
{
	connection_set_deadline(connection, clock_monotonic_ms() + atoi(words[1]));
	return OUTCOME_DONE;
}

static enum outcome no_deadline(char **words)
{
	(void)words;
	connection_set_deadline(connection, INT64_MAX);
	return OUTCOME_DONE;
}

/* add NAME DESCRIPTION DUE */
static enum outcome add(char **words)
{
	struct policy policy = {
		.name = words[1],
		.name_length = strlen(words[1]),
		.description = words[2],
		.description_length = strlen(words[2]),
		.due_time_in_minutes = atoll(words[3]),
	};
	enum outcome outcome = policy_add(connection, &policy, "driver");

	strcpy(text, policy.id);
	return outcome;
}

/* get ID */
static enum outcome get(char **words)
{
	struct policy policy;
	enum outcome outcome = policy_get(connection, words[1], &policy);

	if (outcome == OUTCOME_DONE)
		snprintf(text, sizeof text, "%s|%s|%" PRId64 "|%s", policy.name, policy.description, policy.due_time_in_minutes, policy.updated_at);
	return outcome;
}

/* change ID NAME DESCRIPTION DUE */
static enum outcome change(char **words)
{
	struct policy policy = {
		.name = words[2],
		.name_length = strlen(words[2]),
		.description = words[3],
		.description_length = strlen(words[3]),
		.due_time_in_minutes = atoll(words[4]),
	};
	enum outcome outcome;

	snprintf(policy.id, sizeof policy.id, "%s", words[1]);
	outcome = policy_change(connection, &policy, "driver");
	if (outcome == OUTCOME_DONE)
		strcpy(text, policy.updated_at);
	return outcome;
}

/* delete ID */
static enum outcome delete_policy(char **words)
{
	return policy_remove(connection, words[1], "driver");
}

/* session USER-ID TOKEN PERMISSION PERMISSION; "" = none */
static enum outcome session(char **words)
{
	const char *permissions[SESSION_PERMISSIONS_MOST] = { words[3][0] == '\0' ? NULL : words[3], words[4][0] == '\0' ? NULL : words[4] };
	struct session found;
	enum outcome outcome = session_open(connection, words[1], words[2], permissions, &found);

	if (outcome == OUTCOME_DONE)
		snprintf(text, sizeof text, "%s|%s|%d|%d", found.user_id, found.username, found.permitted, found.unlimited);
	return outcome;
}

static const struct actor actor = { .user_id = NULL, .username = "driver", .address = "" };

/* user NAME ROLE */
static enum outcome user(char **words)
{
	const char *roles[] = { words[2] };
	struct user user = { .username = words[1], .name = "", .roles = roles, .roles_count = 1 };
	size_t unknown_role;
	enum outcome outcome = user_add(connection, &actor, &user, &unknown_role);

	strcpy(text, user.id);
	return outcome;
}

/* token USER NAME; NAME "" = none */
static enum outcome token(char **words)
{
	const struct token_request request = { .username = words[1], .name = words[2][0] == '\0' ? NULL : words[2] };

	return token_issue(connection, &actor, &request, text);
}

/* untoken USER NAME */
static enum outcome untoken(char **words)
{
	return token_revoke(connection, &actor, words[1], words[2]);
}

/* login USER DIGEST */
static enum outcome login(char **words)
{
	const struct login_attempt attempt = { .name = words[1], .digest = words[2], .address = "", .lifetime_ms = 60000 };
	struct login made = { .token = "" };
	enum outcome outcome = login_by_password(connection, &attempt, &made);

	strcpy(text, made.token);
	return outcome;
}

/* grant USER ROLE */
static enum outcome grant(char **words)
{
	return role_grant(connection, &actor, words[1], words[2]);
}

/* revoke USER ROLE */
static enum outcome revoke(char **words)
{
	return role_revoke(connection, &actor, words[1], words[2]);
}

/* allow PERMISSION ROLE */
static enum outcome allow(char **words)
{
	return permission_grant(connection, &actor, words[1], words[2]);
}

/* forbid PERMISSION ROLE */
static enum outcome forbid(char **words)
{
	return permission_revoke(connection, &actor, words[1], words[2]);
}

/* enable USER */
static enum outcome enable(char **words)
{
	return user_set_active(connection, &actor, words[1], true);
}

/* disable USER */
static enum outcome disable(char **words)
{
	return user_set_active(connection, &actor, words[1], false);
}

/* remove USER */
static enum outcome remove_user(char **words)
{
	return user_remove(connection, &actor, words[1]);
}

/* password USER HASH; HASH "" = none */
static enum outcome password(char **words)
{
	return user_set_password(connection, &actor, words[1], words[2][0] == '\0' ? NULL : words[2]);
}

static enum outcome add_user(void *context, const struct user *user)
{
	size_t *length = context;

	*length += (size_t)snprintf(text + *length, sizeof text - *length, "%s%s|%d", *length == 0 ? "" : " ", user->username, user->active);
	for (size_t i = 0; i < user->roles_count; i++)
		*length += (size_t)snprintf(text + *length, sizeof text - *length, "|%s", user->roles[i]);
	return OUTCOME_DONE;
}

/* users */
static enum outcome users(char **words)
{
	size_t length = 0;

	(void)words;
	return user_list(connection, add_user, &length);
}

static enum outcome add_row(void *context, const struct audit_row *row)
{
	size_t *length = context;

	*length += (size_t)snprintf(text + *length, sizeof text - *length, "%s%s|%s|%s|%s", *length == 0 ? "" : "; ", row->username, row->action,
	                            row->target, row->detail);
	return OUTCOME_DONE;
}

/* audit SINCE-MS USER; USER "" = all */
static enum outcome audit(char **words)
{
	size_t length = 0;

	return audit_list(connection, atoll(words[1]), words[2][0] == '\0' ? NULL : words[2], add_row, &length);
}

static char variables_sql[512];
static const struct statement find_variables = { variables_sql, "", "t" };

static enum outcome read_variables(struct connection *open, void *context, bool unsure)
{
	struct value column;
	enum outcome outcome = statement_row(open, &find_variables, NULL, &column);

	(void)context;
	(void)unsure;
	if (outcome == OUTCOME_DONE)
		snprintf(text, sizeof text, "%s", column.text);
	return outcome;
}

/* variables NAME NAME; the two that MariaDB and MySQL call by different names: of the isolation level, of a statement's time */
static enum outcome variables(char **words)
{
	snprintf(variables_sql, sizeof variables_sql,
	         "SELECT CONCAT_WS('|', @@character_set_client, @@collation_connection, @@time_zone, @@sql_mode, @@innodb_lock_wait_timeout,"
	         " @@lock_wait_timeout, @@%s, @@%s)",
	         words[1], words[2]);
	return connection_do(connection, read_variables, NULL);
}

static const struct statement echo_values = { "SELECT ?, ?, ?, ?", "itti", "itti" };

/* What is bound comes back: the ends of the integers, a text with a NUL, NULL. */
static enum outcome read_echo(struct connection *open, void *context, bool unsure)
{
	static const char bytes[] = "a\0b";
	const struct value parameters[] = { value_integer(INT64_MIN), value_bytes(bytes, 3), value_null(), value_integer(INT64_MAX) };
	struct value columns[4];
	enum outcome outcome = statement_row(open, &echo_values, parameters, columns);

	(void)context;
	(void)unsure;
	if (outcome != OUTCOME_DONE)
		return outcome;
	snprintf(text, sizeof text, "%d%d%d%d", columns[0].integer == INT64_MIN,
	         columns[1].length == 3 && memcmp(columns[1].text, bytes, 4) == 0, columns[2].type == VALUE_NULL, columns[3].integer == INT64_MAX);
	return OUTCOME_DONE;
}

static enum outcome echo(char **words)
{
	(void)words;
	return connection_do(connection, read_echo, NULL);
}

static const struct statement count_slowly = { "SELECT SLEEP(?)", "i", "i" };

static enum outcome read_slowly(struct connection *open, void *context, bool unsure)
{
	const struct value parameters[] = { value_integer(atoi(context)) };
	struct value column;

	(void)unsure;
	return statement_row(open, &count_slowly, parameters, &column);
}

/* sleep SECONDS */
static enum outcome sleep_there(char **words)
{
	return connection_do(connection, read_slowly, words[1]);
}

static const struct statement touch_policy = { "UPDATE sla_policies SET description = CONCAT(description, ?) WHERE name = ?", "tt", "" };

static enum outcome touch(struct connection *open, const char *mark, const char *name)
{
	const struct value parameters[] = { value_text(mark), value_text(name) };

	return statement_run(open, &touch_policy, parameters, NULL);
}

/* Waits after the first of its two rows until it is told to go on, once. */
static enum outcome touch_both(struct connection *open, void *context, bool unsure)
{
	static bool waited;
	char **words = context;
	char line[8];
	enum outcome outcome = touch(open, words[3], words[1]);

	(void)unsure;
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (!waited) {
		waited = true;
		puts("HALF");
		if (fgets(line, sizeof line, stdin) == NULL)
			return OUTCOME_DEFECT;
	}
	return touch(open, words[3], words[2]);
}

/* cross FIRST SECOND MARK */
static enum outcome cross(char **words)
{
	return connection_transact(connection, touch_both, words);
}

static const struct statement refused_data = { "INSERT INTO sla_policy_history (id) VALUES (?)", "t", "" };

static enum outcome write_refused(struct connection *open, void *context, bool unsure)
{
	const struct value parameters[] = { value_text(context) };

	(void)unsure;
	return statement_run(open, &refused_data, parameters, NULL);
}

/* refused TEXT: data that the server does not take. */
static enum outcome refused(char **words)
{
	return connection_do(connection, write_refused, words[1]);
}

static const struct {
	const char *word;
	int arguments;
	handler *run;
} commands[] = {
	{ "add", 3, add },
	{ "allow", 2, allow },
	{ "audit", 2, audit },
	{ "change", 4, change },
	{ "cross", 3, cross },
	{ "deadline", 1, set_deadline },
	{ "delete", 1, delete_policy },
	{ "disable", 1, disable },
	{ "echo", 0, echo },
	{ "enable", 1, enable },
	{ "forbid", 2, forbid },
	{ "get", 1, get },
	{ "grant", 2, grant },
	{ "login", 2, login },
	{ "no-deadline", 0, no_deadline },
	{ "open", 0, open_connection },
	{ "password", 2, password },
	{ "refused", 1, refused },
	{ "remove", 1, remove_user },
	{ "revoke", 2, revoke },
	{ "session", 4, session },
	{ "sleep", 1, sleep_there },
	{ "token", 2, token },
	{ "untoken", 2, untoken },
	{ "user", 2, user },
	{ "users", 0, users },
	{ "variables", 2, variables },
};

static int split(char *line, char **words)
{
	int count = 0;

	line[strcspn(line, "\n")] = '\0';
	while (line != NULL && count < WORDS_MOST)
		words[count++] = strsep(&line, "\t");
	return count;
}

static int run(char **words, int count)
{
	static const char *const outcomes[] = { "DONE", "NOT_FOUND", "DUPLICATE", "REFUSED", "UNAVAILABLE", "DEFECT", "REPEAT", "UNSURE" };

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		int64_t started = clock_monotonic_ms();
		enum outcome outcome;

		if (strcmp(commands[i].word, words[0]) != 0 || commands[i].arguments != count - 1)
			continue;
		text[0] = '\0';
		outcome = commands[i].run(words);
		printf("%s\t%" PRId64 "\t%s\n", outcomes[outcome], clock_monotonic_ms() - started, text);
		return 0;
	}
	fprintf(stderr, "driver: no command %s with %d arguments\n", words[0], count - 1);
	return -1;
}

/* driver FILE HOSTS TIMEOUT-MS */
int main(int argc, char **argv)
{
	static char line[TEXT_MOST];
	char *words[WORDS_MOST];
	struct connection_options options = { .file = argv[1], .group = "client-livechat-sla" };

	if (argc != 4)
		return 2;
	options.hosts = argv[2];
	options.timeout_ms = atoi(argv[3]);
	log_open("driver", LOG_TO_STDERR, LOG_DEBUG);
	setvbuf(stdout, NULL, _IOLBF, 0);
	connection = connection_new(&options);
	if (connection == NULL || deadline_open() != 0)
		return 1;
	while (fgets(line, sizeof line, stdin) != NULL)
		if (run(words, split(line, words)) == -1)
			break;
	connection_free(connection);
	return 0;
}

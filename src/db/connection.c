/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Opening, losing, repeating.
 */
#include "db/connection.h"

#include <errmsg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/secret.h"
#include "db/internal.h"

#define NO_DEADLINE INT64_MAX
#define REST_LEAST 50        /* ms that a host is left alone after it failed */
#define REST_MOST 5000
#define COMPLAIN_EVERY 10000 /* ms */
#define CAUSE_MOST 1024

/* -- logging -- */

/* A database that stays away fills no log. */
static bool may_complain(struct host *host)
{
	int64_t now = clock_monotonic_ms();

	if (now < host->silent_until)
		return false;
	host->silent_until = now + COMPLAIN_EVERY;
	return true;
}

static bool is_in_order(const struct error_rule *rule)
{
	return rule->outcome == OUTCOME_DUPLICATE || (rule->outcome == OUTCOME_REPEAT && rule->fate < ERROR_LEAVE);
}

/* Where the data is at fault the server's text may quote it; what a client sent is not logged, so the statement takes the text's place.
 * No client speaks through an administrative connection, or before the session is set up. Whoever plays the server forges no lines. */
static void log_failure(const struct connection *connection, const struct error_rule *rule, unsigned number, const char *sqlstate,
                        const char *text, const char *sql)
{
	bool defect = rule->outcome == OUTCOME_DEFECT && connection->in_use;
	const char *told = defect && !connection->options.administrative ? sql : text;
	const char *advice = rule->advice == NULL ? "" : rule->advice;
	char cause[CAUSE_MOST], state[32];

	log_escape(cause, sizeof cause, told, strlen(told));
	log_escape(state, sizeof state, sqlstate, strlen(sqlstate));
	if (is_in_order(rule))
		log_message(LOG_DEBUG, "database (%s): error %u (%s)", connection->host->text, number, state);
	else if (defect || may_complain(connection->host))
		log_message(LOG_ERR, "database (%s): error %u (%s): %s%s%s", connection->host->text, number, state, cause,
		            *advice == '\0' ? "" : "; ", advice);
}

enum outcome connection_fail_with(struct connection *connection, unsigned number, const char *sqlstate, const char *text,
                                  const char *sql)
{
	const struct error_rule *rule;

	if (number == CR_SSL_CONNECTION_ERROR && connection->logged_in)
		number = CR_SERVER_LOST; /* which is how the library tells of it where there is TLS */
	rule = error_rule(number);
	connection->error = number;
	if (rule->fate > connection->fate)
		connection->fate = rule->fate;
	log_failure(connection, rule, number, sqlstate, text, sql);
	return rule->outcome;
}

enum outcome connection_fail(struct connection *connection, const char *sql)
{
	MYSQL *mysql = connection->mysql;

	return connection_fail_with(connection, mysql_errno(mysql), mysql_sqlstate(mysql), mysql_error(mysql), sql);
}

unsigned connection_error(const struct connection *connection)
{
	return connection->error;
}

/* -- the deadline -- */

void connection_set_deadline(struct connection *connection, int64_t monotonic_ms)
{
	connection->deadline = monotonic_ms;
}

static bool is_past_deadline(const struct connection *connection)
{
	return clock_monotonic_ms() >= connection->deadline;
}

static void guard(const struct connection *connection)
{
	if (connection->deadline != NO_DEADLINE)
		deadline_guard(&connection->mysql->net.fd, connection->deadline);
}

/* -- opening -- */

/* What is left of the time, shared among the hosts not tried yet. */
static int64_t connect_patience(const struct connection *connection, size_t hosts_left)
{
	int64_t share = (connection->deadline - clock_monotonic_ms()) / (int64_t)hosts_left;

	return share < connection->options.timeout_ms ? share : connection->options.timeout_ms;
}

static enum outcome open_host(struct connection *connection, int64_t patience_ms)
{
	enum outcome outcome = connect_log_in(connection, patience_ms);

	if (outcome != OUTCOME_DONE)
		return outcome;
	guard(connection);
	outcome = connect_set_up(connection);
	connection->in_use = outcome == OUTCOME_DONE;
	deadline_release();
	return outcome;
}

static void close_mysql(struct connection *connection)
{
	mysql_close(connection->mysql);
	connection->mysql = NULL;
	connection->logged_in = false;
	connection->in_use = false;
	statement_forget_all(connection);
	connection->fate = ERROR_KEEP;
}

/* A host that failed rests for as long as its failure took to show, so that requests do not all wait for the same bad host. */
static void rest_host(struct host *host, int64_t took, enum error_fate fate)
{
	int64_t rest = took < REST_LEAST ? REST_LEAST : took;

	if (fate == ERROR_SHUN || rest > REST_MOST)
		rest = REST_MOST;
	host->rests_until = clock_monotonic_ms() + rest;
}

static void try_host(struct connection *connection, int64_t patience_ms)
{
	int64_t started = clock_monotonic_ms();

	if (open_host(connection, patience_ms) == OUTCOME_DONE) {
		log_message(LOG_INFO, "database (%s): connected, server %s", connection->host->text, mysql_get_server_info(connection->mysql));
		return;
	}
	rest_host(connection->host, clock_monotonic_ms() - started, connection->fate);
	close_mysql(connection);
}

enum outcome connection_open(struct connection *connection)
{
	for (size_t left = connection->hosts.count; connection->mysql == NULL && left > 0; left--) {
		struct host *host = hosts_next(&connection->hosts, clock_monotonic_ms());

		if (host == NULL || is_past_deadline(connection))
			return OUTCOME_UNAVAILABLE;
		connection->host = host;
		try_host(connection, connect_patience(connection, left));
	}
	return connection->mysql == NULL ? OUTCOME_UNAVAILABLE : OUTCOME_DONE;
}

/* -- work -- */

enum outcome connection_execute(struct connection *connection, const char *sql)
{
	MYSQL *mysql = connection->mysql;

	if (mysql_query(mysql, sql) != 0)
		return connection_fail(connection, sql);
	mysql_free_result(mysql_store_result(mysql));
	return mysql_errno(mysql) == 0 ? OUTCOME_DONE : connection_fail(connection, sql);
}

/* One attempt on an open connection. */
typedef enum outcome attempt(struct connection *connection, connection_work *work, void *context, bool unsure);

static enum outcome attempt_plain(struct connection *connection, connection_work *work, void *context, bool unsure)
{
	return work(connection, context, unsure);
}

/* A transaction that the server still has open would take in whatever this connection does next, which nobody would commit. */
static void roll_back(struct connection *connection)
{
	if (connection->fate == ERROR_KEEP && connection_execute(connection, "ROLLBACK") != OUTCOME_DONE && connection->fate == ERROR_KEEP)
		connection->fate = ERROR_DROP;
}

/* Of a COMMIT that was killed (KILL QUERY, max_statement_time) nobody knows whether it came before its end. */
static enum outcome commit(struct connection *connection)
{
	enum outcome outcome = connection_execute(connection, "COMMIT");

	if (outcome != OUTCOME_DONE)
		roll_back(connection);
	return outcome == OUTCOME_UNAVAILABLE ? OUTCOME_UNSURE : outcome;
}

/* Until COMMIT is sent a lost connection means that nothing was done. */
static enum outcome attempt_transaction(struct connection *connection, connection_work *work, void *context, bool unsure)
{
	enum outcome outcome = connection_execute(connection, "START TRANSACTION");

	if (outcome == OUTCOME_DONE)
		outcome = work(connection, context, unsure);
	if (outcome == OUTCOME_DONE)
		return commit(connection);
	roll_back(connection);
	return outcome == OUTCOME_UNSURE ? OUTCOME_REPEAT : outcome;
}

/* Does what the errors of an attempt asked for, and tells what that was. */
static enum error_fate meet_fate(struct connection *connection)
{
	enum error_fate fate = connection->fate;

	if (fate >= ERROR_LEAVE)
		rest_host(connection->host, 0, fate);
	if (fate != ERROR_KEEP)
		close_mysql(connection);
	return fate;
}

void connection_overlook(struct connection *connection)
{
	if (connection->fate >= ERROR_LEAVE)
		connection->fate = ERROR_KEEP;
}

static enum outcome try_once(struct connection *connection, attempt *once, connection_work *work, void *context, bool unsure)
{
	enum outcome outcome = connection_open(connection);

	if (outcome != OUTCOME_DONE)
		return outcome;
	guard(connection);
	outcome = once(connection, work, context, unsure);
	deadline_release();
	return outcome;
}

/* Attempts that collided must not collide again. */
static void pause_a_moment(void)
{
	unsigned char random = 0;

	secret_random(&random, sizeof random);
	clock_sleep_ms(5 + random % 46);
}

/* Once an attempt was unsure, one that finds out nothing is no answer. Another host, if that is what is needed, is tried at once. */
static enum outcome repeat(struct connection *connection, attempt *once, connection_work *work, void *context)
{
	bool unsure = false;

	while (!is_past_deadline(connection)) {
		enum outcome outcome = try_once(connection, once, work, context, unsure);
		enum error_fate fate = meet_fate(connection);

		if (outcome == OUTCOME_UNSURE)
			unsure = true;
		else if (outcome != OUTCOME_REPEAT && !(outcome == OUTCOME_UNAVAILABLE && unsure))
			return outcome;
		if (fate < ERROR_LEAVE)
			pause_a_moment();
	}
	return OUTCOME_UNAVAILABLE;
}

enum outcome connection_do(struct connection *connection, connection_work *work, void *context)
{
	return repeat(connection, attempt_plain, work, context);
}

enum outcome connection_transact(struct connection *connection, connection_work *work, void *context)
{
	return repeat(connection, attempt_transaction, work, context);
}

static bool is_refusal(enum outcome outcome)
{
	return outcome == OUTCOME_NOT_FOUND || outcome == OUTCOME_DUPLICATE || outcome == OUTCOME_REFUSED;
}

/* What was carried out is told by the next attempt: what this one has written by now is to be rolled back. */
enum outcome connection_once(struct connection *connection, connection_work *look, connection_work *work, void *context, bool unsure)
{
	enum outcome found = unsure ? look(connection, context, unsure) : OUTCOME_NOT_FOUND;
	enum outcome outcome;

	if (found != OUTCOME_NOT_FOUND)
		return found;
	outcome = work(connection, context, unsure);
	if (!unsure || !is_refusal(outcome))
		return outcome;
	found = look(connection, context, unsure);
	if (found == OUTCOME_NOT_FOUND)
		return outcome;
	return found == OUTCOME_DONE ? OUTCOME_REPEAT : found;
}

/* -- life -- */

/* Of the libraries': they would win over the option file, or have more of it read. */
static const char *const ignored_variables[] = { "MYSQL_PWD", "MYSQL_GROUP_SUFFIX", "LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN" };

static int copy_options(struct connection_options *copy, const struct connection_options *options)
{
	*copy = *options;
	copy->hosts = NULL; /* hosts_read has it */
	copy->file = strdup(options->file);
	copy->group = strdup(options->group);
	copy->database = options->database == NULL ? NULL : strdup(options->database);
	return copy->file == NULL || copy->group == NULL || (copy->database == NULL && options->database != NULL) ? -1 : 0;
}

struct connection *connection_new(const struct connection_options *options)
{
	struct connection *connection = calloc(1, sizeof *connection);

	if (connection == NULL)
		return NULL;
	connection->deadline = NO_DEADLINE;
	for (size_t i = 0; i < sizeof ignored_variables / sizeof *ignored_variables; i++)
		unsetenv(ignored_variables[i]);
	if (copy_options(&connection->options, options) == -1 || hosts_read(&connection->hosts, options->hosts) == -1) {
		connection_free(connection);
		return NULL;
	}
	return connection;
}

void connection_free(struct connection *connection)
{
	if (connection == NULL)
		return;
	if (connection->mysql != NULL)
		close_mysql(connection);
	hosts_free(&connection->hosts);
	free((void *)connection->options.file);
	free((void *)connection->options.group);
	free((void *)connection->options.database);
	free(connection->prepared);
	free(connection->row);
	free(connection);
}

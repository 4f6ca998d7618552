/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One connection to MySQL that is there when it is needed: opened late, re-opened when lost, tried on several hosts. With
 * connect.c and statement.c the only files that see MYSQL*.
 */
#ifndef DB_CONNECTION_H
#define DB_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"

struct connection;

struct connection_options {
	const char *file;        /* MYSQL_READ_DEFAULT_FILE */
	const char *group;       /* MYSQL_READ_DEFAULT_GROUP */
	const char *hosts;       /* "a,b:3307,[::1]:3306" tried in turn; "" = what the file says */
	const char *database;    /* in place of the file's; NULL = the file's */
	int64_t timeout_ms;      /* of a connect, a statement, a read, a write; the client library counts in whole seconds */
	bool administrative;     /* for changes of the schema: no table is read at opening, and a statement takes the time it needs */
};

/* Makes a connection that is not open yet; options are copied. NULL if memory is out. The libraries' variables are taken
 * out of the environment: a password comes from the file or not at all. */
struct connection *connection_new(const struct connection_options *options);
void connection_free(struct connection *connection);

/* Work is begun, repeated and waited for until this moment (clock_monotonic_ms) and given up then. Without deadline_open in this
 * process a blocked read ends by timeout_ms alone, or not at all, with MySQL's library, while TLS is agreed upon. At first there is no
 * deadline. */
void connection_set_deadline(struct connection *connection, int64_t monotonic_ms);

/* A piece of work: runs statements and returns what they returned; no statement runs outside one, and no work inside another.
 * `unsure`: an attempt before this one may have been carried out (its connection was lost while waiting), so a row that is met may
 * be its own. */
typedef enum outcome connection_work(struct connection *connection, void *context, bool unsure);

/* Opens the connection if need be and does the work, again after OUTCOME_REPEAT (nothing was done) and OUTCOME_UNSURE (on a new
 * connection) until the deadline. Never returns those two: OUTCOME_UNAVAILABLE stands for them. If no host can be reached it
 * returns OUTCOME_UNAVAILABLE at once, unless an attempt was unsure: that is worth waiting for. */
enum outcome connection_do(struct connection *connection, connection_work *work, void *context);

/* The same inside START TRANSACTION and COMMIT; anything but OUTCOME_DONE rolls back. Unsure is only a lost answer to COMMIT. */
enum outcome connection_transact(struct connection *connection, connection_work *work, void *context);

/* Inside work of connection_transact: does `work` unless `look` finds that an attempt before was carried out. `look` returns OUTCOME_DONE
 * if so, OUTCOME_NOT_FOUND if not. A COMMIT whose answer was lost may still be on its way when it is looked for; work that then waits for
 * the locks of that attempt is refused because of what it did, so that after a refusal `look` is asked again. */
enum outcome connection_once(struct connection *connection, connection_work *look, connection_work *work, void *context, bool unsure);

/* Opens the connection if it is not; for a worker that wants it before its first request. */
enum outcome connection_open(struct connection *connection);

/* Inside work: runs one statement of the files in sql/, the only ones that are not prepared. */
enum outcome connection_execute(struct connection *connection, const char *sql);

/* Inside work: the error of the last statement is of no consequence. The connection is kept, unless it is lost, and so is the host. */
void connection_overlook(struct connection *connection);

/* The number of the last error that the server or the client library told of, 0 if there was none: for migration and messages. */
unsigned connection_error(const struct connection *connection);

#endif

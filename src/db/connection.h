/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One connection to MySQL that is there when it is needed: opened late, re-opened when lost, tried on several hosts. With
 * statement.c the only files that see MYSQL*.
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
	const char *hosts;       /* "a,b,c" tried in turn; "" = what the file says */
	int64_t timeout_ms;      /* of a connect, a read, a write; rounded up to seconds */
};

/* Makes a connection that is not open yet; options are copied. NULL if memory is out. */
struct connection *connection_new(const struct connection_options *options);
void connection_free(struct connection *connection);

/* Work is begun, repeated and waited for until this moment (clock_monotonic_ms) and given up then. */
void connection_set_deadline(struct connection *connection, int64_t monotonic_ms);

/* A piece of work: runs statements and returns what they returned. `unsure`: an attempt before this one may have been carried
 * out (its connection was lost while waiting), so a row that is met may be its own. */
typedef enum outcome connection_work(struct connection *connection, void *context, bool unsure);

/* Opens the connection if need be and does the work, again after OUTCOME_REPEAT (rolled back, with jitter) and OUTCOME_UNSURE (on
 * a new connection) until the deadline. Never returns those two: OUTCOME_UNAVAILABLE stands for them. */
enum outcome connection_do(struct connection *connection, connection_work *work, void *context);

/* The same inside START TRANSACTION and COMMIT; anything but OUTCOME_DONE rolls back. */
enum outcome connection_transact(struct connection *connection, connection_work *work, void *context);

/* Opens the connection if it is not; for a worker that wants it before its first request. */
enum outcome connection_open(struct connection *connection);

#endif

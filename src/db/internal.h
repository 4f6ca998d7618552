/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What connection.c, connect.c and statement.c share; nobody else includes it.
 */
#ifndef DB_INTERNAL_H
#define DB_INTERNAL_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hosts.h"
#include "db/connection.h"
#include "db/error.h"
#include "db/optionfile.h"
#include "db/statement.h"

#if defined MARIADB_BASE_VERSION || MYSQL_VERSION_ID < 80001
typedef my_bool sql_bool;
#else
typedef bool sql_bool;
#endif

/* A statement as the server of this connection knows it. */
struct prepared {
	const struct statement *statement;
	MYSQL_STMT *handle;
};

/* Where the client library puts one column of a row: an integer, or a text. One that is longer is fetched once its length is known. */
struct cell {
	int64_t integer;
	unsigned long length;
	sql_bool is_null;
	char text[64]; /* ids, times and most names */
};

struct connection {
	struct connection_options options; /* its texts are ours */
	struct hosts hosts;
	int64_t deadline;

	MYSQL *mysql;         /* NULL: not open */
	bool logged_in;
	bool in_use;          /* the session is set up */
	struct host *host;    /* of mysql, or the last one tried */
	enum error_fate fate; /* what the last error asks for; carried out when the work has returned */
	unsigned error;

	struct prepared *prepared; /* in the order of their first use */
	size_t prepared_count;
	struct cell cells[STATEMENT_COLUMNS_MOST];
	char *row; /* the long texts of the current row */
	size_t row_size;
};

/* Looks an error up, notes what it asks for and logs it; `sql` is the statement. Returns the outcome. */
enum outcome connection_fail_with(struct connection *connection, unsigned number, const char *sqlstate, const char *text,
                                  const char *sql);

/* The same with the error of the last call on `mysql`. */
enum outcome connection_fail(struct connection *connection, const char *sql);

/* Makes `mysql` and logs in to `host` within about so much time. */
enum outcome connect_log_in(struct connection *connection, int64_t patience_ms);

/* Sets the session's variables and proves that the host is good. */
enum outcome connect_set_up(struct connection *connection);

/* Frees the statements of a connection whose `mysql` is closed. */
void statement_forget_all(struct connection *connection);

#endif

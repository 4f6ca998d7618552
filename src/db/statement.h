/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Prepared statements with typed, bound parameters. The statements themselves are constants beside the rows they concern, in model/;
 * no statement is ever built from text.
 */
#ifndef DB_STATEMENT_H
#define DB_STATEMENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/outcome.h"

struct connection;

#define STATEMENT_PARAMETERS_MOST 16
#define STATEMENT_COLUMNS_MOST 16

/* `parameters` and `columns` hold one letter each: i = integer, t = text (UTF-8, or ASCII; dates as MySQL writes them). Any of them may
 * be NULL in SQL. A statement is known by its address: it is prepared once a connection, when first used. */
struct statement {
	const char *sql;
	const char *parameters;
	const char *columns;
};

struct value {
	enum { VALUE_NULL, VALUE_INTEGER, VALUE_TEXT } type;
	int64_t integer;
	const char *text; /* NUL-terminated where it comes from a row */
	size_t length;
};

static inline struct value value_null(void)
{
	return (struct value){ .type = VALUE_NULL };
}

static inline struct value value_integer(int64_t integer)
{
	return (struct value){ .type = VALUE_INTEGER, .integer = integer };
}

static inline struct value value_bytes(const char *text, size_t length)
{
	return (struct value){ .type = VALUE_TEXT, .text = text, .length = length };
}

static inline struct value value_text(const char *text)
{
	return text == NULL ? value_null() : value_bytes(text, strlen(text));
}

/* Runs a statement that returns no rows. `affected`, if not NULL, gets the number of rows that the WHERE matched. */
enum outcome statement_run(struct connection *connection, const struct statement *statement, const struct value *parameters,
                           uint64_t *affected);

/* The first row into `columns` (as many as the statement has letters), or OUTCOME_NOT_FOUND. Texts live in the connection until its
 * next statement. */
enum outcome statement_row(struct connection *connection, const struct statement *statement, const struct value *parameters,
                           struct value *columns);

/* Calls `row` for every row in order; texts live until it returns. Rows are buffered by the client, so `row` may not run statements,
 * and a result that breaks off calls it for none. `row` returns anything but OUTCOME_DONE to stop there with that outcome. */
typedef enum outcome statement_row_function(void *context, const struct value *columns);
enum outcome statement_rows(struct connection *connection, const struct statement *statement, const struct value *parameters,
                            statement_row_function *row, void *context);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Prepare once a connection, bind, execute, fetch: one round trip a run.
 */
#include "db/statement.h"

#include <mysql.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/internal.h"

#define ROW_MOST (1 << 20) /* bytes of text in one row */

/* -- prepared statements -- */

static void forget(struct prepared *prepared)
{
	if (prepared->handle != NULL)
		mysql_stmt_close(prepared->handle);
	prepared->handle = NULL;
}

/* A statement that the server no longer knows is prepared anew when the work is repeated. */
static enum outcome fail(struct connection *connection, struct prepared *prepared)
{
	MYSQL_STMT *handle = prepared->handle;
	enum outcome outcome = connection_fail_with(connection, mysql_stmt_errno(handle), mysql_stmt_sqlstate(handle),
	                                            mysql_stmt_error(handle), prepared->statement->sql);

	if (error_is_stale_statement(connection->error))
		forget(prepared);
	return outcome;
}

static enum outcome complain(const struct statement *statement, const char *what)
{
	log_message(LOG_ERR, "%s: %s", what, statement->sql);
	return OUTCOME_DEFECT;
}

void statement_forget_all(struct connection *connection)
{
	for (size_t i = 0; i < connection->prepared_count; i++)
		forget(&connection->prepared[i]);
	connection->prepared_count = 0;
}

/* The entry of a statement, made if it is new; NULL if memory is out. */
static struct prepared *find_entry(struct connection *connection, const struct statement *statement)
{
	struct prepared *entries;

	for (size_t i = 0; i < connection->prepared_count; i++)
		if (connection->prepared[i].statement == statement)
			return &connection->prepared[i];
	entries = realloc(connection->prepared, (connection->prepared_count + 1) * sizeof *entries);
	if (entries == NULL)
		return NULL;
	connection->prepared = entries;
	entries[connection->prepared_count] = (struct prepared){ .statement = statement };
	return &entries[connection->prepared_count++];
}

static void bind_columns(struct connection *connection, struct prepared *prepared)
{
	MYSQL_BIND binds[STATEMENT_COLUMNS_MOST] = { 0 };
	const char *types = prepared->statement->columns;

	for (size_t i = 0; types[i] != '\0'; i++) {
		struct cell *cell = &connection->cells[i];

		binds[i].is_null = &cell->is_null;
		binds[i].length = &cell->length;
		binds[i].buffer_type = types[i] == 'i' ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING;
		binds[i].buffer = types[i] == 'i' ? (void *)&cell->integer : cell->text;
		binds[i].buffer_length = types[i] == 'i' ? 0 : sizeof cell->text;
	}
	mysql_stmt_bind_result(prepared->handle, binds);
}

static bool is_as_declared(const struct prepared *prepared)
{
	size_t parameters = strlen(prepared->statement->parameters), columns = strlen(prepared->statement->columns);

	return mysql_stmt_param_count(prepared->handle) == parameters && parameters <= STATEMENT_PARAMETERS_MOST &&
	       mysql_stmt_field_count(prepared->handle) == columns && columns <= STATEMENT_COLUMNS_MOST;
}

static enum outcome prepare(struct connection *connection, struct prepared *prepared)
{
	const struct statement *statement = prepared->statement;

	prepared->handle = mysql_stmt_init(connection->mysql);
	if (prepared->handle == NULL)
		return complain(statement, "out of memory");
	if (mysql_stmt_prepare(prepared->handle, statement->sql, strlen(statement->sql)) != 0) {
		enum outcome outcome = fail(connection, prepared);

		return outcome == OUTCOME_UNSURE ? OUTCOME_REPEAT : outcome; /* to prepare is to change nothing */
	}
	if (!is_as_declared(prepared))
		return complain(statement, "not as many parameters or columns as declared, or too many");
	bind_columns(connection, prepared);
	return OUTCOME_DONE;
}

static enum outcome find_prepared(struct connection *connection, const struct statement *statement, struct prepared **prepared)
{
	enum outcome outcome;

	*prepared = find_entry(connection, statement);
	if (*prepared == NULL)
		return complain(statement, "out of memory");
	if ((*prepared)->handle != NULL)
		return OUTCOME_DONE;
	outcome = prepare(connection, *prepared);
	if (outcome != OUTCOME_DONE)
		forget(*prepared);
	return outcome;
}

/* -- execution -- */

static bool fits(char type, const struct value *value)
{
	return value->type == VALUE_NULL || value->type == (type == 'i' ? VALUE_INTEGER : VALUE_TEXT);
}

/* The client library only reads what parameters point at. */
static void bind_value(MYSQL_BIND *bind, const struct value *value)
{
	switch (value->type) {
	case VALUE_NULL:
		bind->buffer_type = MYSQL_TYPE_NULL;
		break;
	case VALUE_INTEGER:
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = (void *)&value->integer;
		break;
	case VALUE_TEXT:
		bind->buffer_type = MYSQL_TYPE_STRING;
		bind->buffer = (void *)value->text;
		bind->buffer_length = value->length;
		break;
	}
}

static enum outcome bind_parameters(struct connection *connection, struct prepared *prepared, const struct value *parameters)
{
	MYSQL_BIND binds[STATEMENT_PARAMETERS_MOST] = { 0 };
	const char *types = prepared->statement->parameters;

	for (size_t i = 0; types[i] != '\0'; i++) {
		if (!fits(types[i], &parameters[i]))
			return complain(prepared->statement, "a parameter is not of the declared type");
		bind_value(&binds[i], &parameters[i]);
	}
	return types[0] == '\0' || mysql_stmt_bind_param(prepared->handle, binds) == 0 ? OUTCOME_DONE : fail(connection, prepared);
}

/* MariaDB tells some errors of a read only when its result is stored. */
static enum outcome send(struct connection *connection, struct prepared *prepared)
{
	if (mysql_stmt_execute(prepared->handle) != 0)
		return fail(connection, prepared);
	if (prepared->statement->columns[0] != '\0' && mysql_stmt_store_result(prepared->handle) != 0)
		return fail(connection, prepared);
	return OUTCOME_DONE;
}

/* A read that was lost has done nothing, so that it is never unsure. */
static enum outcome execute(struct connection *connection, const struct statement *statement, const struct value *parameters,
                            struct prepared **prepared)
{
	enum outcome outcome = find_prepared(connection, statement, prepared);

	if (outcome == OUTCOME_DONE)
		outcome = bind_parameters(connection, *prepared, parameters);
	if (outcome == OUTCOME_DONE)
		outcome = send(connection, *prepared);
	return outcome == OUTCOME_UNSURE && statement->columns[0] != '\0' ? OUTCOME_REPEAT : outcome;
}

/* MariaDB (10.11) tells of a DELETE that was killed, by KILL QUERY or by max_statement_time, that it is done and touched no row. */
static bool may_have_been_killed(const struct prepared *prepared)
{
	return strncmp(prepared->statement->sql, "DELETE", 6) == 0 && mysql_stmt_affected_rows(prepared->handle) == 0;
}

/* -- rows -- */

/* With the NUL behind it. */
static bool in_cell(const struct cell *cell)
{
	return cell->length < sizeof cell->text;
}

static enum outcome make_room(struct connection *connection, const struct statement *statement)
{
	size_t size = 0;
	char *row;

	for (size_t i = 0; statement->columns[i] != '\0'; i++)
		if (statement->columns[i] == 't' && !connection->cells[i].is_null && !in_cell(&connection->cells[i]))
			size += connection->cells[i].length + 1;
	if (size <= connection->row_size)
		return OUTCOME_DONE;
	if (size > ROW_MOST)
		return complain(statement, "a row is too long");
	row = realloc(connection->row, size);
	if (row == NULL)
		return complain(statement, "out of memory");
	connection->row = row;
	connection->row_size = size;
	return OUTCOME_DONE;
}

static struct value take_text(struct cell *cell)
{
	cell->text[cell->length] = '\0';
	return value_bytes(cell->text, cell->length);
}

/* Copies one text to `*end` of the row's memory and terminates it there. */
static bool fetch_text(MYSQL_STMT *handle, unsigned index, const struct cell *cell, char **end, struct value *column)
{
	sql_bool is_null = 0;
	unsigned long length = 0;
	MYSQL_BIND bind = {
		.buffer_type = MYSQL_TYPE_STRING,
		.buffer = *end,
		.buffer_length = cell->length + 1,
		.length = &length,
		.is_null = &is_null,
	};

	if (mysql_stmt_fetch_column(handle, &bind, index, 0) != 0)
		return false;
	(*end)[cell->length] = '\0';
	*column = value_bytes(*end, cell->length);
	*end += cell->length + 1;
	return true;
}

static enum outcome fetch_columns(struct connection *connection, struct prepared *prepared, struct value *columns)
{
	const char *types = prepared->statement->columns;
	char *end = connection->row;

	for (unsigned i = 0; types[i] != '\0'; i++) {
		struct cell *cell = &connection->cells[i];

		if (cell->is_null)
			columns[i] = value_null();
		else if (types[i] == 'i')
			columns[i] = value_integer(cell->integer);
		else if (in_cell(cell))
			columns[i] = take_text(cell);
		else if (!fetch_text(prepared->handle, i, cell, &end, &columns[i]))
			return fail(connection, prepared);
	}
	return OUTCOME_DONE;
}

/* OUTCOME_NOT_FOUND after the last row. Long texts are reported as truncated, as they have no room at first. */
static enum outcome fetch_row(struct connection *connection, struct prepared *prepared, struct value *columns)
{
	int status = mysql_stmt_fetch(prepared->handle);
	enum outcome outcome;

	if (status == MYSQL_NO_DATA)
		return OUTCOME_NOT_FOUND;
	if (status != 0 && status != MYSQL_DATA_TRUNCATED)
		return fail(connection, prepared);
	outcome = make_room(connection, prepared->statement);
	return outcome == OUTCOME_DONE ? fetch_columns(connection, prepared, columns) : outcome;
}

/* -- the public face -- */

enum outcome statement_run(struct connection *connection, const struct statement *statement, const struct value *parameters,
                           uint64_t *affected)
{
	struct prepared *prepared;
	enum outcome outcome = execute(connection, statement, parameters, &prepared);

	if (outcome == OUTCOME_DONE && may_have_been_killed(prepared))
		outcome = execute(connection, statement, parameters, &prepared);
	if (outcome == OUTCOME_DONE && affected != NULL)
		*affected = mysql_stmt_affected_rows(prepared->handle);
	return outcome;
}

enum outcome statement_row(struct connection *connection, const struct statement *statement, const struct value *parameters,
                           struct value *columns)
{
	struct prepared *prepared;
	enum outcome outcome = execute(connection, statement, parameters, &prepared);

	if (outcome != OUTCOME_DONE)
		return outcome;
	outcome = fetch_row(connection, prepared, columns);
	mysql_stmt_free_result(prepared->handle);
	return outcome;
}

enum outcome statement_rows(struct connection *connection, const struct statement *statement, const struct value *parameters,
                            statement_row_function *row, void *context)
{
	struct value columns[STATEMENT_COLUMNS_MOST];
	struct prepared *prepared;
	enum outcome outcome = execute(connection, statement, parameters, &prepared);
	enum outcome fetched = OUTCOME_DONE;

	if (outcome != OUTCOME_DONE)
		return outcome;
	while (outcome == OUTCOME_DONE && (fetched = fetch_row(connection, prepared, columns)) == OUTCOME_DONE)
		outcome = row(context, columns);
	mysql_stmt_free_result(prepared->handle);
	return fetched == OUTCOME_DONE || fetched == OUTCOME_NOT_FOUND ? outcome : fetched;
}

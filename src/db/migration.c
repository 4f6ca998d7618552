/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Reads the files of sql/ and runs what the database does not have yet.
 */
#include "db/migration.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/connection.h"
#include "db/statement.h"

#define FILE_MOST (1 << 20)
#define DIGITS 4 /* that a file's name begins with */

/* The lock is known to the whole server, so that its name has the database's in it, at a length that all servers take. In a cluster it
 * keeps out others at the same node only; there statements that can be run again, and the version's primary key, do the rest. */
static const struct statement take_lock = { "SELECT GET_LOCK(SHA2(CONCAT('livechat-sla.', DATABASE()), 256), 60)", "", "i" };
static const struct statement release_lock = { "SELECT RELEASE_LOCK(SHA2(CONCAT('livechat-sla.', DATABASE()), 256))", "", "i" };

static const struct statement count_version_tables = {
	"SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'schema_version'",
	"", "i",
};
static const struct statement find_version = { "SELECT COALESCE(MAX(version), 0) FROM schema_version", "", "i" };
static const struct statement find_server = { "SELECT VERSION()", "", "t" };
static const struct statement count_databases = { "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", "t", "i" };

__attribute__((format(printf, 2, 3))) static void explain(struct migration_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
}

/* -- the files -- */

static int is_sql_file(const struct dirent *entry)
{
	const char *name = entry->d_name;
	size_t length = strlen(name);

	return strspn(name, "0123456789") == DIGITS && name[DIGITS] == '-' && strcmp(name + length - 4, ".sql") == 0;
}

static void free_list(struct dirent **list, int count)
{
	for (int i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

/* The file at index i brings version i + 1. */
static int check_numbers(struct dirent **list, int count, const char *directory, struct migration_error *error)
{
	for (int i = 0; i < count; i++) {
		if (atoi(list[i]->d_name) != i + 1) {
			explain(error, "%s: %s is not number %d of the files", directory, list[i]->d_name, i + 1);
			return -1;
		}
	}
	if (count == 0)
		explain(error, "%s: no files called NNNN-NAME.sql", directory);
	return count == 0 ? -1 : 0;
}

/* How many files there are, -1 with `error` filled. */
static int list_files(const char *directory, struct dirent ***list, struct migration_error *error)
{
	int count = scandir(directory, list, is_sql_file, alphasort);

	if (count < 0) {
		explain(error, "%s: %s", directory, strerror(errno));
		return -1;
	}
	if (check_numbers(*list, count, directory, error) == -1) {
		free_list(*list, count);
		return -1;
	}
	return count;
}

int migration_newest(const char *directory, struct migration_error *error)
{
	struct dirent **list;
	int count = list_files(directory, &list, error);

	if (count >= 0)
		free_list(list, count);
	return count;
}

/* The whole file, terminated; free it. NULL with errno. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t length;

	if (file == NULL)
		return NULL;
	text = malloc(FILE_MOST + 1);
	if (text == NULL)
		goto out;
	length = fread(text, 1, FILE_MOST + 1, file);
	if (ferror(file) || length > FILE_MOST) {
		errno = ferror(file) ? EIO : EFBIG;
		free(text);
		text = NULL;
		goto out;
	}
	text[length] = '\0';
out:
	fclose(file);
	return text;
}

/* Whether the line holds nothing that could begin a statement. */
static bool is_blank_or_comment(const char *line)
{
	line += strspn(line, " \t\r");
	return *line == '\0' || strncmp(line, "--", 2) == 0;
}

static bool ends_statement(const char *line)
{
	size_t length = strlen(line);

	while (length > 0 && isspace((unsigned char)line[length - 1]))
		length--;
	return length > 0 && line[length - 1] == ';';
}

/* The next statement, terminated in place, with its ";" that servers take; NULL after the last. */
static char *next_statement(char **rest)
{
	char *statement = NULL;
	char *line;

	while (**rest != '\0') {
		char *end = strchrnul(*rest, '\n');
		bool last = *end == '\0';
		bool ended;

		line = *rest;
		*end = '\0';
		*rest = last ? end : end + 1;
		ended = ends_statement(line);
		if (statement == NULL && !is_blank_or_comment(line))
			statement = line;
		if (statement != NULL && ended)
			return statement;
		if (!last)
			*end = '\n';
	}
	return statement;
}

/* -- versions -- */

static enum outcome find_number(struct connection *connection, const struct statement *statement, int64_t *number)
{
	struct value column;
	enum outcome outcome = statement_row(connection, statement, NULL, &column);

	if (outcome == OUTCOME_DONE)
		*number = column.integer; /* NULL is 0 */
	return outcome;
}

/* A database without the table has no version; to ask for the table first makes no error of it. */
static enum outcome find_installed(struct connection *connection, void *context, bool unsure)
{
	int64_t *version = context;
	int64_t tables;
	enum outcome outcome = find_number(connection, &count_version_tables, &tables);

	(void)unsure; /* reading twice is reading */
	*version = 0;
	return outcome == OUTCOME_DONE && tables > 0 ? find_number(connection, &find_version, version) : outcome;
}

enum outcome migration_installed(struct connection *connection, int64_t *version)
{
	return connection_do(connection, find_installed, version);
}

struct text {
	char *out;
	size_t size;
};

static enum outcome read_server(struct connection *connection, void *context, bool unsure)
{
	const struct text *text = context;
	struct value column;
	enum outcome outcome = statement_row(connection, &find_server, NULL, &column);

	(void)unsure; /* reading twice is reading */
	if (outcome == OUTCOME_DONE)
		snprintf(text->out, text->size, "%s", column.text);
	return outcome;
}

enum outcome migration_server(struct connection *connection, char *version, size_t size)
{
	struct text text = { .out = version, .size = size };

	return connection_do(connection, read_server, &text);
}

/* -- the way up -- */

struct migration {
	const char *directory;
	struct dirent **files;
	int count;
	int64_t *version; /* installed */
	struct migration_error *error;
};

/* A duplicate can only be the version row: somebody else was faster, and did the same. */
static enum outcome run_text(struct connection *connection, char *text, const char *path, struct migration_error *error)
{
	enum outcome outcome = OUTCOME_DONE;
	char *statement;
	int number = 0;

	while (outcome == OUTCOME_DONE && (statement = next_statement(&text)) != NULL) {
		outcome = connection_execute(connection, statement);
		number++;
	}
	if (outcome != OUTCOME_DONE && outcome != OUTCOME_DUPLICATE)
		explain(error, "%s: statement %d failed with error %u", path, number, connection_error(connection));
	return outcome == OUTCOME_DUPLICATE ? OUTCOME_DONE : outcome;
}

static enum outcome run_file(struct connection *connection, const struct migration *migration, const char *name)
{
	char path[4096];
	char *text;
	enum outcome outcome;

	snprintf(path, sizeof path, "%s/%s", migration->directory, name);
	text = read_file(path);
	if (text == NULL) {
		explain(migration->error, "%s: %s", path, strerror(errno));
		return OUTCOME_DEFECT;
	}
	outcome = run_text(connection, text, path, migration->error);
	free(text);
	return outcome;
}

/* Each file writes its own version as its last act. Somebody else may be files ahead by then. */
static enum outcome climb(struct connection *connection, const struct migration *migration)
{
	int64_t before;
	enum outcome outcome = find_installed(connection, migration->version, false);

	while (outcome == OUTCOME_DONE && *migration->version < migration->count) {
		const char *name = migration->files[*migration->version]->d_name;

		before = *migration->version;
		outcome = run_file(connection, migration, name);
		if (outcome == OUTCOME_DONE)
			outcome = find_installed(connection, migration->version, false);
		if (outcome == OUTCOME_DONE && *migration->version <= before) {
			explain(migration->error, "%s/%s does not write version %d", migration->directory, name, (int)before + 1);
			outcome = OUTCOME_DEFECT;
		}
	}
	return outcome;
}

static enum outcome apply(struct connection *connection, void *context, bool unsure)
{
	const struct migration *migration = context;
	int64_t locked, released;
	enum outcome outcome = find_number(connection, &take_lock, &locked);

	(void)unsure; /* every statement can be run again */
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (locked == 0) {
		explain(migration->error, "another process has been changing the schema for a minute");
		return OUTCOME_UNAVAILABLE;
	}
	outcome = climb(connection, migration);
	find_number(connection, &release_lock, &released); /* would end with the connection, too */
	return outcome;
}

enum outcome migration_apply(struct connection *connection, const char *directory, int64_t *version, struct migration_error *error)
{
	struct migration migration = { .directory = directory, .version = version, .error = error };
	enum outcome outcome;

	explain(error, "the database can not be reached");
	migration.count = list_files(directory, &migration.files, error);
	if (migration.count < 0)
		return OUTCOME_DEFECT;
	outcome = connection_do(connection, apply, &migration);
	free_list(migration.files, migration.count);
	return outcome;
}

/* -- the database itself -- */

bool migration_is_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$-";
	size_t length = strspn(name, letters);

	return length >= 1 && length <= 64 && name[length] == '\0';
}

/* A name can be no parameter; this one is made of letters that need no care. */
static enum outcome create_database(struct connection *connection, void *context, bool unsure)
{
	const char *name = context;
	const struct value parameters[] = { value_text(name) };
	struct value found;
	char sql[160];
	enum outcome outcome = statement_row(connection, &count_databases, parameters, &found);

	(void)unsure; /* it can be run again */
	if (outcome != OUTCOME_DONE || found.integer > 0)
		return outcome;
	snprintf(sql, sizeof sql, "CREATE DATABASE IF NOT EXISTS `%s` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", name);
	return connection_execute(connection, sql);
}

enum outcome migration_create_database(struct connection *connection, const char *name)
{
	return migration_is_name(name) ? connection_do(connection, create_database, (void *)name) : OUTCOME_REFUSED;
}

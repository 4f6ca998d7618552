/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The schema's version: which one the database has, which the files in sql/ reach, and the way there.
 */
#ifndef DB_MIGRATION_H
#define DB_MIGRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"

struct connection;

struct migration_error {
	char text[512];
};

/* The highest number of the files NNNN-NAME.sql in `directory`, which begin at 0001 and leave none out; -1 with `error` filled. */
int migration_newest(const char *directory, struct migration_error *error);

/* The version that the database has, 0 = none. OUTCOME_DONE, OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome migration_installed(struct connection *connection, int64_t *version);

/* Version of the server, as it writes it. */
enum outcome migration_server(struct connection *connection, char *version, size_t size);

/* Runs the files above the installed version in order on an administrative connection. Two at once wait for each other. If one breaks
 * off it can be run again. `*version`: what is installed after that. OUTCOME_DONE, or another with `error` filled. */
enum outcome migration_apply(struct connection *connection, const char *directory, int64_t *version, struct migration_error *error);

/* Whether a database can be called so: up to 64 of A-Z, a-z, 0-9, '_', '$' and '-'. */
bool migration_is_name(const char *name);

/* Creates the database `name` if it is not there. OUTCOME_REFUSED: it can not be called so. */
enum outcome migration_create_database(struct connection *connection, const char *name);

#endif

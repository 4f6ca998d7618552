/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Changes of accounts and rights: each in one transaction with the rows that tell who did it.
 */
#ifndef MODEL_AUDIT_H
#define MODEL_AUDIT_H

#include <stdint.h>

#include "base/outcome.h"
#include "model/timestamp.h"

struct connection;

/* Who does something. */
struct actor {
	const char *user_id;  /* NULL: none of our users */
	const char *username; /* "" = nobody, as nobody is logged in; "cli:root" = an administrator at the command line */
	const char *address;  /* "" = at the host itself */
};

/* A change under way. */
struct audit;

/* The work of a change, inside its transaction: runs statements and records what it changes. Nothing recorded means nothing changed. */
typedef enum outcome audit_work(struct connection *connection, const struct audit *audit, void *context);

/* Does the work as connection_transact does, but never again after it was carried out: a work that was recorded and committed is
 * OUTCOME_DONE, though the answer to COMMIT was lost. */
enum outcome audit_transact(struct connection *connection, const struct actor *actor, audit_work *work, void *context);

/* Inside the work: writes one row. `target`: the user's name or the permission; `detail` may be "". No secret in either; each is UTF-8
 * of up to 255 characters. */
enum outcome audit_record(struct connection *connection, const struct audit *audit, const char *action, const char *target,
                          const char *detail);

struct audit_row {
	int64_t id; /* later rows have higher ones */
	char at[TIMESTAMP_SIZE];
	const char *user_id; /* NULL: none of our users */
	const char *username;
	const char *address;
	const char *action;
	const char *target;
	const char *detail;
};

/* Texts live until it returns; it may run no statement. Anything but OUTCOME_DONE ends the list with that outcome. */
typedef enum outcome audit_visitor(void *context, const struct audit_row *row);

/* The rows since a moment (ms since 1970), the oldest first; of `username`, done by or to this user, or of all if it is NULL. */
enum outcome audit_list(struct connection *connection, int64_t since_ms, const char *username, audit_visitor *visitor, void *context);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The audit's rows and their transactions.
 */
#include "model/audit.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/objectid.h"
#include "db/connection.h"
#include "db/statement.h"

#define PAGE 1000 /* rows that are read at once */

static const struct statement insert_row = {
	"INSERT INTO audit (change_id, at, user_id, username, address, action, target, detail)"
	" VALUES (?, UTC_TIMESTAMP(3), ?, ?, ?, ?, ?, ?)",
	"ttttttt", "",
};

static const struct statement find_change = { "SELECT id FROM audit WHERE change_id = ? LIMIT 1", "t", "i" };

#define SELECT_ROWS "SELECT id, at, user_id, username, address, action, target, detail FROM audit"
#define SINCE "id > ? AND at >= '1970-01-01' + INTERVAL ? * 1000 MICROSECOND"
#define IN_PAGES " ORDER BY id LIMIT ?"
#define COLUMN_TYPES "ittttttt"

static const struct statement list_all = { SELECT_ROWS " WHERE " SINCE IN_PAGES, "iii", COLUMN_TYPES };

static const struct statement list_of_user = {
	SELECT_ROWS " WHERE " SINCE " AND (username = ? OR target = ?)" IN_PAGES, "iitti", COLUMN_TYPES,
};

struct audit {
	char change_id[OBJECTID_LENGTH + 1]; /* made before the first attempt */
	const struct actor *actor;
	audit_work *work;
	void *context;
	bool *in_doubt; /* an attempt before may have been carried out; until the first row */
};

/* -- writing -- */

static enum outcome look(struct connection *connection, void *context, bool unsure)
{
	const struct audit *audit = context;
	const struct value parameters[] = { value_text(audit->change_id) };
	struct value id;

	(void)unsure; /* which is why it looks */
	return statement_row(connection, &find_change, parameters, &id);
}

static enum outcome carry_out(struct connection *connection, void *context, bool unsure)
{
	const struct audit *audit = context;

	*audit->in_doubt = unsure;
	return audit->work(connection, audit, audit->context);
}

static enum outcome carry_out_once(struct connection *connection, void *context, bool unsure)
{
	return connection_once(connection, look, carry_out, context, unsure);
}

enum outcome audit_transact(struct connection *connection, const struct actor *actor, audit_work *work, void *context)
{
	bool in_doubt = false;
	struct audit audit = { .actor = actor, .work = work, .context = context, .in_doubt = &in_doubt };

	if (!objectid_make(audit.change_id))
		return OUTCOME_DEFECT;
	return connection_transact(connection, carry_out_once, &audit);
}

/* By now the work has its locks. What is not refused for being done twice (a new password) has waited for them all the same, and what it
 * waited for may have been the attempt before. */
static enum outcome dispel_doubt(struct connection *connection, const struct audit *audit)
{
	enum outcome found = OUTCOME_NOT_FOUND;

	if (*audit->in_doubt)
		found = look(connection, (void *)audit, true);
	if (found == OUTCOME_NOT_FOUND)
		*audit->in_doubt = false;
	return found == OUTCOME_DONE ? OUTCOME_REPEAT : found;
}

enum outcome audit_record(struct connection *connection, const struct audit *audit, const char *action, const char *target,
                          const char *detail)
{
	const struct value parameters[] = {
		value_text(audit->change_id),
		value_text(audit->actor->user_id),
		value_text(audit->actor->username),
		value_text(audit->actor->address),
		value_text(action),
		value_text(target),
		value_text(detail),
	};
	enum outcome found = dispel_doubt(connection, audit);

	if (found != OUTCOME_NOT_FOUND)
		return found;
	return statement_run(connection, &insert_row, parameters, NULL);
}

/* -- reading -- */

struct reading {
	int64_t since_ms;
	const char *username;
	audit_visitor *visitor;
	void *context;
	int64_t last_id;
	int64_t rows; /* of this page */
};

static enum outcome visit(void *context, const struct value *columns)
{
	struct reading *reading = context;
	struct audit_row row = {
		.id = columns[0].integer,
		.user_id = columns[2].type == VALUE_NULL ? NULL : columns[2].text,
		.username = columns[3].text,
		.address = columns[4].text,
		.action = columns[5].text,
		.target = columns[6].text,
		.detail = columns[7].text,
	};

	timestamp_read(row.at, &columns[1]);
	reading->last_id = row.id;
	reading->rows++;
	return reading->visitor(reading->context, &row);
}

static enum outcome read_page(struct connection *connection, void *context, bool unsure)
{
	struct reading *reading = context;
	const struct value of_all[] = { value_integer(reading->last_id), value_integer(reading->since_ms), value_integer(PAGE) };
	const struct value of_user[] = { of_all[0], of_all[1], value_text(reading->username), value_text(reading->username), of_all[2] };

	(void)unsure; /* reading twice is reading */
	reading->rows = 0;
	if (reading->username == NULL)
		return statement_rows(connection, &list_all, of_all, visit, reading);
	return statement_rows(connection, &list_of_user, of_user, visit, reading);
}

enum outcome audit_list(struct connection *connection, int64_t since_ms, const char *username, audit_visitor *visitor, void *context)
{
	struct reading reading = { .since_ms = since_ms, .username = username, .visitor = visitor, .context = context };
	enum outcome outcome;

	do {
		outcome = connection_do(connection, read_page, &reading);
	} while (outcome == OUTCOME_DONE && reading.rows == PAGE);
	return outcome;
}

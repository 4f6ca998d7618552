/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * SLA policies and their statements.
 */
#include "model/policy.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/objectid.h"
#include "db/connection.h"
#include "db/statement.h"
#include "model/policy_row.h"

_Static_assert(POLICY_ID_MOST == OBJECTID_LENGTH, "a policy's id is an ObjectId");

static const struct statement insert_policy = {
	"INSERT INTO sla_policies (id, name, description, due_time_in_minutes, created_at, created_by, updated_at, updated_by)"
	" VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3), ?, UTC_TIMESTAMP(3), ?)",
	"tttitt", "",
};

/* Whose is the row that is in the way: 1 = our own. */
static const struct statement find_rival = {
	"SELECT id = ? AS is_own FROM sla_policies WHERE id = ? OR name = ? OR due_time_in_minutes = ? ORDER BY is_own DESC LIMIT 1",
	"ttti", "i",
};

static const struct statement find_policy = {
	"SELECT " POLICY_COLUMNS " FROM sla_policies AS p WHERE p.id = ?",
	"t", POLICY_COLUMN_TYPES,
};

void policy_of_row(struct policy *policy, const struct value *columns)
{
	snprintf(policy->id, sizeof policy->id, "%s", columns[0].text);
	policy->name = columns[1].text;
	policy->name_length = columns[1].length;
	policy->description = columns[2].text;
	policy->description_length = columns[2].length;
	policy->due_time_in_minutes = columns[3].integer;
	timestamp_read(policy->updated_at, &columns[4]);
}

struct addition {
	const struct policy *policy;
	const char *user_id;
};

/* The server refused the row as a duplicate after an attempt that may have stored it. No row at all: the rival is gone again. */
static enum outcome settle(struct connection *connection, const struct policy *policy)
{
	const struct value parameters[] = {
		value_text(policy->id),
		value_text(policy->id),
		value_bytes(policy->name, policy->name_length),
		value_integer(policy->due_time_in_minutes),
	};
	struct value is_own;
	enum outcome outcome = statement_row(connection, &find_rival, parameters, &is_own);

	if (outcome == OUTCOME_NOT_FOUND)
		return OUTCOME_REPEAT;
	if (outcome != OUTCOME_DONE)
		return outcome;
	return is_own.integer == 1 ? OUTCOME_DONE : OUTCOME_DUPLICATE;
}

static enum outcome add(struct connection *connection, void *context, bool unsure)
{
	const struct addition *addition = context;
	const struct policy *policy = addition->policy;
	const struct value parameters[] = {
		value_text(policy->id),
		value_bytes(policy->name, policy->name_length),
		value_bytes(policy->description, policy->description_length),
		value_integer(policy->due_time_in_minutes),
		value_text(addition->user_id),
		value_text(addition->user_id),
	};
	enum outcome outcome = statement_run(connection, &insert_policy, parameters, NULL);

	return outcome == OUTCOME_DUPLICATE && unsure ? settle(connection, policy) : outcome;
}

enum outcome policy_add(struct connection *connection, struct policy *policy, const char *user_id)
{
	struct addition addition = { .policy = policy, .user_id = user_id };

	if (!objectid_make(policy->id))
		return OUTCOME_DEFECT;
	policy->updated_at[0] = '\0';
	return connection_do(connection, add, &addition);
}

struct reading {
	const char *id;
	struct policy *policy;
};

static enum outcome get(struct connection *connection, void *context, bool unsure)
{
	const struct reading *reading = context;
	const struct value parameters[] = { value_text(reading->id) };
	struct value columns[POLICY_COLUMN_COUNT];
	enum outcome outcome = statement_row(connection, &find_policy, parameters, columns);

	(void)unsure; /* reading twice is reading */
	if (outcome == OUTCOME_DONE)
		policy_of_row(reading->policy, columns);
	return outcome;
}

enum outcome policy_get(struct connection *connection, const char *id, struct policy *policy)
{
	struct reading reading = { .id = id, .policy = policy };

	return objectid_valid(id) ? connection_do(connection, get, &reading) : OUTCOME_NOT_FOUND;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Whole rows of sla_policies, out and in.
 */
#include "model/policy_record.h"

#include <stdio.h>
#include <string.h>

#include "base/objectid.h"
#include "db/connection.h"
#include "db/statement.h"
#include "model/policy_row.h"
#include "model/timestamp.h"

#define RECORD_COLUMNS POLICY_COLUMNS ", p.created_at, p.created_by, p.updated_by"
#define RECORD_COLUMN_TYPES POLICY_COLUMN_TYPES "ttt"
#define RECORD_COLUMN_COUNT (POLICY_COLUMN_COUNT + 3)

static const struct statement find_record = {
	"SELECT " RECORD_COLUMNS " FROM sla_policies AS p WHERE p.id = ?",
	"t",
	RECORD_COLUMN_TYPES,
};

static const struct statement list_records = {
	"SELECT " RECORD_COLUMNS " FROM sla_policies AS p WHERE p.id > ? ORDER BY p.id LIMIT ?",
	"ti",
	RECORD_COLUMN_TYPES,
};

static const struct statement insert_record = {
	"INSERT INTO sla_policies (id, name, description, due_time_in_minutes, created_at, created_by, updated_at, updated_by) "
	"VALUES (?, ?, ?, ?, COALESCE(?, UTC_TIMESTAMP(3)), ?, COALESCE(?, UTC_TIMESTAMP(3)), ?)",
	"tttitttt",
	"",
};

static const struct statement update_record = {
	"UPDATE sla_policies SET name = ?, description = ?, due_time_in_minutes = ?, created_at = COALESCE(?, created_at), "
	"created_by = COALESCE(?, created_by), updated_at = COALESCE(?, UTC_TIMESTAMP(3)), updated_by = ? WHERE id = ?",
	"ttittttt",
	"",
};

/* Which policy but the record's own is in the way: 1 = one of its name, 0 = one of its due time. */
static const struct statement find_rival = {
	"SELECT name = ? AS has_name FROM sla_policies WHERE (name = ? OR due_time_in_minutes = ?) AND id <> ? ORDER BY has_name DESC LIMIT 1",
	"ttit",
	"i",
};

static void record_of_row(struct policy_record *record, const struct value *columns)
{
	const struct value *own = columns + POLICY_COLUMN_COUNT;

	policy_of_row(&record->policy, columns);
	timestamp_read(record->created_at, &own[0]);
	record->created_by = own[1].text;
	record->updated_by = own[2].text;
}

/* -- out -- */

static enum outcome find(struct connection *connection, const char *id, struct policy_record *record)
{
	const struct value parameters[] = { value_text(id) };
	struct value columns[RECORD_COLUMN_COUNT];
	enum outcome outcome = statement_row(connection, &find_record, parameters, columns);

	if (outcome == OUTCOME_DONE)
		record_of_row(record, columns);
	return outcome;
}

struct reading {
	const char *id;
	struct policy_record *record;
};

static enum outcome get_work(struct connection *connection, void *context, bool unsure)
{
	const struct reading *reading = context;

	(void)unsure; /* reading twice is reading */
	return find(connection, reading->id, reading->record);
}

enum outcome policy_record_get(struct connection *connection, const char *id, struct policy_record *record)
{
	struct reading reading = { .id = id, .record = record };

	return objectid_valid(id) ? connection_do(connection, get_work, &reading) : OUTCOME_NOT_FOUND;
}

struct page {
	const char *after;
	int64_t count;
	policy_record_visitor *visitor;
	void *context;
};

static enum outcome visit_row(void *context, const struct value *columns)
{
	struct page *page = context;
	struct policy_record record;

	record_of_row(&record, columns);
	return page->visitor(page->context, &record);
}

static enum outcome page_work(struct connection *connection, void *context, bool unsure)
{
	struct page *page = context;
	const struct value parameters[] = { value_text(page->after), value_integer(page->count) };

	(void)unsure; /* reading twice is reading */
	return statement_rows(connection, &list_records, parameters, visit_row, page);
}

enum outcome policy_record_page(struct connection *connection, const char *after, int64_t count, policy_record_visitor *visitor,
                                void *context)
{
	struct page page = { .after = after, .count = count, .visitor = visitor, .context = context };

	return connection_do(connection, page_work, &page);
}

/* -- in -- */

#define DATETIME_SIZE (sizeof "2023-03-24 14:50:02.123")

/* timestamp_read's inverse; NULL for "". */
static struct value value_time(const char *time, char out[DATETIME_SIZE])
{
	if (time[0] == '\0')
		return value_null();
	snprintf(out, DATETIME_SIZE, "%.10s %.12s", time, time + sizeof "2023-03-24");
	return value_text(out);
}

static const char *or_else(const char *text, const char *other)
{
	return text == NULL || text[0] == '\0' ? other : text;
}

/* Of a record that knows one time alone, the policy was made when it was last changed, as far as anybody knows. */
static enum outcome insert(struct connection *connection, const struct policy_record *record, const char *user_id)
{
	const struct policy *policy = &record->policy;
	char created_at[DATETIME_SIZE], updated_at[DATETIME_SIZE];
	const struct value parameters[] = {
		value_text(policy->id),
		value_bytes(policy->name, policy->name_length),
		value_bytes(policy->description, policy->description_length),
		value_integer(policy->due_time_in_minutes),
		value_time(or_else(record->created_at, policy->updated_at), created_at),
		value_text(or_else(record->created_by, user_id)),
		value_time(or_else(policy->updated_at, record->created_at), updated_at),
		value_text(or_else(record->updated_by, user_id)),
	};

	return statement_run(connection, &insert_record, parameters, NULL);
}

static enum outcome update(struct connection *connection, const struct policy_record *record, const char *user_id)
{
	const struct policy *policy = &record->policy;
	char created_at[DATETIME_SIZE], updated_at[DATETIME_SIZE];
	const struct value parameters[] = {
		value_bytes(policy->name, policy->name_length),
		value_bytes(policy->description, policy->description_length),
		value_integer(policy->due_time_in_minutes),
		value_time(record->created_at, created_at),
		value_text(record->created_by),
		value_time(policy->updated_at, updated_at),
		value_text(or_else(record->updated_by, user_id)),
		value_text(policy->id),
	};

	return statement_run(connection, &update_record, parameters, NULL);
}

static bool same_bytes(const char *left, size_t left_length, const char *right, size_t right_length)
{
	return left_length == right_length && memcmp(left, right, left_length) == 0;
}

static bool unknown_or_same(const char *text, const char *stored)
{
	return text == NULL || text[0] == '\0' || strcmp(text, stored) == 0;
}

static bool same(const struct policy_record *record, const struct policy_record *stored)
{
	const struct policy *left = &record->policy, *right = &stored->policy;

	return same_bytes(left->name, left->name_length, right->name, right->name_length) &&
	       same_bytes(left->description, left->description_length, right->description, right->description_length) &&
	       left->due_time_in_minutes == right->due_time_in_minutes && unknown_or_same(left->updated_at, right->updated_at) &&
	       unknown_or_same(record->created_at, stored->created_at) && unknown_or_same(record->created_by, stored->created_by) &&
	       unknown_or_same(record->updated_by, stored->updated_by);
}

/* OUTCOME_NOT_FOUND if no other policy is in the way. */
static enum outcome name_rival(struct connection *connection, const struct policy *policy, enum policy_verdict *verdict)
{
	const struct value name = value_bytes(policy->name, policy->name_length);
	const struct value parameters[] = { name, name, value_integer(policy->due_time_in_minutes), value_text(policy->id) };
	struct value has_name;
	enum outcome outcome = statement_row(connection, &find_rival, parameters, &has_name);

	if (outcome == OUTCOME_DONE)
		*verdict = has_name.integer == 1 ? POLICY_NAME_TAKEN : POLICY_DUE_TIME_TAKEN;
	return outcome;
}

/* A rival is looked for before the row goes to the history, which could not be taken back without the rest. The unique keys judge all
 * the same: a rival that comes in between has the transaction repeated, and is then found. */
static enum outcome replace_record(struct connection *connection, const struct policy_record *record, const char *user_id,
                                   enum policy_verdict *verdict)
{
	char change_id[OBJECTID_LENGTH + 1];
	enum outcome outcome = name_rival(connection, &record->policy, verdict);

	if (outcome != OUTCOME_NOT_FOUND)
		return outcome;
	if (!objectid_make(change_id))
		return OUTCOME_DEFECT;
	outcome = policy_keep(connection, change_id, "PUT", record->policy.id, user_id);
	if (outcome == OUTCOME_DONE)
		outcome = update(connection, record, user_id);
	*verdict = POLICY_REPLACED;
	return outcome == OUTCOME_DUPLICATE || outcome == OUTCOME_NOT_FOUND ? OUTCOME_REPEAT : outcome;
}

/* Whatever kept the row out is gone again if there is no rival either. */
static enum outcome name_refusal(struct connection *connection, const struct policy *policy, enum policy_verdict *verdict)
{
	enum outcome outcome = name_rival(connection, policy, verdict);

	return outcome == OUTCOME_NOT_FOUND ? OUTCOME_REPEAT : outcome;
}

enum outcome policy_record_put(struct connection *connection, const struct policy_record *record, bool replace, const char *user_id,
                               enum policy_verdict *verdict)
{
	enum outcome outcome = insert(connection, record, user_id);
	struct policy_record stored;

	*verdict = POLICY_IMPORTED;
	if (outcome != OUTCOME_DUPLICATE)
		return outcome;
	outcome = find(connection, record->policy.id, &stored);
	if (outcome == OUTCOME_NOT_FOUND)
		return name_refusal(connection, &record->policy, verdict);
	if (outcome != OUTCOME_DONE)
		return outcome;
	*verdict = same(record, &stored) ? POLICY_UNCHANGED : POLICY_ID_TAKEN;
	return *verdict == POLICY_ID_TAKEN && replace ? replace_record(connection, record, user_id, verdict) : OUTCOME_DONE;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Changes and removals of policies, each with the row as it was in the history, and the history itself.
 */
#include <string.h>

#include "base/objectid.h"
#include "db/connection.h"
#include "db/statement.h"
#include "model/policy.h"
#include "model/policy_row.h"

static const struct statement keep_row = {
	"INSERT INTO sla_policy_history (change_id, policy_id, change_kind, changed_at, changed_by, "
	"name, description, due_time_in_minutes, created_at, created_by, updated_at, updated_by) "
	"SELECT ?, id, ?, UTC_TIMESTAMP(3), ?, "
	"name, description, due_time_in_minutes, created_at, created_by, updated_at, updated_by "
	"FROM sla_policies WHERE id = ? FOR UPDATE",
	"tttt",
	"",
};

static const struct statement find_step = { "SELECT id FROM sla_policy_history WHERE change_id = ?", "t", "i" };

static const struct statement update_row = {
	"UPDATE sla_policies SET name = ?, description = ?, due_time_in_minutes = ?, updated_at = UTC_TIMESTAMP(3), updated_by = ? "
	"WHERE id = ?",
	"ttitt",
	"",
};

static const struct statement find_update = { "SELECT updated_at FROM sla_policies WHERE id = ?", "t", "t" };

static const struct statement delete_row = { "DELETE FROM sla_policies WHERE id = ?", "t", "" };

static const struct statement list_steps = {
	"SELECT p.policy_id, p.name, p.description, p.due_time_in_minutes, p.updated_at, p.change_kind, p.changed_at, p.changed_by "
	"FROM sla_policy_history AS p WHERE p.policy_id = ? ORDER BY p.id",
	"t",
	POLICY_COLUMN_TYPES "ttt",
};

/* One step of a policy's life. Its id is made before the first attempt: after an attempt whose outcome is unknown, the history tells
 * whether it was carried out. */
struct step {
	char id[OBJECTID_LENGTH + 1];
	const char *kind;
	const char *policy_id;
	const char *user_id;
	struct policy *policy; /* what a change writes; NULL for a removal */
};

static enum outcome look(struct connection *connection, void *context, bool unsure)
{
	const struct step *step = context;
	const struct value parameters[] = { value_text(step->id) };
	struct value id;

	(void)unsure; /* which is why it looks */
	return statement_row(connection, &find_step, parameters, &id);
}

enum outcome policy_keep(struct connection *connection, const char *change_id, const char *kind, const char *policy_id,
                         const char *user_id)
{
	const struct value parameters[] = { value_text(change_id), value_text(kind), value_text(user_id), value_text(policy_id) };
	uint64_t kept = 0;
	enum outcome outcome = statement_run(connection, &keep_row, parameters, &kept);

	return outcome == OUTCOME_DONE && kept == 0 ? OUTCOME_NOT_FOUND : outcome;
}

static enum outcome keep(struct connection *connection, const struct step *step)
{
	return policy_keep(connection, step->id, step->kind, step->policy_id, step->user_id);
}

static enum outcome update(struct connection *connection, const struct step *step)
{
	const struct policy *policy = step->policy;
	const struct value parameters[] = {
		value_bytes(policy->name, policy->name_length),
		value_bytes(policy->description, policy->description_length),
		value_integer(policy->due_time_in_minutes),
		value_text(step->user_id),
		value_text(policy->id),
	};

	return statement_run(connection, &update_row, parameters, NULL);
}

static enum outcome read_update(struct connection *connection, struct policy *policy)
{
	const struct value parameters[] = { value_text(policy->id) };
	struct value updated_at;
	enum outcome outcome = statement_row(connection, &find_update, parameters, &updated_at);

	if (outcome == OUTCOME_DONE)
		timestamp_read(policy->updated_at, &updated_at);
	return outcome;
}

static enum outcome delete_policy(struct connection *connection, const struct step *step)
{
	const struct value parameters[] = { value_text(step->policy_id) };
	uint64_t deleted = 0;
	enum outcome outcome = statement_run(connection, &delete_row, parameters, &deleted);

	return outcome == OUTCOME_DONE && deleted == 0 ? OUTCOME_REPEAT : outcome; /* the row is locked, so it is there */
}

static enum outcome change_once(struct connection *connection, void *context, bool unsure)
{
	const struct step *step = context;
	enum outcome outcome = keep(connection, step);

	(void)unsure; /* connection_once has looked */
	return outcome == OUTCOME_DONE ? update(connection, step) : outcome;
}

static enum outcome change_work(struct connection *connection, void *context, bool unsure)
{
	const struct step *step = context;
	enum outcome outcome = connection_once(connection, look, change_once, context, unsure);

	return outcome == OUTCOME_DONE ? read_update(connection, step->policy) : outcome;
}

static enum outcome remove_once(struct connection *connection, void *context, bool unsure)
{
	const struct step *step = context;
	enum outcome outcome = keep(connection, step);

	(void)unsure; /* connection_once has looked */
	return outcome == OUTCOME_DONE ? delete_policy(connection, step) : outcome;
}

static enum outcome remove_work(struct connection *connection, void *context, bool unsure)
{
	return connection_once(connection, look, remove_once, context, unsure);
}

static enum outcome take_step(struct connection *connection, struct step *step, connection_work *work)
{
	if (!objectid_valid(step->policy_id))
		return OUTCOME_NOT_FOUND;
	if (!objectid_make(step->id))
		return OUTCOME_DEFECT;
	return connection_transact(connection, work, step);
}

enum outcome policy_change(struct connection *connection, struct policy *policy, const char *user_id)
{
	struct step step = { .kind = "PUT", .policy_id = policy->id, .user_id = user_id, .policy = policy };

	return take_step(connection, &step, change_work);
}

enum outcome policy_remove(struct connection *connection, const char *id, const char *user_id)
{
	struct step step = { .kind = "DELETE", .policy_id = id, .user_id = user_id };

	return take_step(connection, &step, remove_work);
}

struct reading {
	const char *id;
	policy_step_visitor *visitor;
	void *context;
};

static enum outcome visit_step(void *context, const struct value *columns)
{
	struct reading *reading = context;
	const struct value *own = columns + POLICY_COLUMN_COUNT;
	struct policy_step step = { .kind = own[0].text, .user_id = own[2].text };

	policy_of_row(&step.policy, columns);
	timestamp_read(step.at, &own[1]);
	return reading->visitor(reading->context, &step);
}

static enum outcome history_work(struct connection *connection, void *context, bool unsure)
{
	struct reading *reading = context;
	const struct value parameters[] = { value_text(reading->id) };

	(void)unsure; /* reading twice is reading */
	return statement_rows(connection, &list_steps, parameters, visit_step, reading);
}

enum outcome policy_history(struct connection *connection, const char *id, policy_step_visitor *visitor, void *context)
{
	struct reading reading = { .id = id, .visitor = visitor, .context = context };

	return connection_do(connection, history_work, &reading);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * How a row of sla_policies is read and kept; for the files of the policy model alone.
 */
#ifndef MODEL_POLICY_ROW_H
#define MODEL_POLICY_ROW_H

#include "base/outcome.h"

struct connection;
struct policy;
struct value;

/* Columns of `sla_policies AS p`, their types for struct statement, and how many they are. */
#define POLICY_COLUMNS "p.id, p.name, p.description, p.due_time_in_minutes, p.updated_at"
#define POLICY_COLUMN_TYPES "tttit"
#define POLICY_COLUMN_COUNT 5

/* The texts stay those of the row. */
void policy_of_row(struct policy *policy, const struct value *columns);

/* Inside a transaction: copies the policy's row to the history, as step `change_id` of this kind by this user, and locks the row, so
 * that of two changes at once the second finds what the first left. OUTCOME_NOT_FOUND if there is none. */
enum outcome policy_keep(struct connection *connection, const char *change_id, const char *kind, const char *policy_id,
                         const char *user_id);

#endif

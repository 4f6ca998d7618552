/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * SLA policies: rows of sla_policies.
 */
#ifndef MODEL_POLICY_H
#define MODEL_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "model/timestamp.h"

struct connection;

#define POLICY_ID_MOST 24
#define POLICY_NAME_MOST 255         /* code points */
#define POLICY_DESCRIPTION_MOST 4000 /* code points */
#define POLICY_DUE_TIME_MOST 2147483647

struct policy {
	char id[POLICY_ID_MOST + 1];
	const char *name; /* UTF-8; of a row read: lives until the connection's next statement */
	size_t name_length;
	const char *description;
	size_t description_length;
	int64_t due_time_in_minutes;
	char updated_at[TIMESTAMP_SIZE]; /* "" before it is stored */
};

/* Stores a new policy made by user `user_id`; name, description and due time are the caller's and keep to the contract's bounds. Its
 * id is made here before the first attempt, so that an attempt repeated after a lost connection meets its own row.
 * OUTCOME_DONE, OUTCOME_DUPLICATE (same name or due time), OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome policy_add(struct connection *connection, struct policy *policy, const char *user_id);

/* The policy with this id. OUTCOME_DONE, OUTCOME_NOT_FOUND (also for what can be no id), OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome policy_get(struct connection *connection, const char *id, struct policy *policy);

/* Gives the policy `policy->id` the name, description and due time that stand in `policy`, and fills `policy->updated_at`. The row as
 * it was goes to the history in the same transaction, with `user_id` and the time. OUTCOME_DONE, OUTCOME_NOT_FOUND, OUTCOME_DUPLICATE
 * (another policy has the name or the due time), OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome policy_change(struct connection *connection, struct policy *policy, const char *user_id);

/* Removes the policy; its row goes to the history as with policy_change. OUTCOME_DONE, OUTCOME_NOT_FOUND, OUTCOME_UNAVAILABLE,
 * OUTCOME_DEFECT. */
enum outcome policy_remove(struct connection *connection, const char *id, const char *user_id);

enum policy_field { POLICY_NAME, POLICY_DUE_TIME, POLICY_ID, POLICY_DESCRIPTION, POLICY_UPDATED_AT };

#define POLICY_SORT_MOST 5

struct policy_sort {
	enum policy_field field;
	bool descending;
};

struct policy_query {
	const char *text; /* substring of name or description, whatever the case; "" = all */
	size_t text_length;
	struct policy_sort sort[POLICY_SORT_MOST]; /* each field at most once; ties are broken by id */
	size_t sort_count;                         /* 0 = by name */
	int64_t count;                             /* rows at most */
	int64_t offset;                            /* rows passed over */
};

/* Gets each row in order; the texts live until it returns. Anything but OUTCOME_DONE ends the list with that outcome. */
typedef enum outcome policy_visitor(void *context, const struct policy *policy);

/* Visits the page of policies that `query` asks for; `*total` is how many match in all, read at the same moment. OUTCOME_DONE,
 * OUTCOME_UNAVAILABLE, OUTCOME_DEFECT, or the visitor's. */
enum outcome policy_list(struct connection *connection, const struct policy_query *query, policy_visitor *visitor, void *context,
                         int64_t *total);

struct policy_step {
	struct policy policy; /* as it was before */
	const char *kind;     /* "PUT" or "DELETE" */
	char at[TIMESTAMP_SIZE];
	const char *user_id; /* who did it */
};

/* Visits what became of the policy `id`, the oldest step first; same rules as policy_list. */
typedef enum outcome policy_step_visitor(void *context, const struct policy_step *step);
enum outcome policy_history(struct connection *connection, const char *id, policy_step_visitor *visitor, void *context);

#endif

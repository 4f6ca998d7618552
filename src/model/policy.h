/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * SLA policies: rows of sla_policies.
 */
#ifndef MODEL_POLICY_H
#define MODEL_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "base/objectid.h"
#include "base/outcome.h"

struct connection;

#define POLICY_NAME_MOST 255         /* code points */
#define POLICY_DESCRIPTION_MOST 4000 /* code points */
#define POLICY_DUE_TIME_MOST 2147483647

struct policy {
	char id[OBJECTID_LENGTH + 1];
	const char *name; /* UTF-8; of a row read: lives until the connection's next statement */
	size_t name_length;
	const char *description;
	size_t description_length;
	int64_t due_time_in_minutes;
	char updated_at[sizeof "2023-03-24T14:50:02.123Z"]; /* "" before it is stored */
};

/* Stores a new policy made by user `user_id`; name, description and due time are the caller's and keep to the contract's bounds. Its
 * id is made here before the first attempt, so that an attempt repeated after a lost connection meets its own row.
 * OUTCOME_DONE, OUTCOME_DUPLICATE (same name or due time), OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome policy_add(struct connection *connection, struct policy *policy, const char *user_id);

#endif

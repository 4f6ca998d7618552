/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Policies with all that is stored of them, to be taken out and put in again.
 */
#ifndef MODEL_POLICY_RECORD_H
#define MODEL_POLICY_RECORD_H

#include <stdbool.h>

#include "model/policy.h"
#include "model/timestamp.h"

#define POLICY_USER_ID_MOST 64 /* code points */

/* In a record that is put in, updated_at and all of these may be unknown: "" or NULL. */
struct policy_record {
	struct policy policy;
	char created_at[TIMESTAMP_SIZE];
	const char *created_by; /* lives as policy.name does */
	const char *updated_by;
};

/* As policy_get. */
enum outcome policy_record_get(struct connection *connection, const char *id, struct policy_record *record);

/* Visits up to `count` records in the order of their ids, from the first behind `after` ("" = the first of all); same rules as
 * policy_list. */
typedef enum outcome policy_record_visitor(void *context, const struct policy_record *record);
enum outcome policy_record_page(struct connection *connection, const char *after, int64_t count, policy_record_visitor *visitor,
                                void *context);

enum policy_verdict {
	POLICY_IMPORTED,
	POLICY_REPLACED,
	POLICY_UNCHANGED, /* it was there with what the record has */

	/* These three are refusals, and nothing was done. */
	POLICY_ID_TAKEN, /* it was there with other values */
	POLICY_NAME_TAKEN,
	POLICY_DUE_TIME_TAKEN,
};

/* Inside work of connection_transact: stores a record with its own id and times, the policy as the schema of the API has it; what is
 * unknown is now, or what is known of the other time, and `user_id`. A policy that is there with other values is changed if
 * `replace`, its row going to the history as with policy_change. Done again it changes nothing. OUTCOME_DONE with a verdict, or an
 * outcome to end the work with. */
enum outcome policy_record_put(struct connection *connection, const struct policy_record *record, bool replace, const char *user_id,
                               enum policy_verdict *verdict);

#endif

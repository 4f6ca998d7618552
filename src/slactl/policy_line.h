/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One policy as a JSON text: what an export writes, and what an import reads of it and of mongoexport's.
 */
#ifndef SLACTL_POLICY_LINE_H
#define SLACTL_POLICY_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/policy_record.h"

struct json_object;

#define POLICY_REASON_SIZE 192

struct policy_line {
	struct policy_record record; /* its texts are lent by the two objects */
	struct json_object *document;
	struct json_object *body;
	char reason[POLICY_REASON_SIZE]; /* why it is refused; never quotes the text */
};

/* Reads any bytes; depends on nothing else. Of extended JSON it takes $oid, $date, $numberInt, $numberLong and $numberDouble where
 * they belong; members that are not known are ignored. False with the reason. Either way free it with policy_line_free. */
bool policy_line_read(struct policy_line *line, const char *text, size_t length);
void policy_line_free(struct policy_line *line);

/* Checks name, description and dueTimeInMinutes as the API checks a body. True: `policy` has texts lent by `body`. False: `reason`
 * says why. */
bool policy_line_read_body(struct policy *policy, struct json_object *body, char reason[POLICY_REASON_SIZE]);

/* A new object that policy_line_read makes the same record of. */
struct json_object *policy_line_document(const struct policy_record *record);

#endif

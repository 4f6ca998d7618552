/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The one mapping of what became of a piece of work to HTTP.
 */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include <stdbool.h>

#include "base/outcome.h"

struct response;

/* True if the outcome is OUTCOME_DONE; otherwise `response` is filled: 503 for OUTCOME_UNAVAILABLE, 500 for whatever the handler did
 * not answer itself, with a line in the log unless there is one (OUTCOME_DEFECT). */
bool answer_outcome(struct response *response, enum outcome outcome);

#endif

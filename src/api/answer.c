/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Outcomes -> HTTP.
 */
#include "api/answer.h"

#include "http/response.h"

bool answer_outcome(struct response *response, enum outcome outcome)
{
	if (outcome == OUTCOME_DONE)
		return true;
	response_fail(response, outcome == OUTCOME_UNAVAILABLE ? RESPONSE_SERVICE_UNAVAILABLE : RESPONSE_INTERNAL_ERROR);
	return false;
}

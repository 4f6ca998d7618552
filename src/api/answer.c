/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Outcomes -> HTTP.
 */
#include "api/answer.h"

#include "base/log.h"
#include "http/response.h"

/* Those that only the handler could have put in words. */
static const char *const unanswered[] = {
	[OUTCOME_NOT_FOUND] = "not found",
	[OUTCOME_DUPLICATE] = "duplicate",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_UNSURE] = NULL, /* the last one */
};

bool answer_outcome(struct response *response, enum outcome outcome)
{
	if (outcome == OUTCOME_DONE)
		return true;
	if (unanswered[outcome] != NULL)
		log_message(LOG_ERR, "the work ended with an outcome that its handler has no answer to: %s", unanswered[outcome]);
	response_fail(response, outcome == OUTCOME_UNAVAILABLE ? RESPONSE_SERVICE_UNAVAILABLE : RESPONSE_INTERNAL_ERROR);
	return false;
}

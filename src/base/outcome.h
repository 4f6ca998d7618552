/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * How a piece of work on the data ended; api maps it to HTTP in one place.
 */
#ifndef BASE_OUTCOME_H
#define BASE_OUTCOME_H

enum outcome {
	OUTCOME_DONE,
	OUTCOME_NOT_FOUND,
	OUTCOME_DUPLICATE,   /* a unique key refused the row (MySQL error 1062) */
	OUTCOME_REFUSED,     /* a rule of the model refused it; the function says which */
	OUTCOME_UNAVAILABLE, /* the database could not be reached in time, nothing is known to be wrong with the request */
	OUTCOME_DEFECT,      /* ours: logged where it happened */

	/* Only between statement and connection; never leave the db floor and the work it repeats. */
	OUTCOME_REPEAT, /* rolled back by the server (1213, 1205, 1020, 1047, ...): the work may be done again */
	OUTCOME_UNSURE, /* the connection was lost while waiting: the work may or may not have been done */
};

#endif

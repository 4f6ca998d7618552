/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Errors of the server and of the client library: what each means for the work and for the connection.
 */
#ifndef DB_ERROR_H
#define DB_ERROR_H

#include <stdbool.h>

#include "base/outcome.h"

enum error_fate {
	ERROR_KEEP,  /* the connection is as good as before */
	ERROR_DROP,  /* it is lost or can not be trusted: open another, on whichever host */
	ERROR_LEAVE, /* its host is no good for now: open one on another host */
	ERROR_SHUN,  /* the host will say the same for longer: leave it alone for some seconds */
};

struct error_rule {
	unsigned number;
	enum outcome outcome;
	enum error_fate fate;
	const char *advice; /* to the administrator, in the log; or NULL */
};

/* The rule of an error; one that is not in the table is a defect of ours. */
const struct error_rule *error_rule(unsigned number);

/* Whether a prepared statement has to be prepared anew: the server no longer knows it. */
bool error_is_stale_statement(unsigned number);

#endif

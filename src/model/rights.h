/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The closed list of what an account of the database needs on each table, and no more: what the statements beside this file do.
 */
#ifndef MODEL_RIGHTS_H
#define MODEL_RIGHTS_H

struct right {
	const char *table;
	const char *service;       /* as GRANT takes them */
	const char *administrator; /* of livechat-slactl, or of one account for both; NULL = no more than the service's */
};

/* Every table, up to the row without one. */
extern const struct right rights[];

#endif

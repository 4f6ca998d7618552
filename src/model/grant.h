/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One grant: a permission that a role carries; for the files of the permission model alone.
 */
#ifndef MODEL_GRANT_H
#define MODEL_GRANT_H

#include "base/outcome.h"

struct audit;
struct connection;

struct grant {
	const char *permission;
	const char *role;
};

/* Both run inside the work of a change, behind access_guard, and record what they did. */

/* OUTCOME_DUPLICATE: it is there; OUTCOME_NOT_FOUND: the permission or the role is not. */
enum outcome grant_add(struct connection *connection, const struct audit *audit, const struct grant *grant);

/* OUTCOME_NOT_FOUND: it is not there. */
enum outcome grant_remove(struct connection *connection, const struct audit *audit, const struct grant *grant);

#endif

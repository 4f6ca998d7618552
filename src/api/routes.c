/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Collects the rows of all resources: a new one is one file and one line here.
 */
#include "api/route.h"

const struct route *const routes[] = {
	accounts_routes,
	permissions_routes,
	policies_routes,
	tokens_routes,
	NULL,
};

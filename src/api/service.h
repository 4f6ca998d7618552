/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What a worker lends to every call.
 */
#ifndef API_SERVICE_H
#define API_SERVICE_H

struct config;
struct connection;
struct counters;

struct service {
	const struct config *config;
	struct connection *connection;
	struct counters *counters; /* NULL: nothing is counted */
};

#endif

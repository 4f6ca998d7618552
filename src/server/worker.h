/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * accept -> serve -> repeat; owns one database connection.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

struct config;
struct counters;
struct scoreboard_slot;

enum worker_end {
	WORKER_DONE,   /* asked to stop, or has served its number */
	WORKER_FAILED, /* could not begin */
	WORKER_RELOAD, /* SIGHUP */
};

/* Serves requests from the listening descriptor until it is asked to stop (SIGTERM, SIGINT, SIGUSR1) or has served its number. Called in a
 * child of the pool; or in the only process, without `slot`: that has no number and returns on SIGHUP too, to be called again.
 * `counters` may be NULL (nothing is limited). */
enum worker_end worker_run(const struct config *config, int listening, struct counters *counters, struct scoreboard_slot *slot);

#endif

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

/* Serves requests from the listening descriptor until it is asked to stop (SIGTERM, SIGINT, SIGUSR1) or has served its number.
 * Returns the process's exit status: 0 after an orderly end. Called in a child of the pool, or in the only process;
 * `counters` may be NULL (nothing is limited), `slot` too. */
int worker_run(const struct config *config, int listening, struct counters *counters, struct scoreboard_slot *slot);

#endif

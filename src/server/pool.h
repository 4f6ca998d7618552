/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The master: fork, reap, replace, reload, drain, stop. It touches no request and no database.
 */
#ifndef SERVER_POOL_H
#define SERVER_POOL_H

struct config;

/* Reads the configuration anew for a reload: the same file and command line over the defaults. 0 with `config` filled; -1 if it is
 * refused (and logged): the pool goes on with what it has. */
typedef int pool_reread(struct config *config, void *context);

/* Runs the workers until SIGTERM, SIGINT or SIGUSR1. `config` changes on SIGHUP. Returns the process's exit status. In a worker it returns
 * as well, with the worker's. */
int pool_run(struct config *config, int listening, pool_reread *reread, void *context);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The listening socket: inherited on descriptor 0, or made from a path or an address.
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include <stdbool.h>

struct config;

/* Whether the web server that started us counts its processes itself: mod_fcgid names the socket on descriptor 0 PARENT-PID.NUMBER. */
bool listen_counted(void);

/* The listening socket: descriptor 0, if that is one (FastCGI specification, 2.2), else `config->listen`: a path (mode and group from the
 * configuration; a stale socket is replaced, a live one or another kind of file is not) or ADDRESS:PORT. Returns the descriptor, -1 after
 * logging why. */
int listen_open(const struct config *config);

/* Removes the socket file that listen_open made in this process; a child's call does nothing. */
void listen_close(void);

#endif

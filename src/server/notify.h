/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What a service manager is told: the protocol of sd_notify(3), which is one datagram and promised to stay.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <stdint.h>

/* Sends lines such as "READY=1" to $NOTIFY_SOCKET; without one it does nothing. */
void notify_send(const char *state);

/* As notify_send("RELOADING=1"), with the moment that systemd wants beside it. */
void notify_reloading(void);

/* How often "WATCHDOG=1" is to be sent, in ms: half of $WATCHDOG_USEC if it is meant for this process; 0 = never. */
int64_t notify_watchdog_ms(void);

#endif

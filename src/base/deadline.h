/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A time limit on a blocking call of somebody else's library: at the deadline the socket is shut down, so that the call returns
 * with an error and the process lives on. libfcgi has no time-out at all and the MySQL client's count in whole seconds.
 */
#ifndef BASE_DEADLINE_H
#define BASE_DEADLINE_H

#include <stdint.h>

/* Installs the handler of SIGALRM and makes the timer. After the fork; a second call in the same process does nothing. Returns 0, -1 with
 * errno. */
int deadline_open(void);

/* From `monotonic_ms` on (clock_monotonic_ms), the descriptor in `*fd` is shut down in both directions. It is looked up at that moment, so
 * that it may be opened while it is guarded; -1 until then. One is guarded at a time; a new call takes the place of the one before.
 * Without deadline_open it does nothing. */
void deadline_guard(const volatile int *fd, int64_t monotonic_ms);

/* The guarded descriptor is safe again; call it before the descriptor is closed or `*fd` is gone. */
void deadline_release(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The two clocks: one for intervals, one for dates.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. Every deadline is measured with it, so that a stepped wall clock moves none. */
int64_t clock_monotonic_ms(void);

/* Milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_realtime_ms(void);

/* Sleeps for so many milliseconds; a signal does not shorten it. */
void clock_sleep_ms(int64_t milliseconds);

#endif

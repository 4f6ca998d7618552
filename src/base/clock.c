/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The two clocks, over clock_gettime(2).
 */
#include "base/clock.h"

#include <errno.h>
#include <time.h>

static int64_t milliseconds(clockid_t clock)
{
	struct timespec now;

	/* Both clocks exist on every Linux, so that this can not fail. */
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
	return milliseconds(CLOCK_MONOTONIC);
}

int64_t clock_realtime_ms(void)
{
	return milliseconds(CLOCK_REALTIME);
}

void clock_sleep_ms(int64_t duration)
{
	struct timespec left = { .tv_sec = duration / 1000, .tv_nsec = duration % 1000 * 1000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

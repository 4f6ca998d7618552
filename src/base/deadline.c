/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One timer of the process that shuts one socket down.
 */
#include "base/deadline.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

static timer_t timer;
static bool open_for_use;
static volatile sig_atomic_t guarded = -1;

/* Only shutdown(2), which is safe here; whoever waits on the socket wakes up with its end. */
static void shut_down(int number)
{
	(void)number;
	if (guarded >= 0)
		shutdown(guarded, SHUT_RDWR);
}

int deadline_open(void)
{
	struct sigaction action = { .sa_handler = shut_down, .sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };

	if (open_for_use)
		return 0;
	if (sigaction(SIGALRM, &action, NULL) != 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
		return -1;
	open_for_use = true;
	return 0;
}

/* 0 disarms. A moment that has passed fires at once. */
static void set_timer(int64_t monotonic_ms)
{
	const struct itimerspec at = {
		.it_value = { .tv_sec = monotonic_ms / 1000, .tv_nsec = monotonic_ms % 1000 * 1000000 },
	};

	timer_settime(timer, TIMER_ABSTIME, &at, NULL);
}

/* Released first: a timer set before must not meet the new descriptor. */
void deadline_guard(int fd, int64_t monotonic_ms)
{
	if (!open_for_use)
		return;
	deadline_release();
	guarded = fd;
	set_timer(monotonic_ms);
}

void deadline_release(void)
{
	if (!open_for_use)
		return;
	guarded = -1;
	set_timer(0);
}

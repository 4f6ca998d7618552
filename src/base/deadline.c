/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One timer of the process that shuts one socket down. A request guards a socket several times and nearly always in time, so the timer is
 * left running when the socket is released: it is set anew only where the next guard ends earlier, or when it has run out too early.
 */
#include "base/deadline.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"

#define NEVER INT64_MAX
#define AGAIN_MS 100 /* when a descriptor that is not open yet is looked at again */

static timer_t timer;
static bool open_for_use;
static const volatile int *_Atomic guarded; /* these three are the handler's, too */
static _Atomic int64_t guarded_until;
static _Atomic int64_t runs_until = NEVER; /* when the timer goes off */

/* A moment that has passed goes off at once. Noted first: should the handler come in between, what it notes is to stand. */
static void run_until(int64_t monotonic_ms)
{
	const struct itimerspec at = {
		.it_value = { .tv_sec = monotonic_ms / 1000, .tv_nsec = monotonic_ms % 1000 * 1000000 },
	};

	runs_until = monotonic_ms;
	timer_settime(timer, TIMER_ABSTIME, &at, NULL);
}

/* All of it is safe in a handler: of the functions called, shutdown(2), timer_settime(2) and clock_gettime(2). Whoever waits on the socket
 * wakes up with its end. */
static void go_off(int number)
{
	int error = errno;
	const volatile int *fd = guarded;

	(void)number;
	if (fd == NULL) {
		runs_until = NEVER;
	} else if (clock_monotonic_ms() < guarded_until) {
		run_until(guarded_until);
	} else if (*fd < 0) {
		run_until(clock_monotonic_ms() + AGAIN_MS);
	} else {
		runs_until = NEVER;
		shutdown(*fd, SHUT_RDWR);
	}
	errno = error;
}

int deadline_open(void)
{
	struct sigaction action = { .sa_handler = go_off, .sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };

	if (open_for_use)
		return 0;
	if (sigaction(SIGALRM, &action, NULL) != 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
		return -1;
	open_for_use = true;
	return 0;
}

/* Released first: the old moment must not meet the new descriptor. The timer is looked at last, so that a handler that comes before has
 * set it for this descriptor or is seen to have left it. */
void deadline_guard(const volatile int *fd, int64_t monotonic_ms)
{
	if (!open_for_use)
		return;
	guarded = NULL;
	guarded_until = monotonic_ms;
	guarded = fd;
	if (monotonic_ms < runs_until)
		run_until(monotonic_ms);
}

void deadline_release(void)
{
	guarded = NULL;
}

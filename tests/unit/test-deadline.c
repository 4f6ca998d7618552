/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/deadline: which socket is shut down, when, and how seldom the timer is set.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/deadline.h"

#define SOON_MS 50
#define LATER_MS 150
#define FAR_MS 60000

static unsigned settings; /* of the timer */
static timer_t the_timer;

/* Every setting of the timer goes by here (the linker's --wrap). */
int __real_timer_settime(timer_t timer, int flags, const struct itimerspec *new, struct itimerspec *old);
int __wrap_timer_settime(timer_t timer, int flags, const struct itimerspec *new, struct itimerspec *old);

int __wrap_timer_settime(timer_t timer, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	settings++;
	the_timer = timer;
	return __real_timer_settime(timer, flags, new, old);
}

struct pair {
	int guarded, other;
};

static struct pair open_pair(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	return (struct pair){ ends[0], ends[1] };
}

static void close_pair(struct pair pair)
{
	deadline_release();
	close(pair.guarded);
	close(pair.other);
}

/* When the guarded end is shut down, at most FAR_MS from now. poll(2) is not restarted after a signal. */
static int64_t end_of(struct pair pair)
{
	struct pollfd entry = { .fd = pair.other, .events = POLLIN };
	int64_t until = clock_monotonic_ms() + FAR_MS;

	while (poll(&entry, 1, SOON_MS) != 1)
		assert_true(clock_monotonic_ms() < until);
	assert_int_equal(read(pair.other, &(char){ 0 }, 1), 0);
	return clock_monotonic_ms();
}

/* At most FAR_MS from now. */
static void wait_for_timer(void)
{
	int64_t until = clock_monotonic_ms() + FAR_MS;
	struct itimerspec left;

	do {
		assert_true(clock_monotonic_ms() < until);
		clock_sleep_ms(1);
		assert_int_equal(timer_gettime(the_timer, &left), 0);
	} while (left.it_value.tv_sec != 0 || left.it_value.tv_nsec != 0);
}

static void assert_open(struct pair pair)
{
	assert_int_equal(recv(pair.other, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
}

static void test_end(void **state)
{
	struct pair pair = open_pair();
	int64_t at = clock_monotonic_ms() + SOON_MS;

	(void)state;
	deadline_guard(&pair.guarded, at);
	assert_true(end_of(pair) >= at);
	close_pair(pair);
}

static void test_moment_that_has_passed(void **state)
{
	struct pair pair = open_pair();

	(void)state;
	deadline_guard(&pair.guarded, clock_monotonic_ms() - 1000);
	end_of(pair);
	close_pair(pair);
}

/* As when the library that opens it is still connecting. */
static void test_descriptor_that_comes_late(void **state)
{
	struct pair pair = open_pair();
	volatile int fd = -1;

	(void)state;
	deadline_guard(&fd, clock_monotonic_ms() - 1000);
	fd = pair.guarded;
	end_of(pair);
	close_pair(pair);
}

/* The timer still runs for the first; it is neither the first's nor yet the second's time. */
static void test_later_guard_keeps_its_own_time(void **state)
{
	struct pair first = open_pair(), second = open_pair();
	int64_t now = clock_monotonic_ms();

	(void)state;
	deadline_guard(&first.guarded, now + SOON_MS);
	deadline_release();
	deadline_guard(&second.guarded, now + LATER_MS);
	assert_true(end_of(second) >= now + LATER_MS);
	assert_open(first);
	close_pair(first);
	close_pair(second);
}

static void test_earlier_guard_waits_for_nobody(void **state)
{
	struct pair first = open_pair(), second = open_pair();
	int64_t now = clock_monotonic_ms();

	(void)state;
	deadline_guard(&first.guarded, now + 2 * FAR_MS);
	deadline_guard(&second.guarded, now + SOON_MS);
	end_of(second);
	assert_open(first);
	close_pair(first);
	close_pair(second);
}

/* The timer has gone off for nobody; the next guard finds it set again. */
static void test_guard_after_an_idle_time(void **state)
{
	struct pair pair = open_pair();
	int64_t now = clock_monotonic_ms();

	(void)state;
	deadline_guard(&pair.guarded, now + SOON_MS);
	deadline_release();
	wait_for_timer();
	assert_open(pair);
	now = clock_monotonic_ms();
	deadline_guard(&pair.guarded, now + SOON_MS);
	assert_true(end_of(pair) >= now + SOON_MS);
	close_pair(pair);
}

/* As requests do: each guards again and again, and is in time. */
static void test_guards_in_time_share_the_timer(void **state)
{
	struct pair pair = open_pair();
	unsigned before = settings;
	int64_t now = clock_monotonic_ms();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		deadline_guard(&pair.guarded, now + FAR_MS + i);
		deadline_release();
	}
	assert_true(settings - before <= 1);
	close_pair(pair);
}

/* Sockets come and go while the timer goes off again and again: none is shut down but one that is late. */
static void test_many_guards_beside_the_timer(void **state)
{
	struct pair pair = open_pair(), late = open_pair();
	int64_t now, end = clock_monotonic_ms() + 4 * LATER_MS;

	(void)state;
	while ((now = clock_monotonic_ms()) < end) {
		deadline_guard(&pair.guarded, now + FAR_MS);
		deadline_guard(&late.guarded, now + 1);
		deadline_guard(&pair.guarded, now + FAR_MS + 1);
		assert_open(pair);
		deadline_release();
	}
	deadline_guard(&pair.guarded, end);
	end_of(pair);
	close_pair(pair);
	close_pair(late);
}

static int open_timer(void **state)
{
	(void)state;
	return deadline_open();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_moment_that_has_passed),
		cmocka_unit_test(test_descriptor_that_comes_late),
		cmocka_unit_test(test_later_guard_keeps_its_own_time),
		cmocka_unit_test(test_earlier_guard_waits_for_nobody),
		cmocka_unit_test(test_guard_after_an_idle_time),
		cmocka_unit_test(test_guards_in_time_share_the_timer),
		cmocka_unit_test(test_many_guards_beside_the_timer),
	};

	return cmocka_run_group_tests(tests, open_timer, NULL);
}

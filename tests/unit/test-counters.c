/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/counters: windows, the oldest that goes, and processes that share and die.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counters.h"

#define HOUR 3600000

static struct counters_key numbered_key(struct counters *counters, int number)
{
	return counters_key(counters, "test", &number, sizeof number);
}

static void events_are_counted_in_their_window(void **state)
{
	struct counters *counters = counters_new();
	struct counters_key key, other;

	(void)state;
	assert_non_null(counters);
	key = numbered_key(counters, 1);
	other = numbered_key(counters, 2);
	assert_int_equal(counters_peek(counters, &key, HOUR).events, 0);
	assert_int_equal(counters_add(counters, &key, HOUR).events, 1);
	assert_int_equal(counters_add(counters, &key, HOUR).events, 2);
	assert_int_equal(counters_peek(counters, &key, HOUR).events, 2);
	assert_true(counters_peek(counters, &key, HOUR).left_ms > HOUR - 60000);
	assert_int_equal(counters_peek(counters, &other, HOUR).events, 0);
	counters_free(counters);
}

static void a_window_ends(void **state)
{
	struct counters *counters = counters_new();
	struct counters_key key = numbered_key(counters, 1);

	(void)state;
	counters_add(counters, &key, 20);
	counters_add(counters, &key, 20);
	while (counters_peek(counters, &key, 20).events != 0)
		clock_sleep_ms(1);
	assert_int_equal(counters_peek(counters, &key, 20).left_ms, 0);
	assert_int_equal(counters_add(counters, &key, 20).events, 1);
	counters_free(counters);
}

static void kinds_are_counted_apart(void **state)
{
	struct counters *counters = counters_new();
	struct counters_key call = counters_key(counters, "call", "x", 1);
	struct counters_key login = counters_key(counters, "login", "x", 1);

	(void)state;
	counters_add(counters, &call, HOUR);
	assert_int_equal(counters_peek(counters, &login, HOUR).events, 0);
	counters_free(counters);
}

/* Many times more subjects than there are slots: the newest is there, the first is long gone, and the memory is what it was. */
static void the_oldest_goes_when_there_is_no_room(void **state)
{
	struct counters *counters = counters_new();
	struct counters_key first = numbered_key(counters, 0), last = first;

	(void)state;
	counters_add(counters, &first, HOUR);
	clock_sleep_ms(2);
	for (int i = 1; i <= 200000; i++) {
		last = numbered_key(counters, i);
		assert_int_equal(counters_add(counters, &last, HOUR).events, 1);
	}
	assert_int_equal(counters_peek(counters, &last, HOUR).events, 1);
	assert_int_equal(counters_peek(counters, &first, HOUR).events, 0);
	counters_free(counters);
}

static void add_for_ever(struct counters *counters)
{
	for (int i = 0;; i = (i + 1) % 64) {
		struct counters_key key = numbered_key(counters, i);

		counters_add(counters, &key, HOUR);
	}
}

static void a_holder_that_is_killed_stops_nobody(void **state)
{
	struct counters *counters = counters_new();

	(void)state;
	for (int i = 0; i < 50; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			add_for_ever(counters);
		clock_sleep_ms(3);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		for (int number = 0; number < 64; number++) {
			struct counters_key key = numbered_key(counters, number);

			assert_true(counters_add(counters, &key, HOUR).events > 0);
		}
	}
	counters_free(counters);
}

static void no_event_of_several_processes_is_lost(void **state)
{
	struct counters *counters = counters_new();
	struct counters_key key = numbered_key(counters, 1);

	(void)state;
	for (int child = 0; child < 4; child++) {
		if (fork() == 0) {
			for (int i = 0; i < 1000; i++)
				counters_add(counters, &key, HOUR);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	assert_int_equal(counters_peek(counters, &key, HOUR).events, 4000);
	counters_free(counters);
}

static void make_directory(char *directory, char *file, size_t size)
{
	assert_non_null(mkdtemp(directory));
	snprintf(file, size, "%s/counters", directory);
}

static void remove_directory(const char *directory, const char *file)
{
	unlink(file);
	rmdir(directory);
}

static void processes_that_are_no_family_share_a_file(void **state)
{
	char directory[] = "/tmp/test-counters-XXXXXX", file[64];
	struct counters *one, *other;
	struct counters_key key;

	(void)state;
	make_directory(directory, file, sizeof file);
	one = counters_open(file);
	other = counters_open(file);
	assert_non_null(one);
	assert_non_null(other);
	key = numbered_key(one, 7);
	counters_add(one, &key, HOUR);
	key = numbered_key(other, 7);
	assert_int_equal(counters_add(other, &key, HOUR).events, 2);
	counters_free(one);
	counters_free(other);
	remove_directory(directory, file);
}

static void a_file_that_is_not_ours_is_refused(void **state)
{
	char directory[] = "/tmp/test-counters-XXXXXX", file[64];
	FILE *stream;

	(void)state;
	make_directory(directory, file, sizeof file);
	assert_int_equal(symlink("/dev/null", file), 0);
	assert_null(counters_open(file));
	unlink(file);
	stream = fopen(file, "w");
	fputs("something else", stream);
	fclose(stream);
	chmod(file, 0600);
	assert_null(counters_open(file));
	unlink(file);
	counters_free(counters_open(file));
	chmod(file, 0644);
	assert_null(counters_open(file));
	remove_directory(directory, file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_counted_in_their_window),
		cmocka_unit_test(a_window_ends),
		cmocka_unit_test(kinds_are_counted_apart),
		cmocka_unit_test(the_oldest_goes_when_there_is_no_room),
		cmocka_unit_test(a_holder_that_is_killed_stops_nobody),
		cmocka_unit_test(no_event_of_several_processes_is_lost),
		cmocka_unit_test(processes_that_are_no_family_share_a_file),
		cmocka_unit_test(a_file_that_is_not_ours_is_refused),
	};

	return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/objectid: form, order and difference of ids, also across a fork.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/objectid.h"

/* The number that stands in `digits` characters of an id from `first` on. */
static unsigned long part(const char *id, size_t first, size_t digits)
{
	char text[OBJECTID_LENGTH + 1] = "";

	memcpy(text, id + first, digits);
	return strtoul(text, NULL, 16);
}

static void test_parts(void **state)
{
	char one[OBJECTID_LENGTH + 1], other[OBJECTID_LENGTH + 1];
	unsigned long before = (unsigned long)(clock_realtime_ms() / 1000);

	(void)state;
	assert_true(objectid_make(one));
	assert_true(objectid_make(other));
	assert_true(objectid_valid(one));
	assert_true(objectid_valid(other));
	assert_true(part(one, 0, 8) >= before && part(one, 0, 8) <= (unsigned long)(clock_realtime_ms() / 1000));
	assert_memory_equal(one + 8, other + 8, 10);
	assert_int_equal(part(other, 18, 6), (part(one, 18, 6) + 1) & 0xffffff);
}

/* The counter passes from ffffff to 000000. */
static void test_counter_wraps(void **state)
{
	char id[OBJECTID_LENGTH + 1];
	unsigned long before, after;

	(void)state;
	assert_true(objectid_make(id));
	after = part(id, 18, 6);
	do {
		before = after;
		assert_true(objectid_make(id));
		after = part(id, 18, 6);
	} while (after != 0);
	assert_int_equal(before, 0xffffff);
	assert_true(objectid_valid(id));
}

static void make_in_child(char id[OBJECTID_LENGTH + 1])
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		_exit(objectid_make(id) && write(ends[1], id, OBJECTID_LENGTH + 1) == OBJECTID_LENGTH + 1 ? 0 : 1);
	}
	assert_int_equal(read(ends[0], id, OBJECTID_LENGTH + 1), OBJECTID_LENGTH + 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ends[0]);
	close(ends[1]);
}

static void test_children_differ(void **state)
{
	char parent[OBJECTID_LENGTH + 1], first[OBJECTID_LENGTH + 1], second[OBJECTID_LENGTH + 1];

	(void)state;
	assert_true(objectid_make(parent));
	make_in_child(first);
	make_in_child(second);
	assert_memory_not_equal(parent + 8, first + 8, 10);
	assert_memory_not_equal(parent + 8, second + 8, 10);
	assert_memory_not_equal(first + 8, second + 8, 10);
}

static void test_valid(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{ "641db89a7718f90c810429cc", true },  { "000000000000000000000000", true },   { "ffffffffffffffffffffffff", true },
		{ "641db89a7718f90c810429c", false },  { "641db89a7718f90c810429ccc", false }, { "641DB89A7718F90C810429CC", false },
		{ "641db89a7718f90c810429cg", false }, { "641db89a7718f90c810429c ", false },  { "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (objectid_valid(rows[i].text) != rows[i].valid)
			fail_msg("%s", rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_counter_wraps),
		cmocka_unit_test(test_children_differ),
		cmocka_unit_test(test_valid),
	};

	return cmocka_run_group_tests_name("objectid", tests, NULL, NULL);
}

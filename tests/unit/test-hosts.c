/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/hosts: how a list is read, and who is next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hosts.h"

#define HOSTS_MOST 3

static const struct {
	const char *text;
	size_t count;
	struct {
		const char *name;
		unsigned port;
	} hosts[HOSTS_MOST];
} lists[] = {
	{ "", 1, { { "", 0 } } },
	{ " , ,", 1, { { "", 0 } } },
	{ "db.example", 1, { { "db.example", 0 } } },
	{ "db.example:3307", 1, { { "db.example", 3307 } } },
	{ "a,b:1 ,\tc", 3, { { "a", 0 }, { "b", 1 }, { "c", 0 } } },
	{ "::1", 1, { { "::1", 0 } } },
	{ "2001:db8::7,[2001:db8::8],[2001:db8::9]:3307", 3, { { "2001:db8::7", 0 }, { "2001:db8::8", 0 }, { "2001:db8::9", 3307 } } },
	{ ",a,,b,", 2, { { "a", 0 }, { "b", 0 } } },
	{ "[", 1, { { "[", 0 } } },
	{ "[]:5", 1, { { "", 5 } } },
};

static void test_reading(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct hosts hosts;

		assert_int_equal(hosts_read(&hosts, lists[i].text), 0);
		assert_int_equal(hosts.count, lists[i].count);
		for (size_t j = 0; j < hosts.count; j++) {
			assert_string_equal(hosts.list[j].name, lists[i].hosts[j].name);
			assert_int_equal(hosts.list[j].port, lists[i].hosts[j].port);
		}
		hosts_free(&hosts);
	}
}

static void test_ports(void **state)
{
	static const char *const sound[] = { "", ",", "db", "db:1", "a:3306, b:65535 x:0,c", "::1", "2001:db8::8,[::1]:3306,[::1]" };
	static const char *const wrong[] = { "db:", "db:0", "db:65536", "db:4294967297", "db:3306x", "a:1,b:", "[::1]:", "[::1]:x", "db:-1" };

	(void)state;
	for (size_t i = 0; i < sizeof sound / sizeof *sound; i++)
		assert_true(hosts_valid(sound[i]));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(hosts_valid(wrong[i]));
}

static void test_long_name_is_cut(void **state)
{
	struct hosts hosts;
	char text[1024];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(hosts_read(&hosts, text), 0);
	assert_int_equal(strlen(hosts.list[0].name), sizeof hosts.list[0].name - 1);
	hosts_free(&hosts);
}

/* Round and round from wherever it begins. */
static void test_turns(void **state)
{
	struct hosts hosts;
	struct host *first;

	(void)state;
	assert_int_equal(hosts_read(&hosts, "a,b,c"), 0);
	first = hosts_next(&hosts, 0);
	for (int i = 1; i <= 7; i++)
		assert_ptr_equal(hosts_next(&hosts, 0), &hosts.list[(size_t)(first - hosts.list + i) % 3]);
	hosts_free(&hosts);
}

static void test_rest(void **state)
{
	struct hosts hosts;

	(void)state;
	assert_int_equal(hosts_read(&hosts, "a,b"), 0);
	hosts.list[0].rests_until = 100;
	assert_ptr_equal(hosts_next(&hosts, 99), &hosts.list[1]);
	assert_ptr_equal(hosts_next(&hosts, 99), &hosts.list[1]);
	hosts.list[1].rests_until = 200;
	assert_null(hosts_next(&hosts, 99));
	assert_ptr_equal(hosts_next(&hosts, 100), &hosts.list[0]);
	hosts_free(&hosts);
}

static void test_start_is_random(void **state)
{
	bool seen[2] = { false, false };

	(void)state;
	for (int i = 0; i < 200 && !(seen[0] && seen[1]); i++) {
		struct hosts hosts;

		assert_int_equal(hosts_read(&hosts, "a,b"), 0);
		seen[hosts_next(&hosts, 0) - hosts.list] = true;
		hosts_free(&hosts);
	}
	assert_true(seen[0] && seen[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_long_name_is_cut),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_start_is_random),
	};

	return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}

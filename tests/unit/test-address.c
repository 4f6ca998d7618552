/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/address: addresses, networks, and who counts as one customer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/address.h"

static struct address address_of(const char *text)
{
	struct address address;

	assert_true(address_parse(text, strlen(text), &address));
	return address;
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "localhost", "1.2.3.4:80", "[::1]", "fe80::1%eth0", " 1.2.3.4",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999",
	};
	struct address address;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_false(address_parse(rows[i], strlen(rows[i]), &address));
}

static void ports_are_read(void **state)
{
	static const struct {
		const char *text;
		unsigned port;
	} rows[] = {
		{ "1", 1 },   { "03306", 3306 }, { "65535", 65535 },       { "65536", 0 }, { "4294967297", 0 }, { "18446744073709551617", 0 },
		{ "0", 0 },   { "", 0 },         { "-1", 0 },              { "+1", 0 },    { " 1", 0 },         { "1 ", 0 },
		{ "http", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(address_port(rows[i].text, strlen(rows[i].text)), rows[i].port);
}

static void networks_contain_their_addresses(void **state)
{
	static const struct {
		const char *networks;
		const char *address;
		bool contained;
	} rows[] = {
		{ "", "127.0.0.1", false },
		{ "127.0.0.1", "127.0.0.1", true },
		{ "127.0.0.1", "127.0.0.2", false },
		{ "127.0.0.1", "::ffff:127.0.0.1", true },
		{ "10.0.0.0/8, ::1", "10.255.255.255", true },
		{ "10.0.0.0/8, ::1", "11.0.0.0", false },
		{ "10.0.0.0/8, ::1", "::1", true },
		{ "10.0.0.0/8\t::1", "::2", false },
		{ "192.0.2.128/25", "192.0.2.129", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "0.0.0.0/0", "198.51.100.1", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "198.51.100.1", true },
	};
	struct networks networks;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct address address = address_of(rows[i].address);

		assert_true(networks_parse(rows[i].networks, &networks));
		assert_int_equal(networks_contain(&networks, &address), rows[i].contained);
	}
}

static void what_is_no_network_is_refused(void **state)
{
	static const char *const rows[] = { "x", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "1.1.1.1, /8" };
	struct networks networks;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_false(networks_parse(rows[i], &networks));
}

static void more_networks_than_fit_are_refused(void **state)
{
	char text[ADDRESS_NETWORKS_MOST * 4 + 5] = "";
	struct networks networks;

	(void)state;
	for (int i = 0; i < ADDRESS_NETWORKS_MOST; i++)
		strcat(text, "::1 ");
	assert_true(networks_parse(text, &networks));
	strcat(text, "::1");
	assert_false(networks_parse(text, &networks));
}

static void a_customer_is_an_ipv4_address_or_64_bits_of_ipv6(void **state)
{
	static const struct {
		const char *address;
		const char *customer;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct address address = address_of(rows[i].address);
		struct address expected = address_of(rows[i].customer);
		struct address customer = address_of_customer(&address);

		assert_memory_equal(&customer, &expected, sizeof expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(ports_are_read),
		cmocka_unit_test(networks_contain_their_addresses),
		cmocka_unit_test(what_is_no_network_is_refused),
		cmocka_unit_test(more_networks_than_fit_are_refused),
		cmocka_unit_test(a_customer_is_an_ipv4_address_or_64_bits_of_ipv6),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}

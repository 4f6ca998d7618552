/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Addresses and networks.
 */
#include "base/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS ", \t"
#define MAPPED_BITS 96 /* in front of a mapped IPv4 address */

static void map_ipv4(const struct in_addr *ipv4, struct address *address)
{
	memset(address, 0, sizeof *address);
	memset(&address->bytes.s6_addr[10], 0xff, 2);
	memcpy(&address->bytes.s6_addr[12], ipv4, sizeof *ipv4);
}

bool address_parse(const char *text, size_t length, struct address *address)
{
	char copy[INET6_ADDRSTRLEN];
	struct in_addr ipv4;

	if (length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(AF_INET, copy, &ipv4) == 1) {
		map_ipv4(&ipv4, address);
		return true;
	}
	return inet_pton(AF_INET6, copy, &address->bytes) == 1;
}

static bool is_ipv4(const struct address *address)
{
	return IN6_IS_ADDR_V4MAPPED(&address->bytes);
}

unsigned address_port(const char *text, size_t length)
{
	unsigned port = 0;

	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return 0;
		port = port * 10 + (unsigned)(text[i] - '0');
		if (port > UINT16_MAX)
			return 0;
	}
	return port;
}

void address_text(const struct address *address, char out[ADDRESS_TEXT_SIZE])
{
	if (is_ipv4(address))
		inet_ntop(AF_INET, &address->bytes.s6_addr[12], out, ADDRESS_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, &address->bytes, out, ADDRESS_TEXT_SIZE);
}

/* The digits behind a slash: bits of the address as it was written. */
static bool parse_bits(const char *text, size_t length, bool ipv4, unsigned *bits)
{
	unsigned long number;
	char *end;

	if (length == 0 || length > 3 || strspn(text, "0123456789") < length)
		return false;
	number = strtoul(text, &end, 10);
	if (number > (ipv4 ? 32 : 128))
		return false;
	*bits = (unsigned)number + (ipv4 ? MAPPED_BITS : 0);
	return true;
}

static bool parse_network(const char *text, size_t length, struct network *network)
{
	const char *slash = memchr(text, '/', length);
	size_t address_length = slash == NULL ? length : (size_t)(slash - text);
	bool ipv4 = memchr(text, ':', address_length) == NULL;

	if (!address_parse(text, address_length, &network->address))
		return false;
	network->bits = 128;
	return slash == NULL || parse_bits(slash + 1, length - address_length - 1, ipv4, &network->bits);
}

bool networks_parse(const char *text, struct networks *networks)
{
	networks->count = 0;
	for (text += strspn(text, SEPARATORS); *text != '\0'; text += strspn(text, SEPARATORS)) {
		size_t length = strcspn(text, SEPARATORS);

		if (networks->count == ADDRESS_NETWORKS_MOST || !parse_network(text, length, &networks->list[networks->count]))
			return false;
		networks->count++;
		text += length;
	}
	return true;
}

/* Sets all bits behind the first `bits` to 0. */
static void cut(struct address *address, unsigned bits)
{
	for (unsigned i = 0; i < sizeof address->bytes; i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;

		if (kept < 8)
			address->bytes.s6_addr[i] &= (unsigned char)(0xff00U >> kept);
	}
}

static bool contains(const struct network *network, const struct address *address)
{
	struct address left = network->address, right = *address;

	cut(&left, network->bits);
	cut(&right, network->bits);
	return memcmp(&left, &right, sizeof left) == 0;
}

bool networks_contain(const struct networks *networks, const struct address *address)
{
	for (size_t i = 0; i < networks->count; i++)
		if (contains(&networks->list[i], address))
			return true;
	return false;
}

struct address address_of_customer(const struct address *address)
{
	struct address customer = *address;

	if (!is_ipv4(address))
		cut(&customer, 64);
	return customer;
}

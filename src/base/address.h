/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Internet addresses and networks, over inet_pton(3).
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* An IPv4 address is kept as IPv6 maps it (::ffff:a.b.c.d), however it was written. */
struct address {
	struct in6_addr bytes;
};

struct network {
	struct address address;
	unsigned bits; /* of 128 */
};

#define ADDRESS_TEXT_SIZE INET6_ADDRSTRLEN

#define ADDRESS_NETWORKS_MOST 32

struct networks {
	struct network list[ADDRESS_NETWORKS_MOST];
	size_t count;
};

/* Reads an address, without port or brackets. */
bool address_parse(const char *text, size_t length, struct address *address);

/* The number of a port, 1 to 65535; 0 if the text is not one. */
unsigned address_port(const char *text, size_t length);

/* Writes an address as inet_ntop(3) does; a mapped IPv4 address as IPv4. */
void address_text(const struct address *address, char out[ADDRESS_TEXT_SIZE]);

/* Reads ADDRESS or ADDRESS/BITS, separated by commas or blanks. */
bool networks_parse(const char *text, struct networks *networks);

bool networks_contain(const struct networks *networks, const struct address *address);

/* The address that one customer of a network provider has: IPv4 whole, IPv6 without its last 64 bits. */
struct address address_of_customer(const struct address *address);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The database hosts and which of them to try next. The client library's own list goes on to the next host only if the first
 * refuses the TCP connection; that is no fail-over.
 */
#ifndef BASE_HOSTS_H
#define BASE_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host {
	char name[256];        /* "" = as the option file says */
	unsigned port;         /* 0 = as the option file says */
	char text[280];        /* as it stands in the list, for messages */
	int64_t rests_until;   /* a host that failed is not tried before this moment of clock_monotonic_ms */
	int64_t silent_until;  /* and not complained of again before this one */
};

struct hosts {
	struct host *list;
	size_t count;
	size_t next; /* where the next search begins */
};

/* Whether each port in a list for hosts_read is one. */
bool hosts_valid(const char *text);

/* Reads "a,b:3307,[::1]:3306"; blanks around a host do not count, "" is one host with an empty name. The search begins at a random
 * host, so that the processes of a pool spread. Returns 0, -1 if memory is out. Release with hosts_free. */
int hosts_read(struct hosts *hosts, const char *text);
void hosts_free(struct hosts *hosts);

/* The next host that does not rest, in turn; NULL if all do. */
struct host *hosts_next(struct hosts *hosts, int64_t now_ms);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A list of hosts, walked round and round.
 */
#include "base/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/secret.h"

#define BLANKS " \t"

/* A name with more than one colon and no bracket is an IPv6 address without a port. */
static const char *find_port(const char *text, const char *end)
{
	const char *colon = memchr(text, ':', (size_t)(end - text));

	if (text < end && *text == '[') {
		const char *bracket = memchr(text, ']', (size_t)(end - text));

		return bracket != NULL && bracket + 1 < end && bracket[1] == ':' ? bracket + 1 : NULL;
	}
	if (colon == NULL || memchr(colon + 1, ':', (size_t)(end - colon - 1)) != NULL)
		return NULL;
	return colon;
}

static void read_host(struct host *host, const char *text, const char *end)
{
	const char *port = find_port(text, end);
	const char *name_end = port == NULL ? end : port;

	memset(host, 0, sizeof *host);
	snprintf(host->text, sizeof host->text, "%.*s", (int)(end - text), text);
	if (port != NULL)
		host->port = address_port(port + 1, (size_t)(end - port - 1));
	if (name_end - text >= 2 && *text == '[' && name_end[-1] == ']') {
		text++;
		name_end--;
	}
	snprintf(host->name, sizeof host->name, "%.*s", (int)(name_end - text), text);
}

static size_t count_commas(const char *text)
{
	size_t count = 0;

	while ((text = strchr(text, ',')) != NULL) {
		text++;
		count++;
	}
	return count;
}

/* The first host of a list, NULL if it has none; `*end` is behind it. */
static const char *first_host(const char *list, const char **end)
{
	list += strspn(list, BLANKS ",");
	*end = list + strcspn(list, BLANKS ",");
	return *list == '\0' ? NULL : list;
}

/* What stands behind a host, up to the next comma, does not count. */
static const char *next_hosts(const char *end)
{
	return end + strcspn(end, ",");
}

bool hosts_valid(const char *text)
{
	const char *end;

	for (; (text = first_host(text, &end)) != NULL; text = next_hosts(end)) {
		const char *port = find_port(text, end);

		if (port != NULL && address_port(port + 1, (size_t)(end - port - 1)) == 0)
			return false;
	}
	return true;
}

int hosts_read(struct hosts *hosts, const char *text)
{
	const char *end;
	unsigned start;

	memset(hosts, 0, sizeof *hosts);
	hosts->list = calloc(count_commas(text) + 1, sizeof *hosts->list);
	if (hosts->list == NULL)
		return -1;
	for (; (text = first_host(text, &end)) != NULL; text = next_hosts(end))
		read_host(&hosts->list[hosts->count++], text, end);
	if (hosts->count == 0)
		strcpy(hosts->list[hosts->count++].text, "as configured");
	if (secret_random(&start, sizeof start))
		hosts->next = start % hosts->count;
	return 0;
}

void hosts_free(struct hosts *hosts)
{
	free(hosts->list);
	memset(hosts, 0, sizeof *hosts);
}

struct host *hosts_next(struct hosts *hosts, int64_t now_ms)
{
	for (size_t i = 0; i < hosts->count; i++) {
		struct host *host = &hosts->list[(hosts->next + i) % hosts->count];

		if (host->rests_until > now_ms)
			continue;
		hosts->next = (size_t)(host - hosts->list) + 1;
		return host;
	}
	return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The caller's address, through trusted proxies.
 */
#include "api/caller.h"

#include <string.h>

#include "api/route.h"
#include "api/service.h"
#include "base/config.h"
#include "http/request.h"

/* The last of the comma-separated addresses before `end`. */
static const char *last_element(const char *list, const char *end, size_t *length)
{
	const char *start;

	while (end > list && strchr(", \t", end[-1]) != NULL)
		end--;
	for (start = end; start > list && strchr(", \t", start[-1]) == NULL; start--)
		;
	*length = (size_t)(end - start);
	return start;
}

/* X-Forwarded-For grows to the right, and only what a trusted proxy has added counts. */
struct address caller_address(const struct call *call)
{
	const struct networks *proxies = &call->service->config->trusted_proxies;
	const char *list = call->request->forwarded_for;
	const char *end = list + strlen(list);
	struct address address = { 0 };

	address_parse(call->request->address, strlen(call->request->address), &address);
	while (networks_contain(proxies, &address)) {
		struct address before;
		size_t length;

		end = last_element(list, end, &length);
		if (!address_parse(end, length, &before))
			break;
		address = before;
	}
	return address;
}

void caller_read(struct caller *caller, const struct call *call)
{
	struct address address = caller_address(call);

	address_text(&address, caller->address);
	caller->actor = (struct actor){
		.user_id = call->session.user_id,
		.username = call->session.username,
		.address = caller->address,
	};
}

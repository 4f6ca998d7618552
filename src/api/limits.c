/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The rules of the limits on callers; the counting is base/counters.
 */
#include "api/limits.h"

#include <stdio.h>
#include <string.h>

#include "api/caller.h"
#include "api/route.h"
#include "api/service.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/counters.h"
#include "http/response.h"

#define CALLS "call"
#define FAILURES "failure"
#define LOGINS "login"
#define USERS "user"

static struct counters_key address_key(const struct call *call, const char *kind)
{
	struct address address = caller_address(call);
	struct address customer = address_of_customer(&address);

	return counters_key(call->service->counters, kind, &customer, sizeof customer);
}

/* One client's calls of one row, which its method and path tell from the others. */
static struct counters_key call_key(const struct call *call)
{
	struct {
		struct address customer;
		char method[8];
		char path[64];
	} subject;
	struct address address = caller_address(call);

	memset(&subject, 0, sizeof subject);
	subject.customer = address_of_customer(&address);
	snprintf(subject.method, sizeof subject.method, "%s", call->route->method);
	snprintf(subject.path, sizeof subject.path, "%s", call->route->path);
	return counters_key(call->service->counters, CALLS, &subject, sizeof subject);
}

static struct counters_key login_key(const struct call *call, const char *kind, const char *name)
{
	return counters_key(call->service->counters, kind, name, strlen(name));
}

static bool switched_on(const struct call *call)
{
	return call->service->counters != NULL && call->service->config->rate_limit;
}

/* Whether fewer than `most` have been counted; answers 429 if not. */
static bool below(struct call *call, const struct counters_key *key, int64_t most, int64_t window_ms)
{
	struct count count = counters_peek(call->service->counters, key, window_ms);

	if (count.events < most)
		return true;
	response_too_many(call->response, count.left_ms);
	return false;
}

bool limits_trusted(struct call *call)
{
	const struct config *config = call->service->config;
	struct counters_key key;

	if (!switched_on(call))
		return true;
	key = address_key(call, FAILURES);
	return below(call, &key, config->failed_credentials, config->failed_credentials_window);
}

void limits_count_failure(const struct call *call)
{
	struct counters_key key;

	if (!switched_on(call))
		return;
	key = address_key(call, FAILURES);
	counters_add(call->service->counters, &key, call->service->config->failed_credentials_window);
}

bool limits_admit(struct call *call)
{
	const struct config *config = call->service->config;
	struct response_limit *limit = &call->response->limit;
	struct counters_key key;
	struct count count;

	if (!switched_on(call))
		return true;
	key = call_key(call);
	count = counters_add(call->service->counters, &key, config->rate_limit_window);
	limit->calls = config->rate_limit_calls;
	limit->remaining = count.events < limit->calls ? limit->calls - count.events : 0;
	limit->reset_ms = clock_realtime_ms() + count.left_ms;
	if (count.events <= limit->calls)
		return true;
	response_too_many(call->response, count.left_ms);
	return false;
}

bool limits_login_allowed(struct call *call, const char *text)
{
	const struct config *config = call->service->config;
	struct counters_key key;

	if (!switched_on(call))
		return true;
	key = login_key(call, LOGINS, text);
	return below(call, &key, config->failed_logins, config->failed_logins_window);
}

bool limits_user_braked(const struct call *call, const char *username)
{
	const struct config *config = call->service->config;
	struct counters_key key;

	if (!switched_on(call))
		return false;
	key = login_key(call, USERS, username);
	return counters_peek(call->service->counters, &key, config->failed_logins_window).events >= config->failed_logins;
}

static void count_login(const struct call *call, const char *kind, const char *name)
{
	struct counters_key key = login_key(call, kind, name);

	counters_add(call->service->counters, &key, call->service->config->failed_logins_window);
}

/* Nobody's is counted as a user's would be, so that it takes as long. */
void limits_count_failed_login(const struct call *call, const char *text, const char *username)
{
	if (!switched_on(call))
		return;
	count_login(call, LOGINS, text);
	count_login(call, USERS, username);
	limits_count_failure(call);
}

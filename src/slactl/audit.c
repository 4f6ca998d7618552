/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * audit: who changed which account when.
 */
#include "model/audit.h"

#include <json-c/json.h>

#include "base/clock.h"
#include "base/duration.h"
#include "model/user.h"
#include "slactl/account.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/listing.h"
#include "slactl/report.h"

static const struct option_row options[] = {
	{ "since", 0, "TIME", "only what is not older than this, as in 12h or 7d" },
	{ "user", 0, "NAME", "only what this user did, or was done to it" },
	ACCOUNT_JSON_OPTION,
	{ 0 },
};

static const struct listing_column columns[] = {
	{ "at", "AT" }, { "username", "WHO" }, { "address", "FROM" },
	{ "action", "DID" }, { "target", "TO" }, { "detail", "DETAIL" }, { 0 },
};

static enum outcome add_to_list(void *context, const struct audit_row *row)
{
	struct json_object *object = json_object_new_object();

	listing_text(&object, "at", row->at);
	listing_text(&object, "userId", row->user_id);
	listing_text(&object, "username", row->username);
	listing_text(&object, "address", row->address);
	listing_text(&object, "action", row->action);
	listing_text(&object, "target", row->target);
	listing_text(&object, "detail", row->detail);
	return listing_add(context, object);
}

static bool read_since(const char *text, int64_t *since_ms)
{
	int64_t age = 0;

	*since_ms = 0;
	if (text == NULL)
		return true;
	if (!duration_read(text, &age))
		return false;
	if (age < clock_realtime_ms())
		*since_ms = clock_realtime_ms() - age;
	return true;
}

static int audit(struct connection *connection, const struct invocation *invocation)
{
	const char *username = options_value(&invocation->options, "user");
	struct listing listing;
	int64_t since_ms;
	enum outcome outcome;

	if (!read_since(options_value(&invocation->options, "since"), &since_ms)) {
		complain("--since: must be a length of time, as in 12h or 7d");
		return STATUS_USAGE;
	}
	if (username != NULL && !account_text_valid(username, 1, USER_NAME_MOST)) {
		complain("--user: 1 to %d characters in UTF-8", USER_NAME_MOST);
		return STATUS_USAGE;
	}
	listing_begin(&listing, columns, invocation);
	outcome = audit_list(connection, since_ms, username, add_to_list, &listing);
	listing_end(&listing);
	return outcome == OUTCOME_DONE ? report_done() : report_outcome(outcome);
}

const struct command audit_commands[] = {
	{ "audit", "", "tell who changed which account, right or token, and which logins were refused", options, .work = audit },
	{ 0 },
};

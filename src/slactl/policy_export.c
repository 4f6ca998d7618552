/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * policy export: pages by id, so that neither side holds more than one of them.
 */
#include <stdio.h>
#include <string.h>

#include "db/connection.h"
#include "model/policy_record.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/policy.h"
#include "slactl/policy_line.h"
#include "slactl/report.h"

#define PAGE 500

struct export {
	char last[POLICY_ID_MOST + 1]; /* the id printed last */
	int64_t printed;               /* of this page */
};

static enum outcome print_record(void *context, const struct policy_record *record)
{
	struct export *export = context;
	enum outcome outcome = report_json(policy_line_document(record));

	if (outcome != OUTCOME_DONE)
		return outcome;
	strcpy(export->last, record->policy.id);
	export->printed++;
	return OUTCOME_DONE;
}

/* Whoever reads may have gone: then there is nobody to go on for. */
static enum outcome print_pages(struct connection *connection, const struct invocation *invocation)
{
	struct export export = { .last = "" };
	enum outcome outcome;

	do {
		char after[sizeof export.last];

		strcpy(after, export.last);
		export.printed = 0;
		client_renew(connection, invocation);
		outcome = policy_record_page(connection, after, PAGE, print_record, &export);
	} while (outcome == OUTCOME_DONE && export.printed == PAGE && !ferror(stdout));
	return outcome;
}

int policy_export(const struct invocation *invocation)
{
	struct connection *connection = client_connect(invocation);
	int status;

	if (connection == NULL)
		return STATUS_FAILED;
	status = report_outcome(print_pages(connection, invocation));
	connection_free(connection);
	return status == STATUS_DONE ? report_done() : status;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Texts that are given, and outcomes in words.
 */
#include "slactl/account.h"

#include <string.h>

#include "base/text.h"
#include "slactl/command.h"
#include "slactl/report.h"

bool account_text_valid(const char *text, size_t least, size_t most)
{
	size_t length = strlen(text), count;

	if (!text_utf8_valid(text, length))
		return false;
	count = text_utf8_count(text, length);
	return count >= least && count <= most;
}

int account_refuse(enum outcome outcome)
{
	if (outcome != OUTCOME_REFUSED)
		return report_outcome(outcome);
	complain("refused: nobody would be left who holds access-permissions");
	return STATUS_FAILED;
}

int account_report(enum outcome outcome, const char *username)
{
	if (outcome != OUTCOME_NOT_FOUND)
		return account_refuse(outcome);
	complain("there is no user '%s'", username);
	return STATUS_FAILED;
}

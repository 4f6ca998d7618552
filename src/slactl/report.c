/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Complaints and exit statuses.
 */
#include "slactl/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "slactl/command.h"

void complain(const char *format, ...)
{
	va_list arguments;

	fputs("livechat-slactl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* Causes have been logged where they were met. */
int report_outcome(enum outcome outcome)
{
	if (outcome == OUTCOME_DONE)
		return STATUS_DONE;
	complain(outcome == OUTCOME_UNAVAILABLE ? "the database is not available" : "it failed");
	return STATUS_FAILED;
}

int report_done(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return STATUS_DONE;
	complain("standard output: %s", strerror(errno));
	return STATUS_FAILED;
}

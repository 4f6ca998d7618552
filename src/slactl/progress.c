/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Progress by carriage return.
 */
#include "slactl/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define FIRST_AFTER 2000 /* ms */
#define EVERY 250

void progress_start(struct progress *progress)
{
	*progress = (struct progress){ .terminal = isatty(STDERR_FILENO), .next = clock_monotonic_ms() + FIRST_AFTER };
}

void progress_tell(struct progress *progress, size_t count)
{
	int64_t now;

	if (!progress->terminal)
		return;
	now = clock_monotonic_ms();
	if (now < progress->next)
		return;
	fprintf(stderr, "\r%zu done", count);
	progress->shown = true;
	progress->next = now + EVERY;
}

void progress_clear(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}

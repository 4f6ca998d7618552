/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A line on standard error that tells how far a long command has come; on a terminal alone.
 */
#ifndef SLACTL_PROGRESS_H
#define SLACTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool terminal;
	bool shown;
	int64_t next; /* when to tell again, clock_monotonic_ms */
};

/* Nothing is told in the first two seconds. */
void progress_start(struct progress *progress);

/* `count` documents have been dealt with. */
void progress_tell(struct progress *progress, size_t count);

/* Takes the line away, before anything else is written and at the end. */
void progress_clear(struct progress *progress);

#endif

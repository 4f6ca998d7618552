/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * How often something happened in a window of time, counted for all workers of a host in shared memory of a fixed size. When it is full
 * the oldest count of a bucket goes. A process may be killed at any moment: the locks are robust and a count is one word.
 */
#ifndef BASE_COUNTERS_H
#define BASE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

struct counters;

#define COUNTERS_KEY_LENGTH 16

/* What is counted: a digest under a key that only this table knows, so that nobody can choose who shares a bucket with whom. */
struct counters_key {
	unsigned char bytes[COUNTERS_KEY_LENGTH];
};

struct count {
	int64_t events;  /* in the window that runs */
	int64_t left_ms; /* until it ends; 0 if none runs */
};

/* Memory shared with children made later. NULL with errno. */
struct counters *counters_new(void);

/* Memory shared with every process that opens the same file (for processes that are no family); made with mode 0600 if it is not there. A
 * file of somebody else, a link, or one of another layout is refused: NULL with errno. */
struct counters *counters_open(const char *file);

/* Unmaps; a file stays. Takes NULL. */
void counters_free(struct counters *counters);

/* The key of `kind` and some bytes that tell one subject from another. */
struct counters_key counters_key(const struct counters *counters, const char *kind, const void *subject, size_t length);

/* Counts one event; a window of `window_ms` begins with the first. */
struct count counters_add(struct counters *counters, const struct counters_key *key, int64_t window_ms);

/* The same without counting. */
struct count counters_peek(struct counters *counters, const struct counters_key *key, int64_t window_ms);

#endif

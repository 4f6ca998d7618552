/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Shared memory of master and workers: what each worker is doing since when, and counters.
 */
#ifndef BASE_SCOREBOARD_H
#define BASE_SCOREBOARD_H

#include <stdatomic.h>
#include <stdint.h>

#define SCOREBOARD_SLOTS 512 /* old and new workers of a reload together */

enum worker_state {
	WORKER_STARTING,
	WORKER_IDLE,
	WORKER_READING,
	WORKER_WORKING,
	WORKER_WRITING,
};

/* One cache line, written by its worker only. */
struct scoreboard_slot {
	_Alignas(64) _Atomic int state;
	_Atomic int64_t since;    /* monotonic ms of the last change of state */
	_Atomic uint64_t requests; /* answered */
};

struct scoreboard {
	struct scoreboard_slot slots[SCOREBOARD_SLOTS];
};

/* Maps zeroed memory that children share. NULL with errno on failure; unmapped at exit. */
struct scoreboard *scoreboard_new(void);

/* The worker begins something else; takes NULL. */
void scoreboard_enter(struct scoreboard_slot *slot, enum worker_state state);

#endif

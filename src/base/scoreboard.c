/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The shared memory of master and workers.
 */
#include "base/scoreboard.h"

#include <stddef.h>
#include <sys/mman.h>

#include "base/clock.h"

struct scoreboard *scoreboard_new(void)
{
	void *memory = mmap(NULL, sizeof(struct scoreboard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void scoreboard_enter(struct scoreboard_slot *slot, enum worker_state state)
{
	if (slot == NULL)
		return;
	atomic_store_explicit(&slot->since, clock_monotonic_ms(), memory_order_relaxed);
	atomic_store_explicit(&slot->state, state, memory_order_release);
}

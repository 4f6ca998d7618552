/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A process whose memory runs out at a chosen allocation.
 */
#ifndef SHORT_MEMORY_H
#define SHORT_MEMORY_H

#include <stdbool.h>

/* After `count` more allocations none succeeds; only one does not. */
void short_memory_begin(long count);
void short_memory_begin_once(long count);

/* All is well again. Whether an allocation was refused since the beginning. */
bool short_memory_end(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Lengths of time as people write them.
 */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* "30d": a whole number and ms, s, m, h or d -> milliseconds. False if it is none or too long to count. */
bool duration_read(const char *text, int64_t *milliseconds);

#endif

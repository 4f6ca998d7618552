/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Moments as text, "2023-03-24T14:50:02.123Z", from the year 1000 to the year 9999: what a DATETIME(3) of MySQL holds.
 */
#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSTANT_SIZE (sizeof "2023-03-24T14:50:02.123Z")

/* Whether milliseconds since 1970 are within these years. */
bool instant_valid(int64_t milliseconds);

/* Milliseconds since 1970 -> text. False, with "" written, if the year is out of range. */
bool instant_write(int64_t milliseconds, char out[INSTANT_SIZE]);

/* Reads a date with time and zone in ISO 8601's extended form; the fraction of the second may be absent and is cut after the
 * milliseconds, the zone is Z, +01:00 or +0100. False if it is none, or none that instant_write writes. */
bool instant_read(const char *text, size_t length, int64_t *milliseconds);

#endif

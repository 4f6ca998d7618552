/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * MongoDB's extended JSON, as mongoexport writes it.
 */
#ifndef SLACTL_EXTENDED_H
#define SLACTL_EXTENDED_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* The value of an object that has this member alone: {"$oid": VALUE}. NULL if it is another. */
struct json_object *extended_unwrap(struct json_object *value, const char *key);

/* The text of a string without a NUL in it, else NULL. */
const char *extended_text(struct json_object *value);

/* "2023-03-24T14:50:02.123Z", or {"$date": the same, or milliseconds}; within the years of base/instant.h. */
bool extended_moment(struct json_object *value, int64_t *milliseconds);

#endif

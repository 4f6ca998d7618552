/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The list's `sort` parameter.
 */
#ifndef API_POLICIES_SORT_H
#define API_POLICIES_SORT_H

#include <stdbool.h>
#include <stddef.h>

struct policy_query;

/* Reads a JSON object of field -> 1 or -1 into the query's sort; an empty text or object is the default order. False if it is anything
 * else. */
bool policies_sort(const char *text, size_t length, struct policy_query *query);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What a command lists: JSON for machines, a table or fields for people, all from the same objects.
 */
#ifndef SLACTL_LISTING_H
#define SLACTL_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"

struct invocation;
struct json_object;

#define LISTING_COLUMNS_MOST 8

/* A member of the objects and what people call it. A table of columns ends with a NULL key. */
struct listing_column {
	const char *key;
	const char *heading;
};

struct listing {
	const struct listing_column *columns;
	bool json;
	bool headed;
	size_t widths[LISTING_COLUMNS_MOST];
	struct json_object *rows; /* that are not printed yet */
};

/* Adds a string, null for NULL or "", as document_add does. */
void listing_text(struct json_object **row, const char *key, const char *text);

/* Adds an array of strings. */
void listing_texts(struct json_object **row, const char *key, const char *const *texts, size_t count);

/* An object a line if the invocation has --json, else a table. */
void listing_begin(struct listing *listing, const struct listing_column *columns, const struct invocation *invocation);

/* Takes over the row. Columns are as wide as the rows up to the next few hundred need, so that a table of any length takes little
 * memory. OUTCOME_DONE, OUTCOME_DEFECT (out of memory). */
enum outcome listing_add(struct listing *listing, struct json_object *row);

/* Prints what is left. */
void listing_end(struct listing *listing);

/* Prints one row alone and frees it: an object on a line, or a field a line. The outcomes are those of listing_add. */
enum outcome listing_show(const struct listing_column *columns, const struct invocation *invocation, struct json_object *row);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Lists of ids in one column: GROUP_CONCAT(id ORDER BY id SEPARATOR '\n') -> an array.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct value;

#define NAMES_CONCAT(column) "GROUP_CONCAT(" column " ORDER BY " column " SEPARATOR '\\n')"
#define NAMES_NONE ((size_t)-1)

struct names {
	const char **list;
	size_t count;
	char *memory; /* of the texts */
};

/* Copies the names of a column, none if it is NULL. False, and logged, if memory is out. Free it with names_free in either case. */
bool names_read(struct names *names, const struct value *column);

/* The place of a name in the list, or NAMES_NONE. */
size_t names_find(const struct names *names, const char *name);

void names_free(struct names *names);

#endif

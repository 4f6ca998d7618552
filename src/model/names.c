/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Splits at line feeds, which no id has.
 */
#include "model/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/statement.h"

static size_t count_names(const char *text)
{
	size_t count = 1;

	while ((text = strchr(text, '\n')) != NULL) {
		count++;
		text++;
	}
	return count;
}

bool names_read(struct names *names, const struct value *column)
{
	char *next;

	*names = (struct names){ 0 };
	if (column->type == VALUE_NULL)
		return true;
	names->memory = strdup(column->text);
	names->list = calloc(count_names(column->text), sizeof *names->list);
	if (names->memory == NULL || names->list == NULL) {
		log_message(LOG_ERR, "out of memory");
		return false;
	}
	next = names->memory;
	while (next != NULL)
		names->list[names->count++] = strsep(&next, "\n");
	return true;
}

size_t names_find(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->list[i], name) == 0)
			return i;
	return NAMES_NONE;
}

void names_free(struct names *names)
{
	free(names->memory);
	free(names->list);
	*names = (struct names){ 0 };
}

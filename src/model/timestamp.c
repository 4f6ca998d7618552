/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Times are UTC in the tables, so that only the form changes.
 */
#include "model/timestamp.h"

#include <string.h>

#include "db/statement.h"

void timestamp_read(char out[TIMESTAMP_SIZE], const struct value *column)
{
	out[0] = '\0';
	if (column->type == VALUE_NULL || column->length != TIMESTAMP_SIZE - sizeof "Z")
		return;
	memcpy(out, column->text, column->length);
	out[sizeof "2023-03-24" - 1] = 'T';
	strcpy(out + column->length, "Z");
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Times are UTC in the tables, so that only the form changes.
 */
#include "model/timestamp.h"

#include <stdio.h>

#include "db/statement.h"

void timestamp_read(char out[TIMESTAMP_SIZE], const struct value *column)
{
	const char *text = column->text;

	if (column->type == VALUE_NULL)
		out[0] = '\0';
	else
		snprintf(out, TIMESTAMP_SIZE, "%.10sT%.12sZ", text, text + sizeof "2023-03-24");
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A number and a unit.
 */
#include "base/duration.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

bool duration_read(const char *text, int64_t *milliseconds)
{
	static const struct {
		const char *name;
		int64_t factor;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
	char *rest;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*milliseconds = strtoll(text, &rest, 10);
	for (size_t i = 0; errno == 0 && i < sizeof units / sizeof *units; i++)
		if (strcmp(units[i].name, rest) == 0)
			return !__builtin_mul_overflow(*milliseconds, units[i].factor, milliseconds);
	return false;
}

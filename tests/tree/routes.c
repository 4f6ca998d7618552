/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Prints the route table, "METHOD PATH" a line, for the test that holds the API's description against it.
 */
#include <stdio.h>

#include "api/route.h"

int main(void)
{
	for (size_t i = 0; routes[i] != NULL; i++)
		for (const struct route *route = routes[i]; route->method != NULL; route++)
			printf("%s %s\n", route->method, route->path);
	return 0;
}

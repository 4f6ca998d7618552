/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One stack of the process, besides the one that everything else is on.
 */
#include "base/sigstack.h"

#include <signal.h>

#include "base/secret.h"

#define SIZE 65536 /* the registers of some processors alone take 11 KiB */

static unsigned char stack[SIZE];
static volatile sig_atomic_t soiled;

int sigstack_open(void)
{
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };

	return sigaltstack(&alternate, NULL);
}

void sigstack_used(void)
{
	soiled = 1;
}

/* Noted first: what a handler leaves in between is wiped the next time. */
void sigstack_wipe(void)
{
	if (!soiled)
		return;
	soiled = 0;
	secret_wipe(stack, sizeof stack);
}

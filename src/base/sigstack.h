/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Where handlers of signals run. The kernel puts all registers there, which may have a token in them long after it was last looked at.
 */
#ifndef BASE_SIGSTACK_H
#define BASE_SIGSTACK_H

/* For handlers with SA_ONSTACK. Returns 0, -1 with errno. */
int sigstack_open(void);

/* Each of them says so. Safe in a handler. */
void sigstack_used(void);

/* Wipes what they have left. */
void sigstack_wipe(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Secrets from the terminal, without echo, or else the first line of standard input.
 */
#ifndef SLACTL_PROMPT_H
#define SLACTL_PROMPT_H

#include <stdbool.h>

#define PROMPT_SIZE 1024

/* Asks for a secret with `prompt`; on a terminal a second time if `twice`, to compare. It is not "". The caller wipes `secret`, also
 * after a failure. False after a complaint. */
bool prompt_secret(const char *prompt, bool twice, char secret[PROMPT_SIZE]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What the commands on users, roles, permissions and tokens share.
 */
#ifndef SLACTL_ACCOUNT_H
#define SLACTL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"

#define ACCOUNT_JSON_OPTION { "json", 0, NULL, "print one JSON object a line" }

/* UTF-8 of `least` to `most` characters. */
bool account_text_valid(const char *text, size_t least, size_t most);

/* Complains of an outcome of a change that takes rights away: OUTCOME_REFUSED is the last holder's. Returns the exit status. */
int account_refuse(enum outcome outcome);

/* The same for a change of the user `username`: OUTCOME_NOT_FOUND is that there is none. */
int account_report(enum outcome outcome, const char *username);

#endif

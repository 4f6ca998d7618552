/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What the files of the subject `policy` share.
 */
#ifndef SLACTL_POLICY_H
#define SLACTL_POLICY_H

#include "slactl/options.h"

struct invocation;

extern const struct option_row policy_import_options[];
int policy_import(const struct invocation *invocation);
int policy_export(const struct invocation *invocation);

#endif

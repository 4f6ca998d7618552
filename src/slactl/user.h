/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What the files of the subject `user` share.
 */
#ifndef SLACTL_USER_H
#define SLACTL_USER_H

#include "base/password.h"
#include "slactl/options.h"

struct connection;
struct invocation;

/* Asks for a password and hashes it. Returns the exit status, after a complaint if it is not STATUS_DONE. */
int user_ask_password(char hash[PASSWORD_HASH_LENGTH + 1]);

extern const struct option_row user_add_options[];
int user_add_command(struct connection *connection, const struct invocation *invocation);

extern const struct option_row user_import_options[];
int user_import(const struct invocation *invocation);

#endif

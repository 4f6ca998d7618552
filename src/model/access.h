/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Somebody must be left who may change rights; for the files of the account model alone.
 */
#ifndef MODEL_ACCESS_H
#define MODEL_ACCESS_H

#include <stdbool.h>

#include "base/outcome.h"

struct connection;

#define ACCESS_PERMISSION "access-permissions"

/* A change that takes something away calls this before it does: whoever else does the same waits until the transaction has ended.
 * `*held`: whether an active user holds access-permissions. */
enum outcome access_guard(struct connection *connection, bool *held);

/* And this after it: OUTCOME_REFUSED if somebody held it and nobody does now; the transaction is then to be rolled back. */
enum outcome access_check(struct connection *connection, bool held);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Where a call comes from, and who makes it.
 */
#ifndef API_CALLER_H
#define API_CALLER_H

#include "base/address.h"
#include "model/audit.h"

struct call;

struct caller {
	struct actor actor; /* lent by the call and by `address` */
	char address[ADDRESS_TEXT_SIZE];
};

/* REMOTE_ADDR, or behind proxies that the configuration names what the nearest of them says; :: if it can not be read. */
struct address caller_address(const struct call *call);

/* Fills `caller` for the audit; it is used where it stands, not copied. */
void caller_read(struct caller *caller, const struct call *call);

#endif

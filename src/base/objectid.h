/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Ids in the form of a MongoDB ObjectId, so that policies of Rocket.Chat keep theirs.
 */
#ifndef BASE_OBJECTID_H
#define BASE_OBJECTID_H

#include <stdbool.h>

#define OBJECTID_LENGTH 24

/* Writes 24 lower-case hex digits and a NUL: 4 bytes of seconds since 1970, 5 random bytes of this process, a 3-byte counter
 * that starts at a random value. After a fork the child draws its own random bytes. Returns false if the kernel's random
 * source fails. */
bool objectid_make(char out[OBJECTID_LENGTH + 1]);

/* Whether `text` is an id as objectid_make writes it. */
bool objectid_valid(const char *text);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * json-c frees its strings as they are.
 */
#ifndef JSON_WIPE_H
#define JSON_WIPE_H

struct json_object;

/* Overwrites the strings in `value`, however deep, but no keys. Nothing is to be done with it afterwards but to put it. Takes NULL. */
void json_wipe(struct json_object *value);

#endif

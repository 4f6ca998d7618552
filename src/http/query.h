/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The query string (application/x-www-form-urlencoded) -> json-c object, for the same schema check as a body's.
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <stdbool.h>

struct json_object;

/* Parses `query` (RFC 3875's QUERY_STRING) into an object of strings; a key that is repeated gets an array of its values, so that no schema
 * takes it for one of them; a key without '=' has an empty value. False for a broken escape, a NUL, or what is not UTF-8 once decoded, or,
 * which `*no_memory` tells, if memory is out: `*object` is then NULL; otherwise it is the caller's to put. */
bool query_parse(const char *query, struct json_object **object, bool *no_memory);

#endif

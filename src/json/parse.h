/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * JSON text -> json-c objects, to the letter of RFC 8259.
 */
#ifndef JSON_PARSE_H
#define JSON_PARSE_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

#define JSON_PARSE_DEPTH 16

/* Parses one value with nothing but white space around it. Refuses what RFC 8259 does not allow, bytes that are not UTF-8, and
 * nesting deeper than 16. Whole numbers of up to 15 digits become integers, all others doubles as JavaScript makes them: beyond a
 * double's range they are infinite. A surrogate without its partner becomes U+FFFD, and so does a NUL in a key, where json-c
 * would cut it. Of a repeated key the last counts.
 * True: `*value` is the caller's to put (json_object_put), NULL for JSON's null. False: it is NULL; `*no_memory` tells why. */
bool json_parse(const char *text, size_t length, struct json_object **value, bool *no_memory);

#endif

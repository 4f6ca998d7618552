/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * UTF-8 and percent-encoding.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Length in bytes (1 to 4) of the UTF-8 sequence at `text` (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF), 0 if
 * there is none within `length` bytes. */
size_t text_utf8_sequence(const char *text, size_t length);

bool text_utf8_valid(const char *text, size_t length);

/* Code points in valid UTF-8. */
size_t text_utf8_count(const char *text, size_t length);

/* Writes a code point that is no surrogate as UTF-8; returns the number of bytes, 1 to 4. */
size_t text_utf8_encode(uint32_t code_point, char out[4]);

/* 0 to 15, -1 if it is no hex digit. */
int text_hex_value(char digit);

/* Decodes %XX (RFC 3986), and '+' as a blank if `plus` (application/x-www-form-urlencoded), into `out`, which has room for
 * `length` bytes and may be `text` itself; the result is not terminated. Returns its length, -1 for a broken escape. */
ssize_t text_percent_decode(const char *text, size_t length, bool plus, char *out);

#endif

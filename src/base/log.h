/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One line a message, to stderr or syslog; in the manner of OpenBSD's log.c.
 * What a client sent goes through log_escape first. Credentials never reach a message.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <syslog.h>

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* Levels are syslog(3)'s, LOG_ERR to LOG_DEBUG; messages above `level` are dropped. `program` must outlive the process's logging. */
void log_open(const char *program, enum log_target target, int level);

/* Request id and user that head each line from now on; NULL for none. Both are copied (up to 63 bytes each). */
void log_context(const char *request_id, const char *user);

__attribute__((format(printf, 2, 3))) void log_message(int level, const char *format, ...);

/* As log_message at LOG_ERR, followed by ": " and the text of errno. */
__attribute__((format(printf, 1, 2))) void log_errno(const char *format, ...);

/* Writes `text` into `out` (NUL-terminated, cut at `size`) with control characters, backslash, quote and bytes over 126 as
 * \xNN, so that no client can forge a line. Returns `out`. */
const char *log_escape(char *out, size_t size, const char *text, size_t length);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Log lines to stderr or syslog.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MOST 2048

static struct {
	const char *program;
	enum log_target target;
	int level;
	char request_id[64];
	char user[64];
} logger = { .program = "livechat-sla", .target = LOG_TO_STDERR, .level = LOG_NOTICE };

void log_open(const char *program, enum log_target target, int level)
{
	logger.program = program;
	logger.target = target;
	logger.level = level;
	if (target == LOG_TO_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

/* Both are the caller's words until they are checked: a user id in a log line is escaped like everything else. */
static void keep(char *out, size_t size, const char *text)
{
	if (text == NULL)
		text = "";
	log_escape(out, size, text, strlen(text));
}

void log_context(const char *request_id, const char *user)
{
	keep(logger.request_id, sizeof logger.request_id, request_id);
	keep(logger.user, sizeof logger.user, user);
}

/* Appends, and cuts what does not fit; returns the new length. */
__attribute__((format(printf, 3, 0))) static size_t append(char *line, size_t length, const char *format, va_list arguments)
{
	int more = vsnprintf(line + length, LINE_MOST - length, format, arguments);

	if (more < 0)
		return length;
	return length + (size_t)more < LINE_MOST ? length + (size_t)more : LINE_MOST - 1;
}

__attribute__((format(printf, 3, 4))) static size_t append_text(char *line, size_t length, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	length = append(line, length, format, arguments);
	va_end(arguments);
	return length;
}

/* One write(2) a line, so that the lines of several workers do not mix. */
static void write_line(int level, char *line, size_t length)
{
	ssize_t ignored;

	if (logger.target == LOG_TO_SYSLOG) {
		syslog(level, "%s", line);
		return;
	}
	line[length] = '\n';
	ignored = write(STDERR_FILENO, line, length + 1);
	(void)ignored; /* there is nobody left to tell */
}

__attribute__((format(printf, 2, 0))) static void message(int level, const char *format, va_list arguments, const char *reason)
{
	char line[LINE_MOST + 1];
	size_t length = 0;

	if (level > logger.level)
		return;
	if (logger.target == LOG_TO_STDERR)
		length = append_text(line, length, "%s[%d]: ", logger.program, (int)getpid());
	if (logger.request_id[0] != '\0')
		length = append_text(line, length, "%s %s ", logger.request_id, logger.user[0] == '\0' ? "-" : logger.user);
	length = append(line, length, format, arguments);
	if (reason != NULL)
		length = append_text(line, length, ": %s", reason);
	write_line(level, line, length);
}

void log_message(int level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	message(level, format, arguments, NULL);
	va_end(arguments);
}

void log_errno(const char *format, ...)
{
	const char *reason = strerror(errno);
	va_list arguments;

	va_start(arguments, format);
	message(LOG_ERR, format, arguments, reason);
	va_end(arguments);
}

static size_t escape_byte(char *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	if (byte >= 0x20 && byte < 0x7f && byte != '\\' && byte != '"') {
		out[0] = (char)byte;
		return 1;
	}
	memcpy(out, "\\x", 2);
	out[2] = digits[byte >> 4];
	out[3] = digits[byte & 15];
	return 4;
}

const char *log_escape(char *out, size_t size, const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		char escaped[4];
		size_t more = escape_byte(escaped, (unsigned char)text[i]);

		if (used + more >= size)
			break;
		memcpy(out + used, escaped, more);
		used += more;
	}
	out[used] = '\0';
	return out;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Complaints and exit statuses.
 */
#include "slactl/report.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/document.h"
#include "base/text.h"
#include "slactl/command.h"

void complain(const char *format, ...)
{
	va_list arguments;

	fputs("livechat-slactl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* Causes have been logged where they were met. */
int report_outcome(enum outcome outcome)
{
	if (outcome == OUTCOME_DONE)
		return STATUS_DONE;
	complain(outcome == OUTCOME_UNAVAILABLE ? "the database is not available" : "it failed");
	return STATUS_FAILED;
}

/* C0, DEL and C1: one byte, or two that begin with c2. 0 if it is none. */
static unsigned control_character(const char *text, size_t sequence)
{
	unsigned char last = (unsigned char)text[sequence - 1];

	if (sequence == 1)
		return last < 0x20 || last == 0x7f ? last : 0;
	return sequence == 2 && (unsigned char)text[0] == 0xc2 && last < 0xa0 ? last : 0;
}

void report_text(const char *text, size_t length)
{
	for (size_t i = 0, sequence; i < length && (sequence = text_utf8_sequence(text + i, length - i)) > 0; i += sequence) {
		unsigned control = control_character(text + i, sequence);

		if (control != 0)
			printf("\\u%04x", control);
		else
			fwrite(text + i, 1, sequence, stdout);
	}
}

enum outcome report_json(struct json_object *value)
{
	size_t length;
	const char *text = document_print(value, &length);

	if (text != NULL)
		puts(text);
	json_object_put(value);
	return text == NULL ? OUTCOME_DEFECT : OUTCOME_DONE;
}

int report_done(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return STATUS_DONE;
	complain("standard output: %s", strerror(errno));
	return STATUS_FAILED;
}

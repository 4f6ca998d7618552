/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Lines are read here, so that libinih neither joins indented ones nor stops at an option without a value.
 */
#include "base/inifile.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE_MOST 4096
#define BLANKS " \t\v\f\r" /* what libinih takes for an indent */

struct reading {
	const char *name;
	FILE *file;
	int line;             /* the number of the last one read */
	bool in_client_group; /* from that line on */
	bool too_long;
	bool refused;
	inifile_visitor *visit;
	void *context;
	char *error;
	size_t size;
};

static int complain(const struct reading *reading, const char *reason)
{
	snprintf(reading->error, reading->size, "%s:%d: %s", reading->name, reading->line, reason);
	return -1;
}

static int complain_of_file(const struct reading *reading)
{
	snprintf(reading->error, reading->size, "%s: %s", reading->name, strerror(errno));
	return -1;
}

static bool is_whole(const char *line, FILE *file)
{
	return strchr(line, '\n') != NULL || ungetc(getc(file), file) == EOF;
}

static bool has_no_value(const char *line)
{
	return strchr("[#;\r\n", *line) == NULL && strpbrk(line, "=:") == NULL;
}

/* So that libinih sees a pair. There is room: a line is read into one byte less than the buffer has. */
static void give_empty_value(char *line)
{
	strcpy(line + strcspn(line, "\r\n"), "=");
}

/* In the manner of fgets(3), as libinih asks. */
static char *read_line(char *line, int size, void *context)
{
	struct reading *reading = context;
	size_t indent;

	if (reading->refused || fgets(line, (size < LINE_MOST ? size : LINE_MOST) - 1, reading->file) == NULL)
		return NULL;
	reading->line++;
	reading->too_long = !is_whole(line, reading->file);
	if (reading->too_long)
		return NULL;
	indent = strspn(line, BLANKS);
	memmove(line, line + indent, strlen(line + indent) + 1);
	if (*line == '[')
		reading->in_client_group = strncmp(line, "[client", strlen("[client")) == 0;
	else if (reading->in_client_group && has_no_value(line))
		give_empty_value(line);
	return line;
}

static const char *without_quotes(const char *value, char *copy)
{
	size_t length = strlen(value);

	if (length < 2 || strchr("'\"", *value) == NULL || value[length - 1] != *value)
		return value;
	memcpy(copy, value + 1, length - 2);
	copy[length - 2] = '\0';
	return copy;
}

static int take_pair(void *context, const char *group, const char *key, const char *value)
{
	struct reading *reading = context;
	char copy[LINE_MOST];
	const char *complaint;

	if (reading->in_client_group)
		value = without_quotes(value, copy);
	complaint = reading->visit(reading->context, group, key, value);
	if (complaint == NULL)
		return 1;
	snprintf(reading->error, reading->size, "%s:%d: [%s] %s: %s", reading->name, reading->line, group, key, complaint);
	reading->refused = true;
	return 0;
}

static int read_pairs(struct reading *reading)
{
	int wrong_line = ini_parse_stream(read_line, reading, take_pair, reading);

	if (ferror(reading->file))
		return complain_of_file(reading);
	if (reading->too_long)
		return complain(reading, "the line is too long");
	if (reading->refused || wrong_line == 0)
		return reading->refused ? -1 : 0;
	reading->line = wrong_line;
	return complain(reading, "must be KEY = VALUE, [GROUP] or a comment");
}

int inifile_read(const char *name, inifile_visitor *visit, void *context, char *error, size_t size)
{
	struct reading reading = { .name = name, .visit = visit, .context = context, .error = error, .size = size };
	int result;

#if HAVE_DECL_INI_MAX_LINE
	ini_max_line = LINE_MOST; /* else it is what the library was built with, 200 */
#endif
	reading.file = fopen(name, "re");
	if (reading.file == NULL)
		return complain_of_file(&reading);
	result = read_pairs(&reading);
	fclose(reading.file);
	return result;
}

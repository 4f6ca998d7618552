/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Command line options by table, over getopt_long(3).
 */
#ifndef SLACTL_OPTIONS_H
#define SLACTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define OPTIONS_GIVEN_MOST 64

/* A table ends with a NULL name. */
struct option_row {
	const char *name;
	char letter;          /* 0 = none */
	const char *argument; /* NULL = it takes none */
	const char *help;
};

/* What was given, in order. */
struct options {
	struct {
		const struct option_row *row;
		const char *value;
	} given[OPTIONS_GIVEN_MOST];
	size_t count;
};

/* Adds the options among argv[1] and after, of either table (`more` may be NULL). `until_word`: stops at the first word that is no
 * option; else such words are moved to the end. Returns the index of the first such word, -1 after a complaint. */
int options_read(struct options *options, const struct option_row *rows, const struct option_row *more, int argc, char **argv,
                 bool until_word);

/* The last value given, "" for an option that takes none; NULL if it was not given. */
const char *options_value(const struct options *options, const char *name);

/* All values given, up to `most`. Returns how many. */
size_t options_values(const struct options *options, const char *name, const char **values, size_t most);

/* Prints a table for --help. */
void options_print(const struct option_row *rows);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Tables of options.
 */
#include "slactl/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "slactl/report.h"

#define ROWS_MOST 32
#define FIRST_VALUE 0x100 /* of getopt_long, for the row at index 0; above all letters */

/* Two tables as getopt_long wants them. */
struct grammar {
	const struct option_row *rows[ROWS_MOST];
	struct option words[ROWS_MOST + 1];
	char letters[2 * ROWS_MOST + 3];
	size_t count;
};

static void add_letter(struct grammar *grammar, const struct option_row *row)
{
	size_t length = strlen(grammar->letters);

	if (row->letter != 0)
		snprintf(grammar->letters + length, sizeof grammar->letters - length, "%c%s", row->letter, row->argument == NULL ? "" : ":");
}

static void add_rows(struct grammar *grammar, const struct option_row *row)
{
	for (; row != NULL && row->name != NULL && grammar->count < ROWS_MOST; row++) {
		grammar->words[grammar->count] = (struct option){
			.name = row->name,
			.has_arg = row->argument == NULL ? no_argument : required_argument,
			.val = FIRST_VALUE + (int)grammar->count,
		};
		grammar->rows[grammar->count++] = row;
		add_letter(grammar, row);
	}
}

static const struct option_row *find_row(const struct grammar *grammar, int value)
{
	if (value >= FIRST_VALUE)
		return grammar->rows[value - FIRST_VALUE];
	for (size_t i = 0; i < grammar->count; i++)
		if (grammar->rows[i]->letter == value)
			return grammar->rows[i];
	return NULL;
}

int options_read(struct options *options, const struct option_row *rows, const struct option_row *more, int argc, char **argv,
                 bool until_word)
{
	struct grammar grammar = { 0 };
	int value;

	strcpy(grammar.letters, until_word ? "+:" : ":");
	add_rows(&grammar, rows);
	add_rows(&grammar, more);
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, grammar.letters, grammar.words, NULL)) != -1) {
		const struct option_row *row = find_row(&grammar, value);

		if (row == NULL || options->count == OPTIONS_GIVEN_MOST) {
			complain("%s: %s", argv[optind - 1], value == ':' ? "needs a value" : row == NULL ? "no such option" : "too many options");
			return -1;
		}
		options->given[options->count].row = row;
		options->given[options->count++].value = optarg == NULL ? "" : optarg;
	}
	return optind;
}

const char *options_value(const struct options *options, const char *name)
{
	for (size_t i = options->count; i > 0; i--)
		if (strcmp(options->given[i - 1].row->name, name) == 0)
			return options->given[i - 1].value;
	return NULL;
}

size_t options_values(const struct options *options, const char *name, const char **values, size_t most)
{
	size_t count = 0;

	for (size_t i = 0; i < options->count && count < most; i++)
		if (strcmp(options->given[i].row->name, name) == 0)
			values[count++] = options->given[i].value;
	return count;
}

void options_print(const struct option_row *rows)
{
	for (; rows != NULL && rows->name != NULL; rows++) {
		char left[40];

		snprintf(left, sizeof left, "--%s%s%s", rows->name, rows->argument == NULL ? "" : " ",
		         rows->argument == NULL ? "" : rows->argument);
		printf("  %c%c%c %-20s %s\n", rows->letter == 0 ? ' ' : '-', rows->letter == 0 ? ' ' : rows->letter,
		       rows->letter == 0 ? ' ' : ',', left, rows->help);
	}
}

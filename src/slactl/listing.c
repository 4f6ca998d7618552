/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Rows are JSON objects until they are printed.
 */
#include "slactl/listing.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "base/text.h"
#include "slactl/command.h"
#include "slactl/report.h"

#define ROWS_KEPT 500
#define GAP 2

void listing_text(struct json_object **row, const char *key, const char *text)
{
	if (text == NULL || text[0] == '\0')
		document_add_null(row, key);
	else
		document_add_text(row, key, text);
}

void listing_texts(struct json_object **row, const char *key, const char *const *texts, size_t count)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		document_append(&array, json_object_new_string(texts[i]));
	document_add(row, key, array);
}

/* -- for people -- */

static size_t width_of(const char *text)
{
	return text_utf8_count(text, strlen(text));
}

/* Prints a text, unless it is only to be measured; returns its width. */
static size_t put(const char *text, bool print)
{
	if (print)
		report_text(text, strlen(text));
	return width_of(text);
}

static size_t put_array(struct json_object *array, bool print)
{
	size_t width = 0;

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		width += i == 0 ? 0 : put(",", print);
		width += put(json_object_get_string(json_object_array_get_idx(array, i)), print);
	}
	return width == 0 ? put("-", print) : width;
}

static size_t put_value(struct json_object *value, bool print)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return put("-", print);
	case json_type_boolean:
		return put(json_object_get_boolean(value) ? "yes" : "no", print);
	case json_type_array:
		return put_array(value, print);
	default:
		return put(json_object_get_string(value), print);
	}
}

static void pad(size_t width)
{
	printf("%*s", (int)width, "");
}

static void widen(size_t *width, size_t needed)
{
	if (*width < needed)
		*width = needed;
}

static void measure(struct listing *listing)
{
	for (size_t column = 0; listing->columns[column].key != NULL; column++) {
		widen(&listing->widths[column], width_of(listing->columns[column].heading));
		for (size_t row = 0; row < json_object_array_length(listing->rows); row++) {
			struct json_object *object = json_object_array_get_idx(listing->rows, row);

			widen(&listing->widths[column], put_value(json_object_object_get(object, listing->columns[column].key), false));
		}
	}
}

/* NULL prints the headings. */
static void print_row(const struct listing *listing, struct json_object *row)
{
	for (const struct listing_column *column = listing->columns; column->key != NULL; column++) {
		size_t width = row == NULL ? put(column->heading, true) : put_value(json_object_object_get(row, column->key), true);

		if (column[1].key != NULL)
			pad(listing->widths[column - listing->columns] - width + GAP);
	}
	putchar('\n');
}

static void print_rows(struct listing *listing)
{
	measure(listing);
	if (!listing->headed)
		print_row(listing, NULL);
	listing->headed = true;
	for (size_t row = 0; row < json_object_array_length(listing->rows); row++)
		print_row(listing, json_object_array_get_idx(listing->rows, row));
}

static void print_fields(const struct listing_column *columns, struct json_object *row)
{
	for (const struct listing_column *column = columns; column->key != NULL; column++) {
		printf("%s: ", column->heading);
		put_value(json_object_object_get(row, column->key), true);
		putchar('\n');
	}
}

/* -- for callers -- */

void listing_begin(struct listing *listing, const struct listing_column *columns, const struct invocation *invocation)
{
	*listing = (struct listing){ .columns = columns, .json = options_value(&invocation->options, "json") != NULL };
}

static enum outcome keep(struct listing *listing, struct json_object *row)
{
	if (listing->rows == NULL)
		listing->rows = json_object_new_array();
	document_append(&listing->rows, row);
	return listing->rows == NULL ? OUTCOME_DEFECT : OUTCOME_DONE;
}

static void flush(struct listing *listing)
{
	print_rows(listing);
	json_object_put(listing->rows);
	listing->rows = NULL;
}

enum outcome listing_add(struct listing *listing, struct json_object *row)
{
	enum outcome outcome;

	if (row == NULL || listing->json)
		return report_json(row);
	outcome = keep(listing, row);
	if (outcome == OUTCOME_DONE && json_object_array_length(listing->rows) == ROWS_KEPT)
		flush(listing);
	return outcome;
}

void listing_end(struct listing *listing)
{
	if (listing->rows != NULL)
		flush(listing);
}

enum outcome listing_show(const struct listing_column *columns, const struct invocation *invocation, struct json_object *row)
{
	if (row == NULL || options_value(&invocation->options, "json") != NULL)
		return report_json(row);
	print_fields(columns, row);
	json_object_put(row);
	return OUTCOME_DONE;
}

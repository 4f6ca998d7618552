/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Where a document begins and ends. What it is worth is not asked here: a broken line must not take the next one with it.
 */
#include "slactl/documents.h"

#include <stdlib.h>

#define TOO_LONG "is longer than 256 KiB"

struct documents {
	FILE *file;
	enum { UNKNOWN, LINES, ARRAY, BEHIND_ARRAY } form;
	size_t line;    /* of the next byte */
	size_t element; /* the last one begun */
	size_t number;
	const char *fault;
	size_t length;
	char text[DOCUMENT_MOST];
};

/* What keeps a comma or bracket from ending an element. */
struct nesting {
	size_t depth;
	bool in_string;
	bool escaped;
};

struct documents *documents_new(FILE *file)
{
	struct documents *documents = malloc(sizeof *documents);

	if (documents == NULL)
		return NULL;
	documents->file = file;
	documents->form = UNKNOWN;
	documents->line = 1;
	documents->element = 0;
	return documents;
}

void documents_free(struct documents *documents)
{
	free(documents);
}

static int get(struct documents *documents)
{
	int byte = getc(documents->file);

	if (byte == '\n')
		documents->line++;
	return byte;
}

static void keep(struct documents *documents, int byte)
{
	if (documents->length < DOCUMENT_MOST)
		documents->text[documents->length++] = (char)byte;
	else
		documents->fault = TOO_LONG;
}

/* Returns the first byte that is not white space, or EOF. */
static int skip_space(struct documents *documents)
{
	int byte;

	do
		byte = get(documents);
	while (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r');
	return byte;
}

/* The first byte tells lines from an array. Returns the first byte of the first document. */
static int find_form(struct documents *documents, int byte)
{
	documents->form = byte == '[' ? ARRAY : LINES;
	if (documents->form == LINES)
		return byte;
	byte = skip_space(documents);
	if (byte != ']')
		return byte;
	documents->form = BEHIND_ARRAY;
	return skip_space(documents);
}

static void read_line(struct documents *documents, int byte)
{
	documents->number = documents->line;
	for (; byte != '\n' && byte != EOF; byte = get(documents))
		keep(documents, byte);
}

static bool ends_element(struct nesting *nesting, int byte)
{
	if (nesting->escaped) {
		nesting->escaped = false;
	} else if (nesting->in_string) {
		nesting->escaped = byte == '\\';
		nesting->in_string = byte != '"';
	} else if (byte == '"') {
		nesting->in_string = true;
	} else if (byte == '{' || byte == '[') {
		nesting->depth++;
	} else if ((byte == '}' || byte == ']') && nesting->depth > 0) {
		nesting->depth--;
	} else {
		return nesting->depth == 0 && (byte == ',' || byte == ']');
	}
	return false;
}

static void read_element(struct documents *documents, int byte)
{
	struct nesting nesting = { 0 };

	documents->number = ++documents->element;
	for (; byte != EOF && !ends_element(&nesting, byte); byte = get(documents))
		keep(documents, byte);
	if (byte == EOF)
		documents->fault = "the array does not end";
	if (byte != ',')
		documents->form = BEHIND_ARRAY;
}

static void read_rest(struct documents *documents)
{
	documents->number = ++documents->element;
	documents->fault = "there is something behind the array";
	while (get(documents) != EOF)
		;
}

bool documents_next(struct documents *documents)
{
	int byte = skip_space(documents);

	documents->length = 0;
	documents->fault = NULL;
	if (documents->form == UNKNOWN)
		byte = find_form(documents, byte);
	if (byte == EOF && (documents->form != ARRAY || ferror(documents->file)))
		return false;
	if (documents->form == LINES)
		read_line(documents, byte);
	else if (documents->form == ARRAY)
		read_element(documents, byte);
	else
		read_rest(documents);
	return !ferror(documents->file);
}

size_t documents_number(const struct documents *documents)
{
	return documents->number;
}

const char *documents_fault(const struct documents *documents)
{
	return documents->fault;
}

const char *documents_text(const struct documents *documents, size_t *length)
{
	*length = documents->length;
	return documents->text;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A document that is refused does not end the attempt.
 */
#include "slactl/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "db/connection.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/documents.h"
#include "slactl/progress.h"
#include "slactl/report.h"

struct tally {
	size_t verdicts[IMPORT_REFUSED + 1];
};

/* It is begun anew when its transaction is repeated. */
struct import {
	const struct import_kind *kind;
	void *context;
	FILE *input;
	off_t start; /* where the documents begin in it */
	bool skip_bad;
	struct documents *documents;
	struct progress progress;
	size_t told;         /* documents up to this number have been told of */
	struct tally tally;  /* of this attempt */
	struct tally result; /* of the attempt that counts */
};

/* -- input -- */

static void complain_of(const char *name)
{
	complain("%s: %s", name, strerror(errno));
}

static bool copy(FILE *from, FILE *to)
{
	char buffer[65536];
	size_t length;

	while ((length = fread(buffer, 1, sizeof buffer, from)) > 0)
		if (fwrite(buffer, 1, length, to) != length)
			return false;
	return !ferror(from) && fflush(to) == 0;
}

/* What can be read but once is copied to a file without a name. Until all of it has come no transaction is open: a slow writer at the
 * other end of a pipe locks nothing. */
static FILE *make_rewindable(FILE *input, const char *name)
{
	FILE *file;

	if (ftello(input) != -1)
		return input;
	file = tmpfile();
	if (file != NULL && copy(input, file)) {
		rewind(file);
		return file;
	}
	complain_of(file == NULL ? "a temporary file" : name);
	if (file != NULL)
		fclose(file);
	return NULL;
}

/* -- documents -- */

void import_note(struct import *import, const char *text)
{
	size_t number = documents_number(import->documents);

	if (number <= import->told)
		return;
	progress_clear(&import->progress);
	fprintf(stderr, "%zu: %s\n", number, text);
}

void import_count(struct import *import, enum import_verdict verdict)
{
	import->tally.verdicts[verdict]++;
}

void import_refuse(struct import *import, const char *reason)
{
	import_count(import, IMPORT_REFUSED);
	import_note(import, reason);
}

static enum outcome put(struct connection *connection, struct import *import)
{
	const char *fault = documents_fault(import->documents);
	enum outcome outcome = OUTCOME_DONE;
	const char *text;
	size_t length;

	if (fault != NULL) {
		import_refuse(import, fault);
	} else {
		text = documents_text(import->documents, &length);
		outcome = import->kind->put(connection, import, import->context, text, length);
	}
	if (documents_number(import->documents) > import->told)
		import->told = documents_number(import->documents);
	return outcome;
}

static enum outcome put_all(struct connection *connection, struct import *import)
{
	enum outcome outcome = OUTCOME_DONE;

	while (outcome == OUTCOME_DONE && documents_next(import->documents)) {
		outcome = put(connection, import);
		if (outcome == OUTCOME_DONE)
			progress_tell(&import->progress, documents_number(import->documents));
	}
	if (outcome == OUTCOME_DONE && ferror(import->input)) {
		complain_of("input");
		return OUTCOME_DEFECT;
	}
	return outcome;
}

static bool wrote(const struct tally *tally)
{
	return tally->verdicts[IMPORT_STORED] + tally->verdicts[IMPORT_REPLACED] > 0;
}

/* After a lost answer to COMMIT an attempt that finds nothing to do proves that the one before it counts. */
enum outcome import_attempt(struct connection *connection, struct import *import, bool unsure)
{
	enum outcome outcome;

	memset(&import->tally, 0, sizeof import->tally);
	if (fseeko(import->input, import->start, SEEK_SET) == -1) {
		complain_of("input");
		return OUTCOME_DEFECT;
	}
	import->documents = documents_new(import->input);
	if (import->documents == NULL) {
		complain("out of memory");
		return OUTCOME_DEFECT;
	}
	outcome = put_all(connection, import);
	documents_free(import->documents);
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (!unsure || wrote(&import->tally))
		import->result = import->tally;
	return import->result.verdicts[IMPORT_REFUSED] > 0 && !import->skip_bad ? OUTCOME_REFUSED : OUTCOME_DONE;
}

/* -- result -- */

static int report(const struct import *import, enum outcome outcome)
{
	const size_t *verdicts = import->result.verdicts;

	if (outcome != OUTCOME_DONE && outcome != OUTCOME_REFUSED)
		return report_outcome(outcome);
	printf("imported: %zu, replaced: %zu, unchanged: %zu, refused: %zu\n", outcome == OUTCOME_DONE ? verdicts[IMPORT_STORED] : 0,
	       outcome == OUTCOME_DONE ? verdicts[IMPORT_REPLACED] : 0, verdicts[IMPORT_UNCHANGED], verdicts[IMPORT_REFUSED]);
	if (outcome == OUTCOME_DONE)
		return report_done();
	complain("nothing was imported; --skip-bad imports what is not refused");
	return STATUS_FAILED;
}

static int import_input(const struct invocation *invocation, const struct import_kind *kind, void *context, FILE *input)
{
	struct connection *connection = client_connect(invocation);
	struct import import = {
		.kind = kind,
		.context = context,
		.input = input,
		.start = ftello(input),
		.skip_bad = options_value(&invocation->options, "skip-bad") != NULL,
	};
	enum outcome outcome;

	if (connection == NULL)
		return STATUS_FAILED;
	progress_start(&import.progress);
	outcome = kind->transact(connection, &import, context);
	progress_clear(&import.progress);
	connection_free(connection);
	return report(&import, outcome);
}

int import_run(const struct invocation *invocation, const struct import_kind *kind, void *context)
{
	const char *name = invocation->arguments[0];
	FILE *input = name == NULL ? stdin : fopen(name, "r");
	FILE *rewindable;
	int status = STATUS_FAILED;

	if (input == NULL) {
		complain_of(name);
		return STATUS_FAILED;
	}
	rewindable = make_rewindable(input, name == NULL ? "standard input" : name);
	if (rewindable != NULL)
		status = import_input(invocation, kind, context, rewindable);
	if (rewindable != NULL && rewindable != input)
		fclose(rewindable);
	if (name != NULL)
		fclose(input);
	return status;
}

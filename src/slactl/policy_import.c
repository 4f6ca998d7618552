/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * policy import: every document in one transaction. What is refused does not end it, so that all refusals are told at once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "db/connection.h"
#include "model/audit.h"
#include "model/policy_record.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/documents.h"
#include "slactl/policy.h"
#include "slactl/policy_line.h"
#include "slactl/progress.h"
#include "slactl/report.h"

const struct option_row policy_import_options[] = {
	{ "replace", 0, NULL, "change a policy that is there with other values" },
	{ "skip-bad", 0, NULL, "import the rest when some are refused" },
	{ 0 },
};

struct tally {
	size_t verdicts[POLICY_DUE_TIME_TAKEN + 1];
	size_t refused;
};

/* One import; it is begun anew when its transaction is repeated. */
struct run {
	FILE *input;
	off_t start; /* where the documents begin in it */
	const char *user_id;
	bool replace;
	bool skip_bad;
	struct documents *documents;
	struct progress progress;
	size_t told;         /* refusals up to this number have been told */
	struct tally tally;  /* of this attempt */
	struct tally result; /* of the attempt that counts */
};

static const char *const refusals[] = {
	[POLICY_ID_TAKEN] = "id exists with other values",
	[POLICY_NAME_TAKEN] = "another policy has this name",
	[POLICY_DUE_TIME_TAKEN] = "another policy has this dueTimeInMinutes",
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

static void refuse(struct run *run, const char *reason)
{
	size_t number = documents_number(run->documents);

	run->tally.refused++;
	if (number <= run->told)
		return;
	progress_clear(&run->progress);
	fprintf(stderr, "%zu: %s\n", number, reason);
	run->told = number;
}

static enum outcome put(struct connection *connection, struct run *run, const struct policy_record *record)
{
	enum policy_verdict verdict;
	enum outcome outcome = policy_record_put(connection, record, run->replace, run->user_id, &verdict);

	if (outcome != OUTCOME_DONE)
		return outcome;
	run->tally.verdicts[verdict]++;
	if (refusals[verdict] != NULL)
		refuse(run, refusals[verdict]);
	return OUTCOME_DONE;
}

static enum outcome import_document(struct connection *connection, struct run *run)
{
	const char *fault = documents_fault(run->documents);
	enum outcome outcome = OUTCOME_DONE;
	struct policy_line line;
	const char *text;
	size_t length;

	if (fault != NULL) {
		refuse(run, fault);
		return OUTCOME_DONE;
	}
	text = documents_text(run->documents, &length);
	if (policy_line_read(&line, text, length))
		outcome = put(connection, run, &line.record);
	else
		refuse(run, line.reason);
	policy_line_free(&line);
	return outcome;
}

static enum outcome import_documents(struct connection *connection, struct run *run)
{
	enum outcome outcome = OUTCOME_DONE;

	while (outcome == OUTCOME_DONE && documents_next(run->documents)) {
		outcome = import_document(connection, run);
		if (outcome == OUTCOME_DONE)
			progress_tell(&run->progress, documents_number(run->documents));
	}
	if (outcome == OUTCOME_DONE && ferror(run->input)) {
		complain_of("input");
		return OUTCOME_DEFECT;
	}
	return outcome;
}

static bool wrote(const struct tally *tally)
{
	return tally->verdicts[POLICY_IMPORTED] + tally->verdicts[POLICY_REPLACED] > 0;
}

/* After a lost answer to COMMIT an attempt that finds nothing to do proves that the one before it counts. */
static enum outcome work(struct connection *connection, void *context, bool unsure)
{
	struct run *run = context;
	enum outcome outcome;

	memset(&run->tally, 0, sizeof run->tally);
	if (fseeko(run->input, run->start, SEEK_SET) == -1) {
		complain_of("input");
		return OUTCOME_DEFECT;
	}
	run->documents = documents_new(run->input);
	if (run->documents == NULL) {
		complain("out of memory");
		return OUTCOME_DEFECT;
	}
	outcome = import_documents(connection, run);
	documents_free(run->documents);
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (!unsure || wrote(&run->tally))
		run->result = run->tally;
	return run->result.refused > 0 && !run->skip_bad ? OUTCOME_REFUSED : OUTCOME_DONE;
}

/* -- result -- */

static int report(const struct run *run, enum outcome outcome)
{
	const size_t *verdicts = run->result.verdicts;

	if (outcome != OUTCOME_DONE && outcome != OUTCOME_REFUSED)
		return report_outcome(outcome);
	printf("imported: %zu, replaced: %zu, unchanged: %zu, refused: %zu\n", outcome == OUTCOME_DONE ? verdicts[POLICY_IMPORTED] : 0,
	       outcome == OUTCOME_DONE ? verdicts[POLICY_REPLACED] : 0, verdicts[POLICY_UNCHANGED], run->result.refused);
	if (outcome == OUTCOME_DONE)
		return report_done();
	complain("nothing was imported; --skip-bad imports what is not refused");
	return STATUS_FAILED;
}

static int import_input(const struct invocation *invocation, FILE *input)
{
	struct connection *connection = client_connect(invocation);
	struct run run = {
		.input = input,
		.start = ftello(input),
		.user_id = client_actor()->username,
		.replace = options_value(&invocation->options, "replace") != NULL,
		.skip_bad = options_value(&invocation->options, "skip-bad") != NULL,
	};
	enum outcome outcome;

	if (connection == NULL)
		return STATUS_FAILED;
	progress_start(&run.progress);
	outcome = connection_transact(connection, work, &run);
	progress_clear(&run.progress);
	connection_free(connection);
	return report(&run, outcome);
}

int policy_import(const struct invocation *invocation)
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
		status = import_input(invocation, rewindable);
	if (rewindable != NULL && rewindable != input)
		fclose(rewindable);
	if (name != NULL)
		fclose(input);
	return status;
}

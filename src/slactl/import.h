/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What all imports share: every document of a file in one transaction, or none; refusals are told all at once.
 */
#ifndef SLACTL_IMPORT_H
#define SLACTL_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"

struct connection;
struct import;
struct invocation;

enum import_verdict { IMPORT_STORED, IMPORT_REPLACED, IMPORT_UNCHANGED, IMPORT_REFUSED };

struct import_kind {
	/* Begins a transaction and calls import_attempt in it. */
	enum outcome (*transact)(struct connection *connection, struct import *import, void *context);

	/* Stores one document; calls import_count or import_refuse once. Anything but OUTCOME_DONE ends the attempt. */
	enum outcome (*put)(struct connection *connection, struct import *import, void *context, const char *text, size_t length);
};

/* Imports the file that is the invocation's first argument, or standard input; --skip-bad leaves out what is refused. `context` is for
 * the functions of `kind`. Returns the exit status. */
int import_run(const struct invocation *invocation, const struct import_kind *kind, void *context);

/* Goes through all documents from the start. `unsure`: an attempt before this one may have been carried out. */
enum outcome import_attempt(struct connection *connection, struct import *import, bool unsure);

void import_count(struct import *import, enum import_verdict verdict);

/* Counts the document as refused, and tells why. */
void import_refuse(struct import *import, const char *reason);

/* Tells of something in the document that is left out. */
void import_note(struct import *import, const char *text);

#endif

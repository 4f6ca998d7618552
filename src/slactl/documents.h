/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A file cut into JSON documents, in memory for one of them: one a line, or the elements of one array.
 */
#ifndef SLACTL_DOCUMENTS_H
#define SLACTL_DOCUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define DOCUMENT_MOST (256 * 1024) /* bytes; a policy has 51 KiB at most, with every character escaped */

struct documents;

/* Reads from where `file` stands, which stays the caller's. NULL if memory is out. */
struct documents *documents_new(FILE *file);
void documents_free(struct documents *documents);

/* Goes on to the next document. False at the end of the file, or if it can not be read (ferror). */
bool documents_next(struct documents *documents);

/* The current document's place: its line, empty ones counted; in an array which element it is, from 1. */
size_t documents_number(const struct documents *documents);

/* Why it can not be read, NULL if it can: only then is there a text, which need not be JSON. It lives until the next one. */
const char *documents_fault(const struct documents *documents);
const char *documents_text(const struct documents *documents, size_t *length);

#endif

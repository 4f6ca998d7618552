/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The socket's side of a worker: accept, one deadline for a whole request, checked records -> libfcgi, the answer in bounded time.
 */
#ifndef SERVER_INTAKE_H
#define SERVER_INTAKE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct intake;
struct scoreboard_slot;

struct intake_options {
	int listening;       /* descriptor; made non-blocking */
	size_t body_limit;   /* bytes */
	int64_t timeout_ms;  /* for a request to arrive, and again for its answer to be taken */
	const sigset_t *open_signals; /* the signal mask while waiting for a connection; blocked at all other times */
	const volatile sig_atomic_t *stop; /* set by a handler: no more connections are taken */
	struct scoreboard_slot *slot; /* gets idle and reading; may be NULL */
};

struct intake *intake_new(const struct intake_options *options);
void intake_free(struct intake *intake);

/* Waits for a whole, well-formed request. 0: it is there, until intake_answer. -1: stop was asked for, and no request is on its way any
 * more. Refused or late connections are closed and logged at debug level; running out of descriptors or memory is waited out. */
int intake_accept(struct intake *intake);

/* Whether no request is on its way. */
bool intake_is_idle(const struct intake *intake);

/* No more connections are taken: as if stop had been asked for. */
void intake_leave(struct intake *intake);

/* CGI variables of the request, "NAME=value", NULL after the last. */
char *const *intake_environment(const struct intake *intake);

/* Body as records_body. */
const char *intake_body(const struct intake *intake, size_t *length);

/* Sends the answer and lets go of the connection, unless the peer wants it kept. A client that has gone is no error. Returns whether
 * it was written. */
bool intake_answer(struct intake *intake, const char *text, size_t length);

#endif

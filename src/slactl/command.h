/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A sub-command is a row of a table; each file beside this one exports the rows of one subject.
 */
#ifndef SLACTL_COMMAND_H
#define SLACTL_COMMAND_H

#include "base/config.h"
#include "slactl/options.h"

/* What a handler returns, and the program to its caller. */
enum { STATUS_DONE, STATUS_FAILED, STATUS_USAGE };

struct connection;
struct invocation;

struct command {
	const char *words;                 /* "token issue" */
	const char *arguments;             /* "NAME", one word each; those in [] may be left out; "" = none */
	const char *help;                  /* one line */
	const struct option_row *options;  /* its own, beside those that all have; NULL = none */
	int (*run)(const struct invocation *invocation);

	/* Or, in place of run: with a connection that is not open yet, and freed after it. */
	int (*work)(struct connection *connection, const struct invocation *invocation);
};

/* What a handler gets. */
struct invocation {
	const struct command *command;
	char *const *arguments; /* as many as were given, then NULL */
	struct options options;
	struct config config;
};

/* Rows up to the one whose words are NULL. */
extern const struct command audit_commands[], db_commands[], permission_commands[], policy_commands[];
extern const struct command role_commands[], token_commands[], user_commands[];

#endif

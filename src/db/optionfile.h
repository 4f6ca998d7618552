/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The client library's option file, as far as the library is not left alone with it.
 */
#ifndef DB_OPTIONFILE_H
#define DB_OPTIONFILE_H

#include <stdbool.h>

struct option_file {
	bool tls;            /* wanted, by any of the library's options for it: then there is no connection without TLS */
	bool any_server;     /* whose certificate is not verified, as the file says in so many words */
	bool protocol;       /* is named: localhost need not be a socket */
	const char *mistake; /* what would not do what it seems to say, or more than that; NULL if nothing does */
	unsigned error;      /* the client library's number for the mistake */
};

/* Reads it anew at each connect, as the library does. */
void option_file_read(struct option_file *options, const char *file, const char *group);

#endif

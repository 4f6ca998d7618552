/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A pure reader of one FastCGI request's records (FastCGI specification, 3 to 5): checks every byte before libfcgi sees it.
 */
#ifndef SERVER_RECORDS_H
#define SERVER_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDS_PARAMS_MOST 65536 /* bytes of name-value pairs */
#define RECORDS_HEAD_MOST (RECORDS_PARAMS_MOST + 64) /* bytes of a head: the same and the records' headers */

enum records_verdict {
	RECORDS_MORE,     /* feed more bytes */
	RECORDS_COMPLETE, /* the empty FCGI_STDIN record has come */
	RECORDS_REFUSED,  /* not a request that we serve */
};

struct records;

/* `body_limit`: bytes of body that are kept; a longer body is read and dropped. NULL if memory is out. */
struct records *records_new(size_t body_limit);
void records_free(struct records *records);

/* Ready for the next request; keeps its memory unless it has grown large. */
void records_reset(struct records *records);

/* Takes `length` bytes, wherever they are cut. `*taken` is how many belong to this request (all of them unless it is complete). */
enum records_verdict records_feed(struct records *records, const void *bytes, size_t length, size_t *taken);

/* After RECORDS_COMPLETE. The head: FCGI_BEGIN_REQUEST (FCGI_KEEP_CONN cleared) and FCGI_PARAMS to its end, for libfcgi. */
const void *records_head(const struct records *records, size_t *length);

/* After RECORDS_COMPLETE. The body, NULL if it was over the limit; `*length` is what came in all. */
const char *records_body(const struct records *records, size_t *length);

bool records_keep_connection(const struct records *records);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * struct response -> status line, headers and JSON, in one place and once.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* X-RateLimit-*: how many calls in a window, how many are left, when it ends (ms since 1970). */
struct response_limit {
	int64_t calls; /* 0 = the call is not limited */
	int64_t remaining;
	int64_t reset_ms;
};

struct response {
	int status;
	struct json_object *body;   /* NULL for none (204), or if there was no memory for one */
	struct json_object *secret; /* a string in the body that is wiped with it; NULL for none */
	char allow[64];           /* Allow, "" for none */
	int64_t retry_after;      /* Retry-After in seconds, 0 for none */
	struct response_limit limit;
};

/* What the contract says of each failure; the body's text stands in response.c alone. */
enum response_failure {
	RESPONSE_NO_SUCH_PATH,
	RESPONSE_NO_SUCH_METHOD,
	RESPONSE_BODY_TOO_LARGE,
	RESPONSE_UNSUPPORTED_MEDIA_TYPE,
	RESPONSE_NOT_LOGGED_IN,
	RESPONSE_UNAUTHORIZED, /* of a login */
	RESPONSE_NOT_AUTHORIZED,
	RESPONSE_DUPLICATED_SLA,
	RESPONSE_SERVICE_UNAVAILABLE,
	RESPONSE_INTERNAL_ERROR,
};

void response_fail(struct response *response, enum response_failure failure);

/* 500, and a line in the log. */
void response_fail_without_memory(struct response *response);

/* 400 {"success":false,"error":"TEXT [TYPE]","errorType":"TYPE"} */
void response_refuse(struct response *response, const char *text, const char *type);

/* STATUS {"success":false,"error":"TEXT"} */
void response_error(struct response *response, int status, const char *text);

/* 429 with Retry-After: the time to wait, rounded up to seconds. */
void response_too_many(struct response *response, int64_t wait_ms);

/* Takes `body`; adds "success":true as its last member. A NULL body (memory is out) becomes an internal error. */
void response_succeed(struct response *response, struct json_object *body);

/* A string to be put in a body where a token is to stand. */
struct json_object *response_place(void);

/* response_succeed, with `token` in its place in the body. Neither the token nor the text of the body outlives the response. */
void response_succeed_with(struct response *response, struct json_object *body, struct json_object *place, const char *token);

/* The whole answer as CGI wants it: "Status: ..." to the last byte of the body, which is left out for HEAD. `*text` is the caller's to
 * free. 0; -1 if memory is out. */
int response_format(const struct response *response, bool head, char **text, size_t *length);

/* The answer when there is no memory for any: it becomes an internal error. The text is static. */
const char *response_out_of_memory(struct response *response, bool head, size_t *length);

/* Frees what the response owns; it can be filled again. */
void response_clear(struct response *response);

#endif

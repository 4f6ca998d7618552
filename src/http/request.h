/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The CGI environment (RFC 3875) and the body -> struct request.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_PATH_MOST 2048
#define REQUEST_ID_MOST 63

/* What came of the body, in the order in which the contract's checks ask. */
enum request_body {
	REQUEST_BODY_WHOLE,
	REQUEST_BODY_TOO_LARGE, /* over the limit; it was drained, nothing of it is kept */
	REQUEST_BODY_BROKEN,    /* its length is not what CONTENT_LENGTH says */
};

/* Texts point into the environment and live as long as it does; none is NULL, what is missing is "". */
struct request {
	const char *method;
	char path[REQUEST_PATH_MOST + 1]; /* REQUEST_URI up to '?', decoded once, below the base path; "" if not found */
	bool path_found;                  /* false: outside the base path, malformed, too long, or with a "." or ".." segment */
	const char *query;                /* raw, without '?' */
	const char *user_id;              /* X-User-Id; "" also if it came twice */
	const char *auth_token;           /* X-Auth-Token; same */
	const char *content_type;
	const char *address;              /* REMOTE_ADDR */
	const char *forwarded_for;        /* X-Forwarded-For, the last line of it */
	char id[REQUEST_ID_MOST + 1];     /* the server's UNIQUE_ID, or our own */
	enum request_body body_state;
	const char *body; /* bytes, not terminated */
	size_t body_length;
};

/* Fills `request` from `environment` ("NAME=value" strings, NULL after the last) and the body that was read: `length` bytes received in
 * all, of which `body` is NULL if they were more than the limit. `base_path` begins and ends with '/'. */
void request_read(struct request *request, char *const *environment, const char *base_path, const char *body, size_t length);

/* Whether the content type is absent or application/json, with or without parameters. */
bool request_is_json(const struct request *request);

#endif

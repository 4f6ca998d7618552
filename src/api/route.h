/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A row of the route table carries policy, not only a handler; dispatch enforces it before the handler is called.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/session.h"

struct call;
struct connection;
struct json_object;
struct request;
struct response;
struct schema;
struct service;

typedef void route_handler(struct call *call);

/* 400 in a row's own words: response_refuse's. */
struct route_refusal {
	const char *text;
	const char *type;
};

struct route {
	const char *method;
	const char *path;                                  /* below the base path; a segment ":" takes any text that is not empty */
	bool open;                                         /* no credentials asked for */
	const char *permissions[SESSION_PERMISSIONS_MOST]; /* any of them; all NULL = logged in is enough */
	struct route_refusal unpermitted;                  /* what the lack of them is answered with; no text = 403 */
	const struct schema *body;                         /* NULL = the row takes no body, or any */
	bool any_body;                                     /* any JSON, which the handler checks in words of its own */
	const struct schema *query;                        /* NULL = the row ignores the query string */
	route_handler *handler;
};

/* What a handler gets. Everything lives until the request is over. */
struct call {
	const struct service *service;
	const struct route *route;
	const struct request *request;
	const char *argument; /* the text of the path's ":" segment, "" if it has none */
	struct session session;
	struct json_object *body;  /* checked and coerced by the row's schema; of a row with any_body: any, NULL is JSON's null */
	struct json_object *query; /* checked and coerced, too */
	struct connection *connection; /* the service's */
	struct response *response;
};

/* Rows of one resource, up to the one whose method is NULL. */
extern const struct route accounts_routes[], permissions_routes[], policies_routes[], tokens_routes[];

/* All resources, NULL after the last. */
extern const struct route *const routes[];

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Enforces what a route's row says, so that no handler can forget it.
 */
#include "api/dispatch.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/limits.h"
#include "api/route.h"
#include "api/service.h"
#include "http/query.h"
#include "http/request.h"
#include "http/response.h"
#include "json/parse.h"
#include "json/schema.h"
#include "json/wipe.h"

#define INVALID_PARAMS "invalid-params"

/* Whether `path` is the row's; `*argument` then points at the text of its ":" segment. */
static bool path_matches(const char *pattern, const char *path, const char **argument)
{
	*argument = "";
	while (*pattern != '\0' && *pattern != ':' && *pattern == *path) {
		pattern++;
		path++;
	}
	if (*pattern != ':')
		return *pattern == *path;
	*argument = path;
	return *path != '\0' && strchr(path, '/') == NULL;
}

/* Each row of the table in turn, NULL at the end. */
static const struct route *next_route(size_t *resource, size_t *row)
{
	while (routes[*resource] != NULL) {
		const struct route *route = &routes[*resource][(*row)++];

		if (route->method != NULL)
			return route;
		++*resource;
		*row = 0;
	}
	return NULL;
}

struct match {
	const struct route *route; /* NULL: the path is there, the method is not */
	const char *argument;
	char allow[64];
	bool path_found;
};

static void allow(struct match *match, const char *method)
{
	size_t length = strlen(match->allow);

	snprintf(match->allow + length, sizeof match->allow - length, "%s%s", length > 0 ? ", " : "", method);
}

/* HEAD is served by GET's row. */
static bool method_matches(const char *row, const char *method)
{
	return strcmp(row, method) == 0 || (strcmp(row, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void match_row(struct match *match, const struct route *route, const struct request *request)
{
	const char *argument;

	if (!path_matches(route->path, request->path, &argument))
		return;
	match->path_found = true;
	allow(match, route->method);
	if (strcmp(route->method, "GET") == 0)
		allow(match, "HEAD");
	if (!method_matches(route->method, request->method))
		return;
	match->route = route;
	match->argument = argument;
}

static void find_route(struct match *match, const struct request *request)
{
	size_t resource = 0, row = 0;
	const struct route *route;

	memset(match, 0, sizeof *match);
	if (!request->path_found)
		return;
	while ((route = next_route(&resource, &row)) != NULL)
		match_row(match, route, request);
	if (match->path_found)
		allow(match, "OPTIONS");
}

/* 404, 204 to OPTIONS, and 405 fall out of the table. */
static bool answered_by_table(struct response *response, const struct request *request, const struct match *match)
{
	if (match->route != NULL)
		return false;
	if (!match->path_found) {
		response_fail(response, RESPONSE_NO_SUCH_PATH);
		return true;
	}
	if (strcmp(request->method, "OPTIONS") == 0)
		response->status = 204;
	else
		response_fail(response, RESPONSE_NO_SUCH_METHOD);
	strcpy(response->allow, match->allow);
	return true;
}

static bool body_acceptable(struct call *call)
{
	const struct request *request = call->request;

	if (request->body_state == REQUEST_BODY_TOO_LARGE) {
		response_fail(call->response, RESPONSE_BODY_TOO_LARGE);
		return false;
	}
	if (request->body_length > 0 && !request_is_json(request)) {
		response_fail(call->response, RESPONSE_UNSUPPORTED_MEDIA_TYPE);
		return false;
	}
	return true;
}

static bool has_credentials(const struct request *request)
{
	return request->user_id[0] != '\0' && request->auth_token[0] != '\0';
}

static enum outcome authenticate(struct call *call)
{
	const struct request *request = call->request;
	enum outcome outcome;

	if (call->route->open)
		return OUTCOME_DONE;
	if (!has_credentials(request))
		return OUTCOME_NOT_FOUND;
	outcome = session_open(call->connection, request->user_id, request->auth_token, call->route->permissions, &call->session);
	if (outcome == OUTCOME_NOT_FOUND)
		limits_count_failure(call);
	return outcome;
}

/* Whether the caller is exempt from the rate limit is known only with the credentials, so that these are asked first; a caller without any
 * costs no statement. */
static bool authenticated(struct call *call)
{
	enum outcome outcome;

	if (!limits_trusted(call))
		return false;
	outcome = authenticate(call);
	if (outcome != OUTCOME_NOT_FOUND && !answer_outcome(call->response, outcome))
		return false;
	if (!call->session.unlimited && !limits_admit(call))
		return false;
	if (outcome == OUTCOME_NOT_FOUND)
		response_fail(call->response, RESPONSE_NOT_LOGGED_IN);
	return outcome == OUTCOME_DONE;
}

static bool permitted(struct call *call)
{
	const struct route_refusal *refusal = &call->route->unpermitted;

	if (call->route->open || call->session.permitted)
		return true;
	if (refusal->text == NULL)
		response_fail(call->response, RESPONSE_NOT_AUTHORIZED);
	else
		response_refuse(call->response, refusal->text, refusal->type);
	return false;
}

static bool parse_body(struct call *call)
{
	const struct request *request = call->request;
	bool no_memory = false;

	if (request->body_state == REQUEST_BODY_WHOLE &&
	    json_parse(request->body == NULL ? "" : request->body, request->body_length, &call->body, &no_memory))
		return true;
	if (no_memory)
		response_fail_without_memory(call->response);
	else
		response_refuse(call->response, "must be valid JSON", INVALID_PARAMS);
	return false;
}

/* Checks `value` and coerces it in place. */
static bool keeps_to(const struct schema *schema, struct json_object *value, struct response *response)
{
	struct schema_error error;

	if (schema_check(schema, value, &error))
		return true;
	if (error.no_memory)
		response_fail_without_memory(response);
	else
		response_refuse(response, error.text, INVALID_PARAMS);
	return false;
}

static bool body_valid(struct call *call)
{
	const struct route *route = call->route;

	if (route->body == NULL && !route->any_body)
		return true;
	return parse_body(call) && (route->any_body || keeps_to(route->body, call->body, call->response));
}

static bool query_valid(struct call *call)
{
	bool no_memory;

	if (call->route->query == NULL)
		return true;
	if (query_parse(call->request->query, &call->query, &no_memory))
		return keeps_to(call->route->query, call->query, call->response);
	if (no_memory)
		response_fail_without_memory(call->response);
	else
		response_refuse(call->response, "must be a valid query string", INVALID_PARAMS);
	return false;
}

void dispatch(const struct service *service, const struct request *request, struct response *response, char *user, unsigned size)
{
	struct call call = { .service = service, .request = request, .connection = service->connection, .response = response };
	struct match match;

	find_route(&match, request);
	if (!answered_by_table(response, request, &match)) {
		call.route = match.route;
		call.argument = match.argument;
		if (body_acceptable(&call) && authenticated(&call) && permitted(&call) && body_valid(&call) && query_valid(&call))
			match.route->handler(&call);
	}
	json_wipe(call.body); /* a login's has a password in it, or a token */
	json_object_put(call.body);
	json_object_put(call.query);
	snprintf(user, size, "%s", call.session.user_id);
}

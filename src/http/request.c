/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * CGI variables -> struct request.
 */
#include "http/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/objectid.h"
#include "base/text.h"

/* The variables that are looked at, each at most once; a second one is what nginx makes of a repeated header. */
struct variables {
	const char *auth_token, *user_id, *content_length, *content_type, *address, *forwarded_for, *method, *uri, *unique_id;
	bool repeated_credentials;
};

struct variable {
	const char *name;
	size_t offset;
};

static const struct variable table[] = {
	{ "CONTENT_LENGTH", offsetof(struct variables, content_length) },
	{ "CONTENT_TYPE", offsetof(struct variables, content_type) },
	{ "HTTP_X_AUTH_TOKEN", offsetof(struct variables, auth_token) },
	{ "HTTP_X_FORWARDED_FOR", offsetof(struct variables, forwarded_for) },
	{ "HTTP_X_USER_ID", offsetof(struct variables, user_id) },
	{ "REMOTE_ADDR", offsetof(struct variables, address) },
	{ "REQUEST_METHOD", offsetof(struct variables, method) },
	{ "REQUEST_URI", offsetof(struct variables, uri) },
	{ "UNIQUE_ID", offsetof(struct variables, unique_id) },
};

static const struct variable *find_variable(const char *pair, size_t length)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (strncmp(table[i].name, pair, length) == 0 && table[i].name[length] == '\0')
			return &table[i];
	return NULL;
}

/* The first value counts, but credentials that came twice are nobody's, and of X-Forwarded-For only the last was added by the nearest
 * proxy: those before it may be the client's own words. */
static void take_variable(struct variables *variables, const struct variable *variable, const char *value)
{
	const char **field = (const char **)(void *)((char *)variables + variable->offset);

	if (*field == NULL || field == &variables->forwarded_for)
		*field = value;
	else if (field == &variables->auth_token || field == &variables->user_id)
		variables->repeated_credentials = true;
}

static void read_variables(struct variables *variables, char *const *environment)
{
	memset(variables, 0, sizeof *variables);
	for (; *environment != NULL; environment++) {
		const char *equals = strchr(*environment, '=');
		const struct variable *variable;

		if (equals == NULL)
			continue;
		variable = find_variable(*environment, (size_t)(equals - *environment));
		if (variable != NULL)
			take_variable(variables, variable, equals + 1);
	}
}

static const char *or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static bool is_dots(const char *segment, size_t length)
{
	return (length == 1 && segment[0] == '.') || (length == 2 && segment[0] == '.' && segment[1] == '.');
}

/* "." and ".." have no place in a path that nobody resolves. */
static bool has_dots(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (is_dots(path, length))
			return true;
		if (path[length] == '\0')
			return false;
		path += length + 1;
	}
}

/* RFC 9112, 3.2.2: a request line may name the whole URI, and Apache hands it on so. */
static const char *without_authority(const char *uri)
{
	size_t scheme = strcspn(uri, ":/?");

	if (scheme == 0 || strncmp(uri + scheme, "://", 3) != 0)
		return uri;
	uri += scheme + 3;
	return uri + strcspn(uri, "/?");
}

/* Of the path's variables this is the only one on which all web servers agree; they pass it as it came, not decoded. */
static bool read_path(char *path, const char *uri, const char *base_path)
{
	size_t length = strcspn(uri, "?");
	size_t base_length = strlen(base_path);
	ssize_t decoded;

	if (length > REQUEST_PATH_MOST)
		return false;
	decoded = text_percent_decode(uri, length, false, path);
	if (decoded < 0)
		return false;
	path[decoded] = '\0';
	if (strlen(path) != (size_t)decoded || !text_utf8_valid(path, (size_t)decoded))
		return false;
	if (strncmp(path, base_path, base_length) != 0 || has_dots(path))
		return false;
	memmove(path, path + base_length, (size_t)decoded - base_length + 1);
	return true;
}

/* A web server's id is taken if it is a plain word; it heads log lines. */
static void read_id(struct request *request, const char *unique_id)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@_-";
	size_t length = strlen(unique_id);

	if (length > 0 && length <= REQUEST_ID_MOST && strspn(unique_id, plain) == length)
		memcpy(request->id, unique_id, length + 1);
	else if (!objectid_make(request->id))
		strcpy(request->id, "-");
}

/* RFC 3875, 4.1.2: absent or empty means that there is no body to speak of; a chunked one may still come. */
static bool length_agrees(const char *content_length, size_t length)
{
	char *end;
	uintmax_t claimed;

	if (*content_length == '\0')
		return true;
	if (strspn(content_length, "0123456789") != strlen(content_length))
		return false;
	claimed = strtoumax(content_length, &end, 10);
	return claimed == length;
}

static void read_body(struct request *request, const char *content_length, const char *body, size_t length)
{
	request->body = body;
	request->body_length = length;
	if (body == NULL && length > 0)
		request->body_state = REQUEST_BODY_TOO_LARGE;
	else if (!length_agrees(content_length, length))
		request->body_state = REQUEST_BODY_BROKEN;
	else
		request->body_state = REQUEST_BODY_WHOLE;
}

void request_read(struct request *request, char *const *environment, const char *base_path, const char *body, size_t length)
{
	struct variables variables;
	const char *uri;

	read_variables(&variables, environment);
	uri = without_authority(or_empty(variables.uri));
	request->method = or_empty(variables.method);
	request->path_found = read_path(request->path, uri, base_path);
	if (!request->path_found)
		request->path[0] = '\0';
	request->query = strchr(uri, '?') == NULL ? "" : strchr(uri, '?') + 1;
	request->user_id = variables.repeated_credentials ? "" : or_empty(variables.user_id);
	request->auth_token = variables.repeated_credentials ? "" : or_empty(variables.auth_token);
	request->content_type = or_empty(variables.content_type);
	request->address = or_empty(variables.address);
	request->forwarded_for = or_empty(variables.forwarded_for);
	read_id(request, or_empty(variables.unique_id));
	read_body(request, or_empty(variables.content_length), body, length);
}

bool request_is_json(const struct request *request)
{
	static const char json[] = "application/json";
	const char *type = request->content_type + strspn(request->content_type, " \t");
	size_t length = strcspn(type, "; \t");

	if (*type == '\0')
		return true;
	if (length != sizeof json - 1 || strncasecmp(type, json, length) != 0)
		return false;
	type += length + strspn(type + length, " \t");
	return *type == '\0' || *type == ';';
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The one place that words failures and writes answers.
 */
#include "http/response.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "base/log.h"
#include "base/secret.h"

#define RETRY_AFTER_SECONDS 2
#define HEAD_MOST 512
#define NO_CONTENT 204
#define INTERNAL_ERROR "Internal server error"

typedef void failure_form(struct response *response, int status, const char *text);

static failure_form framework_error, login_error;

struct failure {
	int status;
	failure_form *form;
	const char *text;
};

static const struct failure failures[] = {
	[RESPONSE_NO_SUCH_PATH] = { 404, framework_error, "API endpoint does not exist" },
	[RESPONSE_NO_SUCH_METHOD] = { 405, framework_error, "API endpoint does not exist" },
	[RESPONSE_BODY_TOO_LARGE] = { 413, response_error, "error-body-too-large" },
	[RESPONSE_UNSUPPORTED_MEDIA_TYPE] = { 415, response_error, "error-unsupported-media-type" },
	[RESPONSE_NOT_LOGGED_IN] = { 401, framework_error, "You must be logged in to do this." },
	[RESPONSE_UNAUTHORIZED] = { 401, login_error, "Unauthorized" },
	[RESPONSE_NOT_AUTHORIZED] = { 403, response_error, "error-not-authorized" },
	[RESPONSE_DUPLICATED_SLA] = { 400, response_error, "error-duplicated-sla" },
	[RESPONSE_SERVICE_UNAVAILABLE] = { 503, response_error, "error-service-unavailable" },
	[RESPONSE_INTERNAL_ERROR] = { 500, response_error, INTERNAL_ERROR },
};

static const char *reason(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} reasons[] = {
		{ 200, "OK" },
		{ NO_CONTENT, "No Content" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return "Unknown";
}

/* json-c frees its texts as they are, but lends them: const, since it goes on using them, which here it does not. To ask for the body's
 * again is the one way to it; it comes to stand where it stood. */
static void wipe_secret(const struct response *response)
{
	size_t length = 0;
	const char *text = document_print(response->body, &length);

	if (text != NULL)
		secret_wipe((char *)text, length);
	secret_wipe((char *)json_object_get_string(response->secret), (size_t)json_object_get_string_len(response->secret));
}

static void set_body(struct response *response, int status, struct json_object *body)
{
	if (response->secret != NULL)
		wipe_secret(response);
	json_object_put(response->body);
	response->status = status;
	response->body = body;
	response->secret = NULL;
}

void response_error(struct response *response, int status, const char *text)
{
	struct json_object *body = json_object_new_object();

	document_add(&body, "success", json_object_new_boolean(false));
	document_add_text(&body, "error", text);
	set_body(response, status, body);
}

/* What Rocket.Chat's router itself answers. */
static void framework_error(struct response *response, int status, const char *text)
{
	struct json_object *body = json_object_new_object();

	document_add_text(&body, "status", "error");
	document_add_text(&body, "message", text);
	set_body(response, status, body);
}

/* What its login answers. */
static void login_error(struct response *response, int status, const char *text)
{
	struct json_object *body = json_object_new_object();

	document_add_text(&body, "status", "error");
	document_add_text(&body, "error", text);
	document_add_text(&body, "message", text);
	set_body(response, status, body);
}

void response_fail(struct response *response, enum response_failure failure)
{
	const struct failure *row = &failures[failure];

	row->form(response, row->status, row->text);
	if (failure == RESPONSE_SERVICE_UNAVAILABLE)
		response->retry_after = RETRY_AFTER_SECONDS;
}

void response_fail_without_memory(struct response *response)
{
	log_message(LOG_ERR, "out of memory");
	response_fail(response, RESPONSE_INTERNAL_ERROR);
}

void response_refuse(struct response *response, const char *text, const char *type)
{
	char *error;

	if (asprintf(&error, "%s [%s]", text, type) < 0) {
		response_fail_without_memory(response);
		return;
	}
	response_error(response, 400, error);
	document_add_text(&response->body, "errorType", type);
	free(error);
}

void response_too_many(struct response *response, int64_t wait_ms)
{
	char error[192];

	response->retry_after = wait_ms > 0 ? (wait_ms + 999) / 1000 : 1;
	snprintf(error, sizeof error,
	         "Error, too many requests. Please slow down. You must wait %" PRId64
	         " seconds before trying this endpoint again. [error-too-many-requests]",
	         response->retry_after);
	response_error(response, 429, error);
}

void response_succeed(struct response *response, struct json_object *body)
{
	document_add(&body, "success", json_object_new_boolean(true));
	if (body == NULL)
		response_fail_without_memory(response);
	else
		set_body(response, 200, body);
}

/* As long as any token. */
struct json_object *response_place(void)
{
	char blank[SECRET_TOKEN_LENGTH];

	memset(blank, 'x', sizeof blank);
	return json_object_new_string_len(blank, sizeof blank);
}

/* The text of the body is made at its length, so that no shorter one is freed with a piece of the token in it. */
void response_succeed_with(struct response *response, struct json_object *body, struct json_object *place, const char *token)
{
	response_succeed(response, body);
	if (response->status != 200)
		return;
	if (json_object_set_string(place, token))
		response->secret = place;
	else
		response_fail_without_memory(response);
}

void response_clear(struct response *response)
{
	set_body(response, 0, NULL);
	memset(response, 0, sizeof *response);
}

/* Appends a header line; all of them together are shorter than HEAD_MOST. */
__attribute__((format(printf, 3, 4))) static void add_line(char *head, size_t *length, const char *format, ...)
{
	va_list arguments;
	int more;

	va_start(arguments, format);
	more = vsnprintf(head + *length, HEAD_MOST - *length, format, arguments);
	va_end(arguments);
	*length += (size_t)more;
}

static size_t write_head(const struct response *response, char *head, size_t body_length)
{
	size_t length = 0;

	add_line(head, &length, "Status: %d %s\r\n", response->status, reason(response->status));
	if (body_length > 0)
		add_line(head, &length, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body_length);
	add_line(head, &length, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	if (response->allow[0] != '\0')
		add_line(head, &length, "Allow: %s\r\n", response->allow);
	if (response->retry_after > 0)
		add_line(head, &length, "Retry-After: %" PRId64 "\r\n", response->retry_after);
	if (response->limit.calls > 0)
		add_line(head, &length,
		         "X-RateLimit-Limit: %" PRId64 "\r\nX-RateLimit-Remaining: %" PRId64 "\r\nX-RateLimit-Reset: %" PRId64 "\r\n",
		         response->limit.calls, response->limit.remaining, response->limit.reset_ms);
	add_line(head, &length, "\r\n");
	return length;
}

int response_format(const struct response *response, bool head_only, char **text, size_t *length)
{
	char head[HEAD_MOST];
	const char *body = "";
	size_t body_length = 0, head_length;

	*text = NULL;
	if (response->status != NO_CONTENT)
		body = document_print(response->body, &body_length);
	if (body == NULL)
		return -1;
	head_length = write_head(response, head, body_length);
	if (head_only)
		body_length = 0;
	*text = malloc(head_length + body_length + 1);
	if (*text == NULL)
		return -1;
	memcpy(*text, head, head_length);
	memcpy(*text + head_length, body, body_length);
	(*text)[head_length + body_length] = '\0';
	*length = head_length + body_length;
	return 0;
}

const char *response_out_of_memory(struct response *response, bool head_only, size_t *length)
{
	static const char body[] = "{\"success\":false,\"error\":\"" INTERNAL_ERROR "\"}";
	static char text[HEAD_MOST + sizeof body];
	const struct response last = { .status = 500, .limit = response->limit };

	response->status = last.status;
	*length = write_head(&last, text, sizeof body - 1);
	if (!head_only) {
		memcpy(text + *length, body, sizeof body - 1);
		*length += sizeof body - 1;
	}
	return text;
}

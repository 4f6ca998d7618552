/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What a peer sends: the reader of records says the same wherever the bytes are cut, keeps to its limits, and what it takes for a request
 * is the same request to libfcgi.
 *
 * An input begins with the number of cuts and the length of each piece, one byte each, which are used over and over; the rest is sent.
 */
#include <fcgiapp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "fuzz.h"
#include "http/request.h"
#include "server/records.h"

const char fuzz_name[] = "records";

#define BODY_LIMIT 1000
#define BASE "/api/v1/"
#define HEADER 8
#define PARAMS 4
#define STDIN 5

struct bytes {
	const uint8_t *at;
	size_t length;
};

/* -- wherever it is cut -- */

static enum records_verdict feed(struct records *records, struct bytes sent, size_t *taken)
{
	enum records_verdict verdict = records_feed(records, sent.at, sent.length, taken);

	PROMISE(*taken <= sent.length);
	PROMISE(verdict != RECORDS_MORE || *taken == sent.length);
	return verdict;
}

/* In memory of just its length. */
static enum records_verdict feed_piece(struct records *records, struct bytes piece, size_t *taken)
{
	uint8_t *copy = malloc(piece.length);
	enum records_verdict verdict;

	PROMISE(copy != NULL);
	memcpy(copy, piece.at, piece.length);
	verdict = feed(records, (struct bytes){ copy, piece.length }, taken);
	free(copy);
	return verdict;
}

static enum records_verdict feed_in_pieces(struct records *records, struct bytes sent, struct bytes cuts, size_t *taken)
{
	enum records_verdict verdict = RECORDS_MORE;
	size_t some;

	*taken = 0;
	for (size_t i = 0; verdict == RECORDS_MORE && *taken < sent.length; i++) {
		struct bytes piece = { sent.at + *taken, sent.length - *taken };
		size_t most = cuts.length == 0 ? 1 : 1 + (size_t)cuts.at[i % cuts.length];

		piece.length = piece.length < most ? piece.length : most;
		verdict = feed_piece(records, piece, &some);
		*taken += some;
	}
	return verdict;
}

static void check_same(const struct records *a, const struct records *b)
{
	size_t a_length, b_length;
	const void *a_bytes = records_head(a, &a_length), *b_bytes = records_head(b, &b_length);

	PROMISE(a_length == b_length && memcmp(a_bytes, b_bytes, a_length) == 0);
	a_bytes = records_body(a, &a_length);
	b_bytes = records_body(b, &b_length);
	PROMISE(a_length == b_length);
	PROMISE(a_length == 0 || a_length > BODY_LIMIT || memcmp(a_bytes, b_bytes, a_length) == 0);
	PROMISE(records_keep_connection(a) == records_keep_connection(b));
}

/* -- the same request to libfcgi -- */

/* Puts the contents of all records of one type together; the bytes are the caller's to free. */
static struct bytes join(struct bytes sent, uint8_t type)
{
	uint8_t *joined = malloc(sent.length);
	struct bytes contents = { joined, 0 };

	PROMISE(joined != NULL);
	while (sent.length > 0) {
		size_t content, whole;

		PROMISE(sent.length >= HEADER);
		content = (size_t)sent.at[4] << 8 | sent.at[5];
		whole = HEADER + content + sent.at[6];
		PROMISE(sent.length >= whole);
		if (sent.at[1] == type) {
			memcpy(joined + contents.length, sent.at + HEADER, content);
			contents.length += content;
		}
		sent.at += whole;
		sent.length -= whole;
	}
	return contents;
}

static bool is_same(struct bytes a, struct bytes b)
{
	return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

static size_t take_length(struct bytes *params)
{
	size_t length = params->at[0], width = length < 0x80 ? 1 : 4;

	PROMISE(params->length >= width);
	if (width == 4)
		length = (length & 0x7f) << 24 | (size_t)params->at[1] << 16 | (size_t)params->at[2] << 8 | params->at[3];
	params->at += width;
	params->length -= width;
	return length;
}

static bool is_pair(const char *variable, struct bytes params, size_t name, size_t value)
{
	return strlen(variable) == name + 1 + value && memcmp(variable, params.at, name) == 0 && variable[name] == '=' &&
	       memcmp(variable + name + 1, params.at + name, value) == 0;
}

/* libfcgi puts FCGI_ROLE first. */
static void check_environment(char *const *environment, struct bytes params)
{
	PROMISE(strcmp(*environment++, "FCGI_ROLE=RESPONDER") == 0);
	while (params.length > 0) {
		size_t name = take_length(&params), value;

		PROMISE(params.length > 0);
		value = take_length(&params);
		PROMISE(params.length >= name + value);
		PROMISE(*environment != NULL && is_pair(*environment, params, name, value));
		environment++;
		params.at += name + value;
		params.length -= name + value;
	}
	PROMISE(*environment == NULL);
}

/* As server/intake does it. The file stays open: it is what libfcgi takes for its connection. */
static void give_to_libfcgi(FCGX_Request *fcgi, struct bytes head)
{
	static int memory = -1;

	if (memory < 0) {
		PROMISE(FCGX_Init() == 0);
		memory = memfd_create("request", MFD_CLOEXEC);
	}
	PROMISE(pwrite(memory, head.at, head.length, 0) == (ssize_t)head.length);
	PROMISE(ftruncate(memory, (off_t)head.length) == 0 && lseek(memory, 0, SEEK_SET) == 0);
	FCGX_InitRequest(fcgi, -1, 0);
	fcgi->ipcFd = memory;
	fcgi->keepConnection = 1;
	PROMISE(FCGX_Accept_r(fcgi) == 0);
	PROMISE(FCGX_GetError(fcgi->in) == 0);
	PROMISE(FCGX_GetChar(fcgi->in) == EOF);
}

/* -- the request -- */

static size_t count_variables(char *const *environment, const char *name)
{
	size_t count = 0, length = strlen(name);

	for (; *environment != NULL; environment++)
		count += strncmp(*environment, name, length) == 0 && (*environment)[length] == '=';
	return count;
}

static void check_path(const struct request *request)
{
	size_t length = strlen(request->path);

	PROMISE(length <= REQUEST_PATH_MOST && text_utf8_valid(request->path, length));
	PROMISE(request->path_found || length == 0);
	PROMISE(strncmp(request->path, "../", 3) != 0 && strstr(request->path, "/../") == NULL);
	PROMISE(strcmp(request->path, "..") != 0 && (length < 3 || strcmp(request->path + length - 3, "/..") != 0));
}

static void check_credentials(const struct request *request, char *const *environment)
{
	size_t ids = count_variables(environment, "HTTP_X_USER_ID"), tokens = count_variables(environment, "HTTP_X_AUTH_TOKEN");

	PROMISE(request->user_id[0] == '\0' || (ids == 1 && tokens <= 1));
	PROMISE(request->auth_token[0] == '\0' || (tokens == 1 && ids <= 1));
}

static void check_request(char *const *environment, const struct records *records)
{
	struct request request;
	size_t length;
	const char *body = records_body(records, &length);

	request_read(&request, environment, BASE, body, length);
	check_path(&request);
	check_credentials(&request, environment);
	PROMISE(request.method != NULL && request.address != NULL && request.forwarded_for != NULL);
	PROMISE(request.id[0] != '\0' && strspn(request.id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@_-") ==
	                                     strlen(request.id));
	PROMISE((request.body_state == REQUEST_BODY_TOO_LARGE) == (length > BODY_LIMIT));
	PROMISE(request_is_json(&request) || request.content_type[0] != '\0');
}

static void check_body(const struct records *records, struct bytes body)
{
	size_t length;
	const char *bytes = records_body(records, &length);

	PROMISE(length == body.length);
	if (length > BODY_LIMIT)
		PROMISE(bytes == NULL);
	else if (length > 0)
		PROMISE(memcmp(bytes, body.at, length) == 0);
}

static void check_handed_over(const struct records *records, struct bytes sent)
{
	FCGX_Request fcgi;
	struct bytes head, params = join(sent, PARAMS), body = join(sent, STDIN), handed_over;

	head.at = records_head(records, &head.length);
	handed_over = join(head, PARAMS);
	PROMISE(params.length <= RECORDS_PARAMS_MOST);
	PROMISE(is_same(params, handed_over));
	check_body(records, body);
	give_to_libfcgi(&fcgi, head);
	check_environment(fcgi.envp, params);
	check_request(fcgi.envp, records);
	FCGX_Free(&fcgi, 0);
	free((void *)(uintptr_t)params.at);
	free((void *)(uintptr_t)body.at);
	free((void *)(uintptr_t)handed_over.at);
}

/* One request after the other, as on a connection that is kept: `records` has read those before, the other reader is new. */
static bool take_request(struct records *records, struct bytes *sent, struct bytes cuts)
{
	struct records *other = records_new(BODY_LIMIT);
	size_t taken, taken_in_pieces;
	enum records_verdict verdict = feed(records, *sent, &taken);

	PROMISE(other != NULL);
	PROMISE(feed_in_pieces(other, *sent, cuts, &taken_in_pieces) == verdict);
	if (verdict == RECORDS_COMPLETE) {
		PROMISE(taken == taken_in_pieces);
		check_same(records, other);
		check_handed_over(records, (struct bytes){ sent->at, taken });
	}
	records_free(other);
	records_reset(records);
	sent->at += taken;
	sent->length -= taken;
	return verdict == RECORDS_COMPLETE && sent->length > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct records *records = records_new(BODY_LIMIT);
	struct bytes cuts, sent;

	PROMISE(records != NULL);
	if (size > 0 && size > bytes[0]) {
		cuts = (struct bytes){ bytes + 1, bytes[0] };
		sent = (struct bytes){ bytes + 1 + bytes[0], size - 1 - bytes[0] };
		while (take_request(records, &sent, cuts))
			;
	}
	records_free(records);
	return 0;
}

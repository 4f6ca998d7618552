/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * FastCGI records, checked strictly and put together.
 */
#include "server/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define HEADER_LENGTH 8
#define BEGIN_LENGTH 8
#define BUFFER_KEPT 8192 /* a buffer larger than this is not kept for the next request: each of many peers has some */

/* FastCGI specification, 8. */
enum { VERSION_1 = 1 };
enum { BEGIN_REQUEST = 1, PARAMS = 4, STDIN = 5 };
enum { RESPONDER = 1 };
enum { KEEP_CONN = 1 };

/* Grows as it is filled. */
struct buffer {
	unsigned char *bytes;
	size_t length;
	size_t size;
};

enum expected { EXPECT_BEGIN, EXPECT_PARAMS, EXPECT_STDIN, EXPECT_NOTHING };

struct records {
	enum expected expected;
	unsigned char header[HEADER_LENGTH]; /* of the record that is being read */
	size_t header_length;                /* bytes of it that have come */
	size_t content_left, padding_left;
	unsigned request_id;
	bool keep_connection;
	unsigned char begin[BEGIN_LENGTH];
	size_t begin_length;
	struct buffer params;
	struct buffer head;
	struct buffer body;
	size_t body_limit;
	size_t body_received;
};

struct records *records_new(size_t body_limit)
{
	struct records *records = calloc(1, sizeof *records);

	if (records != NULL)
		records->body_limit = body_limit;
	return records;
}

void records_free(struct records *records)
{
	if (records == NULL)
		return;
	free(records->params.bytes);
	free(records->head.bytes);
	free(records->body.bytes);
	free(records);
}

/* A body or a token of one request is not left for the next. */
static void empty(struct buffer *buffer)
{
	secret_wipe(buffer->bytes, buffer->length);
	buffer->length = 0;
	if (buffer->size <= BUFFER_KEPT)
		return;
	free(buffer->bytes);
	buffer->bytes = NULL;
	buffer->size = 0;
}

void records_reset(struct records *records)
{
	records->expected = EXPECT_BEGIN;
	records->header_length = 0;
	records->content_left = 0;
	records->padding_left = 0;
	records->keep_connection = false;
	records->begin_length = 0;
	records->body_received = 0;
	empty(&records->params);
	empty(&records->head);
	empty(&records->body);
}

/* realloc(3) would leave what it has moved. */
static bool enlarge(struct buffer *buffer, size_t size)
{
	unsigned char *larger = malloc(size);

	if (larger == NULL)
		return false;
	if (buffer->length > 0)
		memcpy(larger, buffer->bytes, buffer->length);
	secret_wipe(buffer->bytes, buffer->length);
	free(buffer->bytes);
	buffer->bytes = larger;
	buffer->size = size;
	return true;
}

static bool append(struct buffer *buffer, const void *bytes, size_t length)
{
	if (buffer->length + length > buffer->size && !enlarge(buffer, 2 * (buffer->length + length)))
		return false;
	memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
	return true;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static unsigned two_bytes(const unsigned char *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

/* Whether a record with this header may come now. */
static bool header_expected(struct records *records)
{
	const unsigned char *header = records->header;
	unsigned request_id = two_bytes(header + 2);

	if (header[0] != VERSION_1)
		return false;
	if (records->expected == EXPECT_BEGIN) {
		records->request_id = request_id;
		return header[1] == BEGIN_REQUEST && request_id != 0 && two_bytes(header + 4) == BEGIN_LENGTH;
	}
	if (request_id != records->request_id)
		return false;
	return header[1] == (records->expected == EXPECT_PARAMS ? PARAMS : STDIN);
}

/* Takes bytes of a record's header; true while they keep to the rules. */
static bool take_header(struct records *records, const unsigned char *bytes, size_t length)
{
	memcpy(records->header + records->header_length, bytes, length);
	records->header_length += length;
	if (records->header_length < HEADER_LENGTH)
		return true;
	records->content_left = two_bytes(records->header + 4);
	records->padding_left = records->header[6];
	return header_expected(records);
}

static bool take_begin(struct records *records, const unsigned char *bytes, size_t length)
{
	memcpy(records->begin + records->begin_length, bytes, length);
	records->begin_length += length;
	return true;
}

static bool take_params(struct records *records, const unsigned char *bytes, size_t length)
{
	return records->params.length + length <= RECORDS_PARAMS_MOST && append(&records->params, bytes, length);
}

/* Over the limit nothing is kept, but all is read: the answer is not heard before. */
static bool take_body(struct records *records, const unsigned char *bytes, size_t length)
{
	records->body_received += length;
	if (records->body_received <= records->body_limit)
		return append(&records->body, bytes, length);
	empty(&records->body);
	return true;
}

static bool take_content(struct records *records, const unsigned char *bytes, size_t length)
{
	records->content_left -= length;
	switch (records->expected) {
	case EXPECT_BEGIN:
		return take_begin(records, bytes, length);
	case EXPECT_PARAMS:
		return take_params(records, bytes, length);
	default:
		return take_body(records, bytes, length);
	}
}

/* Reads the length of a name or a value (FastCGI specification, 3.4): 1 byte, or 4 with the high bit set. */
static bool read_length(const struct buffer *params, size_t *at, size_t *length)
{
	const unsigned char *bytes = params->bytes + *at;
	size_t left = params->length - *at;

	if (left >= 1 && bytes[0] < 0x80) {
		*length = bytes[0];
		*at += 1;
		return true;
	}
	if (left < 4)
		return false;
	*length = (size_t)(bytes[0] & 0x7f) << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
	*at += 4;
	return true;
}

/* A name that libfcgi could take for another, or a text that it would cut, is refused. */
static bool pair_sound(const unsigned char *name, size_t name_length, const unsigned char *value, size_t value_length)
{
	return name_length > 0 && memchr(name, '=', name_length) == NULL && memchr(name, '\0', name_length) == NULL &&
	       memchr(value, '\0', value_length) == NULL;
}

static bool params_sound(const struct buffer *params)
{
	size_t at = 0;

	while (at < params->length) {
		size_t name_length, value_length, left;

		if (!read_length(params, &at, &name_length) || !read_length(params, &at, &value_length))
			return false;
		left = params->length - at;
		if (name_length > left || value_length > left - name_length)
			return false;
		if (!pair_sound(params->bytes + at, name_length, params->bytes + at + name_length, value_length))
			return false;
		at += name_length + value_length;
	}
	return true;
}

static bool append_record(struct records *records, int type, const void *content, size_t length)
{
	const unsigned char header[HEADER_LENGTH] = {
		VERSION_1, (unsigned char)type, (unsigned char)(records->request_id >> 8), (unsigned char)records->request_id,
		(unsigned char)(length >> 8), (unsigned char)length, 0, 0,
	};

	return append(&records->head, header, sizeof header) && append(&records->head, content, length);
}

/* What libfcgi will read: the same request up to its body. */
static bool write_head(struct records *records)
{
	static const unsigned char begin[BEGIN_LENGTH] = { 0, RESPONDER };
	const size_t most = 0xfff8; /* of one record: a multiple of 8 */

	_Static_assert(RECORDS_HEAD_MOST >= 4 * HEADER_LENGTH + BEGIN_LENGTH + RECORDS_PARAMS_MOST, "four records");
	if (!append_record(records, BEGIN_REQUEST, begin, sizeof begin))
		return false;
	for (size_t at = 0; at < records->params.length; at += most)
		if (!append_record(records, PARAMS, records->params.bytes + at, smaller(most, records->params.length - at)))
			return false;
	return append_record(records, PARAMS, "", 0);
}

/* The record that was being read is whole. */
static bool end_record(struct records *records)
{
	bool last = two_bytes(records->header + 4) == 0;

	records->header_length = 0;
	switch (records->expected) {
	case EXPECT_BEGIN:
		records->expected = EXPECT_PARAMS;
		records->keep_connection = (records->begin[2] & KEEP_CONN) != 0;
		return two_bytes(records->begin) == RESPONDER;
	case EXPECT_PARAMS:
		if (last)
			records->expected = EXPECT_STDIN;
		return !last || params_sound(&records->params);
	default:
		if (last)
			records->expected = EXPECT_NOTHING;
		return !last || write_head(records);
	}
}

/* Takes some of the bytes, at least one if there is any; `*taken` is how many. */
static bool take_some(struct records *records, const unsigned char *bytes, size_t length, size_t *taken)
{
	if (records->header_length < HEADER_LENGTH) {
		*taken = smaller(length, HEADER_LENGTH - records->header_length);
		if (!take_header(records, bytes, *taken))
			return false;
	} else if (records->content_left > 0) {
		*taken = smaller(length, records->content_left);
		if (!take_content(records, bytes, *taken))
			return false;
	} else {
		*taken = smaller(length, records->padding_left);
		records->padding_left -= *taken;
	}
	if (records->header_length < HEADER_LENGTH || records->content_left > 0 || records->padding_left > 0)
		return true;
	return end_record(records);
}

enum records_verdict records_feed(struct records *records, const void *bytes, size_t length, size_t *taken)
{
	const unsigned char *next = bytes;

	*taken = 0;
	while (*taken < length && records->expected != EXPECT_NOTHING) {
		size_t some;

		if (!take_some(records, next + *taken, length - *taken, &some))
			return RECORDS_REFUSED;
		*taken += some;
	}
	return records->expected == EXPECT_NOTHING ? RECORDS_COMPLETE : RECORDS_MORE;
}

const void *records_head(const struct records *records, size_t *length)
{
	*length = records->head.length;
	return records->head.bytes;
}

const char *records_body(const struct records *records, size_t *length)
{
	*length = records->body_received;
	return records->body_received > records->body_limit ? NULL : (const char *)records->body.bytes;
}

bool records_keep_connection(const struct records *records)
{
	return records->keep_connection;
}

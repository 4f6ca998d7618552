/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Reading requests, a piece of each at a time.
 */
#include "server/peers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/records.h"

#define READ_SIZE 16384
#define DRAINED_MOST (16 * READ_SIZE)

struct peers {
	size_t body_limit;
	int64_t timeout_ms;
	struct peer list[PEERS_MOST]; /* the oldest first; behind `count` those that have gone lie with their records, to be used again */
	size_t count;
	unsigned char bytes[READ_SIZE];
};

struct peers *peers_new(size_t body_limit, int64_t timeout_ms)
{
	struct peers *peers = calloc(1, sizeof *peers);

	if (peers == NULL)
		return NULL;
	peers->body_limit = body_limit;
	peers->timeout_ms = timeout_ms;
	return peers;
}

void peers_free(struct peers *peers)
{
	if (peers == NULL)
		return;
	while (peers->count > 0)
		peers_drop(peers, &peers->list[0]);
	for (size_t i = 0; i < PEERS_MOST; i++)
		records_free(peers->list[i].records);
	free(peers);
}

size_t peers_count(const struct peers *peers)
{
	return peers->count;
}

/* A connection that is closed with bytes unread is reset, and the answer in it lost; but nobody is listened to for ever. */
static void close_drained(struct peers *peers, int connection)
{
	ssize_t length;
	size_t drained = 0;

	do {
		length = recv(connection, peers->bytes, sizeof peers->bytes, MSG_DONTWAIT);
		drained += length > 0 ? (size_t)length : 0;
	} while (length > 0 && drained < DRAINED_MOST);
	close(connection);
}

void peers_drop(struct peers *peers, struct peer *peer)
{
	struct peer gone = *peer;
	size_t younger = (size_t)(peers->list + peers->count - peer) - 1;

	close_drained(peers, gone.connection);
	records_reset(gone.records);
	memmove(peer, peer + 1, younger * sizeof *peer);
	peers->list[--peers->count] = gone;
}

static void drop_for(struct peers *peers, struct peer *peer, const char *reason)
{
	log_message(LOG_DEBUG, "dropped a connection: %s", reason);
	peers_drop(peers, peer);
}

void peers_add(struct peers *peers, int connection)
{
	struct peer *peer;

	if (peers->count == PEERS_MOST)
		drop_for(peers, &peers->list[0], "others wait");
	peer = &peers->list[peers->count];
	if (peer->records == NULL)
		peer->records = records_new(peers->body_limit);
	if (peer->records == NULL) {
		log_message(LOG_ERR, "dropped a connection: out of memory");
		close(connection);
		return;
	}
	peer->connection = connection;
	peer->deadline = clock_monotonic_ms() + peers->timeout_ms;
	peers->count++;
}

/* What became of a peer: RECORDS_MORE while it may go on. `*reason` is why it is refused. */
static enum records_verdict read_some(struct peers *peers, const struct peer *peer, const char **reason)
{
	ssize_t length = recv(peer->connection, peers->bytes, sizeof peers->bytes, MSG_DONTWAIT);
	enum records_verdict verdict = RECORDS_MORE;
	size_t taken;

	*reason = "not a FastCGI request";
	if (length > 0)
		verdict = records_feed(peer->records, peers->bytes, (size_t)length, &taken);
	if (verdict != RECORDS_MORE)
		return verdict;
	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
		*reason = "cut short";
		return RECORDS_REFUSED;
	}
	*reason = "late";
	return clock_monotonic_ms() < peer->deadline ? RECORDS_MORE : RECORDS_REFUSED;
}

/* The oldest first: under load there always is a younger one. */
struct peer *peers_read(struct peers *peers)
{
	for (size_t i = 0; i < peers->count;) {
		struct peer *peer = &peers->list[i];
		const char *reason;
		enum records_verdict verdict = read_some(peers, peer, &reason);

		if (verdict == RECORDS_COMPLETE)
			return peer;
		if (verdict == RECORDS_REFUSED)
			drop_for(peers, peer, reason); /* the next one moves to its place */
		else
			i++;
	}
	return NULL;
}

size_t peers_poll(const struct peers *peers, struct pollfd entries[PEERS_MOST])
{
	for (size_t i = 0; i < peers->count; i++)
		entries[i] = (struct pollfd){ .fd = peers->list[i].connection, .events = POLLIN };
	return peers->count;
}

/* All have the same time, and are moved together: the oldest is the first. */
int64_t peers_deadline(const struct peers *peers)
{
	return peers->count == 0 ? INT64_MAX : peers->list[0].deadline;
}

void peers_postpone(struct peers *peers, int64_t milliseconds)
{
	for (size_t i = 0; i < peers->count; i++)
		peers->list[i].deadline += milliseconds;
}

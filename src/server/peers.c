/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Reading requests, a piece of each at a time.
 */
#include "server/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/records.h"

#define READ_SIZE 16384
#define DRAINED_MOST (16 * READ_SIZE)

/* A web server that has its answer may be sending the next request already, and would see it fail if the connection was closed now.
 * Only one that is silent for so long is closed, unless it never is: then after LEAVING_MS. */
#define SILENCE_MS 10
#define LEAVING_MS 5000

/* A worker that answers one short request after the other listens in between. */
#define UNHEARD_LEAST_MS 50

struct peers {
	size_t body_limit;
	int64_t timeout_ms;
	int64_t leave_until;          /* no connection is kept any more; INT64_MAX until peers_leave */
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
	peers->leave_until = INT64_MAX;
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

bool peers_idle(const struct peers *peers)
{
	for (size_t i = 0; i < peers->count; i++)
		if (!peers->list[i].idle)
			return false;
	return true;
}

bool peers_await(const struct peers *peers)
{
	for (size_t i = 0; i < peers->count; i++)
		if (peers->list[i].awaited)
			return true;
	return false;
}

/* A connection that is closed with bytes unread is reset, and the answer in it lost; but nobody is listened to for ever. */
static void close_drained(struct peers *peers, int connection)
{
	ssize_t length;
	size_t drained = 0;

	while (drained < DRAINED_MOST && (length = recv(connection, peers->bytes, sizeof peers->bytes, MSG_DONTWAIT)) > 0) {
		secret_wipe(peers->bytes, (size_t)length);
		drained += (size_t)length;
	}
	close(connection);
}

/* Makes it the youngest, ready for another request. */
static struct peer *move_to_end(struct peers *peers, struct peer *peer)
{
	struct peer *last = &peers->list[peers->count - 1];
	struct peer moved = *peer;

	records_reset(moved.records);
	memmove(peer, peer + 1, (size_t)(last - peer) * sizeof *peer);
	*last = moved;
	return last;
}

void peers_drop(struct peers *peers, struct peer *peer)
{
	close_drained(peers, peer->connection);
	move_to_end(peers, peer);
	peers->count--;
}

void peers_answered(struct peers *peers, struct peer *peer)
{
	int64_t now = clock_monotonic_ms();

	if (!peer->keep || now >= peers->leave_until) {
		peers_drop(peers, peer);
		return;
	}
	peer = move_to_end(peers, peer);
	peer->idle = true;
	peer->deadline = now + SILENCE_MS;
}

static bool leaving(const struct peers *peers)
{
	return peers->leave_until != INT64_MAX;
}

void peers_leave(struct peers *peers)
{
	if (!leaving(peers))
		peers->leave_until = clock_monotonic_ms() + LEAVING_MS;
}

static void drop_for(struct peers *peers, struct peer *peer, const char *reason)
{
	log_message(LOG_DEBUG, "dropped a connection: %s", reason);
	peers_drop(peers, peer);
}

static struct peer *longest_idle(struct peers *peers)
{
	for (size_t i = 0; i < peers->count; i++)
		if (peers->list[i].idle)
			return &peers->list[i];
	return NULL;
}

static void make_room(struct peers *peers)
{
	struct peer *idle = longest_idle(peers);

	drop_for(peers, idle != NULL ? idle : &peers->list[0], "others wait");
}

void peers_add(struct peers *peers, int connection)
{
	struct peer *peer;

	if (peers->count == PEERS_MOST)
		make_room(peers);
	peer = &peers->list[peers->count];
	if (peer->records == NULL)
		peer->records = records_new(peers->body_limit);
	if (peer->records == NULL) {
		log_message(LOG_ERR, "dropped a connection: out of memory");
		close(connection);
		return;
	}
	for (size_t i = 0; i < peers->count; i++)
		peers->list[i].awaited = false;
	peer->connection = connection;
	peer->idle = false;
	peer->awaited = true;
	peer->deadline = clock_monotonic_ms() + peers->timeout_ms;
	peers->count++;
}

/* Whether the peer may go on without having sent anything more. */
static bool in_time(const struct peers *peers, const struct peer *peer)
{
	return (peer->idle && !leaving(peers)) || clock_monotonic_ms() < peer->deadline;
}

static enum records_verdict take(struct peers *peers, struct peer *peer, size_t length)
{
	enum records_verdict verdict;
	size_t taken;

	if (peer->idle)
		peer->deadline = clock_monotonic_ms() + peers->timeout_ms;
	peer->idle = false;
	peer->awaited = false;
	verdict = records_feed(peer->records, peers->bytes, length, &taken);
	secret_wipe(peers->bytes, length);
	peer->keep = verdict == RECORDS_COMPLETE && records_keep_connection(peer->records) && taken == length;
	return verdict;
}

/* What became of a peer: RECORDS_MORE while it may go on. `*reason` is why it is refused. */
static enum records_verdict read_some(struct peers *peers, struct peer *peer, const char **reason)
{
	ssize_t length = recv(peer->connection, peers->bytes, sizeof peers->bytes, MSG_DONTWAIT);
	enum records_verdict verdict = RECORDS_MORE;

	*reason = "not a FastCGI request";
	if (length > 0)
		verdict = take(peers, peer, (size_t)length);
	if (verdict != RECORDS_MORE)
		return verdict;
	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
		*reason = peer->idle ? "kept no longer" : "cut short";
		return RECORDS_REFUSED;
	}
	*reason = peer->idle ? "idle" : "late";
	return in_time(peers, peer) ? RECORDS_MORE : RECORDS_REFUSED;
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

int64_t peers_deadline(const struct peers *peers)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < peers->count; i++) {
		const struct peer *peer = &peers->list[i];

		if (peer->deadline < first && (!peer->idle || leaving(peers)))
			first = peer->deadline;
	}
	return first;
}

void peers_postpone(struct peers *peers, int64_t milliseconds)
{
	if (milliseconds < UNHEARD_LEAST_MS)
		return;
	for (size_t i = 0; i < peers->count; i++)
		peers->list[i].deadline += milliseconds;
}

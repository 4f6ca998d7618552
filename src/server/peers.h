/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Connections whose requests are on their way, and those that the peer wants kept for its next. A worker reads several at once, so that a
 * peer that is slow or says nothing keeps no other waiting.
 */
#ifndef SERVER_PEERS_H
#define SERVER_PEERS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEERS_MOST 64

struct peers;
struct records;

struct peer {
	int connection;
	struct records *records;
	int64_t deadline; /* monotonic ms: the request has to be there by then; if it is idle, it is closed then if it must go */
	bool keep;        /* the peer wants it kept, and can have it: nothing has come behind its request */
	bool idle;        /* kept, and nothing of the next request has come */
	bool awaited;     /* the last one that was added, and nothing has come from it */
};

/* `body_limit` as records_new; `timeout_ms` is the time that a request has to arrive. NULL if memory is out. */
struct peers *peers_new(size_t body_limit, int64_t timeout_ms);

/* Closes all connections. Takes NULL. */
void peers_free(struct peers *peers);

size_t peers_count(const struct peers *peers);

/* Whether nothing has come yet from the last peer that was added. */
bool peers_await(const struct peers *peers);

/* Whether no request is on its way. */
bool peers_idle(const struct peers *peers);

/* Takes the connection over. When there are PEERS_MOST the one that has been idle longest has to go, or else the oldest. */
void peers_add(struct peers *peers, int connection);

/* Reads what has come, without waiting. Returns a peer whose request is whole, NULL if there is none. Those that are refused, late or gone
 * are closed and logged at debug level. */
struct peer *peers_read(struct peers *peers);

/* Lets go of a peer that peers_read returned. */
void peers_drop(struct peers *peers, struct peer *peer);

/* The same, but keeps the connection if it can be kept. */
void peers_answered(struct peers *peers, struct peer *peer);

/* From now on no connection is kept for long. */
void peers_leave(struct peers *peers);

/* Fills one entry for each peer; returns how many. */
size_t peers_poll(const struct peers *peers, struct pollfd entries[PEERS_MOST]);

/* The first deadline, INT64_MAX if there is none. */
int64_t peers_deadline(const struct peers *peers);

/* Nobody has listened for so long: if that is long, the deadlines move. */
void peers_postpone(struct peers *peers, int64_t milliseconds);

#endif

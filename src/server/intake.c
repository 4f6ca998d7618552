/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Between the socket and libfcgi. Left alone, libfcgi has no time-out anywhere, takes a connection that was cut inside the variables for a
 * whole request, reads variables without limit and can be stopped or ended by its peer. So it never reads from a socket here: what has been
 * read and checked is given to it in a memory file, and the connection is put in that file's place for the answer.
 */
#include "server/intake.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "base/secret.h"
#include "server/peers.h"
#include "server/records.h"

#define SHORTAGE_PAUSE_MS 200
/* Most peers send their request as soon as they are connected. For so long the next connection is left to the other workers: this one would
 * only keep it waiting. */
#define PATIENCE_MS 5

/* fcgiapp.h asks not to use ipcFd and keepConnection, but there is no other way to give the library a descriptor. Their places have been
 * the same in all of 2.4; should they move, this does not compile. */
_Static_assert(offsetof(FCGX_Request, ipcFd) == offsetof(FCGX_Request, paramsPtr) + sizeof(void *), "libfcgi 2.4's FCGX_Request");
_Static_assert(offsetof(FCGX_Request, keepConnection) == offsetof(FCGX_Request, ipcFd) + 2 * sizeof(int), "libfcgi 2.4's FCGX_Request");

struct intake {
	struct intake_options options;
	struct peers *peers;
	struct peer *served; /* whose request is in work */
	int64_t served_since;
	int64_t accept_after;  /* no connection is taken before, for want of descriptors or memory */
	int64_t patient_until; /* nor before this while the last one is awaited */
	bool complained; /* that the last accept failed */
	bool leaving;    /* no connection is taken any more */
	int entrance;    /* epoll(7) of the listening descriptor */
	int memory;      /* the memory file */
	unsigned char *bytes; /* its content, RECORDS_HEAD_MOST of them */
	int channel; /* what libfcgi takes for its connection: the memory file while it reads, the connection while it answers. It is kept
	              * from request to request, so that no request is lost for want of a descriptor once it has been read. */
	FCGX_Request fcgi;
};

static void close_if_open(int descriptor)
{
	if (descriptor >= 0)
		close(descriptor);
}

static int make_non_blocking(int descriptor)
{
	int flags = fcntl(descriptor, F_GETFL);

	return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

/* poll(2) wakes every idle worker for each connection, which one of them gets; this wakes one. Should that one be killed before it has
 * taken the connection, the worker in its place finds it. */
static bool open_entrance(struct intake *intake)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };

	intake->entrance = epoll_create1(EPOLL_CLOEXEC);
	return intake->entrance >= 0 && epoll_ctl(intake->entrance, EPOLL_CTL_ADD, intake->options.listening, &event) == 0;
}

static bool open_channel(struct intake *intake)
{
	intake->channel = fcntl(intake->memory, F_DUPFD_CLOEXEC, 0);
	return intake->channel >= 0;
}

static bool open_memory(struct intake *intake)
{
	intake->memory = memfd_create("request", MFD_CLOEXEC);
	if (intake->memory < 0 || ftruncate(intake->memory, RECORDS_HEAD_MOST) != 0)
		return false;
	intake->bytes = mmap(NULL, RECORDS_HEAD_MOST, PROT_READ | PROT_WRITE, MAP_SHARED, intake->memory, 0);
	return intake->bytes != MAP_FAILED;
}

struct intake *intake_new(const struct intake_options *options)
{
	struct intake *intake = calloc(1, sizeof *intake);

	if (intake == NULL)
		return NULL;
	intake->options = *options;
	intake->channel = -1;
	intake->memory = -1;
	intake->entrance = -1;
	intake->bytes = MAP_FAILED;
	intake->peers = peers_new(options->body_limit, options->timeout_ms);
	if (open_memory(intake) && intake->peers != NULL && open_channel(intake) && FCGX_Init() == 0 &&
	    make_non_blocking(options->listening) == 0 && open_entrance(intake))
		return intake;
	intake_free(intake);
	return NULL;
}

void intake_free(struct intake *intake)
{
	if (intake == NULL)
		return;
	close_if_open(intake->channel);
	close_if_open(intake->memory);
	close_if_open(intake->entrance);
	if (intake->bytes != MAP_FAILED)
		munmap(intake->bytes, RECORDS_HEAD_MOST);
	peers_free(intake->peers);
	free(intake);
}

/* ppoll opens the signals too, but there a connection that is ready wins over a signal that is pending: a busy worker would never stop. */
static bool stop_asked(const struct intake *intake)
{
	sigset_t closed;

	sigprocmask(SIG_SETMASK, intake->options.open_signals, &closed);
	sigprocmask(SIG_SETMASK, &closed, NULL);
	return *intake->options.stop != 0;
}

/* Another worker took it, or it went away. */
static bool is_lost_race(int error)
{
	return error == EAGAIN || error == ECONNABORTED || error == EINTR;
}

/* Mostly a want of descriptors or memory, which is waited out. */
static void wait_for_better_times(struct intake *intake)
{
	if (!intake->complained)
		log_errno("accept");
	intake->complained = true;
	intake->accept_after = clock_monotonic_ms() + SHORTAGE_PAUSE_MS;
}

static void take_connection(struct intake *intake)
{
	int connection = accept4(intake->options.listening, NULL, NULL, SOCK_CLOEXEC);

	if (connection >= 0) {
		intake->complained = false;
		intake->patient_until = clock_monotonic_ms() + PATIENCE_MS;
		peers_add(intake->peers, connection);
	} else if (!is_lost_race(errno)) {
		wait_for_better_times(intake);
	}
}

/* When the next connection may be taken. */
static int64_t accept_from(const struct intake *intake)
{
	if (peers_await(intake->peers) && intake->patient_until > intake->accept_after)
		return intake->patient_until;
	return intake->accept_after;
}

/* Waits until a connection can be taken, or a signal has come. */
static void wait_for_connection(struct intake *intake)
{
	struct epoll_event event;

	if (epoll_pwait(intake->entrance, &event, 1, -1, intake->options.open_signals) > 0)
		take_connection(intake);
}

/* Waits until a peer has sent something or is late, a connection can be taken, or a signal has come. */
static void wait_for_peers(struct intake *intake)
{
	struct pollfd entries[1 + PEERS_MOST] = { { .fd = -1, .events = POLLIN } };
	size_t count = 1 + peers_poll(intake->peers, entries + 1);
	int64_t now = clock_monotonic_ms(), from = accept_from(intake), until = peers_deadline(intake->peers);
	struct timespec most;

	if (!intake->leaving && now >= from)
		entries[0].fd = intake->options.listening;
	else if (!intake->leaving && from < until)
		until = from;
	until = until > now ? until - now : 0;
	most = (struct timespec){ .tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000 };
	if (ppoll(entries, count, &most, intake->options.open_signals) > 0 && entries[0].revents != 0)
		take_connection(intake);
}

void intake_leave(struct intake *intake)
{
	intake->leaving = true;
	peers_leave(intake->peers);
}

/* A peer whose request is whole, NULL if there is to be no other. Requests that are on their way are waited for even then. */
static struct peer *next_request(struct intake *intake)
{
	struct peer *peer;

	do {
		if (stop_asked(intake))
			intake_leave(intake);
		if (intake->leaving && peers_count(intake->peers) == 0)
			return NULL;
		scoreboard_enter(intake->options.slot, WORKER_IDLE);
		if (peers_count(intake->peers) == 0 && intake->accept_after == 0)
			wait_for_connection(intake);
		else
			wait_for_peers(intake);
		scoreboard_enter(intake->options.slot, WORKER_READING);
		peer = peers_read(intake->peers);
	} while (peer == NULL);
	intake->accept_after = 0;
	intake->patient_until = 0;
	return peer;
}

/* Puts the request's head at the end of the memory file, so that the file ends where the head does, and to be read from there. */
static bool fill_memory(const struct intake *intake, const struct peer *peer)
{
	size_t length;
	const void *head = records_head(peer->records, &length);
	size_t start = RECORDS_HEAD_MOST - length;

	memcpy(intake->bytes + start, head, length);
	return lseek(intake->memory, (off_t)start, SEEK_SET) == (off_t)start;
}

/* Frees the library's request, of which nothing is kept but the channel. */
static void forget_request(struct intake *intake)
{
	for (char **variable = intake->fcgi.envp; *variable != NULL; variable++)
		secret_wipe(*variable, strlen(*variable));
	FCGX_Free(&intake->fcgi, 0);
	dup3(intake->memory, intake->channel, O_CLOEXEC);
}

/* Lets libfcgi read the request's head from memory. */
static bool parse(struct intake *intake)
{
	FCGX_InitRequest(&intake->fcgi, -1, 0);
	intake->fcgi.ipcFd = intake->channel;
	intake->fcgi.keepConnection = 1; /* FCGX_Accept_r ends the request before it, which there is none of, and would close it */
	if (FCGX_Accept_r(&intake->fcgi) != 0) {
		log_message(LOG_ERR, "libfcgi refused a request that was checked");
		open_channel(intake); /* it has closed the other */
		return false;
	}
	if (FCGX_GetError(intake->fcgi.in) == 0)
		return true;
	forget_request(intake);
	return false;
}

/* Leaves nothing but zeros in the memory file. */
static void wipe_memory(const struct intake *intake, const struct peer *peer)
{
	size_t length;

	records_head(peer->records, &length);
	secret_wipe(intake->bytes + RECORDS_HEAD_MOST - length, length);
}

/* The library has made variables of the head, and still has it in its buffer: there the zeros are read over it. They are no record, but
 * nothing more is asked of this stream. */
static void overwrite_buffer(const struct intake *intake)
{
	lseek(intake->memory, 0, SEEK_SET);
	FCGX_GetChar(intake->fcgi.in);
}

/* Gives the request to libfcgi, and the connection for its answer. */
static bool hand_over(struct intake *intake, const struct peer *peer)
{
	bool parsed;

	if (!fill_memory(intake, peer)) {
		log_errno("memory file");
		return false;
	}
	parsed = parse(intake);
	wipe_memory(intake, peer);
	if (!parsed)
		return false;
	overwrite_buffer(intake);
	if (dup3(peer->connection, intake->channel, O_CLOEXEC) >= 0)
		return true;
	log_errno("connection");
	forget_request(intake);
	return false;
}

int intake_accept(struct intake *intake)
{
	struct peer *peer;

	while ((peer = next_request(intake)) != NULL && !hand_over(intake, peer))
		peers_drop(intake->peers, peer);
	intake->served = peer;
	intake->served_since = clock_monotonic_ms();
	return peer == NULL ? -1 : 0;
}

bool intake_is_idle(const struct intake *intake)
{
	return peers_idle(intake->peers);
}

char *const *intake_environment(const struct intake *intake)
{
	return intake->fcgi.envp;
}

const char *intake_body(const struct intake *intake, size_t *length)
{
	return records_body(intake->served->records, length);
}

/* Puts the text into the library's buffer, which is wiped when it has been sent: it may have a token in it. */
static bool send_text(FCGX_Stream *out, const char *text, size_t length)
{
	unsigned char *free_begin = out->wrNext, *free_end = out->stop;
	size_t free_length = (size_t)(free_end - free_begin);
	bool sent = FCGX_PutStr(text, (int)length, out) == (int)length;

	sent = FCGX_FClose(out) == 0 && sent;
	secret_wipe(free_begin, length < free_length ? length : free_length);
	return sent;
}

/* The library's own end of a request is left out: it closes the connection lingering, which a peer could make last for ever. */
bool intake_answer(struct intake *intake, const char *text, size_t length)
{
	bool sent;

	deadline_guard(&intake->served->connection, clock_monotonic_ms() + intake->options.timeout_ms);
	FCGX_FClose(intake->fcgi.err);
	sent = send_text(intake->fcgi.out, text, length);
	deadline_release();
	forget_request(intake);
	if (sent)
		peers_answered(intake->peers, intake->served);
	else
		peers_drop(intake->peers, intake->served);
	peers_postpone(intake->peers, clock_monotonic_ms() - intake->served_since);
	return sent;
}

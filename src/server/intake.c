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
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "server/records.h"

#define READ_SIZE 16384
#define DRAINED_MOST (16 * READ_SIZE)
#define SHORTAGE_PAUSE_MS 200

/* fcgiapp.h asks not to use ipcFd and keepConnection, but there is no other way to give the library a descriptor. Their places have been
 * the same in all of 2.4; should they move, this does not compile. */
_Static_assert(offsetof(FCGX_Request, ipcFd) == offsetof(FCGX_Request, paramsPtr) + sizeof(void *), "libfcgi 2.4's FCGX_Request");
_Static_assert(offsetof(FCGX_Request, keepConnection) == offsetof(FCGX_Request, ipcFd) + 2 * sizeof(int), "libfcgi 2.4's FCGX_Request");

struct intake {
	struct intake_options options;
	struct records *records;
	int memory;  /* the memory file */
	int channel; /* what libfcgi takes for its connection: the memory file while it reads, the connection while it answers. It is kept
	              * from request to request, so that no request is lost for want of a descriptor once it has been read. */
	int connection;
	FCGX_Request fcgi;
	unsigned char bytes[READ_SIZE];
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

static bool open_channel(struct intake *intake)
{
	intake->channel = fcntl(intake->memory, F_DUPFD_CLOEXEC, 0);
	return intake->channel >= 0;
}

struct intake *intake_new(const struct intake_options *options)
{
	struct intake *intake = calloc(1, sizeof *intake);

	if (intake == NULL)
		return NULL;
	intake->options = *options;
	intake->channel = -1;
	intake->connection = -1;
	intake->memory = memfd_create("request", MFD_CLOEXEC);
	intake->records = records_new(options->body_limit);
	if (intake->memory >= 0 && intake->records != NULL && open_channel(intake) && FCGX_Init() == 0 &&
	    make_non_blocking(options->listening) == 0)
		return intake;
	intake_free(intake);
	return NULL;
}

void intake_free(struct intake *intake)
{
	if (intake == NULL)
		return;
	close_if_open(intake->connection);
	close_if_open(intake->channel);
	close_if_open(intake->memory);
	records_free(intake->records);
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

/* Another worker took it, or it went away: no reason to pause. */
static bool is_lost_race(int error)
{
	return error == EAGAIN || error == ECONNABORTED || error == EINTR;
}

/* Mostly a want of descriptors or memory, which is waited out. */
static void wait_for_better_times(bool *complained)
{
	if (!*complained)
		log_errno("accept");
	*complained = true;
	clock_sleep_ms(SHORTAGE_PAUSE_MS);
}

/* Takes the next connection; false if stop was asked for. */
static bool take_connection(struct intake *intake)
{
	struct pollfd listening = { .fd = intake->options.listening, .events = POLLIN };
	bool complained = false;

	while (!stop_asked(intake)) {
		if (ppoll(&listening, 1, NULL, intake->options.open_signals) < 0)
			continue;
		intake->connection = accept4(listening.fd, NULL, NULL, SOCK_CLOEXEC);
		if (intake->connection >= 0)
			return true;
		if (!is_lost_race(errno))
			wait_for_better_times(&complained);
	}
	return false;
}

/* A connection that is closed with bytes unread is reset, and the answer in it lost; but nobody is listened to for ever. */
static void drop_connection(struct intake *intake)
{
	ssize_t length;
	size_t drained = 0;

	do {
		length = recv(intake->connection, intake->bytes, sizeof intake->bytes, MSG_DONTWAIT);
		drained += length > 0 ? (size_t)length : 0;
	} while (length > 0 && drained < DRAINED_MOST);
	close(intake->connection);
	intake->connection = -1;
}

/* Waits for bytes until the deadline. */
static bool readable(int connection, int64_t deadline)
{
	struct pollfd waiting = { .fd = connection, .events = POLLIN };
	int result;

	do {
		int64_t left = deadline - clock_monotonic_ms();

		if (left <= 0)
			return false;
		result = poll(&waiting, 1, left < INT_MAX ? (int)left : INT_MAX);
	} while (result < 0 && errno == EINTR);
	return result > 0;
}

/* Some bytes of the request; 0 if the peer has gone or the time is over. */
static size_t receive_some(struct intake *intake, int64_t deadline)
{
	for (;;) {
		ssize_t length = recv(intake->connection, intake->bytes, sizeof intake->bytes, MSG_DONTWAIT);

		if (length >= 0)
			return (size_t)length;
		if (errno != EINTR && (errno != EAGAIN || !readable(intake->connection, deadline)))
			return 0;
	}
}

/* Reads a whole request under one deadline. */
static bool receive(struct intake *intake)
{
	int64_t deadline = clock_monotonic_ms() + intake->options.timeout_ms;
	enum records_verdict verdict = RECORDS_MORE;

	records_reset(intake->records);
	while (verdict == RECORDS_MORE) {
		size_t taken, length = receive_some(intake, deadline);

		if (length == 0 || clock_monotonic_ms() >= deadline)
			break;
		verdict = records_feed(intake->records, intake->bytes, length, &taken);
	}
	if (verdict != RECORDS_COMPLETE)
		log_message(LOG_DEBUG, "dropped a connection: %s", verdict == RECORDS_REFUSED ? "not a FastCGI request" : "cut short or late");
	return verdict == RECORDS_COMPLETE;
}

/* Puts the request's head into the memory file, to be read from its start. */
static bool fill_memory(const struct intake *intake)
{
	size_t length;
	const void *head = records_head(intake->records, &length);

	return pwrite(intake->memory, head, length, 0) == (ssize_t)length && ftruncate(intake->memory, (off_t)length) == 0 &&
	       lseek(intake->memory, 0, SEEK_SET) == 0;
}

/* Frees the library's request, of which nothing is kept but the channel. */
static void forget_request(struct intake *intake)
{
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

/* Gives the request to libfcgi, and the connection for its answer. */
static bool hand_over(struct intake *intake)
{
	if (!fill_memory(intake)) {
		log_errno("memory file");
		return false;
	}
	if (!parse(intake))
		return false;
	if (dup3(intake->connection, intake->channel, O_CLOEXEC) >= 0)
		return true;
	log_errno("connection");
	forget_request(intake);
	return false;
}

int intake_accept(struct intake *intake)
{
	for (;;) {
		scoreboard_enter(intake->options.slot, WORKER_IDLE);
		if (!take_connection(intake))
			return -1;
		scoreboard_enter(intake->options.slot, WORKER_READING);
		if (receive(intake) && hand_over(intake))
			return 0;
		drop_connection(intake);
	}
}

char *const *intake_environment(const struct intake *intake)
{
	return intake->fcgi.envp;
}

const char *intake_body(const struct intake *intake, size_t *length)
{
	return records_body(intake->records, length);
}

/* The library's own end of a request is left out: it closes the connection lingering, which a peer could make last for ever. */
bool intake_answer(struct intake *intake, const char *text, size_t length)
{
	FCGX_Stream *out = intake->fcgi.out;
	bool sent;

	deadline_guard(intake->connection, clock_monotonic_ms() + intake->options.timeout_ms);
	sent = FCGX_PutStr(text, (int)length, out) == (int)length;
	FCGX_FClose(intake->fcgi.err);
	sent = FCGX_FClose(out) == 0 && sent;
	deadline_release();
	forget_request(intake);
	drop_connection(intake);
	return sent;
}

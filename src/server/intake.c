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
#define SHORTAGE_PAUSE_MS 200

/* fcgiapp.h asks not to use ipcFd and keepConnection, but there is no other way to give the library a descriptor. Their places have been
 * the same in all of 2.4; should they move, this does not compile. */
_Static_assert(offsetof(FCGX_Request, ipcFd) == offsetof(FCGX_Request, paramsPtr) + sizeof(void *), "libfcgi 2.4's FCGX_Request");
_Static_assert(offsetof(FCGX_Request, keepConnection) == offsetof(FCGX_Request, ipcFd) + 2 * sizeof(int), "libfcgi 2.4's FCGX_Request");

struct intake {
	struct intake_options options;
	struct records *records;
	int memory; /* the memory file */
	FCGX_Request fcgi;
};

static void close_memory(struct intake *intake)
{
	if (intake->memory >= 0)
		close(intake->memory);
}

struct intake *intake_new(const struct intake_options *options)
{
	struct intake *intake = calloc(1, sizeof *intake);
	int flags = fcntl(options->listening, F_GETFL);

	if (intake == NULL)
		return NULL;
	intake->options = *options;
	intake->records = records_new(options->body_limit);
	intake->memory = memfd_create("request", MFD_CLOEXEC);
	if (intake->records == NULL || intake->memory < 0 || FCGX_Init() != 0 || flags < 0 ||
	    fcntl(options->listening, F_SETFL, flags | O_NONBLOCK) != 0) {
		intake_free(intake);
		return NULL;
	}
	return intake;
}

void intake_free(struct intake *intake)
{
	if (intake == NULL)
		return;
	close_memory(intake);
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
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* The next connection, -1 if stop was asked for. */
static int wait_for_connection(const struct intake *intake)
{
	struct pollfd listening = { .fd = intake->options.listening, .events = POLLIN };

	while (!stop_asked(intake)) {
		int connection;

		if (ppoll(&listening, 1, NULL, intake->options.open_signals) < 0)
			continue;
		connection = accept4(listening.fd, NULL, NULL, SOCK_CLOEXEC);
		if (connection >= 0)
			return connection;
		if (is_shortage(errno)) {
			log_errno("accept");
			clock_sleep_ms(SHORTAGE_PAUSE_MS);
		}
	}
	return -1;
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
static size_t receive_some(int connection, void *bytes, size_t size, int64_t deadline)
{
	for (;;) {
		ssize_t length = recv(connection, bytes, size, MSG_DONTWAIT);

		if (length >= 0)
			return (size_t)length;
		if (errno != EINTR && (errno != EAGAIN || !readable(connection, deadline)))
			return 0;
	}
}

/* Reads a whole request under one deadline. */
static bool receive(struct intake *intake, int connection)
{
	int64_t deadline = clock_monotonic_ms() + intake->options.timeout_ms;
	enum records_verdict verdict = RECORDS_MORE;
	unsigned char bytes[READ_SIZE];

	records_reset(intake->records);
	while (verdict == RECORDS_MORE) {
		size_t taken, length = receive_some(connection, bytes, sizeof bytes, deadline);

		if (length == 0 || clock_monotonic_ms() >= deadline)
			break;
		verdict = records_feed(intake->records, bytes, length, &taken);
	}
	if (verdict != RECORDS_COMPLETE)
		log_message(LOG_DEBUG, "dropped a connection: %s", verdict == RECORDS_REFUSED ? "not a FastCGI request" : "cut short or late");
	return verdict == RECORDS_COMPLETE;
}

/* Puts the request's head into the memory file; returns a descriptor of it, -1 on failure. */
static int fill_memory(struct intake *intake)
{
	size_t length;
	const void *head = records_head(intake->records, &length);

	if (pwrite(intake->memory, head, length, 0) != (ssize_t)length || ftruncate(intake->memory, (off_t)length) != 0 ||
	    lseek(intake->memory, 0, SEEK_SET) != 0)
		return -1;
	return fcntl(intake->memory, F_DUPFD_CLOEXEC, 0);
}

/* Ends the library's request without its lingering close, which a peer could make last for ever. */
static void let_go(struct intake *intake)
{
	FCGX_Detach(&intake->fcgi);
	FCGX_Finish_r(&intake->fcgi);
}

/* Lets libfcgi read the request from memory and gives it the connection to answer. Takes the connection only if it succeeds. */
static bool hand_over(struct intake *intake, int connection)
{
	int descriptor = fill_memory(intake);

	if (descriptor < 0) {
		log_errno("memory file");
		return false;
	}
	FCGX_InitRequest(&intake->fcgi, -1, 0);
	intake->fcgi.ipcFd = descriptor;
	intake->fcgi.keepConnection = 1; /* FCGX_Accept_r ends the request before it, which there is none of, and would close it */
	if (FCGX_Accept_r(&intake->fcgi) != 0) {
		log_message(LOG_ERR, "libfcgi refused a request that was checked");
		return false;
	}
	if (FCGX_GetError(intake->fcgi.in) != 0 || dup3(connection, descriptor, O_CLOEXEC) < 0) {
		let_go(intake);
		return false;
	}
	close(connection);
	return true;
}

int intake_accept(struct intake *intake)
{
	for (;;) {
		int connection;

		scoreboard_enter(intake->options.slot, WORKER_IDLE);
		connection = wait_for_connection(intake);
		if (connection < 0)
			return -1;
		scoreboard_enter(intake->options.slot, WORKER_READING);
		if (receive(intake, connection) && hand_over(intake, connection))
			return 0;
		close(connection);
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

bool intake_answer(struct intake *intake, const char *text, size_t length)
{
	FCGX_Stream *out = intake->fcgi.out;
	bool sent;

	deadline_guard(intake->fcgi.ipcFd, clock_monotonic_ms() + intake->options.timeout_ms);
	sent = FCGX_PutStr(text, (int)length, out) == (int)length;
	FCGX_FClose(intake->fcgi.err);
	sent = FCGX_FClose(out) == 0 && sent;
	deadline_release();
	let_go(intake);
	return sent;
}

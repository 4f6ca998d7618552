/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One process that serves one request at a time.
 */
#include "server/worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/dispatch.h"
#include "api/service.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "base/secret.h"
#include "db/connection.h"
#include "http/request.h"
#include "http/response.h"
#include "server/intake.h"

#define OPEN_MOST_MS 1000 /* for the database before the first request */

static volatile sig_atomic_t stop, reload;
static volatile sig_atomic_t interrupted; /* by either */

struct worker {
	const struct config *config;
	struct scoreboard_slot *slot;
	struct service service;
	struct intake *intake;
	sigset_t open_signals;
};

static void ask_to_stop(int number)
{
	(void)number;
	stop = 1;
	interrupted = 1;
}

static void ask_to_reload(int number)
{
	(void)number;
	reload = 1;
	interrupted = 1;
}

static void ignore(int number)
{
	(void)number;
}

/* They are in place before libfcgi's, which replaces what it finds at its default or ignored. In a pool a reload is the master's affair. */
static void set_handlers(bool alone)
{
	const struct sigaction stopping = { .sa_handler = ask_to_stop };
	const struct sigaction reloading = { .sa_handler = alone ? ask_to_reload : SIG_IGN };
	const struct sigaction ignoring = { .sa_handler = ignore, .sa_flags = SA_RESTART };

	reload = 0;
	interrupted = stop;
	sigaction(SIGTERM, &stopping, NULL);
	sigaction(SIGINT, &stopping, NULL);
	sigaction(SIGUSR1, &stopping, NULL);
	sigaction(SIGHUP, &reloading, NULL);
	sigaction(SIGPIPE, &ignoring, NULL);
}

/* They are open only while a connection is waited for, so that none cuts a request. */
static void close_signals(sigset_t *open_signals)
{
	sigset_t closed;

	sigemptyset(open_signals);
	sigemptyset(&closed);
	sigaddset(&closed, SIGHUP);
	sigaddset(&closed, SIGINT);
	sigaddset(&closed, SIGTERM);
	sigaddset(&closed, SIGUSR1);
	sigprocmask(SIG_SETMASK, &closed, NULL);
}

static bool make_connection(struct worker *worker)
{
	const struct config *config = worker->config;
	const struct connection_options options = {
		.file = config_client_file(config),
		.group = CONFIG_CLIENT_GROUP,
		.hosts = config->hosts,
		.timeout_ms = config->database_timeout,
	};

	worker->service.connection = connection_new(&options);
	return worker->service.connection != NULL;
}

/* The first request is not to wait for what can be had before; if the database is away, that is known soon enough. */
static void open_connection(const struct worker *worker)
{
	connection_set_deadline(worker->service.connection, clock_monotonic_ms() + OPEN_MOST_MS);
	connection_open(worker->service.connection);
}

static bool open_intake(struct worker *worker, int listening)
{
	const struct intake_options options = {
		.listening = listening,
		.body_limit = (size_t)worker->config->body_limit,
		.timeout_ms = worker->config->intake_timeout,
		.open_signals = &worker->open_signals,
		.stop = &interrupted,
		.slot = worker->slot,
	};

	worker->intake = intake_new(&options);
	return worker->intake != NULL;
}

static bool set_up(struct worker *worker, int listening)
{
	set_handlers(worker->slot == NULL);
	close_signals(&worker->open_signals);
	if (deadline_open() == 0 && make_connection(worker) && open_intake(worker, listening))
		return true;
	log_errno("worker");
	return false;
}

static void read_request(const struct worker *worker, struct request *request)
{
	size_t length;
	const char *body = intake_body(worker->intake, &length);

	request_read(request, intake_environment(worker->intake), worker->config->base_path, body, length);
}

static void answer_out_of_memory(struct worker *worker, bool head, struct response *response)
{
	size_t length;
	const char *text = response_out_of_memory(response, head, &length);

	log_message(LOG_ERR, "out of memory for the answer");
	intake_answer(worker->intake, text, length);
}

static void answer(struct worker *worker, const struct request *request, struct response *response)
{
	bool head = strcmp(request->method, "HEAD") == 0;
	char *text;
	size_t length;

	scoreboard_enter(worker->slot, WORKER_WRITING);
	if (response_format(response, head, &text, &length) != 0) {
		answer_out_of_memory(worker, head, response);
		return;
	}
	intake_answer(worker->intake, text, length);
	secret_wipe(text, length); /* it may have a new token in it */
	free(text);
}

/* "METHOD path" for the log; what it is made of goes with the answer. */
static void describe(char *out, size_t size, const struct request *request)
{
	char method[32], path[256];

	log_escape(method, sizeof method, request->method, strlen(request->method));
	log_escape(path, sizeof path, request->path, request->path_found ? strlen(request->path) : 0);
	snprintf(out, size, "%s %s", method, request->path_found ? path : "-");
}

static void serve(struct worker *worker)
{
	int64_t began = clock_monotonic_ms();
	struct request request;
	struct response response = { 0 };
	char user[64] = "", description[320];

	scoreboard_enter(worker->slot, WORKER_WORKING);
	read_request(worker, &request);
	log_context(request.id, NULL);
	describe(description, sizeof description, &request);
	connection_set_deadline(worker->service.connection, began + worker->config->request_timeout);
	dispatch(&worker->service, &request, &response, user, sizeof user);
	answer(worker, &request, &response);
	log_context(request.id, user);
	log_message(LOG_INFO, "%s %d %" PRId64 " ms", description, response.status, clock_monotonic_ms() - began);
	log_context(NULL, NULL);
	response_clear(&response);
	if (worker->slot != NULL)
		worker->slot->requests++;
}

/* Up to a tenth less than the configured number, so that workers of one age do not retire together. Nobody replaces a process that serves
 * alone. */
static int64_t requests_to_serve(const struct worker *worker)
{
	int64_t most = worker->config->max_requests;
	uint64_t random = 0;

	if (most == 0 || worker->slot == NULL)
		return INT64_MAX;
	secret_random(&random, sizeof random);
	return most - (int64_t)(random % (uint64_t)(most / 10 + 1));
}

static void serve_all(struct worker *worker)
{
	int64_t left = requests_to_serve(worker);

	while (intake_accept(worker->intake) == 0) {
		serve(worker);
		left--;
		if (left <= 0 && intake_is_idle(worker->intake))
			intake_leave(worker->intake);
	}
}

enum worker_end worker_run(const struct config *config, int listening, struct counters *counters, struct scoreboard_slot *slot)
{
	struct worker worker = { .config = config, .slot = slot, .service = { .config = config, .counters = counters } };
	bool ready = set_up(&worker, listening);

	if (ready) {
		open_connection(&worker);
		serve_all(&worker);
	}
	intake_free(worker.intake);
	connection_free(worker.service.connection);
	if (!ready)
		return WORKER_FAILED;
	return reload && !stop ? WORKER_RELOAD : WORKER_DONE;
}

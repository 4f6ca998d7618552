/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The master process. It waits for signals, looks at the scoreboard and does one thing at a time.
 */
#include "server/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "server/notify.h"
#include "server/worker.h"

#define TICK_MS 500       /* how often the scoreboard is looked at */
#define TICK_CHANGE_MS 10 /* the same while workers start */
#define YOUNG_MS 2000
#define PAUSE_LEAST_MS 100
#define PAUSE_MOST_MS 30000
#define RELOAD_PAUSE_MS 250 /* between two reloads: a storm of SIGHUP is one now and then */

/* One worker process, in the scoreboard's slot of the same index. */
struct worker_process {
	pid_t pid; /* 0 = none */
	unsigned generation;
	int64_t started;
	int64_t kill_at; /* it was asked to end: when it is killed; 0 = it was not */
};

struct pool {
	struct config *config;
	int listening;
	pool_reread *reread;
	void *context;
	struct scoreboard *scoreboard;
	struct counters *counters;
	struct worker_process workers[SCOREBOARD_SLOTS];
	pid_t pid;
	unsigned generation; /* of the configuration */
	int64_t pause;       /* before the next start, grown by workers that die young */
	int64_t start_at;
	int64_t reload_at; /* 0 = none is asked for */
	int64_t reloaded;
	int64_t watchdog_ms, watchdog_at;
	bool ready;
	bool stopping;
	bool in_worker; /* this process is a worker whose service is over */
	int status;
};

/* ---- Counting ---- */

static bool is_alive(const struct worker_process *worker)
{
	return worker->pid != 0;
}

/* Alive and not asked to end. */
static bool is_wanted(const struct worker_process *worker)
{
	return is_alive(worker) && worker->kill_at == 0;
}

static bool is_current(const struct pool *pool, const struct worker_process *worker)
{
	return is_wanted(worker) && worker->generation == pool->generation;
}

static struct scoreboard_slot *slot_of(const struct pool *pool, const struct worker_process *worker)
{
	return &pool->scoreboard->slots[worker - pool->workers];
}

static bool is_serving(const struct pool *pool, const struct worker_process *worker)
{
	return is_wanted(worker) && slot_of(pool, worker)->state != WORKER_STARTING;
}

struct census {
	int64_t alive, wanted, current, current_serving;
};

static struct census count_workers(const struct pool *pool)
{
	struct census census = { 0 };

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct worker_process *worker = &pool->workers[i];

		census.alive += is_alive(worker);
		census.wanted += is_wanted(worker);
		census.current += is_current(pool, worker);
		census.current_serving += is_current(pool, worker) && is_serving(pool, worker);
	}
	return census;
}

/* ---- Starting ---- */

static struct worker_process *free_place(struct pool *pool)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++)
		if (!is_alive(&pool->workers[i]))
			return &pool->workers[i];
	return NULL;
}

/* In the child. It ends with its master: asked for first, checked after, since the master may have gone in between. */
static void become_worker(struct pool *pool, struct scoreboard_slot *slot)
{
	pool->in_worker = true;
	pool->status = EXIT_SUCCESS;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == pool->pid)
		pool->status = worker_run(pool->config, pool->listening, pool->counters, slot);
}

static void grow_pause(struct pool *pool)
{
	pool->pause = pool->pause == 0 ? PAUSE_LEAST_MS : pool->pause * 2;
	if (pool->pause > PAUSE_MOST_MS)
		pool->pause = PAUSE_MOST_MS;
	pool->start_at = clock_monotonic_ms() + pool->pause;
}

static void reset_slot(struct scoreboard_slot *slot)
{
	slot->requests = 0;
	scoreboard_enter(slot, WORKER_STARTING);
}

/* False if there can be no more for now; in the child pool->in_worker is set. */
static bool start_worker(struct pool *pool)
{
	struct worker_process *worker = free_place(pool);
	pid_t pid;

	if (worker == NULL)
		return false;
	reset_slot(slot_of(pool, worker));
	pid = fork();
	if (pid < 0) {
		log_errno("fork");
		grow_pause(pool);
		return false;
	}
	if (pid == 0) {
		become_worker(pool, slot_of(pool, worker));
		return false;
	}
	*worker = (struct worker_process){ .pid = pid, .generation = pool->generation, .started = clock_monotonic_ms() };
	slot_of(pool, worker)->pid = pid;
	return true;
}

static void start_missing(struct pool *pool)
{
	int64_t missing = pool->config->workers - count_workers(pool).current;

	if (pool->stopping || clock_monotonic_ms() < pool->start_at)
		return;
	while (missing-- > 0 && start_worker(pool))
		;
}

/* ---- Ending ---- */

static void ask_to_end(const struct pool *pool, struct worker_process *worker)
{
	kill(worker->pid, SIGTERM);
	worker->kill_at = clock_monotonic_ms() + pool->config->stop_timeout;
	if (worker->kill_at == 0)
		worker->kill_at = 1;
}

static void ask_all_to_end(struct pool *pool)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++)
		if (is_wanted(&pool->workers[i]))
			ask_to_end(pool, &pool->workers[i]);
}

/* Old workers go one by one as new ones serve, so that there are never fewer that do. */
static void end_superfluous(struct pool *pool)
{
	struct census census = count_workers(pool);
	int64_t superfluous = census.wanted - census.current + census.current_serving - pool->config->workers;

	for (size_t i = 0; i < SCOREBOARD_SLOTS && superfluous > 0; i++) {
		struct worker_process *worker = &pool->workers[i];

		if (!is_wanted(worker) || is_current(pool, worker))
			continue;
		ask_to_end(pool, worker);
		superfluous--;
	}
}

/* How long a worker may be in a state: what the state's own time-outs allow and some more. 0 = for ever. */
static int64_t state_limit(const struct config *config, int state)
{
	switch (state) {
	case WORKER_STARTING:
		return 30000;
	case WORKER_READING:
	case WORKER_WRITING:
		return config->intake_timeout + 2000;
	case WORKER_WORKING:
		return config->request_timeout + 5000;
	default:
		return 0;
	}
}

static bool is_stuck(const struct pool *pool, const struct worker_process *worker, int64_t now)
{
	const struct scoreboard_slot *slot = slot_of(pool, worker);
	int64_t limit = state_limit(pool->config, slot->state);

	return limit > 0 && now - slot->since > limit;
}

static void end_overdue(struct pool *pool)
{
	int64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		struct worker_process *worker = &pool->workers[i];
		bool late;

		if (!is_alive(worker))
			continue;
		late = worker->kill_at != 0 && now >= worker->kill_at;
		if (!late && !is_stuck(pool, worker, now))
			continue;
		log_message(LOG_ERR, "worker %d %s, killed", (int)worker->pid, late ? "did not end in time" : "is stuck");
		kill(worker->pid, SIGKILL);
	}
}

/* ---- Reaping ---- */

static struct worker_process *find_worker(struct pool *pool, pid_t pid)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++)
		if (pool->workers[i].pid == pid)
			return &pool->workers[i];
	return NULL;
}

static void log_end(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_message(LOG_WARNING, "worker %d was ended by signal %d (%s)", (int)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		log_message(LOG_WARNING, "worker %d ended with status %d", (int)pid, WEXITSTATUS(status));
	else
		log_message(LOG_DEBUG, "worker %d ended", (int)pid);
}

/* One that dies young without having served anything would do so again at once. */
static void learn_from_end(struct pool *pool, const struct worker_process *worker, int status)
{
	bool orderly = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	bool young = clock_monotonic_ms() - worker->started < YOUNG_MS && slot_of(pool, worker)->requests == 0;

	if (young && !orderly && worker->kill_at == 0)
		grow_pause(pool);
	else
		pool->pause = 0;
}

static void reap(struct pool *pool)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct worker_process *worker = find_worker(pool, pid);

		if (worker == NULL)
			continue;
		log_end(pid, status);
		learn_from_end(pool, worker, status);
		slot_of(pool, worker)->pid = 0;
		worker->pid = 0;
	}
}

/* ---- Reloading and stopping ---- */

static void reload(struct pool *pool)
{
	struct config config;
	const char *fixed;

	pool->reload_at = 0;
	pool->reloaded = clock_monotonic_ms();
	notify_reloading();
	if (pool->reread(&config, pool->context) != 0) {
		log_message(LOG_ERR, "the configuration is refused, the one before stays");
		notify_send("READY=1");
		return;
	}
	fixed = config_fixed_difference(pool->config, &config);
	if (fixed != NULL)
		log_message(LOG_WARNING, "%s is changed by a restart only", fixed);
	*pool->config = config;
	pool->generation++;
	pool->ready = false;
	log_message(LOG_NOTICE, "reloaded");
}

static void reload_if_due(struct pool *pool)
{
	if (pool->reload_at != 0 && clock_monotonic_ms() >= pool->reload_at && !pool->stopping)
		reload(pool);
}

static void ask_for_reload(struct pool *pool)
{
	if (pool->reload_at == 0)
		pool->reload_at = pool->reloaded + RELOAD_PAUSE_MS;
}

static void begin_to_stop(struct pool *pool)
{
	if (pool->stopping)
		return;
	pool->stopping = true;
	notify_send("STOPPING=1");
	log_message(LOG_NOTICE, "stopping");
	ask_all_to_end(pool);
}

/* ---- The loop ---- */

static void tell_readiness(struct pool *pool)
{
	if (pool->ready || pool->stopping || count_workers(pool).current_serving == 0)
		return;
	pool->ready = true;
	notify_send("READY=1");
	log_message(LOG_NOTICE, "ready");
}

static void feed_watchdog(struct pool *pool)
{
	int64_t now = clock_monotonic_ms();

	if (pool->watchdog_ms == 0 || now < pool->watchdog_at)
		return;
	notify_send("WATCHDOG=1");
	pool->watchdog_at = now + pool->watchdog_ms;
}

/* Something is on its way that no signal tells of. */
static bool is_changing(const struct pool *pool)
{
	struct census census = count_workers(pool);

	return !pool->stopping && (census.current_serving < pool->config->workers || census.wanted > census.current || pool->reload_at != 0);
}

static void handle_signal(struct pool *pool, int number)
{
	switch (number) {
	case SIGHUP:
		ask_for_reload(pool);
		break;
	case SIGTERM:
	case SIGINT:
	case SIGUSR1:
		begin_to_stop(pool);
		break;
	default:
		break; /* SIGCHLD: reap looks every time */
	}
}

static void wait_for_signal(struct pool *pool, const sigset_t *signals)
{
	int64_t tick = is_changing(pool) ? TICK_CHANGE_MS : TICK_MS;
	const struct timespec most = { .tv_sec = tick / 1000, .tv_nsec = tick % 1000 * 1000000 };
	int number = sigtimedwait(signals, NULL, &most);

	if (number > 0)
		handle_signal(pool, number);
}

static void maintain(struct pool *pool)
{
	reap(pool);
	reload_if_due(pool);
	end_overdue(pool);
	end_superfluous(pool);
	tell_readiness(pool);
	feed_watchdog(pool);
	start_missing(pool);
}

/* Signals wait until sigtimedwait takes them: there are no handlers, and a fork is never cut. */
static void block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGCHLD);
	sigaddset(signals, SIGHUP);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGUSR1);
	sigprocmask(SIG_SETMASK, signals, NULL);
}

static bool share_memory(struct pool *pool)
{
	pool->scoreboard = scoreboard_new();
	pool->counters = counters_new();
	if (pool->scoreboard != NULL && pool->counters != NULL)
		return true;
	log_errno("shared memory");
	return false;
}

int pool_run(struct config *config, int listening, pool_reread *reread, void *context)
{
	static struct pool pool;
	sigset_t signals;

	pool = (struct pool){ .config = config, .listening = listening, .reread = reread, .context = context, .pid = getpid() };
	pool.watchdog_ms = notify_watchdog_ms();
	if (!share_memory(&pool))
		return EXIT_FAILURE;
	block_signals(&signals);
	for (start_missing(&pool); !pool.in_worker; maintain(&pool)) {
		if (pool.stopping && count_workers(&pool).alive == 0)
			break;
		wait_for_signal(&pool, &signals);
	}
	return pool.status;
}

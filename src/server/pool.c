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
#define TICK_START_MS 10  /* the same while workers start: no signal tells that one serves */
#define START_MOST_MS 30000
#define STATE_GRACE_MS 2000 /* beyond what the state's own time-out allows */
#define CALL_GRACE_MS 5000
#define YOUNG_MS 2000
#define PAUSE_LEAST_MS 100
#define PAUSE_MOST_MS 30000
#define RELOAD_PAUSE_MS 250 /* between two reloads: a storm of SIGHUP is one now and then */

/* However many reloads come while old workers finish their requests, there are no more processes than this for each that is wanted: one
 * that serves, one that finishes, one that starts. */
#define PROCESSES_MOST 3

/* One worker process, in the scoreboard's slot of the same index. */
struct worker_process {
	pid_t pid; /* 0 = none */
	unsigned generation;
	int64_t started;
	int64_t kill_at;                    /* it was asked to end: when it is killed; 0 = it was not */
	int64_t stopped;                    /* since when a signal (SIGSTOP) has kept it from running; 0 = it runs */
	int64_t limits[WORKER_WRITING + 1]; /* ms it may be in each state, by the configuration that it has; 0 = for ever */
};

struct pool {
	struct config *config;
	struct config first; /* as it was at the start: the keys that a reload can not change are in force as they stand here */
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
	int64_t last_start;
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

/* `current` are those with the newest configuration. */
struct census {
	int64_t alive, wanted, serving, current, current_serving;
};

static struct census count_workers(const struct pool *pool)
{
	struct census census = { 0 };

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct worker_process *worker = &pool->workers[i];

		census.alive += is_alive(worker);
		census.wanted += is_wanted(worker);
		census.serving += is_serving(pool, worker);
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
	if (getppid() == pool->pid && worker_run(pool->config, pool->listening, pool->counters, slot) == WORKER_FAILED)
		pool->status = EXIT_FAILURE;
}

static void grow_pause(struct pool *pool)
{
	pool->pause = pool->pause == 0 ? PAUSE_LEAST_MS : pool->pause * 2;
	if (pool->pause > PAUSE_MOST_MS)
		pool->pause = PAUSE_MOST_MS;
	pool->start_at = clock_monotonic_ms() + pool->pause;
}

/* What the state's own time-outs allow, and some more. */
static void set_limits(struct worker_process *worker, const struct config *config)
{
	worker->limits[WORKER_STARTING] = START_MOST_MS;
	worker->limits[WORKER_READING] = config->intake_timeout + STATE_GRACE_MS;
	worker->limits[WORKER_WORKING] = config->request_timeout + CALL_GRACE_MS;
	worker->limits[WORKER_WRITING] = config->intake_timeout + STATE_GRACE_MS;
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
	pool->last_start = clock_monotonic_ms();
	*worker = (struct worker_process){ .pid = pid, .generation = pool->generation, .started = pool->last_start };
	set_limits(worker, pool->config);
	return true;
}

static int64_t count_missing(const struct pool *pool)
{
	struct census census = count_workers(pool);
	int64_t missing = pool->config->workers - census.current;
	int64_t room = pool->config->workers * PROCESSES_MOST - census.alive;

	return missing < room ? missing : room;
}

static void start_missing(struct pool *pool)
{
	int64_t missing = count_missing(pool);

	if (pool->stopping || clock_monotonic_ms() < pool->start_at)
		return;
	while (missing-- > 0 && start_worker(pool))
		;
}

/* Once every worker has lived, the next one that dies young is the first again. */
static void forget_pause(struct pool *pool)
{
	if (count_workers(pool).current_serving >= pool->config->workers && clock_monotonic_ms() - pool->last_start > YOUNG_MS)
		pool->pause = 0;
}

/* ---- Ending ---- */

static void ask_to_end(struct worker_process *worker, int64_t patience_ms)
{
	int64_t kill_at = clock_monotonic_ms() + patience_ms;

	kill(worker->pid, SIGTERM);
	if (worker->kill_at == 0 || kill_at < worker->kill_at)
		worker->kill_at = kill_at;
}

static void ask_all_to_end(struct pool *pool)
{
	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++)
		if (is_alive(&pool->workers[i]))
			ask_to_end(&pool->workers[i], pool->config->stop_timeout);
}

/* Nobody waits for an old worker, so that it may finish the longest request. */
static int64_t longest_request(const struct worker_process *worker)
{
	return worker->limits[WORKER_READING] + worker->limits[WORKER_WORKING] + worker->limits[WORKER_WRITING];
}

/* Old workers go one by one as new ones serve, so that there are never fewer that do; one that does not serve yet goes at once. */
static void end_superfluous(struct pool *pool)
{
	int64_t superfluous = count_workers(pool).serving - pool->config->workers;

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		struct worker_process *worker = &pool->workers[i];

		if (!is_wanted(worker) || is_current(pool, worker))
			continue;
		if (is_serving(pool, worker) && superfluous-- <= 0)
			continue;
		ask_to_end(worker, longest_request(worker));
	}
}

/* The state is what a worker says: the master does not rely on it. */
static int64_t state_limit(const struct worker_process *worker, int state)
{
	return state >= WORKER_STARTING && state <= WORKER_WRITING ? worker->limits[state] : START_MOST_MS;
}

/* What is the matter with a worker that has to be killed; NULL if nothing is. */
static const char *complaint(const struct pool *pool, const struct worker_process *worker, int64_t now)
{
	const struct scoreboard_slot *slot = slot_of(pool, worker);
	int64_t limit = state_limit(worker, slot->state);

	if (worker->kill_at != 0 && now >= worker->kill_at)
		return "did not end in time";
	if (limit > 0 && now - slot->since > limit)
		return "is stuck";
	if (worker->stopped != 0 && now - worker->stopped > worker->limits[WORKER_WORKING])
		return "was stopped and not continued";
	return NULL;
}

static void end_overdue(struct pool *pool)
{
	int64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct worker_process *worker = &pool->workers[i];
		const char *what = is_alive(worker) ? complaint(pool, worker, now) : NULL;

		if (what == NULL)
			continue;
		log_message(LOG_ERR, "worker %d %s, killed", (int)worker->pid, what);
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

static void bury(struct pool *pool, struct worker_process *worker, int status)
{
	log_end(worker->pid, status);
	learn_from_end(pool, worker, status);
	worker->pid = 0;
}

static void reap(struct pool *pool)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
		struct worker_process *worker = find_worker(pool, pid);

		if (worker == NULL)
			continue;
		if (WIFSTOPPED(status))
			worker->stopped = clock_monotonic_ms();
		else if (WIFCONTINUED(status))
			worker->stopped = 0;
		else
			bury(pool, worker, status);
	}
}

/* ---- Reloading and stopping ---- */

/* Tells what a reload leaves as it is. A pool can not become one process: somebody may wait for this one. */
static void keep_what_is_fixed(const struct pool *pool, struct config *config)
{
	const char *fixed = config_fixed_difference(&pool->first, config);

	if (fixed == NULL && config->workers == 0)
		fixed = "workers = 0";
	if (fixed != NULL)
		log_message(LOG_WARNING, "%s: takes effect with a restart only", fixed);
	if (config->workers == 0)
		config->workers = pool->config->workers;
}

static void reload(struct pool *pool)
{
	struct config config;

	pool->reload_at = 0;
	pool->reloaded = clock_monotonic_ms();
	notify_reloading();
	if (pool->reread(&config, pool->context) != 0) {
		log_message(LOG_ERR, "the configuration is refused, the one before stays");
		notify_send("READY=1\nSTATUS=The configuration is refused, the one before stays");
		return;
	}
	keep_what_is_fixed(pool, &config);
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

/* After the start with the first worker that serves, after a reload with the last old one that goes. */
static void tell_readiness(struct pool *pool)
{
	struct census census = count_workers(pool);

	if (pool->ready || pool->stopping || census.current_serving == 0 || census.wanted > census.current)
		return;
	pool->ready = true;
	notify_send("READY=1\nSTATUS=Serving");
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

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* How long nothing has to be done, unless a signal comes. */
static int64_t idle_time(const struct pool *pool)
{
	struct census census = count_workers(pool);
	int64_t now = clock_monotonic_ms();
	int64_t idle = census.current > census.current_serving ? TICK_START_MS : TICK_MS;

	if (pool->stopping)
		return idle;
	if (count_missing(pool) > 0)
		idle = smaller(idle, pool->start_at - now);
	if (pool->reload_at != 0)
		idle = smaller(idle, pool->reload_at - now);
	if (pool->watchdog_ms != 0)
		idle = smaller(idle, pool->watchdog_at - now);
	return idle > 0 ? idle : 0;
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
	int64_t idle = idle_time(pool);
	const struct timespec most = { .tv_sec = idle / 1000, .tv_nsec = idle % 1000 * 1000000 };
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
	forget_pause(pool);
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
	pool.first = *config;
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

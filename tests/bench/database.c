/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The limit of the database: what the service asks of it for one kind of request, by as many processes, without a web server.
 * database CONFIGURATION KIND PROCESSES SECONDS <CREDENTIALS; prints how many a second, and the 50th and 99th percentile in ms.
 * CREDENTIALS: a line of user id, token, and the id of a policy, on standard input.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "db/connection.h"
#include "model/policy.h"
#include "model/session.h"

#define STEP_US 10
#define STEPS 100000

/* Shared by the processes: how many took how long, in steps; the last one has all that took longer. */
struct tally {
	atomic_long done;
	atomic_long took[STEPS];
};

struct caller {
	struct connection *connection;
	char user_id[64], token[64], policy_id[64];
	int64_t next_due_time;
};

typedef enum outcome kind(struct caller *caller);

static const char *const writers[SESSION_PERMISSIONS_MOST] = { "manage-livechat-sla" };
static const char *const readers[SESSION_PERMISSIONS_MOST] = { "manage-livechat-sla", "view-l-room" };

static enum outcome check(struct caller *caller, const char *const permissions[SESSION_PERMISSIONS_MOST])
{
	struct session session;

	return session_open(caller->connection, caller->user_id, caller->token, permissions, &session);
}

static enum outcome create(struct caller *caller)
{
	char name[64];
	struct policy policy = { .name = name, .description = "a description", .due_time_in_minutes = caller->next_due_time++ };

	policy.name_length = (size_t)snprintf(name, sizeof name, "policy %lld", (long long)policy.due_time_in_minutes);
	policy.description_length = strlen(policy.description);
	if (check(caller, writers) != OUTCOME_DONE)
		return OUTCOME_DEFECT;
	return policy_add(caller->connection, &policy, caller->user_id);
}

static enum outcome pass(void *context, const struct policy *policy)
{
	(void)context;
	(void)policy;
	return OUTCOME_DONE;
}

static enum outcome list(struct caller *caller)
{
	const struct policy_query query = { .text = "", .count = 25 };
	int64_t total;

	if (check(caller, readers) != OUTCOME_DONE)
		return OUTCOME_DEFECT;
	return policy_list(caller->connection, &query, pass, NULL, &total);
}

static enum outcome read_one(struct caller *caller)
{
	struct policy policy;

	if (check(caller, readers) != OUTCOME_DONE)
		return OUTCOME_DEFECT;
	return policy_get(caller->connection, caller->policy_id, &policy);
}

static enum outcome refused_body(struct caller *caller)
{
	return check(caller, writers);
}

static enum outcome refused_token(struct caller *caller)
{
	caller->token[0] = caller->token[0] == 'A' ? 'B' : 'A';
	return check(caller, readers) == OUTCOME_NOT_FOUND ? OUTCOME_DONE : OUTCOME_DEFECT;
}

static kind *find_kind(const char *name)
{
	static const struct {
		const char *name;
		kind *function;
	} kinds[] = {
		{ "create", create },
		{ "list", list },
		{ "read", read_one },
		{ "refused-body", refused_body },
		{ "refused-token", refused_token },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].function;
	return NULL;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void count(struct tally *tally, int64_t us)
{
	int64_t step = us / STEP_US;

	tally->took[step < STEPS ? step : STEPS - 1]++;
	tally->done++;
}

static double percentile_ms(const struct tally *tally, int percent)
{
	long left = tally->done * percent / 100;
	int step = 0;

	while (step < STEPS - 1 && (left -= tally->took[step]) > 0)
		step++;
	return (double)step * STEP_US / 1000;
}

static int run(const struct config *config, kind *function, struct caller caller, int number, int64_t end, struct tally *tally)
{
	const struct connection_options options = {
		.file = config->file,
		.group = CONFIG_CLIENT_GROUP,
		.hosts = config->hosts,
		.timeout_ms = config->database_timeout,
	};

	caller.connection = connection_new(&options);
	caller.next_due_time = 1 + (int64_t)number * 10000000;
	while (clock_monotonic_ms() < end) {
		int64_t before = now_us();

		connection_set_deadline(caller.connection, clock_monotonic_ms() + 10000);
		if (function(&caller) != OUTCOME_DONE)
			return 1;
		count(tally, now_us() - before);
	}
	connection_free(caller.connection);
	return 0;
}

int main(int argc, char **argv)
{
	static struct config config;
	struct config_error error;
	struct caller caller = { 0 };
	struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kind *function = argc == 5 ? find_kind(argv[2]) : NULL;
	int status, failed = 0;
	int64_t began = clock_monotonic_ms();

	config_defaults(&config);
	if (function == NULL || tally == MAP_FAILED || config_read(&config, argv[1], &error) != 0 ||
	    scanf("%63s %63s %63s", caller.user_id, caller.token, caller.policy_id) != 3) {
		fputs("usage: database CONFIGURATION KIND PROCESSES SECONDS <CREDENTIALS\n", stderr);
		return 2;
	}
	for (int i = 0; i < atoi(argv[3]); i++)
		if (fork() == 0)
			_exit(run(&config, function, caller, i, began + (int64_t)(atof(argv[4]) * 1000), tally));
	while (wait(&status) > 0)
		failed |= status;
	printf("%.1f %.2f %.2f\n", (double)tally->done * 1000 / (double)(clock_monotonic_ms() - began), percentile_ms(tally, 50),
	       percentile_ms(tally, 99));
	return failed == 0 ? 0 : 1;
}

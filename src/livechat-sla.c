/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The daemon: options, configuration, socket, privileges; then the pool, or this process alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/counters.h"
#include "base/log.h"
#include "server/listen.h"
#include "server/notify.h"
#include "server/pool.h"
#include "server/privileges.h"
#include "server/worker.h"

#define PROGRAM "livechat-sla"
#define DEFAULT_FILE SYSCONFDIR "/livechat-sla/livechat-sla.conf"
#define FILE_VARIABLE "LIVECHAT_SLA_CONFIG"
#define KEYS_MOST 64
#define EXIT_USAGE 2

enum option_value { OPTION_CHECK = 256, OPTION_HELP, OPTION_VERSION, OPTION_KEY };

static const struct option own_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check-config", no_argument, NULL, OPTION_CHECK },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
};

#define OWN_OPTIONS (sizeof own_options / sizeof *own_options)

/* What the command line says; its keys win over the file's, also after a reload. */
struct command_line {
	const char *file;
	bool file_named; /* by the option or the environment: then it must be there */
	bool check_only;
	struct {
		const char *key;
		const char *value;
	} keys[KEYS_MOST];
	size_t key_count;
};

static void print_help(void)
{
	printf("Usage: " PROGRAM " [-c FILE] [--check-config] [--KEY=VALUE ...]\n\n"
	       "Serves the livechat/sla API to a web server over FastCGI.\n\n"
	       "  -c, --config FILE  configuration (default: " DEFAULT_FILE ")\n"
	       "      --check-config only read and check it\n"
	       "      --help         this text\n"
	       "      --version      the version\n\n"
	       "Keys of the configuration, which can be given as options too (livechat-sla.conf(5)):\n");
	for (size_t i = 0; config_key(i) != NULL; i++)
		printf("      --%s=VALUE (%s)\n", config_key(i), config_initial(i));
}

/* Our own options and one for each key of the configuration. */
static void fill_options(struct option options[OWN_OPTIONS + KEYS_MOST + 1])
{
	size_t count = OWN_OPTIONS;

	memcpy(options, own_options, sizeof own_options);
	for (size_t i = 0; i < KEYS_MOST && config_key(i) != NULL; i++)
		options[count++] = (struct option){ config_key(i), required_argument, NULL, OPTION_KEY };
	options[count] = (struct option){ 0 };
}

static void take_key(struct command_line *line, const char *key, const char *value)
{
	if (line->key_count == KEYS_MOST) {
		fprintf(stderr, PROGRAM ": too many options\n");
		exit(EXIT_USAGE);
	}
	line->keys[line->key_count].key = key;
	line->keys[line->key_count++].value = value;
}

static void take_option(struct command_line *line, int option, const char *name)
{
	switch (option) {
	case 'c':
		line->file = optarg;
		line->file_named = true;
		break;
	case OPTION_CHECK:
		line->check_only = true;
		break;
	case OPTION_KEY:
		take_key(line, name, optarg);
		break;
	case OPTION_HELP:
		print_help();
		exit(EXIT_SUCCESS);
	case OPTION_VERSION:
		puts(PACKAGE_STRING);
		exit(EXIT_SUCCESS);
	default:
		fprintf(stderr, "Try '" PROGRAM " --help'.\n");
		exit(EXIT_USAGE);
	}
}

static void read_command_line(struct command_line *line, int argc, char **argv)
{
	struct option options[OWN_OPTIONS + KEYS_MOST + 1];
	int option, index = 0;

	fill_options(options);
	line->file = getenv(FILE_VARIABLE);
	line->file_named = line->file != NULL;
	if (!line->file_named)
		line->file = DEFAULT_FILE;
	while ((option = getopt_long(argc, argv, "c:", options, &index)) != -1)
		take_option(line, option, options[index].name);
	if (optind < argc)
		take_option(line, '?', NULL);
}

/* Without a file at the default place the defaults serve; a web server that starts us would not start at all if we refused. */
static int read_file(struct config *config, const struct command_line *line, struct config_error *error)
{
	if (line->file_named || access(line->file, F_OK) == 0)
		return config_read(config, line->file, error);
	log_message(LOG_WARNING, "there is no %s, the defaults are used", line->file);
	return 0;
}

/* A password that is not there yet is no reason not to start: a web server or a package manager waits for us. */
static void read_client(struct config *config)
{
	struct config_error error;

	if (config_read_client(config, &error) != 0)
		log_message(LOG_WARNING, "%s; there is no database until it can be read", error.text);
}

/* Defaults, then the file, then the command line. */
static int read_config(struct config *config, void *context)
{
	const struct command_line *line = context;
	struct config_error error;

	config_defaults(config);
	if (read_file(config, line, &error) != 0) {
		log_message(LOG_ERR, "%s", error.text);
		return -1;
	}
	for (size_t i = 0; i < line->key_count; i++) {
		if (config_set(config, line->keys[i].key, line->keys[i].value, &error) != 0) {
			log_message(LOG_ERR, "--%s", error.text);
			return -1;
		}
	}
	read_client(config);
	return 0;
}

/* The configuration as it stands now, in force for the log as well. */
static int reread_config(struct config *config, void *context)
{
	if (read_config(config, context) != 0)
		return -1;
	log_open(PROGRAM, (enum log_target)config->log_target, (int)config->log_level);
	return 0;
}

/* Processes that somebody else starts and counts share their counters through a file. */
static struct counters *open_counters(const struct config *config)
{
	struct counters *counters = counters_open(config->counters_file);

	if (counters != NULL)
		return counters;
	log_errno("%s: calls are counted by each process for itself", config->counters_file);
	return counters_new();
}

static void reload_alone(struct config *config, struct command_line *line)
{
	static struct config fresh;

	if (reread_config(&fresh, line) == 0)
		*config = fresh;
	else
		log_message(LOG_ERR, "the configuration is refused, the one before stays");
}

static int serve_alone(struct config *config, int listening, struct command_line *line)
{
	struct counters *counters = open_counters(config);
	enum worker_end end;

	notify_send("READY=1");
	while ((end = worker_run(config, listening, counters, NULL)) == WORKER_RELOAD)
		reload_alone(config, line);
	counters_free(counters);
	return end == WORKER_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int serve(struct config *config, struct command_line *line)
{
	bool alone = config->workers == 0 || listen_counted();
	struct privileges privileges;
	int listening, status = EXIT_FAILURE;

	if (!privileges_find(config, &privileges))
		return EXIT_USAGE;
	listening = listen_open(config);
	if (listening >= 0 && privileges_drop(&privileges))
		status = alone ? serve_alone(config, listening, line) : pool_run(config, listening, reread_config, line);
	listen_close();
	return status;
}

/* Whatever whoever starts us has left open or ignored. A log line must not end up in a socket that took the place of a closed stderr. */
static void tidy_process(void)
{
	int descriptor;

	do
		descriptor = open("/dev/null", O_RDWR);
	while (descriptor >= 0 && descriptor <= STDERR_FILENO);
	close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static struct command_line line;
	static struct config config;

	tidy_process();
	log_open(PROGRAM, LOG_TO_STDERR, LOG_NOTICE);
	read_command_line(&line, argc, argv);
	if (line.check_only)
		return read_config(&config, &line) == 0 ? EXIT_SUCCESS : EXIT_USAGE;
	return reread_config(&config, &line) == 0 ? serve(&config, &line) : EXIT_USAGE;
}

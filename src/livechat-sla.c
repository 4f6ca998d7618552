/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The daemon: options, configuration, socket, privileges; then the pool, or this process alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
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

/* An inherited socket moves away from descriptor 0, which then is what a daemon's standard input should be. */
static int take_inherited(void)
{
	int listening = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (listening < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0) {
		log_errno("descriptor 0");
		return -1;
	}
	close(null);
	return listening;
}

static bool find_group(const struct config *config, gid_t *group)
{
	struct group *entry;

	if (config->group[0] == '\0')
		return true;
	entry = getgrnam(config->group);
	if (entry == NULL) {
		log_message(LOG_ERR, "there is no group %s", config->group);
		return false;
	}
	*group = entry->gr_gid;
	return true;
}

/* Groups, group, user, each checked: a process that could not drop them must not serve. */
static bool become(const struct passwd *user, gid_t group)
{
	if (initgroups(user->pw_name, group) == 0 && setgid(group) == 0 && setuid(user->pw_uid) == 0)
		return true;
	log_errno("become user %s", user->pw_name);
	return false;
}

static bool drop_privileges(const struct config *config)
{
	const struct passwd *user;
	gid_t group;

	if (geteuid() != 0)
		return true;
	if (config->user[0] == '\0') {
		log_message(LOG_ERR, "will not serve as root: set `user' to the one to become");
		return false;
	}
	user = getpwnam(config->user);
	if (user == NULL) {
		log_message(LOG_ERR, "there is no user %s", config->user);
		return false;
	}
	group = user->pw_gid;
	return find_group(config, &group) && become(user, group);
}

/* Processes that somebody else starts and counts share their counters through a file. */
static int serve_alone(const struct config *config, int listening)
{
	struct counters *counters = counters_open(config->counters_file);
	int status;

	if (counters == NULL) {
		log_errno("%s: calls are counted by each process for itself", config->counters_file);
		counters = counters_new();
	}
	notify_send("READY=1");
	status = worker_run(config, listening, counters, NULL);
	counters_free(counters);
	return status;
}

static int serve(struct config *config, struct command_line *line)
{
	bool inherited = listen_inherited();
	bool alone = config->workers == 0 || (inherited && listen_counted());
	int listening = inherited ? take_inherited() : listen_open(config);
	int status;

	if (listening < 0 || !drop_privileges(config))
		return EXIT_FAILURE;
	status = alone ? serve_alone(config, listening) : pool_run(config, listening, read_config, line);
	listen_close();
	return status;
}

int main(int argc, char **argv)
{
	static struct command_line line;
	static struct config config;

	log_open(PROGRAM, LOG_TO_STDERR, LOG_NOTICE);
	read_command_line(&line, argc, argv);
	if (read_config(&config, &line) != 0)
		return EXIT_USAGE;
	if (line.check_only)
		return EXIT_SUCCESS;
	log_open(PROGRAM, (enum log_target)config.log_target, (int)config.log_level);
	return serve(&config, &line);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * livechat-slactl(8): finds the sub-command, reads its options and runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/connection.h"
#include "slactl/client.h"
#include "slactl/command.h"
#include "slactl/report.h"

static const struct command *const subjects[] = {
	audit_commands, db_commands, permission_commands, policy_commands, role_commands, token_commands, user_commands, NULL,
};

static const struct option_row common_options[] = {
	{ "config", 'c', "FILE", "the configuration file (default: $LIVECHAT_SLA_CONFIG, " CONFIG_FILE ")" },
	{ "group", 0, "GROUP", "its group for the MySQL client (default: client-livechat-slactl or " CONFIG_CLIENT_GROUP ")" },
	{ "help", 'h', NULL, "show this" },
	{ "version", 'V', NULL, "show the version" },
	{ 0 },
};

static size_t count_words(const char *text)
{
	size_t count = 0;

	while (*(text += strspn(text, " ")) != '\0') {
		text += strcspn(text, " ");
		count++;
	}
	return count;
}

static bool enough_words(const char *words, size_t given)
{
	size_t most = count_words(words);
	const char *optional = strchr(words, '[');

	return given <= most && given + (optional == NULL ? 0 : count_words(optional)) >= most;
}

/* How many of the program's words name this command: all of its words, or 0. */
static int match_words(const char *words, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t length = strcspn(words, " ");

		if (strncmp(words, argv[i], length) != 0 || argv[i][length] != '\0')
			return 0;
		if (words[length] == '\0')
			return i + 1;
		words += length + 1;
	}
	return 0;
}

static const struct command *find_command(int argc, char **argv, int *words)
{
	for (const struct command *const *subject = subjects; *subject != NULL; subject++)
		for (const struct command *command = *subject; command->words != NULL; command++)
			if ((*words = match_words(command->words, argc, argv)) > 0)
				return command;
	return NULL;
}

static void print_command(const struct command *command)
{
	char usage[80];

	snprintf(usage, sizeof usage, "%s %s", command->words, command->arguments);
	printf("  %-24s %s\n", usage, command->help);
}

static int help(void)
{
	printf("Usage: livechat-slactl [OPTION]... COMMAND [ARGUMENT]... [OPTION]...\nAdministers livechat-sla.\n\nCommands:\n");
	for (const struct command *const *subject = subjects; *subject != NULL; subject++)
		for (const struct command *command = *subject; command->words != NULL; command++)
			print_command(command);
	printf("\nOptions:\n");
	options_print(common_options);
	printf("\n`livechat-slactl COMMAND --help` shows the options of a command.\nExit status: 0 done, 1 failed, 2 wrong usage.\n");
	return report_done();
}

static int help_command(const struct command *command)
{
	printf("Usage: livechat-slactl %s %s%s[OPTION]...\n%s\n\nOptions:\n", command->words, command->arguments,
	       command->arguments[0] == '\0' ? "" : " ", command->help);
	options_print(command->options);
	options_print(common_options);
	return report_done();
}

static int version(void)
{
	printf("livechat-slactl " PACKAGE_VERSION "\n");
	return report_done();
}

static int wrong_usage(void)
{
	fprintf(stderr, "Try `livechat-slactl --help`.\n");
	return STATUS_USAGE;
}

static int read_configuration(struct invocation *invocation)
{
	const char *file = options_value(&invocation->options, "config");
	struct config_error error;

	if (file == NULL)
		file = getenv("LIVECHAT_SLA_CONFIG");
	config_defaults(&invocation->config);
	if (config_read(&invocation->config, file == NULL ? CONFIG_FILE : file, &error) == 0)
		return STATUS_DONE;
	complain("%s", error.text);
	return STATUS_FAILED;
}

static int run_connected(const struct invocation *invocation)
{
	struct connection *connection = client_connect(invocation);
	int status;

	if (connection == NULL)
		return STATUS_FAILED;
	status = invocation->command->work(connection, invocation);
	connection_free(connection);
	return status;
}

/* `argv[0]` is the command's last word. */
static int run_command(struct invocation *invocation, int argc, char **argv)
{
	const struct command *command = invocation->command;
	int first = options_read(&invocation->options, common_options, command->options, argc, argv, false);
	int status;

	if (first == -1)
		return wrong_usage();
	if (options_value(&invocation->options, "help") != NULL)
		return help_command(command);
	if (!enough_words(command->arguments, (size_t)(argc - first))) {
		complain("%s: expected arguments: %s", command->words, command->arguments[0] == '\0' ? "none" : command->arguments);
		return wrong_usage();
	}
	invocation->arguments = argv + first;
	status = read_configuration(invocation);
	if (status != STATUS_DONE)
		return status;
	return command->run == NULL ? run_connected(invocation) : command->run(invocation);
}

int main(int argc, char **argv)
{
	struct invocation invocation = { 0 };
	int first, words;

	log_open("livechat-slactl", LOG_TO_STDERR, LOG_WARNING);
	first = options_read(&invocation.options, common_options, NULL, argc, argv, true);
	if (first == -1)
		return wrong_usage();
	if (options_value(&invocation.options, "version") != NULL)
		return version();
	if (options_value(&invocation.options, "help") != NULL && first == argc)
		return help();
	invocation.command = find_command(argc - first, argv + first, &words);
	if (invocation.command != NULL)
		return run_command(&invocation, argc - first - words + 1, argv + first + words - 1);
	complain(first == argc ? "no command" : "no such command");
	return wrong_usage();
}

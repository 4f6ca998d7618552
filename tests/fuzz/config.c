/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The configuration file: what is taken is within bounds, and what is refused is told by the file's name, a line and the key, never by a
 * value.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/config.h"
#include "base/hosts.h"
#include "db/optionfile.h"
#include "fuzz.h"

const char fuzz_name[] = "config";

#define DAY INT64_C(86400000)
#define NUMBER(field, minimum, maximum) { offsetof(struct config, field), minimum, maximum }
#define TEXT(field) { offsetof(struct config, field), sizeof(((struct config *)NULL)->field) }

/* As livechat-sla.conf(5) has it. */
static const struct {
	size_t offset;
	int64_t minimum;
	int64_t maximum;
} numbers[] = {
	NUMBER(body_limit, 1024, 1024 * 1024),
	NUMBER(database_timeout, 1000, 600000),
	NUMBER(failed_credentials, 1, INT32_MAX),
	NUMBER(failed_credentials_window, 1000, DAY),
	NUMBER(failed_logins, 1, INT32_MAX),
	NUMBER(failed_logins_window, 1000, DAY),
	NUMBER(intake_timeout, 100, 600000),
	NUMBER(listen_mode, 0, 0777),
	NUMBER(log_level, LOG_ERR, LOG_DEBUG),
	NUMBER(login_expiry, 60000, 3650 * DAY),
	NUMBER(max_requests, 0, INT64_MAX),
	NUMBER(rate_limit, 0, 1),
	NUMBER(rate_limit_calls, 1, INT32_MAX),
	NUMBER(rate_limit_window, 1000, DAY),
	NUMBER(request_timeout, 100, 600000),
	NUMBER(stop_timeout, 0, 600000),
	NUMBER(workers, 0, CONFIG_WORKERS_MOST),
};

static const struct {
	size_t offset;
	size_t size;
} texts[] = {
	TEXT(base_path), TEXT(client_file), TEXT(counters_file), TEXT(group), TEXT(hosts), TEXT(listen), TEXT(listen_group), TEXT(user),
};

static char name[64];
static int memory = -1;

static void write_file(const uint8_t *bytes, size_t size)
{
	if (memory < 0)
		memory = memfd_create("configuration", MFD_CLOEXEC);
	PROMISE(memory >= 0);
	PROMISE(ftruncate(memory, 0) == 0 && pwrite(memory, bytes, size, 0) == (ssize_t)size);
	snprintf(name, sizeof name, "/proc/self/fd/%d", memory);
}

/* -- what is taken -- */

static void check_hosts(const struct config *config)
{
	struct hosts hosts;

	PROMISE(hosts_read(&hosts, config->hosts) == 0);
	PROMISE(hosts.count > 0);
	for (size_t i = 0; i < hosts.count; i++) {
		PROMISE(hosts.list[i].text[0] != '\0');
		PROMISE(strpbrk(hosts.list[i].name, ", \t") == NULL);
	}
	hosts_free(&hosts);
}

static void check_bounds(const struct config *config)
{
	const char *start = (const char *)config;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		int64_t number;

		memcpy(&number, start + numbers[i].offset, sizeof number);
		PROMISE(number >= numbers[i].minimum && number <= numbers[i].maximum);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		PROMISE(memchr(start + texts[i].offset, '\0', texts[i].size) != NULL);
	PROMISE(config->base_path[0] == '/' && config->base_path[strlen(config->base_path) - 1] == '/');
	PROMISE(config->trusted_proxies.count <= ADDRESS_NETWORKS_MOST);
	for (size_t i = 0; i < config->trusted_proxies.count; i++)
		PROMISE(config->trusted_proxies.list[i].bits <= 128);
}

/* -- what is refused -- */

/* The line with this number, without what stands behind its first = or :, which may be a secret. */
static void key_part(const char *file, size_t number, const char **start, size_t *length)
{
	for (; number > 1; number--) {
		file = strchr(file, '\n');
		PROMISE(file != NULL);
		file++;
	}
	*start = file;
	*length = strcspn(file, "=:\n");
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* "[GROUP] KEY: COMPLAINT". A group has no ] in it and a key no colon. Had the complaint parts of the value, one of them would not be ASCII
 * some day. */
static void check_key(const char *file, size_t line, const char *said)
{
	const char *key = strstr(said, "] "), *end, *start;
	size_t length;

	PROMISE(key != NULL);
	key += strlen("] ");
	end = strchr(key, ':');
	PROMISE(end != NULL && is_ascii(end));
	key_part(file, line, &start, &length);
	PROMISE(memmem(start, length, key, (size_t)(end - key)) != NULL);
}

static void check_error(const struct config_error *error, const char *file)
{
	const char *said = error->text + strlen(name);
	char *end;
	size_t line;

	PROMISE(memchr(error->text, '\0', sizeof error->text) != NULL);
	PROMISE(strncmp(error->text, name, strlen(name)) == 0);
	PROMISE(*said == ':');
	line = strtoul(said + 1, &end, 10);
	PROMISE(line > 0 && strncmp(end, ": ", 2) == 0);
	if (strcmp(end, ": the line is too long") != 0 && strcmp(end, ": must be KEY = VALUE, [GROUP] or a comment") != 0)
		check_key(file, line, end + 2);
}

/* What the service reads for itself of the client library's options, whether the file is taken or not. */
static void check_options(void)
{
	struct option_file options;

	option_file_read(&options, name, CONFIG_CLIENT_GROUP);
	PROMISE((options.mistake == NULL) == (options.error == 0));
	PROMISE(options.mistake == NULL || is_ascii(options.mistake));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct config config;
	struct config_error error = { "" };
	char *file;

	write_file(bytes, size);
	check_options();
	file = strndup((const char *)bytes, size);
	config_defaults(&config);
	if (config_read(&config, name, &error) == 0) {
		check_bounds(&config);
		check_hosts(&config);
		/* The client library's file is the same one, whichever was named: no other is opened here. */
		strcpy(config.client_file, name);
		PROMISE(config_read_client(&config, &error) == 0);
		check_hosts(&config);
	} else {
		check_error(&error, file);
	}
	free(file);
	return 0;
}

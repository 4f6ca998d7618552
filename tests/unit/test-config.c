/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/config: every key's values, the groups of the file, and what is said of what is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"

static char file[] = "/tmp/test-config-XXXXXX";

static int make_file(void **state)
{
	int descriptor = mkstemp(file);

	(void)state;
	return descriptor == -1 ? -1 : close(descriptor);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(file);
}

static int read_text(const char *text, struct config *config, struct config_error *error)
{
	FILE *stream = fopen(file, "w");

	assert_non_null(stream);
	fputs(text, stream);
	assert_int_equal(fclose(stream), 0);
	config_defaults(config);
	error->text[0] = '\0';
	return config_read(config, file, error);
}

static void the_defaults_are_those_of_the_manual(void **state)
{
	struct config config;

	(void)state;
	config_defaults(&config);
	assert_string_equal(config.base_path, "/api/v1/");
	assert_int_equal(config.body_limit, 65536);
	assert_int_equal(config.rate_limit, true);
	assert_int_equal(config.rate_limit_calls, 10);
	assert_int_equal(config.rate_limit_window, 60000);
	assert_int_equal(config.failed_credentials, 50);
	assert_int_equal(config.failed_credentials_window, 300000);
	assert_int_equal(config.failed_logins, 10);
	assert_int_equal(config.failed_logins_window, 300000);
	assert_int_equal(config.listen_mode, 0660);
	assert_int_equal(config.log_level, LOG_INFO);
	assert_int_equal(config.log_target, LOG_TO_STDERR);
	assert_int_equal(config.trusted_proxies.count, 0);
	assert_true(config.database_timeout < config.request_timeout);
	assert_true(config.request_timeout < config.stop_timeout);
}

static void keys_are_in_alphabetical_order(void **state)
{
	(void)state;
	assert_non_null(config_key(0));
	for (size_t i = 1; config_key(i) != NULL; i++)
		assert_true(strcmp(config_key(i - 1), config_key(i)) < 0);
}

static void every_default_is_a_value_that_its_key_takes(void **state)
{
	struct config config, defaults;
	struct config_error error;

	(void)state;
	config_defaults(&defaults);
	memset(&config, 0, sizeof config);
	for (size_t i = 0; config_key(i) != NULL; i++)
		assert_int_equal(config_set(&config, config_key(i), config_initial(i), &error), 0);
	assert_memory_equal(&config, &defaults, sizeof config);
}

#define NUMBER(field) offsetof(struct config, field)

static void numbers_are_read_with_their_units(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		size_t offset;
		int64_t expected;
	} rows[] = {
		{ "body-limit", "1024", NUMBER(body_limit), 1024 },
		{ "body-limit", "2K", NUMBER(body_limit), 2048 },
		{ "body-limit", "1M", NUMBER(body_limit), 1048576 },
		{ "intake-timeout", "100ms", NUMBER(intake_timeout), 100 },
		{ "request-timeout", "7s", NUMBER(request_timeout), 7000 },
		{ "request-timeout", "10m", NUMBER(request_timeout), 600000 },
		{ "stop-timeout", "0s", NUMBER(stop_timeout), 0 },
		{ "listen-mode", "0666", NUMBER(listen_mode), 0666 },
		{ "listen-mode", "600", NUMBER(listen_mode), 0600 },
		{ "log", "syslog", NUMBER(log_target), LOG_TO_SYSLOG },
		{ "log-level", "error", NUMBER(log_level), LOG_ERR },
		{ "log-level", "debug", NUMBER(log_level), LOG_DEBUG },
		{ "max-requests", "0", NUMBER(max_requests), 0 },
		{ "max-requests", "9223372036854775807", NUMBER(max_requests), INT64_MAX },
		{ "rate-limit", "off", NUMBER(rate_limit), false },
		{ "workers", "0", NUMBER(workers), 0 },
		{ "workers", "128", NUMBER(workers), 128 },
	};
	struct config config;
	struct config_error error;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		config_defaults(&config);
		if (config_set(&config, rows[i].key, rows[i].value, &error) != 0)
			fail_msg("%s = %s: %s", rows[i].key, rows[i].value, error.text);
		assert_int_equal(*(int64_t *)(void *)((char *)&config + rows[i].offset), rows[i].expected);
	}
}

static void what_is_wrong_is_told_without_the_value(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		const char *error;
	} rows[] = {
		{ "password", "secret", "password: unknown key" },
		{ "", "secret", ": unknown key" },
		{ "base-path", "api/", "base-path: must begin and end with /" },
		{ "base-path", "/api", "base-path: must begin and end with /" },
		{ "base-path", "", "base-path: must begin and end with /" },
		{ "body-limit", "1023", "body-limit: out of range" },
		{ "body-limit", "2M", "body-limit: out of range" },
		{ "body-limit", "9223372036854775807K", "body-limit: out of range" },
		{ "body-limit", "64k", "body-limit: must be a number of bytes, as in 64K or 1M" },
		{ "body-limit", "", "body-limit: must be a number of bytes, as in 64K or 1M" },
		{ "request-timeout", "10", "request-timeout: must be a time, as in 500ms, 10s or 2m" },
		{ "request-timeout", "10 s", "request-timeout: must be a time, as in 500ms, 10s or 2m" },
		{ "request-timeout", "99ms", "request-timeout: out of range" },
		{ "listen-mode", "0888", "listen-mode: must be a file mode in octal" },
		{ "listen-mode", "01000", "listen-mode: out of range" },
		{ "log", "file", "log: must be stderr or syslog" },
		{ "log-level", "loud", "log-level: must be error, warning, notice, info or debug" },
		{ "rate-limit", "1", "rate-limit: must be on or off" },
		{ "trusted-proxies", "everybody", "trusted-proxies: must be addresses or networks, as in 192.0.2.1, 2001:db8::/32" },
		{ "user", "a-name-of-more-than-sixty-three-characters-is-longer-than-any-system-has", "user: too long" },
		{ "workers", "", "workers: must be a whole number" },
		{ "workers", "four", "workers: must be a whole number" },
		{ "workers", "4x", "workers: must be a whole number" },
		{ "workers", "-1", "workers: must be a whole number" },
		{ "workers", "+4", "workers: must be a whole number" },
		{ "workers", " 4", "workers: must be a whole number" },
		{ "workers", "129", "workers: out of range" },
		{ "workers", "9223372036854775808", "workers: must be a whole number" },
	};
	struct config config, before;
	struct config_error error;

	(void)state;
	config_defaults(&before);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		config_defaults(&config);
		assert_int_equal(config_set(&config, rows[i].key, rows[i].value, &error), -1);
		assert_string_equal(error.text, rows[i].error);
		if (strcmp(rows[i].key, "trusted-proxies") != 0)
			assert_memory_equal(&config, &before, sizeof config);
	}
}

static void the_file_wins_over_the_defaults(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	assert_int_equal(read_text("# ours\n[livechat-sla]\nworkers = 2\nlisten = 127.0.0.1:9000\n"
	                           "trusted-proxies = 10.0.0.0/8, ::1\nworkers = 3\n", &config, &error), 0);
	assert_int_equal(config.workers, 3);
	assert_string_equal(config.listen, "127.0.0.1:9000");
	assert_int_equal(config.trusted_proxies.count, 2);
	assert_int_equal(config.body_limit, 65536);
	assert_string_equal(config.file, file);
}

static void of_the_client_groups_only_the_hosts_are_ours(void **state)
{
	static const struct {
		const char *text;
		const char *hosts;
	} rows[] = {
		{ "[livechat-sla]\nworkers = 4\n", "" },
		{ "[client-livechat-sla]\nhost = db1,db2:3307\npassword = x\nssl-verify-server-cert\n", "db1,db2:3307" },
		{ "[client-livechat-sla]\n  user = sla\n  host = 'db1'\n", "db1" },
		{ "[client]\nhost = db0\n", "db0" },
		{ "[client]\nhost = db0\n[client-livechat-sla]\nhost = db1\n", "db1" },
		{ "[client-livechat-slactl]\nhost = elsewhere\nuser = root\n", "" },
	};
	struct config config;
	struct config_error error;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(read_text(rows[i].text, &config, &error), 0);
		assert_string_equal(config.hosts, rows[i].hosts);
	}
}

static void the_hosts_are_those_of_the_file_that_the_client_library_reads(void **state)
{
	struct config config;
	struct config_error error;

	(void)state;
	assert_int_equal(read_text("[client]\nhost = db1\n", &config, &error), 0);
	assert_int_equal(config_read_client(&config, &error), 0);
	assert_string_equal(config_client_file(&config), file);
	assert_string_equal(config.hosts, "db1");

	assert_int_equal(config_set(&config, "client-file", file, &error), 0);
	strcpy(config.file, "/nonexistent");
	strcpy(config.hosts, "other");
	assert_int_equal(config_read_client(&config, &error), 0);
	assert_string_equal(config_client_file(&config), file);
	assert_string_equal(config.hosts, "db1");

	assert_int_equal(config_set(&config, "client-file", "/nonexistent", &error), 0);
	assert_int_equal(config_read_client(&config, &error), -1);
	assert_string_equal(error.text, "/nonexistent: No such file or directory");
	assert_string_equal(config.hosts, "");
}

static void what_is_wrong_in_the_file_is_told_with_its_place(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} rows[] = {
		{ "workers = 4\n", ":1: [] workers: unknown group" },
		{ "[livechat]\nworkers = 4\n", ":2: [livechat] workers: unknown group" },
		{ "[livechat-sla]\n\npassword = secret\n", ":3: [livechat-sla] password: unknown key" },
		{ "[livechat-sla]\nworkers = secret\n", ":2: [livechat-sla] workers: must be a whole number" },
		{ "[client]\nhost = db,db:99999\n", ":2: [client] host: must be hosts, as in db1, db2:3307, [2001:db8::1]:3306" },
		{ "[livechat-sla]\nsecret\n", ":2: must be KEY = VALUE, [GROUP] or a comment" },
	};
	struct config config;
	struct config_error error;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(read_text(rows[i].text, &config, &error), -1);
		assert_int_equal(strncmp(error.text, file, strlen(file)), 0);
		assert_string_equal(error.text + strlen(file), rows[i].error);
	}
}

static void more_hosts_than_fit_are_refused(void **state)
{
	char text[2048] = "[client]\nhost = ";
	struct config config;
	struct config_error error;

	(void)state;
	while (strlen(text) < sizeof config.hosts + 32)
		strcat(text, "db,");
	assert_int_equal(read_text(text, &config, &error), -1);
	assert_non_null(strstr(error.text, "too long"));
}

static void a_file_name_that_does_not_fit_is_refused(void **state)
{
	char name[2048];
	struct config config;
	struct config_error error;

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	config_defaults(&config);
	assert_int_equal(config_read(&config, name, &error), -1);
}

static void a_reload_changes_all_but_the_fixed_keys(void **state)
{
	static const struct {
		const char *key;
		const char *value;
		bool fixed;
	} rows[] = {
		{ "base-path", "/", false },        { "group", "www-data", true },    { "listen", "/run/other", true },
		{ "listen-group", "adm", true },    { "listen-mode", "0600", true },  { "log-level", "debug", false },
		{ "user", "www-data", true },       { "workers", "2", false },        { "trusted-proxies", "::1", false },
		{ "body-limit", "1M", false },
	};
	struct config before, after;
	struct config_error error;

	(void)state;
	config_defaults(&before);
	assert_null(config_fixed_difference(&before, &before));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *difference;

		config_defaults(&after);
		assert_int_equal(config_set(&after, rows[i].key, rows[i].value, &error), 0);
		difference = config_fixed_difference(&before, &after);
		assert_string_equal(difference == NULL ? "" : difference, rows[i].fixed ? rows[i].key : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_those_of_the_manual),
		cmocka_unit_test(keys_are_in_alphabetical_order),
		cmocka_unit_test(every_default_is_a_value_that_its_key_takes),
		cmocka_unit_test(numbers_are_read_with_their_units),
		cmocka_unit_test(what_is_wrong_is_told_without_the_value),
		cmocka_unit_test(the_file_wins_over_the_defaults),
		cmocka_unit_test(of_the_client_groups_only_the_hosts_are_ours),
		cmocka_unit_test(the_hosts_are_those_of_the_file_that_the_client_library_reads),
		cmocka_unit_test(what_is_wrong_in_the_file_is_told_with_its_place),
		cmocka_unit_test(more_hosts_than_fit_are_refused),
		cmocka_unit_test(a_file_name_that_does_not_fit_is_refused),
		cmocka_unit_test(a_reload_changes_all_but_the_fixed_keys),
	};

	return cmocka_run_group_tests_name("config", tests, make_file, remove_file);
}

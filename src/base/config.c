/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The configuration's keys in one table.
 */
#include "base/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/hosts.h"
#include "base/inifile.h"

struct key;

/* Puts `value` where the key's row says; returns what is wrong with it, or NULL. */
typedef const char *setter(struct config *config, const struct key *key, const char *value);

struct key {
	const char *name;
	setter *set;
	size_t offset; /* of the field in struct config */
	size_t size;   /* of a text field */
	int64_t minimum;
	int64_t maximum;
	const char *initial;
	bool fixed; /* a reload can not change it */
};

static setter set_base_path, set_bytes, set_duration, set_integer, set_level, set_mode, set_networks, set_switch, set_target, set_text;

#define FIELD(field) offsetof(struct config, field), sizeof(((struct config *)NULL)->field)

/* Alphabetical. Durations are ms, sizes bytes. */
static const struct key keys[] = {
	{ "base-path", set_base_path, FIELD(base_path), 0, 0, "/api/v1/", false },
	{ "body-limit", set_bytes, FIELD(body_limit), 1024, 1 << 20, "64K", false },
	{ "client-file", set_text, FIELD(client_file), 0, 0, "", false },
	{ "counters-file", set_text, FIELD(counters_file), 0, 0, RUNSTATEDIR "/livechat-sla/counters", true },
	{ "database-timeout", set_duration, FIELD(database_timeout), 1000, 600000, "8s", false },
	{ "failed-credentials", set_integer, FIELD(failed_credentials), 1, INT32_MAX, "50", false },
	{ "failed-credentials-window", set_duration, FIELD(failed_credentials_window), 1000, 86400000, "5m", false },
	{ "failed-logins", set_integer, FIELD(failed_logins), 1, INT32_MAX, "10", false },
	{ "failed-logins-window", set_duration, FIELD(failed_logins_window), 1000, 86400000, "5m", false },
	{ "group", set_text, FIELD(group), 0, 0, "", true },
	{ "intake-timeout", set_duration, FIELD(intake_timeout), 100, 600000, "10s", false },
	{ "listen", set_text, FIELD(listen), 0, 0, RUNSTATEDIR "/livechat-sla/fcgi.sock", true },
	{ "listen-group", set_text, FIELD(listen_group), 0, 0, "", true },
	{ "listen-mode", set_mode, FIELD(listen_mode), 0, 0777, "0660", true },
	{ "log", set_target, FIELD(log_target), 0, 0, "stderr", false },
	{ "log-level", set_level, FIELD(log_level), 0, 0, "info", false },
	{ "login-expiry", set_duration, FIELD(login_expiry), 60000, INT64_C(3650) * 86400000, "90d", false },
	{ "max-requests", set_integer, FIELD(max_requests), 0, INT64_MAX, "100000", false },
	{ "rate-limit", set_switch, FIELD(rate_limit), 0, 0, "on", false },
	{ "rate-limit-calls", set_integer, FIELD(rate_limit_calls), 1, INT32_MAX, "10", false },
	{ "rate-limit-window", set_duration, FIELD(rate_limit_window), 1000, 86400000, "60s", false },
	{ "request-timeout", set_duration, FIELD(request_timeout), 100, 600000, "12s", false },
	{ "stop-timeout", set_duration, FIELD(stop_timeout), 0, 600000, "15s", false },
	{ "trusted-proxies", set_networks, FIELD(trusted_proxies), 0, 0, "", false },
	{ "user", set_text, FIELD(user), 0, 0, "", true },
	{ "workers", set_integer, FIELD(workers), 0, CONFIG_WORKERS_MOST, "4", false },
};

#define KEYS (sizeof keys / sizeof *keys)

static char *text_field(struct config *config, const struct key *key)
{
	return (char *)config + key->offset;
}

static int64_t *number_field(struct config *config, const struct key *key)
{
	return (int64_t *)(void *)((char *)config + key->offset);
}

static const char *set_text(struct config *config, const struct key *key, const char *value)
{
	if (strlen(value) >= key->size)
		return "too long";
	strcpy(text_field(config, key), value);
	return NULL;
}

static const char *set_base_path(struct config *config, const struct key *key, const char *value)
{
	size_t length = strlen(value);

	if (length == 0 || value[0] != '/' || value[length - 1] != '/')
		return "must begin and end with /";
	return set_text(config, key, value);
}

static const char *set_number(struct config *config, const struct key *key, int64_t number)
{
	if (number < key->minimum || number > key->maximum)
		return "out of range";
	*number_field(config, key) = number;
	return NULL;
}

/* A whole number, without a sign or blanks before it, and what follows it. */
static bool read_number(const char *text, int base, int64_t *number, const char **rest)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, base);
	*rest = end;
	return isdigit((unsigned char)*text) && end != text && errno == 0;
}

static const char *set_integer(struct config *config, const struct key *key, const char *value)
{
	int64_t number;
	const char *rest;

	if (!read_number(value, 10, &number, &rest) || *rest != '\0')
		return "must be a whole number";
	return set_number(config, key, number);
}

static const char *set_mode(struct config *config, const struct key *key, const char *value)
{
	int64_t number;
	const char *rest;

	if (!read_number(value, 8, &number, &rest) || *rest != '\0')
		return "must be a file mode in octal";
	return set_number(config, key, number);
}

struct unit {
	const char *name;
	int64_t factor;
};

/* A number with one of the units, which end with a NULL name. */
static const char *set_with_unit(struct config *config, const struct key *key, const char *value, const struct unit *unit,
                                 const char *complaint)
{
	int64_t number;
	const char *rest;

	if (!read_number(value, 10, &number, &rest))
		return complaint;
	while (unit->name != NULL && strcmp(unit->name, rest) != 0)
		unit++;
	if (unit->name == NULL)
		return complaint;
	return number > INT64_MAX / unit->factor ? "out of range" : set_number(config, key, number * unit->factor);
}

static const char *set_bytes(struct config *config, const struct key *key, const char *value)
{
	static const struct unit units[] = { { "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { NULL, 0 } };

	return set_with_unit(config, key, value, units, "must be a number of bytes, as in 64K or 1M");
}

static const char *set_duration(struct config *config, const struct key *key, const char *value)
{
	int64_t milliseconds;

	return duration_read(value, &milliseconds) ? set_number(config, key, milliseconds) : "must be a time, as in 500ms, 10s or 2m";
}

struct word {
	const char *name;
	int64_t value;
};

/* One of the words, which end with a NULL name. */
static const char *set_word(struct config *config, const struct key *key, const char *value, const struct word *word,
                            const char *complaint)
{
	while (word->name != NULL && strcmp(word->name, value) != 0)
		word++;
	if (word->name == NULL)
		return complaint;
	*number_field(config, key) = word->value;
	return NULL;
}

static const char *set_level(struct config *config, const struct key *key, const char *value)
{
	static const struct word words[] = {
		{ "error", LOG_ERR },   { "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
		{ "info", LOG_INFO },   { "debug", LOG_DEBUG },     { NULL, 0 },
	};

	return set_word(config, key, value, words, "must be error, warning, notice, info or debug");
}

static const char *set_target(struct config *config, const struct key *key, const char *value)
{
	static const struct word words[] = { { "stderr", LOG_TO_STDERR }, { "syslog", LOG_TO_SYSLOG }, { NULL, 0 } };

	return set_word(config, key, value, words, "must be stderr or syslog");
}

static const char *set_switch(struct config *config, const struct key *key, const char *value)
{
	static const struct word words[] = { { "off", false }, { "on", true }, { NULL, 0 } };

	return set_word(config, key, value, words, "must be on or off");
}

static const char *set_networks(struct config *config, const struct key *key, const char *value)
{
	struct networks *networks = (struct networks *)(void *)((char *)config + key->offset);

	return networks_parse(value, networks) ? NULL : "must be addresses or networks, as in 192.0.2.1, 2001:db8::/32";
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

const char *config_key(size_t index)
{
	return index < KEYS ? keys[index].name : NULL;
}

const char *config_initial(size_t index)
{
	return index < KEYS ? keys[index].initial : NULL;
}

void config_defaults(struct config *config)
{
	memset(config, 0, sizeof *config);
	for (size_t i = 0; i < KEYS; i++)
		keys[i].set(config, &keys[i], keys[i].initial);
}

/* What is wrong with `name = value`, or NULL. */
static const char *set_key(struct config *config, const char *name, const char *value)
{
	const struct key *key = find_key(name);

	return key == NULL ? "unknown key" : key->set(config, key, value);
}

int config_set(struct config *config, const char *key, const char *value, struct config_error *error)
{
	const char *complaint = set_key(config, key, value);

	if (complaint == NULL)
		return 0;
	snprintf(error->text, sizeof error->text, "%s: %s", key, complaint);
	return -1;
}

/* The client library's group is its own business, but the list of hosts is ours: the library's is no fail-over. */
static const char *take_client_key(struct config *config, const char *name, const char *value)
{
	if (strcmp(name, "host") != 0)
		return NULL;
	if (strlen(value) >= sizeof config->hosts)
		return "too long";
	if (!hosts_valid(value))
		return "must be hosts, as in db1, db2:3307, [2001:db8::1]:3306";
	strcpy(config->hosts, value);
	return NULL;
}

/* As the client library reads them, [client] counts too, and what comes later wins. */
static const char *take_client_pair(void *context, const char *group, const char *name, const char *value)
{
	bool counts = strcmp(group, "client") == 0 || strcmp(group, CONFIG_CLIENT_GROUP) == 0;

	return counts ? take_client_key(context, name, value) : NULL;
}

static const char *take_pair(void *context, const char *group, const char *name, const char *value)
{
	if (strcmp(group, CONFIG_GROUP) == 0)
		return set_key(context, name, value);
	if (strncmp(group, "client", strlen("client")) == 0)
		return take_client_pair(context, group, name, value);
	return "unknown group";
}

int config_read(struct config *config, const char *file, struct config_error *error)
{
	if (strlen(file) >= sizeof config->file) {
		snprintf(error->text, sizeof error->text, "%s: name too long", file);
		return -1;
	}
	strcpy(config->file, file);
	return inifile_read(file, take_pair, config, error->text, sizeof error->text);
}

int config_read_client(struct config *config, struct config_error *error)
{
	if (config->client_file[0] == '\0')
		return 0;
	config->hosts[0] = '\0';
	return inifile_read(config->client_file, take_client_pair, config, error->text, sizeof error->text);
}

const char *config_client_file(const struct config *config)
{
	return config->client_file[0] == '\0' ? config->file : config->client_file;
}

static bool is_text(const struct key *key)
{
	return key->set == set_text || key->set == set_base_path;
}

static bool same_value(const struct config *a, const struct config *b, const struct key *key)
{
	const char *left = (const char *)a + key->offset;
	const char *right = (const char *)b + key->offset;

	return is_text(key) ? strcmp(left, right) == 0 : memcmp(left, right, sizeof(int64_t)) == 0;
}

const char *config_fixed_difference(const struct config *before, const struct config *after)
{
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].fixed && !same_value(before, after, &keys[i]))
			return keys[i].name;
	return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The option file's groups. An administrator can so keep the right to change tables out of the service's own account.
 */
#include "slactl/client.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/inifile.h"
#include "db/connection.h"
#include "model/audit.h"
#include "slactl/command.h"
#include "slactl/report.h"

#define ADMINISTRATOR_GROUP "client-livechat-slactl"

struct search {
	const char *group;
	bool found;
};

static const char *look_for_group(void *context, const char *group, const char *name, const char *value)
{
	struct search *search = context;

	(void)name;
	(void)value;
	if (strcmp(group, search->group) == 0)
		search->found = true;
	return NULL;
}

/* A group without a key in it does not count. */
static bool has_group(const char *file, const char *group)
{
	struct search search = { .group = group };

	return inifile_read(file, look_for_group, &search, NULL, 0) == 0 && search.found;
}

/* As the client library does: [client] counts too, and what comes later wins. */
static const char *take_key(void *context, const char *group, const char *name, const char *value)
{
	struct client *client = context;

	if (strcmp(group, "client") != 0 && strcmp(group, client->group) != 0)
		return NULL;
	if (strcmp(name, "host") == 0)
		snprintf(client->hosts, sizeof client->hosts, "%s", value);
	if (strcmp(name, "database") == 0)
		snprintf(client->database, sizeof client->database, "%s", value);
	return NULL;
}

static const char *initial_group(const char *file)
{
	return has_group(file, ADMINISTRATOR_GROUP) ? ADMINISTRATOR_GROUP : CONFIG_CLIENT_GROUP;
}

int client_read(struct client *client, const struct invocation *invocation)
{
	const char *file = config_client_file(&invocation->config);
	const char *group = options_value(&invocation->options, "group");

	memset(client, 0, sizeof *client);
	if (access(file, R_OK) != 0) {
		complain("%s: %s", file, strerror(errno));
		return -1;
	}
	if (group != NULL && (strlen(group) >= sizeof client->group || !has_group(file, group))) {
		complain("%s: there is no group [%s]", file, group);
		return -1;
	}
	strcpy(client->group, group == NULL ? initial_group(file) : group);
	inifile_read(file, take_key, client, NULL, 0);
	return 0;
}

/* Nothing is repeated after a request's time, but no statement is cut off then: a change of the schema may take its time. */
struct connection *client_connection(const struct client *client, const struct invocation *invocation, enum client_purpose purpose)
{
	const struct connection_options options = {
		.file = config_client_file(&invocation->config),
		.group = client->group,
		.hosts = client->hosts,
		.database = purpose == CLIENT_DATABASE ? "information_schema" : NULL,
		.timeout_ms = invocation->config.database_timeout,
		.administrative = purpose != CLIENT_WORK,
	};
	struct connection *connection = connection_new(&options);

	if (connection == NULL)
		complain("out of memory");
	else
		client_renew(connection, invocation);
	return connection;
}

void client_renew(struct connection *connection, const struct invocation *invocation)
{
	connection_set_deadline(connection, clock_monotonic_ms() + invocation->config.request_timeout);
}

struct connection *client_connect(const struct invocation *invocation)
{
	struct client client;

	return client_read(&client, invocation) == 0 ? client_connection(&client, invocation, CLIENT_WORK) : NULL;
}

const struct actor *client_actor(void)
{
	static char name[128];
	static const struct actor actor = { .user_id = NULL, .username = name, .address = "" };
	const struct passwd *user = getpwuid(getuid());

	if (user == NULL)
		snprintf(name, sizeof name, "cli:%ju", (uintmax_t)getuid());
	else
		snprintf(name, sizeof name, "cli:%s", user->pw_name);
	return &actor;
}

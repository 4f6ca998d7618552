/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * livechat-slactl's way to the database: which group of the option file, and connections from it.
 */
#ifndef SLACTL_CLIENT_H
#define SLACTL_CLIENT_H

struct actor;
struct connection;
struct invocation;

enum client_purpose {
	CLIENT_WORK,     /* as the service itself connects */
	CLIENT_SCHEMA,   /* to look at and change the schema */
	CLIENT_DATABASE, /* to create the database */
};

struct client {
	char group[64];     /* that is read: --group, else client-livechat-slactl if the file has it, else the service's */
	char hosts[1024];   /* `host` there, "" if absent */
	char database[256]; /* `database` there, "" if absent */
};

/* Finds the group and what of it we need ourselves. Returns 0, -1 after a complaint. */
int client_read(struct client *client, const struct invocation *invocation);

/* A connection, not open yet; NULL after a complaint. Free it with connection_free. */
struct connection *client_connection(const struct client *client, const struct invocation *invocation, enum client_purpose purpose);

/* Who runs the command, as the audit tells it: "cli:NAME" of the operating system's user. It lives as long as the process. */
const struct actor *client_actor(void);

/* Gives work that is begun from now on a request's time again: for a command that does several pieces of it. */
void client_renew(struct connection *connection, const struct invocation *invocation);

/* The first two together for CLIENT_WORK. */
struct connection *client_connect(const struct invocation *invocation);

#endif

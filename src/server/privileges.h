/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Whom the service runs as, and what it can do without.
 */
#ifndef SERVER_PRIVILEGES_H
#define SERVER_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

struct config;

struct privileges {
	const char *user; /* to become, NULL = to stay who we are */
	uid_t uid;
	gid_t gid;
};

/* Looks up whom the configuration wants us to become; only root can. False, after logging why, if there is no such user or group, or if
 * root is to serve without being told so. `privileges` lives as long as `config`. */
bool privileges_find(const struct config *config, struct privileges *privileges);

/* Becomes that user, with that user's groups, and gives up what no part of the service needs: more privileges, and core files, which would
 * have tokens in them. False after logging why: a process that could not drop its privileges must not serve. */
bool privileges_drop(const struct privileges *privileges);

#endif

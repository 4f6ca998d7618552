/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * From root to the service's user.
 */
#include "server/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"

static bool find_user(const char *name, struct privileges *privileges)
{
	const struct passwd *entry = getpwnam(name);

	if (entry == NULL) {
		log_message(LOG_ERR, "there is no user %s", name);
		return false;
	}
	privileges->user = name;
	privileges->uid = entry->pw_uid;
	privileges->gid = entry->pw_gid;
	return true;
}

static bool find_group(const char *name, struct privileges *privileges)
{
	const struct group *entry = getgrnam(name);

	if (entry == NULL) {
		log_message(LOG_ERR, "there is no group %s", name);
		return false;
	}
	privileges->gid = entry->gr_gid;
	return true;
}

/* A service manager or web server that has changed the user already may share its configuration with one that has not. */
static bool stay(struct privileges *privileges)
{
	privileges->user = NULL;
	return true;
}

bool privileges_find(const struct config *config, struct privileges *privileges)
{
	if (geteuid() != 0)
		return stay(privileges);
	if (config->user[0] == '\0') {
		log_message(LOG_ERR, "will not serve as root: set `user' to the one to become");
		return false;
	}
	return find_user(config->user, privileges) && (config->group[0] == '\0' || find_group(config->group, privileges));
}

static bool become(const struct privileges *privileges)
{
	if (initgroups(privileges->user, privileges->gid) == 0 && setgid(privileges->gid) == 0 && setuid(privileges->uid) == 0)
		return true;
	log_errno("become user %s", privileges->user);
	return false;
}

bool privileges_drop(const struct privileges *privileges)
{
	const struct rlimit none = { 0, 0 };

	if (privileges->user != NULL && !become(privileges))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0)
		return true;
	log_errno("give up privileges");
	return false;
}

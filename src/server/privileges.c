/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * From root to the service's user.
 */
#include "server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

/* What no program could be given any more. Only who may change this set has one that is worth it. */
static bool empty_bounding_set(void)
{
	for (int capability = 0, held; (held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0)) >= 0; capability++)
		if (held == 1 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM)
			return false;
	return true;
}

/* A change of the user takes them from root alone, and not from root that stays; ambient ones go with the permitted. A unit that grants
 * none also refuses the call, so look first. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = { { 0 } }; /* valgrind does not know that all of it is written */

	if (syscall(SYS_capget, &header, held) != 0)
		return false;
	return memcmp(held, none, sizeof held) == 0 || syscall(SYS_capset, &header, none) == 0;
}

/* Nothing that is run gets more than we have, and no core file and no other process of this user sees our secrets. */
static bool close_up(void)
{
	const struct rlimit nothing = { 0, 0 };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &nothing) == 0;
}

bool privileges_drop(const struct privileges *privileges)
{
	bool bounded = empty_bounding_set(); /* while we still may */

	if (privileges->user != NULL && !become(privileges))
		return false;
	if (bounded && drop_capabilities() && close_up())
		return true;
	log_errno("give up privileges");
	return false;
}

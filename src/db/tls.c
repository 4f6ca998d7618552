/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What the option file asks for as to TLS. The client library takes no notice of an option that it does not know: one that MySQL's
 * library alone has, as ssl-mode, would leave the connection bare where MariaDB's is used.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/inifile.h"
#include "db/internal.h"

#define NAME_MOST 64

struct reading {
	struct tls *tls;
	const char *group;
};

/* Those that the library reads, whose later options win over earlier ones. */
static bool counts(const struct reading *reading, const char *group)
{
	static const char *const common[] = { "client", "client-server", "client-mariadb" };

	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		if (strcmp(group, common[i]) == 0)
			return true;
	return strcmp(group, reading->group) == 0;
}

/* As in my.cnf "_" stands for "-". */
static void copy_name(char name[NAME_MOST], const char *key)
{
	snprintf(name, NAME_MOST, "%s", key);
	for (char *underscore = name; (underscore = strchr(underscore, '_')) != NULL;)
		*underscore = '-';
}

static bool is_off(const char *value)
{
	static const char *const words[] = { "0", "off", "false", "no", "disabled", "preferred" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

/* MariaDB's library reads "on" and "yes" as 0, and overlooks the option without a value. */
static void take_verification(struct tls *tls, const char *value)
{
	tls->any_server = strcmp(value, "0") == 0;
	if (!tls->any_server && strcmp(value, "1") != 0)
		tls->mistake = "ssl-verify-server-cert must be 1 or 0";
}

static const char *take_pair(void *context, const char *group, const char *key, const char *value)
{
	const struct reading *reading = context;
	char name[NAME_MOST];

	if (!counts(reading, group))
		return NULL;
	copy_name(name, key);
	if (strncmp(name, "ssl", 3) != 0 && strncmp(name, "tls", 3) != 0)
		return NULL;
	if (!is_off(value))
		reading->tls->wanted = true;
	if (strcmp(name, "ssl-verify-server-cert") == 0)
		take_verification(reading->tls, value);
	return NULL;
}

void tls_read(struct tls *tls, const char *file, const char *group)
{
	struct reading reading = { .tls = tls, .group = group };

	*tls = (struct tls){ 0 };
	inifile_read(file, take_pair, &reading, NULL, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What the option file asks of the client library, which reads it when it connects, so that the file wins over the program. The library
 * takes no notice of an option that it does not know: one that is for programs, as MySQL's ssl-mode, would leave the connection bare.
 */
#include "db/optionfile.h"

#include <ctype.h>
#include <errmsg.h>
#include <mysql.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/inifile.h"

#define NAME_MOST 64
#define OPTION_ERROR 2047 /* CR_CONN_UNKNOW_PROTOCOL, which the two libraries spell differently */

struct reading {
	struct option_file *options;
	const char *group;
};

/* Those that the library reads, whose later options win over earlier ones. To MySQL's library capitals are small letters. */
static bool counts(const struct reading *reading, const char *group)
{
	static const char *const common[] = { "client", "client-server", "client-mariadb" };

	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		if (strcasecmp(group, common[i]) == 0)
			return true;
	return strcasecmp(group, reading->group) == 0;
}

/* As in my.cnf "_" stands for "-", and capitals for small letters. */
static void copy_name(char name[NAME_MOST], const char *key)
{
	snprintf(name, NAME_MOST, "%s", key);
	for (char *at = name; *at != '\0'; at++)
		*at = (char)(*at == '_' ? '-' : tolower((unsigned char)*at));
}

static bool is_off(const char *value)
{
	static const char *const words[] = { "0", "off", "false", "no", "disabled", "preferred" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(value, words[i]) == 0)
			return true;
	return false;
}

static void note_mistake(struct option_file *options, unsigned error, const char *mistake)
{
	options->error = error;
	options->mistake = mistake;
}

/* MariaDB's library reads "on" and "yes" as 0, and overlooks the option without a value. */
static void take_verification(struct option_file *options, const char *value)
{
	options->any_server = strcmp(value, "0") == 0;
	if (!options->any_server && strcmp(value, "1") != 0)
		note_mistake(options, CR_SSL_CONNECTION_ERROR, "ssl-verify-server-cert must be 1 or 0");
}

/* When it has read one of these from the file, MySQL's library goes on without TLS again if the server has none. */
static bool undoes_tls(const char *name)
{
#ifdef MARIADB_BASE_VERSION
	(void)name;
	return false;
#else
	static const char *const beginnings[] = { "ssl-cr", "tls-v" }; /* of ssl-crl, ssl-crlpath, tls-version */

	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
#endif
}

static void take_tls(struct option_file *options, const char *name, const char *value)
{
	if (!is_off(value))
		options->tls = true;
	if (strcmp(name, "ssl-verify-server-cert") == 0)
		take_verification(options, value);
	if (undoes_tls(name))
		note_mistake(options, CR_SSL_CONNECTION_ERROR, "with ssl-crl or tls-version MySQL's library would do without TLS");
}

struct refusal {
	const char *name;
	bool harmless_off;
	const char *why;
};

#define TIME_OUT "the time-outs of the connection are those of database-timeout"

static const struct refusal refusals[] = {
	{ "connect-timeout", false, TIME_OUT },
	{ "enable-cleartext-plugin", true, "enable-cleartext-plugin would tell the password to whoever asks for it" },
	{ "local-infile", true, "local-infile would let the server read the files of this host" },
	{ "read-timeout", false, TIME_OUT },
	{ "timeout", false, TIME_OUT },
	{ "write-timeout", false, TIME_OUT },
};

/* MySQL's library lets a name be cut short; no other option is called like the beginning of one of these. */
static bool is_refused(const struct refusal *refusal, const char *name, const char *value)
{
	return *name != '\0' && strncmp(refusal->name, name, strlen(name)) == 0 && !(refusal->harmless_off && is_off(value));
}

static void refuse_option(struct option_file *options, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (is_refused(&refusals[i], name, value))
			note_mistake(options, OPTION_ERROR, refusals[i].why);
}

static void take_option(struct option_file *options, const char *name, const char *value)
{
	if (strncmp(name, "ssl", 3) == 0 || strncmp(name, "tls", 3) == 0)
		take_tls(options, name, value);
	else if (strcmp(name, "protocol") == 0)
		options->protocol = true;
	else
		refuse_option(options, name, value);
}

static const char *take_pair(void *context, const char *group, const char *key, const char *value)
{
	const struct reading *reading = context;
	char name[NAME_MOST];

	if (*key == '!')
		note_mistake(reading->options, OPTION_ERROR, "!include would bring options that are not looked at");
	if (!counts(reading, group))
		return NULL;
	copy_name(name, key);
	take_option(reading->options, name, value);
	return NULL;
}

/* A file that is not there yet has no options for the library either. */
void option_file_read(struct option_file *options, const char *file, const char *group)
{
	struct reading reading = { .options = options, .group = group };

	*options = (struct option_file){ 0 };
	if (inifile_read(file, take_pair, &reading, NULL, 0) == -1 && access(file, R_OK) == 0)
		note_mistake(options, OPTION_ERROR, "the option file has a line that is none");
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Opening a connection to one host: logging in, setting the session up, proving that the host is good.
 */
#include <errmsg.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log.h"
#include "db/internal.h"

/* Ways to log in that tell the password to nobody, and one that tells it to whoever is at the other end of the line: without TLS it is
 * encrypted, but with a key that comes from there. */
#define AUTHENTICATION "mysql_native_password,client_ed25519,parsec,auth_gssapi_client"
#define PRIVATE_AUTHENTICATION AUTHENTICATION ",caching_sha2_password"
#ifndef CR_PLUGIN_NOT_ALLOWED
#define CR_PLUGIN_NOT_ALLOWED 5010 /* by that list */
#endif

static void set_options(MYSQL *mysql, const struct connection_options *options, int64_t patience_ms)
{
	unsigned connect_timeout = patience_ms < 1000 ? 1 : (unsigned)(patience_ms / 1000);
	unsigned timeout = options->administrative ? 0 : (unsigned)((options->timeout_ms + 999) / 1000);
	unsigned no_local_infile = 0;

	mysql_options(mysql, MYSQL_READ_DEFAULT_FILE, options->file);
	mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP, options->group);
	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
	mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &timeout);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &timeout);
	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_local_infile);
	mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

/* Whether nobody else can be at the other end. MySQL's library looks to that itself. */
static bool is_private(const struct host *host, const struct option_file *file)
{
	bool local = host->name[0] == '\0' || strcmp(host->name, "localhost") == 0;

	return file->tls || (local && !file->protocol);
}

static void restrict_authentication(MYSQL *mysql, bool private)
{
#ifdef MARIADB_BASE_VERSION
	mysql_options(mysql, MARIADB_OPT_RESTRICTED_AUTH, private ? PRIVATE_AUTHENTICATION : AUTHENTICATION);
#else
	(void)mysql;
	(void)private;
#endif
}

/* The option file may have set it; MySQL's library has it off unless a program asks. */
static void forbid_reconnect(MYSQL *mysql)
{
#ifdef MARIADB_BASE_VERSION
	sql_bool off = 0;

	mysql_options(mysql, MYSQL_OPT_RECONNECT, &off);
#else
	(void)mysql;
#endif
}

/* Left alone, MariaDB's library goes on without TLS if the server has none, unless it is to verify the certificate: so that is what it is
 * told, whatever option asks for TLS. The file is read after this and wins. MySQL's has a mode, which a file may set as well. */
static void demand_tls(MYSQL *mysql, bool any_server)
{
#ifdef MARIADB_BASE_VERSION
	sql_bool on = 1;

	mysql_options(mysql, any_server ? MYSQL_OPT_SSL_ENFORCE : MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
#else
	unsigned mode = any_server ? SSL_MODE_REQUIRED : SSL_MODE_VERIFY_IDENTITY;

	mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
#endif
}

/* The password is NULL, not "": only so is that of the option file used. The libraries' time-outs are of each read, and MySQL's has none
 * while TLS is agreed upon: a server that drips or falls silent would hold a worker. Both note in `net` which socket they have opened. */
static bool log_in(struct connection *connection, int64_t patience_ms)
{
	const struct host *host = connection->host;
	const char *name = host->name[0] == '\0' ? NULL : host->name;
	MYSQL *mysql = connection->mysql;
	bool logged_in;

	mysql->net.fd = -1;
	deadline_guard(&mysql->net.fd, clock_monotonic_ms() + patience_ms);
	logged_in = mysql_real_connect(mysql, name, NULL, NULL, connection->options.database, host->port, NULL, CLIENT_FOUND_ROWS) != NULL;
	deadline_release();
	return logged_in;
}

static enum outcome refuse(struct connection *connection, unsigned error, const char *reason)
{
	return connection_fail_with(connection, error, "HY000", reason, "connect");
}

/* Of the way to log in that it refused MariaDB's library tells in memory that it has freed. */
static enum outcome fail_to_connect(struct connection *connection)
{
	if (mysql_errno(connection->mysql) == CR_PLUGIN_NOT_ALLOWED)
		return refuse(connection, CR_PLUGIN_NOT_ALLOWED, "the server asked for the password in a way that would give it away");
	return connection_fail(connection, "connect");
}

static enum outcome call_server(struct connection *connection, bool tls, int64_t patience_ms)
{
	if (!log_in(connection, patience_ms))
		return fail_to_connect(connection);
	if (tls && mysql_get_ssl_cipher(connection->mysql) == NULL)
		return refuse(connection, CR_SSL_CONNECTION_ERROR, "the server has no TLS");
	forbid_reconnect(connection->mysql);
	connection->logged_in = true;
	return OUTCOME_DONE;
}

enum outcome connect_log_in(struct connection *connection, int64_t patience_ms)
{
	struct option_file file;

	connection->mysql = mysql_init(NULL);
	if (connection->mysql == NULL) {
		log_message(LOG_ERR, "database: out of memory");
		return OUTCOME_UNAVAILABLE;
	}
	option_file_read(&file, connection->options.file, connection->options.group);
	if (file.mistake != NULL)
		return refuse(connection, file.error, file.mistake);
	set_options(connection->mysql, &connection->options, patience_ms);
	restrict_authentication(connection->mysql, is_private(connection->host, &file));
	if (file.tls)
		demand_tls(connection->mysql, file.any_server);
	return call_server(connection, file.tls, patience_ms);
}

struct step {
	const char *sql;
	bool optional;     /* a server that does not know the variable does not need it, and one that keeps it for others can do without */
	bool service_only; /* not for administrative connections */
};

static bool is_no_variable_of_ours(unsigned error)
{
	return error == 1193 || error == 1227; /* ER_UNKNOWN_SYSTEM_VARIABLE, ER_SPECIFIC_ACCESS_DENIED_ERROR */
}

static enum outcome take_step(struct connection *connection, const struct step *step)
{
	MYSQL *mysql = connection->mysql;

	if (step->service_only && connection->options.administrative)
		return OUTCOME_DONE;
	if (!step->optional)
		return connection_execute(connection, step->sql);
	if (mysql_query(mysql, step->sql) == 0 || is_no_variable_of_ours(mysql_errno(mysql)))
		return OUTCOME_DONE;
	return connection_fail(connection, step->sql);
}

enum outcome connect_set_up(struct connection *connection)
{
	/* The server gives a statement up before the client does, so that its outcome is known. */
	int64_t limit = connection->options.timeout_ms * 7 / 8;
	char statement_time[80], execution_time[80];
	const struct step steps[] = {
		/* Whatever the server's defaults are: what is done is there, whole and looked at. */
		{ "SET SESSION autocommit=1, SESSION completion_type=0, SESSION unique_checks=1, SESSION foreign_key_checks=1,"
		  " SESSION sql_select_limit=18446744073709551615, SESSION sql_safe_updates=0, SESSION sql_big_selects=1", false, false },
		{ "SET NAMES utf8mb4 COLLATE utf8mb4_bin, SESSION time_zone='+00:00', SESSION innodb_lock_wait_timeout=3,"
		  " SESSION group_concat_max_len=1048576," /* MySQL's own 1024 would cut a list of ids short */
		  " SESSION sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'", false, false },
		{ "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE", false, false },
		/* To sort by a description's bytes. By default 1024 of them count, and MySQL's buffer is too small for a few such rows. */
		{ "SET SESSION max_sort_length=16384", true, false },
		{ "SET SESSION sort_buffer_size=CAST(GREATEST(@@sort_buffer_size, 2097152) AS UNSIGNED)", true, false },
		{ "SET SESSION innodb_snapshot_isolation=ON", true, false }, /* MariaDB */
		/* Galera: reads see what other nodes acknowledged, and none answers that has lost the others. */
		{ "SET SESSION wsrep_sync_wait=1, SESSION wsrep_dirty_reads=OFF", true, false },
		{ "SET SESSION lock_wait_timeout=3", false, true },          /* while a table is altered */
		{ statement_time, true, true },                              /* MariaDB */
		{ execution_time, true, true },                              /* MySQL, of reads only */
		/* A cluster node without quorum answers whatever touches no table: only a table proves a host good. */
		{ "SELECT version FROM schema_version LIMIT 1", false, true },
	};
	enum outcome outcome = OUTCOME_DONE;

	snprintf(statement_time, sizeof statement_time, "SET SESSION max_statement_time=%" PRId64 "/1000", limit);
	snprintf(execution_time, sizeof execution_time, "SET SESSION max_execution_time=%" PRId64, limit);
	for (size_t i = 0; outcome == OUTCOME_DONE && i < sizeof steps / sizeof *steps; i++)
		outcome = take_step(connection, &steps[i]);
	return outcome;
}

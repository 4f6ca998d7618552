/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The table of errors, to be read beside "Server Error Message Reference" and "Client Error Message Reference" of MySQL's manual
 * and "MariaDB Error Code Reference".
 */
#include "db/error.h"

#include <stddef.h>

#define DUPLICATE OUTCOME_DUPLICATE
#define REPEAT OUTCOME_REPEAT
#define UNAVAILABLE OUTCOME_UNAVAILABLE
#define UNSURE OUTCOME_UNSURE
#define DEFECT OUTCOME_DEFECT
#define KEEP ERROR_KEEP
#define DROP ERROR_DROP
#define LEAVE ERROR_LEAVE
#define SHUN ERROR_SHUN

#define LOAD_SCHEMA "the schema is not loaded or not up to date: run `livechat-slactl db init`"
#define GRANT_RIGHTS "the account lacks a right on the tables"
#define READ_OF_OPTIONS "see livechat-sla.conf(5)"
#define SET_PASSWORD "the account needs a new password"
#define READ_OF_TLS "see livechat-sla.conf(5), TLS to the database"
#define MAKE_ROOM "the database server is out of memory or disk"

/* By number. */
static const struct error_rule rules[] = {
	{ 1020, REPEAT, KEEP, NULL },              /* ER_CHECKREAD: changed since last read (innodb_snapshot_isolation) */
	{ 1021, UNAVAILABLE, KEEP, MAKE_ROOM },    /* ER_DISK_FULL */
	{ 1030, UNAVAILABLE, KEEP, MAKE_ROOM },    /* ER_GET_ERRNO: of the storage engine */
	{ 1036, REPEAT, LEAVE, NULL },             /* ER_OPEN_AS_READONLY: innodb_read_only */
	{ 1037, UNAVAILABLE, KEEP, MAKE_ROOM },    /* ER_OUTOFMEMORY */
	{ 1040, UNAVAILABLE, LEAVE, NULL },        /* ER_CON_COUNT_ERROR: too many connections */
	{ 1041, UNAVAILABLE, KEEP, MAKE_ROOM },    /* ER_OUT_OF_RESOURCES */
	{ 1044, UNAVAILABLE, SHUN, GRANT_RIGHTS }, /* ER_DBACCESS_DENIED_ERROR */
	{ 1045, UNAVAILABLE, SHUN, NULL },         /* ER_ACCESS_DENIED_ERROR */
	{ 1046, UNAVAILABLE, SHUN, "the option file names no database" }, /* ER_NO_DB_ERROR */
	{ 1047, REPEAT, LEAVE, NULL },             /* ER_UNKNOWN_COM_ERROR: a cluster node without quorum or not in step yet */
	{ 1049, UNAVAILABLE, SHUN, LOAD_SCHEMA },  /* ER_BAD_DB_ERROR */
	{ 1053, UNSURE, LEAVE, NULL },             /* ER_SERVER_SHUTDOWN */
	{ 1054, UNAVAILABLE, KEEP, LOAD_SCHEMA },  /* ER_BAD_FIELD_ERROR */
	{ 1062, DUPLICATE, KEEP, NULL },           /* ER_DUP_ENTRY */
	{ 1114, UNAVAILABLE, KEEP, MAKE_ROOM },    /* ER_RECORD_FILE_FULL */
	{ 1129, UNAVAILABLE, SHUN, NULL },         /* ER_HOST_IS_BLOCKED: too many connect errors */
	{ 1130, UNAVAILABLE, SHUN, NULL },         /* ER_HOST_NOT_PRIVILEGED */
	{ 1135, UNAVAILABLE, LEAVE, MAKE_ROOM },   /* ER_CANT_CREATE_THREAD */
	{ 1142, UNAVAILABLE, KEEP, GRANT_RIGHTS }, /* ER_TABLEACCESS_DENIED_ERROR */
	{ 1143, UNAVAILABLE, KEEP, GRANT_RIGHTS }, /* ER_COLUMNACCESS_DENIED_ERROR */
	{ 1146, UNAVAILABLE, KEEP, LOAD_SCHEMA },  /* ER_NO_SUCH_TABLE */
	{ 1152, UNSURE, DROP, NULL },              /* ER_ABORTING_CONNECTION */
	{ 1158, UNSURE, DROP, NULL },              /* ER_NET_READ_ERROR */
	{ 1159, UNSURE, DROP, NULL },              /* ER_NET_READ_INTERRUPTED */
	{ 1160, UNSURE, DROP, NULL },              /* ER_NET_ERROR_ON_WRITE */
	{ 1161, UNSURE, DROP, NULL },              /* ER_NET_WRITE_INTERRUPTED */
	{ 1180, UNSURE, LEAVE, NULL },             /* ER_ERROR_DURING_COMMIT: a cluster node that lost its quorum meanwhile */
	{ 1184, UNSURE, DROP, NULL },              /* ER_NEW_ABORTING_CONNECTION */
	{ 1203, UNAVAILABLE, LEAVE, NULL },        /* ER_TOO_MANY_USER_CONNECTIONS */
	{ 1205, REPEAT, DROP, NULL },              /* ER_LOCK_WAIT_TIMEOUT; also: this cluster node waits in vain for the others */
	{ 1213, REPEAT, KEEP, NULL },              /* ER_LOCK_DEADLOCK; in a cluster also: refused by certification */
	{ 1226, UNAVAILABLE, LEAVE, NULL },        /* ER_USER_LIMIT_REACHED */
	{ 1243, REPEAT, KEEP, NULL },              /* ER_UNKNOWN_STMT_HANDLER: to be prepared anew */
	{ 1251, UNAVAILABLE, SHUN, NULL },         /* ER_NOT_SUPPORTED_AUTH_MODE */
	{ 1290, REPEAT, LEAVE, NULL },             /* ER_OPTION_PREVENTS_STATEMENT: read_only */
	{ 1305, UNAVAILABLE, KEEP, LOAD_SCHEMA },  /* ER_SP_DOES_NOT_EXIST */
	{ 1317, UNAVAILABLE, KEEP, NULL },         /* ER_QUERY_INTERRUPTED: by KILL QUERY */
	{ 1461, UNAVAILABLE, LEAVE, "max_prepared_stmt_count is reached" }, /* ER_MAX_PREPARED_STMT_COUNT_REACHED */
	{ 1467, UNAVAILABLE, KEEP, NULL },         /* ER_AUTOINC_READ_FAILED: killed while it waited for its number */
	{ 1615, REPEAT, KEEP, NULL },              /* ER_NEED_REPREPARE */
	{ 1698, UNAVAILABLE, SHUN, NULL },         /* ER_ACCESS_DENIED_NO_PASSWORD_ERROR */
	{ 1792, REPEAT, LEAVE, NULL },             /* ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION */
	{ 1820, UNAVAILABLE, SHUN, SET_PASSWORD }, /* ER_MUST_CHANGE_PASSWORD */
	{ 1836, REPEAT, LEAVE, NULL },             /* ER_READ_ONLY_MODE */
	{ 1862, UNAVAILABLE, SHUN, SET_PASSWORD }, /* ER_MUST_CHANGE_PASSWORD_LOGIN */
	{ 1927, UNSURE, DROP, NULL },              /* ER_CONNECTION_KILLED, MariaDB */
	{ 1969, UNAVAILABLE, KEEP, NULL },         /* ER_STATEMENT_TIMEOUT, MariaDB */
	{ 2002, UNAVAILABLE, LEAVE, NULL },        /* CR_CONNECTION_ERROR: nothing was sent */
	{ 2003, UNAVAILABLE, LEAVE, NULL },        /* CR_CONN_HOST_ERROR */
	{ 2005, UNAVAILABLE, LEAVE, NULL },        /* CR_UNKNOWN_HOST */
	{ 2006, UNSURE, DROP, NULL },              /* CR_SERVER_GONE_ERROR */
	{ 2013, UNSURE, DROP, NULL },              /* CR_SERVER_LOST */
	{ 2026, UNAVAILABLE, SHUN, READ_OF_TLS },  /* CR_SSL_CONNECTION_ERROR */
	{ 2047, UNAVAILABLE, SHUN, READ_OF_OPTIONS }, /* CR_CONN_UNKNOW_PROTOCOL: an option that is not followed */
	{ 2055, UNSURE, DROP, NULL },              /* CR_SERVER_LOST_EXTENDED */
	{ 2059, UNAVAILABLE, SHUN, NULL },         /* CR_AUTH_PLUGIN_CANNOT_LOAD */
	{ 2061, UNAVAILABLE, SHUN, NULL },         /* CR_AUTH_PLUGIN_ERR */
	{ 3024, UNAVAILABLE, KEEP, NULL },         /* ER_QUERY_TIMEOUT, MySQL */
	{ 3032, REPEAT, LEAVE, NULL },             /* ER_SERVER_OFFLINE_MODE, MySQL */
	{ 3100, UNSURE, LEAVE, NULL },             /* ER_RUN_HOOK_ERROR: group replication without a majority, MySQL */
	{ 3101, REPEAT, KEEP, NULL },              /* ER_TRANSACTION_ROLLBACK_DURING_COMMIT: refused by group replication, MySQL */
	{ 3118, UNAVAILABLE, SHUN, NULL },         /* ER_ACCOUNT_HAS_BEEN_LOCKED, MySQL */
	{ 3159, UNAVAILABLE, SHUN, READ_OF_TLS },  /* ER_SECURE_TRANSPORT_REQUIRED, MySQL */
	{ 3169, UNSURE, DROP, NULL },              /* ER_SESSION_WAS_KILLED, MySQL */
	{ 3955, UNAVAILABLE, SHUN, NULL },         /* ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK, MySQL */
	{ 4031, UNSURE, DROP, NULL },              /* ER_CLIENT_INTERACTION_TIMEOUT, MySQL */
	{ 4151, UNAVAILABLE, SHUN, NULL },         /* ER_ACCOUNT_HAS_BEEN_LOCKED, MariaDB */
	{ 5010, UNAVAILABLE, SHUN, NULL },         /* CR_PLUGIN_NOT_ALLOWED, MariaDB: the server asked for a password in clear */
	{ 5013, UNSURE, DROP, NULL },              /* CR_ERR_NET_READ, MariaDB */
	{ 5014, UNSURE, DROP, NULL },              /* CR_ERR_NET_WRITE, MariaDB */
};

/* All others: refused data (the checks before should have), syntax, a slip of ours in the protocol. After one that the client
 * library reports nobody knows what the server will send next. */
static const struct error_rule server_defect = { 0, DEFECT, KEEP, NULL };
static const struct error_rule client_defect = { 0, DEFECT, DROP, NULL };

static bool is_of_client_library(unsigned number)
{
	return (number >= 2000 && number < 3000) || (number >= 5000 && number < 6000);
}

const struct error_rule *error_rule(unsigned number)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].number == number)
			return &rules[i];
	return is_of_client_library(number) ? &client_defect : &server_defect;
}

bool error_is_stale_statement(unsigned number)
{
	return number == 1243 || number == 1615;
}

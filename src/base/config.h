/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The group [livechat-sla] of the configuration file: one table of keys, setters and defaults (livechat-sla.conf(5)).
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "base/log.h"

#define CONFIG_WORKERS_MOST 128
#define CONFIG_FILE SYSCONFDIR "/livechat-sla/livechat-sla.conf" /* unless another is named */
#define CONFIG_GROUP "livechat-sla"
#define CONFIG_CLIENT_GROUP "client-livechat-sla" /* the MySQL client library's, beside [client]; of them we read `host` alone */

struct config {
	char base_path[256];     /* begins and ends with '/' */
	int64_t body_limit;      /* bytes */
	char client_file[1024];  /* what the MySQL client library reads; "" = `file` too */
	char counters_file[256]; /* shared by processes that serve alone */
	int64_t database_timeout; /* ms; rounded up to seconds for the client library */
	int64_t failed_credentials; /* of one address in the window, then it is refused */
	int64_t failed_credentials_window; /* ms */
	int64_t failed_logins;   /* by one user name */
	int64_t failed_logins_window;
	char group[64];          /* to drop to; "" = keep */
	char hosts[1024];        /* `host` of the client library's groups, "" if absent */
	int64_t intake_timeout;  /* ms for a request to arrive, and again for its answer to be taken */
	char listen[108];        /* path or ADDRESS:PORT; used if descriptor 0 is no listening socket */
	char listen_group[64];
	int64_t listen_mode;     /* of a socket file */
	int64_t log_level;       /* syslog(3) */
	int64_t log_target;      /* enum log_target */
	int64_t login_expiry;    /* ms that a login's token lives */
	int64_t max_requests;    /* of one worker; 0 = no limit */
	int64_t rate_limit;      /* whether calls and failures are counted at all */
	int64_t rate_limit_calls; /* of one address, path and method in the window */
	int64_t rate_limit_window; /* ms */
	int64_t request_timeout; /* ms from arrival to answer */
	int64_t stop_timeout;    /* ms a worker has for its last request */
	struct networks trusted_proxies; /* whose X-Forwarded-For counts */
	char user[64];
	int64_t workers;         /* 0 = serve alone */

	char file[1024];         /* where it was read from */
};

struct config_error {
	char text[2048]; /* where and what is wrong; never the value, which may be a password in a wrong place */
};

/* Every default. */
void config_defaults(struct config *config);

/* Reads `file` over what stands in `config`. An unknown key or group, a value out of range or an unreadable file is an error: -1,
 * with `error` filled; `config` is then half changed. Returns 0. */
int config_read(struct config *config, const char *file, struct config_error *error);

/* Reads the hosts from the client file if that is another one, once all keys are set. The rest of it is the client library's business.
 * Returns -1, with `error` filled, if it can not be read. */
int config_read_client(struct config *config, struct config_error *error);

/* The file that the client library reads. */
const char *config_client_file(const struct config *config);

/* Sets one key as the command line does (--key=value); same returns. */
int config_set(struct config *config, const char *key, const char *value, struct config_error *error);

/* Keys in alphabetical order, for --help and for the test that holds file, man page and table together; NULL after the last. */
const char *config_key(size_t index);

/* The default of the key with this index as it would stand in the file, NULL after the last. */
const char *config_initial(size_t index);

/* What a reload can not change (listen, user, ...): the name of the first such key in which the two differ, or NULL. */
const char *config_fixed_difference(const struct config *before, const struct config *after);

#endif

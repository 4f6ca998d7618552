/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The one statement that every request with credentials runs.
 */
#include "model/session.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "db/connection.h"
#include "db/statement.h"

#define TOKEN_MOST 1024 /* longer ones are not even digested */
#define NOTE_PAUSE_MS 60000

/* Once a minute is often enough to tell which tokens are in use, and so a read stays a read. */
#define NOT_USED_LATELY "(t.last_used_at IS NULL OR t.last_used_at < UTC_TIMESTAMP(3) - INTERVAL 1 MINUTE)"

/* On a server that only reads, reads go on. */
#define WRITABLE "@@read_only IN ('0', 'OFF')"

/* Each permission of the user's roles is looked at once; a user without any has a row of NULLs there. A token is in one row of its table,
 * so that its digest is the group. A join and no EXISTS: MariaDB (10.11) takes a subquery that was killed for one without rows, and tells
 * of no error. */
static const struct statement find_session = {
	"SELECT u.username, MAX(rp.permission_id IN (?, ?)), MAX(rp.permission_id = 'api-bypass-rate-limit'),"
	" " NOT_USED_LATELY " AND " WRITABLE
	" FROM tokens AS t JOIN users AS u ON u.id = t.user_id"
	" LEFT JOIN user_roles AS ur ON ur.user_id = u.id LEFT JOIN role_permissions AS rp ON rp.role_id = ur.role_id"
	" WHERE t.digest = ? AND t.user_id = ? AND u.active = 1 AND (t.expires_at IS NULL OR t.expires_at > UTC_TIMESTAMP(3))"
	" GROUP BY t.digest",
	"tttt", "tiii",
};

/* Asked again, as of several requests at once one is enough. */
static const struct statement note_use = {
	"UPDATE tokens AS t SET t.last_used_at = UTC_TIMESTAMP(3) WHERE t.digest = ? AND " NOT_USED_LATELY, "t", "",
};

static int64_t no_note_before; /* monotonic ms, in this process */

struct search {
	const char *user_id;
	const char *const *permissions;
	char digest[SECRET_DIGEST_LENGTH + 1];
	struct session *session;
};

/* Anything else can be no id, and might be no UTF-8 either. */
static bool is_user_id(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]))
		length++;
	return length == SECRET_USER_ID_LENGTH && text[length] == '\0';
}

/* It costs nobody the request. Where it fails, as while a backup locks the tables, it is left for a while: others would wait as long. */
static void note(struct connection *connection, const struct value *digest)
{
	if (clock_monotonic_ms() < no_note_before || statement_run(connection, &note_use, digest, NULL) == OUTCOME_DONE)
		return;
	connection_overlook(connection);
	no_note_before = clock_monotonic_ms() + NOTE_PAUSE_MS;
}

static enum outcome search(struct connection *connection, void *context, bool unsure)
{
	const struct search *search = context;
	struct session *session = search->session;
	const struct value parameters[] = {
		value_text(search->permissions[0]),
		value_text(search->permissions[1]),
		value_text(search->digest),
		value_text(search->user_id),
	};
	struct value columns[4];
	enum outcome outcome = statement_row(connection, &find_session, parameters, columns);

	(void)unsure; /* reading twice is reading */
	if (outcome != OUTCOME_DONE)
		return outcome;
	snprintf(session->user_id, sizeof session->user_id, "%s", search->user_id);
	snprintf(session->username, sizeof session->username, "%s", columns[0].text);
	session->permitted = columns[1].integer != 0 || search->permissions[0] == NULL;
	session->unlimited = columns[2].integer != 0;
	if (columns[3].integer != 0)
		note(connection, &parameters[2]);
	return OUTCOME_DONE;
}

enum outcome session_open(struct connection *connection, const char *user_id, const char *token,
                          const char *const permissions[SESSION_PERMISSIONS_MOST], struct session *session)
{
	struct search context = { .user_id = user_id, .permissions = permissions, .session = session };
	size_t length = strnlen(token, TOKEN_MOST + 1);

	_Static_assert(SESSION_PERMISSIONS_MOST == 2, "find_session has two parameters for them");
	memset(session, 0, sizeof *session);
	if (!is_user_id(user_id) || length == 0 || length > TOKEN_MOST)
		return OUTCOME_NOT_FOUND;
	if (!secret_digest(token, length, context.digest))
		return OUTCOME_DEFECT;
	return connection_do(connection, search, &context);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Users: rows of users and user_roles.
 */
#ifndef MODEL_USER_H
#define MODEL_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "base/secret.h"

struct connection;

#define USER_NAME_MOST 255 /* code points, of the user name and of the name that people see */

struct user {
	char id[SECRET_USER_ID_LENGTH + 1];
	const char *username;
	const char *name;         /* that people see; may be "" */
	const char *const *roles; /* names of roles */
	size_t roles_count;
};

/* Whether a user can be called so: 1 to 255 of A-Z, a-z, 0-9, '.', '-' and '_'. */
bool user_name_valid(const char *username);

/* Stores a new active user without a password; the id is made here. The texts are valid UTF-8, the user name is valid, too.
 * OUTCOME_DONE; OUTCOME_DUPLICATE (the user name is taken); OUTCOME_REFUSED (there is no role roles[*unknown_role]);
 * OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome user_add(struct connection *connection, struct user *user, size_t *unknown_role);

/* The id of the user with this name, or OUTCOME_NOT_FOUND. */
enum outcome user_find(struct connection *connection, const char *username, char id[SECRET_USER_ID_LENGTH + 1]);

#endif

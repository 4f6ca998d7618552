/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Users: rows of users and user_roles. A user is named by the user name, which never changes.
 */
#ifndef MODEL_USER_H
#define MODEL_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "base/secret.h"

struct actor;
struct connection;

#define USER_NAME_MOST 255  /* code points, of the user name and of the name that people see */
#define USER_EMAIL_MOST 254 /* code points */

struct user {
	char id[SECRET_USER_ID_LENGTH + 1];
	const char *username;
	const char *name;          /* that people see; may be "" */
	const char *email;         /* NULL = none */
	const char *password_hash; /* of base/password.h; NULL = logs in by token alone. Never read from the table */
	bool active;               /* user_add makes it true */
	const char *const *roles;  /* ids of roles */
	size_t roles_count;
};

/* Whether a user can be called so: 1 to 255 of A-Z, a-z, 0-9, '.', '-' and '_'. */
bool user_name_valid(const char *username);

/* Whether a text can be an e-mail address: UTF-8 of up to 254 characters with an '@' in it, and no blanks or control characters. */
bool user_email_valid(const char *email);

/* Stores a new active user; the id is made here. The texts are valid UTF-8 of the lengths above, the user name is valid, too.
 * OUTCOME_DONE; OUTCOME_DUPLICATE (the user name or the e-mail address is taken); OUTCOME_REFUSED (there is no role
 * roles[*unknown_role]); OUTCOME_UNAVAILABLE, OUTCOME_DEFECT. */
enum outcome user_add(struct connection *connection, const struct actor *actor, struct user *user, size_t *unknown_role);

/* The id of the user with this name, or OUTCOME_NOT_FOUND. */
enum outcome user_find(struct connection *connection, const char *username, char id[SECRET_USER_ID_LENGTH + 1]);

/* Texts live until it returns; it may run no statement. Anything but OUTCOME_DONE ends the list with that outcome. */
typedef enum outcome user_visitor(void *context, const struct user *user);

/* Shows the user with this name, or OUTCOME_NOT_FOUND. */
enum outcome user_show(struct connection *connection, const char *username, user_visitor *visitor, void *context);

/* Shows all users by user name. */
enum outcome user_list(struct connection *connection, user_visitor *visitor, void *context);

/* Lets a user in or keeps it out; what it is already it stays. A disabled user's tokens are kept, and dead until it is enabled.
 * OUTCOME_NOT_FOUND; OUTCOME_REFUSED: nobody would hold access-permissions any more. */
enum outcome user_set_active(struct connection *connection, const struct actor *actor, const char *username, bool active);

/* Sets the hash (base/password.h; NULL = none) and ends what is logged in; personal access tokens stay. OUTCOME_NOT_FOUND. */
enum outcome user_set_password(struct connection *connection, const struct actor *actor, const char *username, const char *hash);

/* Removes a user with its tokens and roles; policies keep its id. OUTCOME_NOT_FOUND; OUTCOME_REFUSED as above. */
enum outcome user_remove(struct connection *connection, const struct actor *actor, const char *username);

#endif

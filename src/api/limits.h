/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Who called how often, and what comes of it. The counts are shared by all workers of a host; nobody is ever made to wait.
 */
#ifndef API_LIMITS_H
#define API_LIMITS_H

#include <stdbool.h>

struct call;

/* False, with 429 answered, if too many credentials of the caller's address have failed. Asks no database. */
bool limits_trusted(struct call *call);

/* Counts credentials that were there and did not hold. */
void limits_count_failure(const struct call *call);

/* Counts a call of the row by the caller's address and tells the caller its count; false, with 429 answered, if it is one too many. */
bool limits_admit(struct call *call);

/* False, with 429 answered, if too many logins have failed by this text, which may or may not be the name of a user. */
bool limits_login_allowed(struct call *call, const char *text);

/* Whether too many logins of this user have failed, by whatever text. Answers nothing: a 429 to a text that has not failed often itself
 * would tell that it names a user, and which. */
bool limits_user_braked(const struct call *call, const char *username);

/* Counts a failed login by the text that was sent, by the user it was found to name ("" = none) and by address. */
void limits_count_failed_login(const struct call *call, const char *text, const char *username);

#endif

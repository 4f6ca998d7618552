/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Passwords: bcrypt of the lower-case hexadecimal SHA-256, over libxcrypt and OpenSSL's libcrypto.
 */
#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_DIGEST_LENGTH 64
#define PASSWORD_HASH_LENGTH 60
#define PASSWORD_COST_MOST 16 /* of hashes taken over: seconds of work */

/* The form in which a password is hashed, and may be sent. The caller wipes it. False if libcrypto fails. */
bool password_digest(const char *password, size_t length, char digest[PASSWORD_DIGEST_LENGTH + 1]);

/* Whether a text is of that form. */
bool password_digest_valid(const char *text);

/* A new hash of a digest, $2b$ of cost 10. False if the random source or libxcrypt fails. */
bool password_hash(const char *digest, char hash[PASSWORD_HASH_LENGTH + 1]);

/* Whether `hash` ($2a$, $2b$ or $2y$, of any cost) was made of this digest. NULL costs the same time and is never right. */
bool password_matches(const char *digest, const char *hash);

/* Whether a text is a bcrypt hash that can be taken over from another program. */
bool password_hash_valid(const char *text);

#endif

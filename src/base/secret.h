/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Tokens, ids and their digests, over the kernel's random source and OpenSSL's libcrypto.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_TOKEN_LENGTH 43
#define SECRET_USER_ID_LENGTH 17
#define SECRET_DIGEST_LENGTH 44 /* base64 of SHA-256 */

/* Fills `out` from getrandom(2); false if that fails, which it logs, as all here do. */
bool secret_random(void *out, size_t length);

/* 43 characters of A-Za-z0-9-_ from getrandom(2). The caller wipes it. False if the random source fails. */
bool secret_token(char out[SECRET_TOKEN_LENGTH + 1]);

/* 17 characters of 23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz (the contract's form of a user id). */
bool secret_user_id(char out[SECRET_USER_ID_LENGTH + 1]);

/* base64(SHA-256(text)), the only form in which a token is stored. False if libcrypto fails. */
bool secret_digest(const char *text, size_t length, char out[SECRET_DIGEST_LENGTH + 1]);

/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *memory, size_t length);

#endif

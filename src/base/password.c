/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Hashing and checking; each takes tens of milliseconds on purpose.
 */
#include "base/password.h"

#include <crypt.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

#define COST 10
#define COST_LEAST 4
#define SALT_LENGTH 16
#define BCRYPT_LETTERS "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* No digest is known that it was made of. */
static const char nobodys_hash[] = "$2b$10$abcdefghijklmnopqrstuuN1AJKBHEsDEBaMkdSDSZUwXCOoACWNm";

bool password_digest(const char *password, size_t length, char digest[PASSWORD_DIGEST_LENGTH + 1])
{
	unsigned char bytes[PASSWORD_DIGEST_LENGTH / 2];
	bool digested = EVP_Digest(password, length, bytes, NULL, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; digested && i < sizeof bytes; i++)
		snprintf(digest + 2 * i, 3, "%02x", bytes[i]);
	secret_wipe(bytes, sizeof bytes);
	return digested;
}

bool password_digest_valid(const char *text)
{
	return strspn(text, "0123456789abcdef") == PASSWORD_DIGEST_LENGTH && text[PASSWORD_DIGEST_LENGTH] == '\0';
}

bool password_hash(const char *digest, char hash[PASSWORD_HASH_LENGTH + 1])
{
	char random[SALT_LENGTH], setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data data = { 0 };
	const char *hashed = NULL;

	if (secret_random(random, sizeof random) && crypt_gensalt_rn("$2b$", COST, random, sizeof random, setting, sizeof setting) != NULL)
		hashed = crypt_rn(digest, setting, &data, sizeof data);
	if (hashed != NULL)
		snprintf(hash, PASSWORD_HASH_LENGTH + 1, "%s", hashed);
	secret_wipe(&data, sizeof data);
	return hashed != NULL;
}

/* $2b$NN$ and letters; a, b and y are one algorithm. */
static bool is_bcrypt(const char *text)
{
	return strlen(text) == PASSWORD_HASH_LENGTH && strncmp(text, "$2", 2) == 0 && strchr("aby", text[2]) != NULL && text[3] == '$' &&
	       isdigit((unsigned char)text[4]) && isdigit((unsigned char)text[5]) && text[6] == '$' &&
	       strspn(text + 7, BCRYPT_LETTERS) == PASSWORD_HASH_LENGTH - 7;
}

bool password_matches(const char *digest, const char *hash)
{
	bool known = hash != NULL && is_bcrypt(hash);
	struct crypt_data data = { 0 };
	const char *expected = known ? hash : nobodys_hash;
	const char *hashed = crypt_rn(digest, expected, &data, sizeof data);
	bool same = hashed != NULL && strlen(hashed) == PASSWORD_HASH_LENGTH && CRYPTO_memcmp(hashed, expected, PASSWORD_HASH_LENGTH) == 0;

	secret_wipe(&data, sizeof data);
	return known && same;
}

bool password_hash_valid(const char *text)
{
	long cost = is_bcrypt(text) ? strtol(text + 4, NULL, 10) : 0;

	return cost >= COST_LEAST && cost <= PASSWORD_COST_MOST;
}

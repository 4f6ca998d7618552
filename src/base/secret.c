/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Random characters and digests.
 */
#include "base/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>

#include "base/log.h"

#define SHA256_LENGTH 32

bool secret_random(void *out, size_t length)
{
	unsigned char *next = out;

	while (length > 0) {
		ssize_t got = getrandom(next, length, 0);

		if (got < 0 && errno != EINTR) {
			log_errno("random bytes");
			return false;
		}
		if (got > 0) {
			next += got;
			length -= (size_t)got;
		}
	}
	return true;
}

/* Draws from `alphabet` by the low bits of random bytes; a draw past its end is thrown away, so that each character is equally
 * likely. `mask` is the power of two at or above the alphabet's length, less one. */
static bool random_text(char *out, size_t length, const char *alphabet, size_t alphabet_length, unsigned char mask)
{
	unsigned char random[64];
	size_t done = 0;
	bool filled;

	while ((filled = secret_random(random, sizeof random)) && done < length)
		for (size_t i = 0; i < sizeof random && done < length; i++)
			if ((random[i] & mask) < alphabet_length)
				out[done++] = alphabet[random[i] & mask];
	out[done] = '\0';
	secret_wipe(random, sizeof random);
	return filled;
}

bool secret_token(char out[SECRET_TOKEN_LENGTH + 1])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	return random_text(out, SECRET_TOKEN_LENGTH, alphabet, sizeof alphabet - 1, 63);
}

bool secret_user_id(char out[SECRET_USER_ID_LENGTH + 1])
{
	static const char alphabet[] = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz";

	return random_text(out, SECRET_USER_ID_LENGTH, alphabet, sizeof alphabet - 1, 63);
}

/* Found once: OpenSSL 3 searches its providers at each use of EVP_sha256(), which takes longer than the digest of a token. */
static const EVP_MD *sha256(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
	static const EVP_MD *found;

	if (found == NULL)
		found = EVP_MD_fetch(NULL, "SHA256", NULL);
	return found;
#else
	return EVP_sha256();
#endif
}

bool secret_digest(const char *text, size_t length, char out[SECRET_DIGEST_LENGTH + 1])
{
	unsigned char digest[SHA256_LENGTH];
	bool digested = EVP_Digest(text, length, digest, NULL, sha256(), NULL) == 1;

	if (digested)
		EVP_EncodeBlock((unsigned char *)out, digest, SHA256_LENGTH);
	else
		log_message(LOG_ERR, "OpenSSL makes no SHA-256 digest");
	secret_wipe(digest, sizeof digest);
	return digested;
}

void secret_wipe(void *memory, size_t length)
{
	OPENSSL_cleanse(memory, length);
}

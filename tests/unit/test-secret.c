/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/secret: the alphabets, that each letter is drawn, known digests, and what is told when the kernel or OpenSSL fail.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/objectid.h"
#include "base/secret.h"

#define DRAWS 2000

static const char token_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char id_letters[] = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz";

static bool fails; /* the kernel's random source, and OpenSSL */
static int lines;  /* logged */

ssize_t __real_getrandom(void *out, size_t length, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t length, unsigned flags);
int __real_EVP_Digest(const void *text, size_t length, unsigned char *out, unsigned *size, const EVP_MD *type, ENGINE *engine);
int __wrap_EVP_Digest(const void *text, size_t length, unsigned char *out, unsigned *size, const EVP_MD *type, ENGINE *engine);
void __wrap_log_errno(const char *format, ...);
__attribute__((format(printf, 2, 3))) void __wrap_log_message(int level, const char *format, ...);

ssize_t __wrap_getrandom(void *out, size_t length, unsigned flags)
{
	if (!fails)
		return __real_getrandom(out, length, flags);
	errno = ENOSYS;
	return -1;
}

int __wrap_EVP_Digest(const void *text, size_t length, unsigned char *out, unsigned *size, const EVP_MD *type, ENGINE *engine)
{
	return fails ? 0 : __real_EVP_Digest(text, length, out, size, type, engine);
}

void __wrap_log_errno(const char *format, ...)
{
	assert_string_equal(format, "random bytes");
	assert_int_equal(errno, ENOSYS);
	lines++;
}

void __wrap_log_message(int level, const char *format, ...)
{
	assert_int_equal(level, LOG_ERR);
	assert_null(strchr(format, '%')); /* nothing of the text */
	lines++;
}

typedef bool draw(char *out);

/* Each letter comes about as often as each other; to be a third off its share is 8 standard deviations at these numbers. */
static void check_letters(draw *make, size_t length, const char *letters)
{
	unsigned counts[256] = { 0 };
	double share = (double)(DRAWS * length) / (double)strlen(letters);
	char text[64];

	for (unsigned i = 0; i < DRAWS; i++) {
		assert_true(make(text));
		assert_int_equal(strspn(text, letters), length);
		assert_int_equal(text[length], '\0');
		for (size_t j = 0; j < length; j++)
			counts[(unsigned char)text[j]]++;
	}
	for (const char *letter = letters; *letter != '\0'; letter++)
		assert_true(counts[(unsigned char)*letter] > share * 0.66 && counts[(unsigned char)*letter] < share * 1.34);
}

static void test_tokens(void **state)
{
	(void)state;
	check_letters(secret_token, SECRET_TOKEN_LENGTH, token_letters);
}

static void test_user_ids(void **state)
{
	(void)state;
	check_letters(secret_user_id, SECRET_USER_ID_LENGTH, id_letters);
}

static void test_digests(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *digest;
	} rows[] = {
		{ "", 0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
		{ "abc", 3, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" },
		{ "abc\0", 4, "3BEUzQdJFL2HLMH5oj7JEOoiA7x5d5qy4X2iV4KmJPw=" },
	};
	char digest[SECRET_DIGEST_LENGTH + 1];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(secret_digest(rows[i].text, rows[i].length, digest));
		assert_string_equal(digest, rows[i].digest);
	}
}

static void test_wipe(void **state)
{
	char secret[] = "secret";
	static const char nothing[sizeof secret];

	(void)state;
	secret_wipe(secret, sizeof secret);
	assert_memory_equal(secret, nothing, sizeof secret);
}

static void test_failures_are_logged(void **state)
{
	char text[64];

	(void)state;
	fails = true;
	lines = 0;
	assert_false(secret_token(text));
	assert_int_equal(lines, 1);
	assert_false(secret_user_id(text));
	assert_int_equal(lines, 2);
	assert_false(objectid_make(text));
	assert_int_equal(lines, 3);
	assert_false(secret_digest("abc", 3, text));
	assert_int_equal(lines, 4);
	fails = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_user_ids),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_failures_are_logged),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Passwords: what other programs hashed, what we hash, and that nobody's password costs the same.
 */
#include <crypt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/password.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define HORSE "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a"
#define HORSE_HASH "$2y$10$MJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/Fq"

/* Every run of bcrypt goes by here (the linker's --wrap). */
static int runs;
static char cost[8];

char *__real_crypt_rn(const char *phrase, const char *setting, void *data, int size);
char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size);

char *__wrap_crypt_rn(const char *phrase, const char *setting, void *data, int size)
{
	runs++;
	memcpy(cost, setting, 7);
	return __real_crypt_rn(phrase, setting, data, size);
}

static void digests_are_hexadecimal_sha256(void **state)
{
	static const struct {
		const char *password;
		size_t length;
		const char *digest;
	} rows[] = {
		{ "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "correct horse battery staple", 28, HORSE },
		{ "gr\xc3\xb6\xc3\x9f" "e \xe2\x82\xac", 11, "ea1762b93007315ddff37478f8379ec03bb1718728d9e9bc2c16b2eb48189bd4" },
		{ "a\0b", 3, "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char digest[PASSWORD_DIGEST_LENGTH + 1];

		assert_true(password_digest(rows[i].password, rows[i].length, digest));
		assert_string_equal(digest, rows[i].digest);
		assert_true(password_digest_valid(digest));
	}
}

static void only_lower_case_hexadecimal_is_a_digest(void **state)
{
	static const char *const texts[] = {
		"", "c4bb", HORSE "0", "C4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a",
		"g4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a", " 4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(password_digest_valid(texts[i]));
}

/* Made by htpasswd -nbB, PHP's password_hash() and the C library of OpenBSD's descent. */
static void hashes_of_other_programs_match(void **state)
{
	static const char *const hashes[] = {
		HORSE_HASH,
		"$2y$04$mKlyZcjpJv4gIURumLYuVOtSIA23JOZ/Gn4oCE.SHWysKWiZBfIGi",
		"$2a$05$abcdefghijklmnopqrstuuo5UaIBysJIH5CaMip.8XQbctZzHcXPa",
		"$2b$10$abcdefghijklmnopqrstuuK5Ik0sQKRERVqVfP1zJVdl8tZU.VuN.",
		"$2y$10$.aQbE4YHFOgWYvlgQgNtY.UA5uTlYbJEWg/U18pRow91FCrqwJv5y",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hashes); i++) {
		assert_true(password_hash_valid(hashes[i]));
		assert_true(password_matches(HORSE, hashes[i]));
		assert_false(password_matches("d" HORSE, hashes[i]));
		assert_false(password_matches("", hashes[i]));
	}
}

static void new_hashes_match_and_differ(void **state)
{
	char first[PASSWORD_HASH_LENGTH + 1], second[PASSWORD_HASH_LENGTH + 1];

	(void)state;
	assert_true(password_hash(HORSE, first));
	assert_true(password_hash(HORSE, second));
	assert_memory_equal(first, "$2b$10$", 7);
	assert_string_not_equal(first, second);
	assert_true(password_hash_valid(first));
	assert_true(password_matches(HORSE, first));
	assert_false(password_matches("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", first));
}

static void nobody_costs_one_run_of_the_usual_cost(void **state)
{
	static const char *const hashes[] = { NULL, "", "x", "$2y$10$", "$2y$xx$MJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/Fq", "$1$abcdefgh$abcdefghijklmnopqrstuv", HORSE_HASH };

	(void)state;
	for (size_t i = 0; i < COUNT(hashes); i++) {
		runs = 0;
		assert_false(password_matches("wrong", hashes[i]));
		assert_int_equal(runs, 1);
		assert_string_equal(cost + 4, "10$");
	}
}

static void what_is_no_bcrypt_is_not_taken_over(void **state)
{
	static const char *const hashes[] = {
		"", "x", "$2y$10$", HORSE_HASH "x",
		"$2x$10$MJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/Fq",
		"$2$10$MJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/Fqxx",
		"$2y$03$MJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/Fq",
		"$2y$17$MJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/Fq",
		"$2y$+9$MJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/Fq",
		"$2y$ 9$MJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/Fq",
		"$2y$10$MJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/F:",
		"$2y$10xMJvemEggXA.a1VtuRgmkZOsnEBVpQZgwF1rn1nDjdESVNja3GY/Fq",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hashes); i++)
		if (password_hash_valid(hashes[i]))
			fail_msg("%s", hashes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_are_hexadecimal_sha256),
		cmocka_unit_test(only_lower_case_hexadecimal_is_a_digest),
		cmocka_unit_test(hashes_of_other_programs_match),
		cmocka_unit_test(new_hashes_match_and_differ),
		cmocka_unit_test(nobody_costs_one_run_of_the_usual_cost),
		cmocka_unit_test(what_is_no_bcrypt_is_not_taken_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

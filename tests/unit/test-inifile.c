/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/inifile: which lines are pairs, and what is said of those that are not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/inifile.h"

static char file[] = "/tmp/test-inifile-XXXXXX";
static char seen[16384];
static char error[256];

static int make_file(void **state)
{
	int descriptor = mkstemp(file);

	(void)state;
	return descriptor == -1 ? -1 : close(descriptor);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(file);
}

/* Writes down what it is given, and takes no key that is called "wrong". */
static const char *note(void *context, const char *group, const char *key, const char *value)
{
	size_t length = strlen(seen);

	(void)context;
	snprintf(seen + length, sizeof seen - length, "%s.%s=%s\n", group, key, value);
	return strcmp(key, "wrong") == 0 ? "may not be" : NULL;
}

static int read_text(const char *text)
{
	FILE *stream = fopen(file, "w");

	assert_non_null(stream);
	fputs(text, stream);
	assert_int_equal(fclose(stream), 0);
	seen[0] = '\0';
	error[0] = '\0';
	return inifile_read(file, note, NULL, error, sizeof error);
}

static void assert_error(const char *expected)
{
	assert_int_equal(strncmp(error, file, strlen(file)), 0);
	assert_string_equal(error + strlen(file), expected);
}

static void pairs_are_visited_in_order(void **state)
{
	static const struct {
		const char *text;
		const char *seen;
	} rows[] = {
		{ "", "" },
		{ "# nothing\n\n; at all\n", "" },
		{ "[a]\nk = v\nl=w\n", "a.k=v\na.l=w\n" },
		{ "[a]\nk = v", "a.k=v\n" },
		{ "[a]\r\nk = v\r\n", "a.k=v\n" },
		{ "k = v\n[a]\n", ".k=v\n" },
		{ "[a]\nk =\n", "a.k=\n" },
		{ "[a]\nk = b = c\n", "a.k=b = c\n" },
		{ "[a]\nk = v ; a comment\n", "a.k=v\n" },
		{ "[a]\nk = 1\n  l = 2\n\tm = 3\n", "a.k=1\na.l=2\na.m=3\n" },
		{ "[a]\nk = 1\n\fl = 2\n\vm = 3\n\r n = 4\n", "a.k=1\na.l=2\na.m=3\na.n=4\n" },
		{ "[a]\nk = \"v\"\n", "a.k=\"v\"\n" },
		{ "[client]\nk = \"v\"\n", "client.k=v\n" },
		{ "[client-a]\nk = 'a b'\n", "client-a.k=a b\n" },
		{ "[client]\nk = \"v'\nl = \"\nm = \"\"\n", "client.k=\"v'\nclient.l=\"\nclient.m=\n" },
		{ "[client]\nssl-verify-server-cert\n!include /etc/other\nk = v\n",
		  "client.ssl-verify-server-cert=\nclient.!include /etc/other=\nclient.k=v\n" },
		{ "[client]\n\n \t\n\r\nlast", "client.last=\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(read_text(rows[i].text), 0);
		assert_string_equal(seen, rows[i].seen);
	}
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} rows[] = {
		{ "[a]\n\nnonsense\n", ":3: must be KEY = VALUE, [GROUP] or a comment" },
		{ "[client]\nlegal\n[a]\nnonsense\n", ":4: must be KEY = VALUE, [GROUP] or a comment" },
		{ "[a\n", ":1: must be KEY = VALUE, [GROUP] or a comment" },
		{ "[a]\nk = v\nwrong = secret\n", ":3: [a] wrong: may not be" },
		{ "[a]\nwrong = secret\nnonsense\n", ":2: [a] wrong: may not be" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(read_text(rows[i].text), -1);
		assert_error(rows[i].error);
	}
}

static void nothing_is_visited_after_what_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(read_text("[a]\nwrong = 1\nk = 2\nwrong = 3\n"), -1);
	assert_string_equal(seen, "a.wrong=1\n");
}

/* A cut line would be a value with its end missing, or worse, its end taken for a key. */
static void a_line_that_is_too_long_is_refused_whole(void **state)
{
	char text[8192] = "[client]\nhost = ";

	(void)state;
	while (strlen(text) < sizeof text - 32)
		strcat(text, "host=xxxxxxx,");
	strcat(text, "\nk = v\n");
	assert_int_equal(read_text(text), -1);
	assert_string_equal(seen, "");
	assert_error(":2: the line is too long");
}

static void the_last_line_needs_no_newline_at_any_length(void **state)
{
	(void)state;
	for (size_t length = 190; length < 200; length++) {
		char text[256] = "k=";

		memset(text + 2, 'x', length - 2);
		assert_int_equal(read_text(text) == 0 ? strlen(seen) : 0, length + 2);
	}
}

static void what_can_not_be_read_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(inifile_read("/nonexistent/file", note, NULL, error, sizeof error), -1);
	assert_string_equal(error, "/nonexistent/file: No such file or directory");
	assert_int_equal(inifile_read("/", note, NULL, error, sizeof error), -1);
	assert_string_equal(error, "/: Is a directory");
	assert_int_equal(inifile_read("/", note, NULL, NULL, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_visited_in_order),
		cmocka_unit_test(what_is_wrong_is_told_with_its_line),
		cmocka_unit_test(nothing_is_visited_after_what_is_wrong),
		cmocka_unit_test(a_line_that_is_too_long_is_refused_whole),
		cmocka_unit_test(the_last_line_needs_no_newline_at_any_length),
		cmocka_unit_test(what_can_not_be_read_is_an_error),
	};

	return cmocka_run_group_tests_name("inifile", tests, make_file, remove_file);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * base/log: the form of a line, and that nobody can forge one.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

#define ID_63 "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ@012345678"

static int saved, ends[2];

/* Standard error becomes a pipe. */
static int catch_lines(void **state)
{
	(void)state;
	saved = dup(STDERR_FILENO);
	if (saved == -1 || pipe(ends) == -1)
		return -1;
	log_open("program", LOG_TO_STDERR, LOG_INFO);
	return dup2(ends[1], STDERR_FILENO) == -1 ? -1 : 0;
}

static int let_lines_go(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	log_context(NULL, NULL);
	return close(saved) | close(ends[0]) | close(ends[1]);
}

/* What was written, behind "program[PID]: "; "" if nothing was. A last line marks the end, so that no reading waits. */
static const char *written(void)
{
	static char text[8192];
	char head[64];
	ssize_t length;

	assert_int_equal(write(ends[1], "$", 1), 1);
	length = read(ends[0], text, sizeof text);
	if (length < 1 || text[length - 1] != '$') {
		fail();
		return ""; /* as the compiler does not know */
	}
	text[length - 1] = '\0';
	if (length == 1)
		return text;
	snprintf(head, sizeof head, "program[%d]: ", (int)getpid());
	assert_int_equal(strncmp(text, head, strlen(head)), 0);
	return text + strlen(head);
}

static void a_message_is_one_line(void **state)
{
	(void)state;
	log_message(LOG_INFO, "%s is %d", "it", 7);
	assert_string_equal(written(), "it is 7\n");
}

static void messages_above_the_level_are_dropped(void **state)
{
	(void)state;
	log_message(LOG_DEBUG, "no");
	assert_string_equal(written(), "");
	log_message(LOG_ERR, "yes");
	assert_string_equal(written(), "yes\n");
}

static void errno_is_told_in_words(void **state)
{
	(void)state;
	errno = ENOENT;
	log_errno("%s", "file");
	assert_string_equal(written(), "file: No such file or directory\n");
}

static void request_and_user_head_each_line(void **state)
{
	static const struct {
		const char *id;
		const char *user;
		const char *line;
	} rows[] = {
		{ "id", "user", "id user x\n" },
		{ "id", NULL, "id - x\n" },
		{ "id", "", "id - x\n" },
		{ NULL, NULL, "x\n" },
		{ NULL, "user", "x\n" },
		{ "a\nb", "c\"", "a\\x0ab c\\x22 x\n" },
		{ ID_63, NULL, ID_63 " - x\n" },
		{ ID_63 "9", NULL, ID_63 " - x\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		log_context(rows[i].id, rows[i].user);
		log_message(LOG_INFO, "x");
		assert_string_equal(written(), rows[i].line);
	}
}

static void a_long_message_is_cut_and_still_a_line(void **state)
{
	char text[5000];
	const char *line;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	errno = ENOENT;
	log_errno("%s%s", text, text);
	line = written();
	assert_true(strlen(line) > 1900 && strlen(line) < 2100);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void what_could_forge_a_line_is_escaped(void **state)
{
	static const struct {
		const char *text;
		const char *escaped;
	} rows[] = {
		{ "", "" },
		{ "plain ~ text", "plain ~ text" },
		{ "a\r\nb", "a\\x0d\\x0ab" },
		{ "\x1b[31m", "\\x1b[31m" },
		{ "say \"\\\"", "say \\x22\\x5c\\x22" },
		{ "\x7f\x80\xc3\xa4\xff", "\\x7f\\x80\\xc3\\xa4\\xff" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(log_escape(out, sizeof out, rows[i].text, strlen(rows[i].text)), rows[i].escaped);
	assert_string_equal(log_escape(out, sizeof out, "a\0b", 3), "a\\x00b");
}

/* `out` is as long as the text may be, so that a sanitizer sees a byte too many. */
static void what_is_escaped_is_cut_between_characters(void **state)
{
	static const struct {
		size_t size;
		const char *text;
		const char *escaped;
	} rows[] = {
		{ 1, "abc", "" }, { 2, "abc", "a" }, { 4, "abc", "abc" }, { 4, "abcd", "abc" }, { 4, "\n", "" }, { 5, "\n", "\\x0a" },
		{ 6, "ab\n", "ab" }, { 7, "ab\nc", "ab\\x0a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *out = test_malloc(rows[i].size);

		assert_string_equal(log_escape(out, rows[i].size, rows[i].text, strlen(rows[i].text)), rows[i].escaped);
		test_free(out);
	}
}

#define caught(test) cmocka_unit_test_setup_teardown(test, catch_lines, let_lines_go)

int main(void)
{
	const struct CMUnitTest tests[] = {
		caught(a_message_is_one_line),
		caught(messages_above_the_level_are_dropped),
		caught(errno_is_told_in_words),
		caught(request_and_user_head_each_line),
		caught(a_long_message_is_cut_and_still_a_line),
		cmocka_unit_test(what_could_forge_a_line_is_escaped),
		cmocka_unit_test(what_is_escaped_is_cut_between_characters),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

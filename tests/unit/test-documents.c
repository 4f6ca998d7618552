/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * slactl/documents: where a document begins and ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "slactl/documents.h"

#define MOST 8
#define COUNT(array) (sizeof(array) / sizeof *(array))

static FILE *file_of(const char *text, size_t length)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	rewind(file);
	return file;
}

/* Appends "NUMBER:TEXT|", or the fault for the text. */
static void append(char *out, size_t size, const struct documents *documents)
{
	size_t length, used = strlen(out);
	const char *text = documents_text(documents, &length);
	const char *fault = documents_fault(documents);

	if (fault == NULL)
		snprintf(out + used, size - used, "%zu:%.*s|", documents_number(documents), (int)length, text);
	else
		snprintf(out + used, size - used, "%zu!%s|", documents_number(documents), fault);
}

static void check(const char *text, const char *expected)
{
	FILE *file = file_of(text, strlen(text));
	struct documents *documents = documents_new(file);
	char out[512] = "";

	assert_non_null(documents);
	for (int i = 0; i < MOST && documents_next(documents); i++)
		append(out, sizeof out, documents);
	assert_string_equal(out, expected);
	documents_free(documents);
	fclose(file);
}

static void lines_are_cut(void **state)
{
	(void)state;
	check("", "");
	check("\n \r\n\t\n", "");
	check("{}", "1:{}|");
	check("{\"a\":1}\n{\"b\":2}\n", "1:{\"a\":1}|2:{\"b\":2}|");
	check("\n\n  {}\r\n\n{\n}", "3:{}\r|5:{|6:}|");
	check("{\"open\":[\n{}\n", "1:{\"open\":[|2:{}|");
	check("x,y\n[1,2]\n", "1:x,y|2:[1,2]|");
}

static void arrays_are_cut(void **state)
{
	(void)state;
	check("[]", "");
	check(" [ ] \n", "");
	check("[{}]", "1:{}|");
	check("[{\"a\":[1,2]},{\"b\":{}}\n]\n", "1:{\"a\":[1,2]}|2:{\"b\":{}}\n|");
	check("[\n{\n\"a\": 1\n},\n1]", "1:{\n\"a\": 1\n}|2:1|");
	check("[\"],[\",\"\\\"],\",\"\\\\\",1]", "1:\"],[\"|2:\"\\\"],\"|3:\"\\\\\"|4:1|");
	check("[{},]", "1:{}|2:|");
	check("[,]", "1:|2:|");
	check("[}},{}]", "1:}}|2:{}|");
}

static void faults_of_arrays_are_told(void **state)
{
	(void)state;
	check("[", "1!the array does not end|");
	check("[{}", "1!the array does not end|");
	check("[{},", "1:{}|2!the array does not end|");
	check("[\"]", "1!the array does not end|");
	check("[{}] x y", "1:{}|2!there is something behind the array|");
	check("[]{}\n{}", "1!there is something behind the array|");
}

static void check_long(const char *before, size_t length, const char *behind, const char *fault)
{
	size_t size = strlen(before) + length + strlen(behind) + 1;
	char *text = malloc(size);
	struct documents *documents;
	size_t rest;
	FILE *file;

	assert_non_null(text);
	strcpy(text, before);
	memset(text + strlen(before), 'x', length);
	strcpy(text + strlen(before) + length, behind);
	file = file_of(text, size - 1);
	documents = documents_new(file);
	assert_true(documents_next(documents));
	if (fault == NULL)
		assert_null(documents_fault(documents));
	else
		assert_string_equal(documents_fault(documents), fault);
	assert_true(documents_next(documents));
	assert_null(documents_fault(documents));
	assert_memory_equal(documents_text(documents, &rest), "{}", 2);
	assert_int_equal(rest, 2);
	documents_free(documents);
	fclose(file);
	free(text);
}

static void a_long_document_does_not_take_the_next_with_it(void **state)
{
	(void)state;
	check_long("", DOCUMENT_MOST, "\n{}", NULL);
	check_long("", DOCUMENT_MOST + 1, "\n{}", "is longer than 256 KiB");
	check_long("[", DOCUMENT_MOST, ",{}]", NULL);
	check_long("[", DOCUMENT_MOST + 1, ",{}]", "is longer than 256 KiB");
	check_long("", (size_t)8 * DOCUMENT_MOST, "\n{}", "is longer than 256 KiB");
}

static void what_can_not_be_read_ends(void **state)
{
	FILE *file = fopen("/", "r");
	struct documents *documents = documents_new(file);

	(void)state;
	assert_non_null(file);
	assert_non_null(documents);
	assert_false(documents_next(documents));
	assert_true(ferror(file));
	documents_free(documents);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_cut),
		cmocka_unit_test(arrays_are_cut),
		cmocka_unit_test(faults_of_arrays_are_told),
		cmocka_unit_test(a_long_document_does_not_take_the_next_with_it),
		cmocka_unit_test(what_can_not_be_read_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A fuzz target over the inputs that once mattered: the files that are named, or all of its corpus. Prints TAP; what an input breaks ends
 * the program, and the last line names the input.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

static int count;

/* In memory of just its length, so that a byte read beyond it is seen by the sanitizers. */
static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	struct stat status;
	uint8_t *bytes;

	if (file == NULL || fstat(fileno(file), &status) != 0)
		return NULL;
	*size = (size_t)status.st_size;
	bytes = malloc(*size == 0 ? 1 : *size);
	if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
		free(bytes);
		bytes = NULL;
	}
	fclose(file);
	return bytes;
}

static void replay(const char *path, const char *name)
{
	size_t size;
	uint8_t *bytes = read_file(path, &size);

	printf("# %s\n", path);
	fflush(stdout);
	if (bytes != NULL)
		LLVMFuzzerTestOneInput(bytes, size);
	printf("%s %d - %s\n", bytes != NULL ? "ok" : "not ok", ++count, name);
	free(bytes);
}

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_entry(const char *directory, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		abort();
	replay(path, name);
	free(path);
}

static void replay_directory(const char *directory)
{
	struct dirent **entries;
	int found = scandir(directory, &entries, is_input, alphasort);

	for (int i = 0; i < found; i++) {
		replay_entry(directory, entries[i]->d_name);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
}

static void replay_corpus(void)
{
	const char *source = getenv("SLA_SRCDIR");
	char *corpus;

	if (asprintf(&corpus, "%s/tests/fuzz/corpus/%s", source == NULL ? "." : source, fuzz_name) < 0)
		abort();
	replay_directory(corpus);
	free(corpus);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i], argv[i]);
	if (argc == 1)
		replay_corpus();
	printf("1..%d\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

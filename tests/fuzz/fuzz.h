/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What every fuzz target has: a name, an entry that libFuzzer calls, and promises. Linked with libFuzzer it makes up inputs itself; linked
 * with replay.c it is a test that runs over the corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The directory of its inputs in tests/fuzz/corpus. */
extern const char fuzz_name[];

/* Takes any bytes and returns 0; a promise that is not kept ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

_Noreturn static inline void promise_broken(const char *file, int line, const char *promise)
{
	fprintf(stderr, "%s:%d: promise broken: %s\n", file, line, promise);
	abort();
}

#define PROMISE(condition) ((condition) ? (void)0 : promise_broken(__FILE__, __LINE__, #condition))

#endif

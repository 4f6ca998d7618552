/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * malloc(3) and its kin in front of the C library's, or of AddressSanitizer's.
 */
#include "short-memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

static struct {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *memory, size_t size);
} next;

static long left = LONG_MAX;
static bool once, refused;

static void begin(long count, bool only_one)
{
	left = count;
	once = only_one;
	refused = false;
}

void short_memory_begin(long count)
{
	begin(count, false);
}

void short_memory_begin_once(long count)
{
	begin(count, true);
}

bool short_memory_end(void)
{
	left = LONG_MAX;
	return refused;
}

#if defined __SANITIZE_ADDRESS__ || __has_feature(address_sanitizer)

/* clang links them into the program itself, so that they are no next ones. */
extern void *__interceptor_malloc(size_t size);
extern void *__interceptor_calloc(size_t count, size_t size);
extern void *__interceptor_realloc(void *memory, size_t size);

static void find_next(void)
{
	next.malloc = __interceptor_malloc;
	next.calloc = __interceptor_calloc;
	next.realloc = __interceptor_realloc;
}

#else

static void find_next(void)
{
	next.malloc = dlsym(RTLD_NEXT, "malloc");
	next.calloc = dlsym(RTLD_NEXT, "calloc");
	next.realloc = dlsym(RTLD_NEXT, "realloc");
}

#endif

static bool refuses(void)
{
	if (next.realloc == NULL)
		find_next();
	if (left > 0) {
		left--;
		return false;
	}
	if (once)
		left = LONG_MAX;
	refused = true;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return refuses() ? NULL : next.malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return refuses() ? NULL : next.calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return refuses() ? NULL : next.realloc(memory, size);
}

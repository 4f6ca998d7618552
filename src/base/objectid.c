/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Seconds, the process's random bytes and its counter, in hexadecimal.
 */
#include "base/objectid.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"

#define COUNTER_MASK 0xffffff

static struct {
	pid_t owner; /* the process that drew the rest */
	unsigned char random[5];
	uint32_t counter;
} source;

/* A child inherits its parent's bytes and would repeat the parent's ids. */
static bool draw_once_a_process(void)
{
	pid_t self = getpid();

	if (source.owner == self)
		return true;
	if (!secret_random(source.random, sizeof source.random) || !secret_random(&source.counter, sizeof source.counter))
		return false;
	source.owner = self;
	return true;
}

bool objectid_make(char out[OBJECTID_LENGTH + 1])
{
	const unsigned char *random = source.random;

	if (!draw_once_a_process())
		return false;
	snprintf(out, OBJECTID_LENGTH + 1, "%08x%02x%02x%02x%02x%02x%06x", (uint32_t)(clock_realtime_ms() / 1000), random[0], random[1],
	         random[2], random[3], random[4], source.counter++ & COUNTER_MASK);
	return true;
}

bool objectid_valid(const char *text)
{
	return strspn(text, "0123456789abcdef") == OBJECTID_LENGTH && text[OBJECTID_LENGTH] == '\0';
}

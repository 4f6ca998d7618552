/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The terminal is libcrypto's affair: it gives the echo back after a signal, too.
 */
#include "slactl/prompt.h"

#include <openssl/err.h>
#include <openssl/ui.h>
#include <unistd.h>

#include "slactl/report.h"

/* Byte by byte, so that no buffer of stdio keeps a copy. False if there is no line or it does not fit. */
static bool read_line(char secret[PROMPT_SIZE])
{
	size_t length = 0;

	while (length < PROMPT_SIZE && read(STDIN_FILENO, &secret[length], 1) == 1 && secret[length] != '\n')
		length++;
	if (length == PROMPT_SIZE)
		return false;
	secret[length] = '\0';
	return true;
}

static bool ask(const char *prompt, bool twice, char secret[PROMPT_SIZE])
{
	int result = UI_UTIL_read_pw_string(secret, PROMPT_SIZE, prompt, twice);

	ERR_clear_error();
	return result == 0;
}

bool prompt_secret(const char *prompt, bool twice, char secret[PROMPT_SIZE])
{
	bool terminal = isatty(STDIN_FILENO);

	if (!(terminal ? ask(prompt, twice, secret) : read_line(secret)))
		complain(terminal && twice ? "nothing was entered, or not the same twice" : "nothing was entered, or too much");
	else if (secret[0] == '\0')
		complain("nothing was entered");
	else
		return true;
	return false;
}

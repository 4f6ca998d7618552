/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * One user as a JSON text, as mongoexport writes Rocket.Chat's.
 */
#ifndef SLACTL_USER_LINE_H
#define SLACTL_USER_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/user_record.h"

struct json_object;

struct user_line {
	struct user_record record; /* its texts are lent by the document */
	struct json_object *document;
	bool own_bot; /* the user that each Rocket.Chat has and nobody logs in as; of it nothing else is read */
	const char *roles[USER_RECORD_ROLES_MOST];
	struct token_record tokens[USER_RECORD_TOKENS_MOST];
	char reason[128]; /* why it is refused; never quotes the text */
};

/* Reads any bytes; depends on nothing else. False with the reason. Either way free it with user_line_free. */
bool user_line_read(struct user_line *line, const char *text, size_t length);
void user_line_free(struct user_line *line);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * What livechat-slactl says when something fails.
 */
#ifndef SLACTL_REPORT_H
#define SLACTL_REPORT_H

#include <stddef.h>

#include "base/outcome.h"

struct json_object;

/* One line on standard error, headed by the program's name. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

/* Complains of an outcome that a command has no words of its own for. Returns the exit status for it. */
int report_outcome(enum outcome outcome);

/* Prints UTF-8 on standard output; a control character, which would move the cursor or worse, as JSON escapes it. */
void report_text(const char *text, size_t length);

/* Prints a value on a line of its own and frees it. OUTCOME_DONE; OUTCOME_DEFECT if it is NULL or memory is out. */
enum outcome report_json(struct json_object *value);

/* Sees to it that what was printed has been written. Returns the exit status. */
int report_done(void);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Numbers <-> text as JavaScript has it. The process stays in the C locale's LC_NUMERIC.
 */
#ifndef JSON_NUMBER_H
#define JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#define NUMBER_TEXT_SIZE 40 /* more than any number needs */

/* Writes a finite number as JavaScript's String() does: the fewest digits that read back as the same number. */
void number_to_text(double number, char out[NUMBER_TEXT_SIZE]);

/* Reads valid UTF-8 as JavaScript's Number() does: white space around it is skipped, nothing at all is 0. `text[length]` is NUL.
 * Numbers with 0x, 0o or 0b are exact up to 2^53. A number beyond the range of a double is infinite; the word Infinity is not
 * taken. False if it is no number. */
bool number_from_text(const char *text, size_t length, double *number);

#endif

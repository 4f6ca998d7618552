/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * MySQL's times -> the wire's.
 */
#ifndef MODEL_TIMESTAMP_H
#define MODEL_TIMESTAMP_H

struct value;

#define TIMESTAMP_SIZE (sizeof "2023-03-24T14:50:02.123Z")

/* "2023-03-24 14:50:02.123", as MySQL writes it -> "2023-03-24T14:50:02.123Z"; "" for NULL. */
void timestamp_read(char out[TIMESTAMP_SIZE], const struct value *column);

#endif

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The configuration file's lines, which the MySQL client library reads as well: libinih, bent to the rules of my.cnf.
 */
#ifndef BASE_INIFILE_H
#define BASE_INIFILE_H

#include <stddef.h>

/* Takes one KEY = VALUE; returns what is wrong with it, or NULL. */
typedef const char *inifile_visitor(void *context, const char *group, const char *key, const char *value);

/* Visits the pairs of a file in order, up to the first that is wrong. As in my.cnf a line may be indented, and in the groups whose name
 * begins with "client" a value may stand in quotes, which are taken off, and an option without a value has the value "".
 * 0; -1 with `error` (of `size` bytes, may be NULL and 0) telling where and what is wrong, but never the value. */
int inifile_read(const char *name, inifile_visitor *visit, void *context, char *error, size_t size);

#endif

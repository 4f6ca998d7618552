/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Finds a request's row and enforces it in the contract's order: path, method, body size and media type, limits and
 * credentials, permission, body or query; then calls its handler.
 */
#ifndef API_DISPATCH_H
#define API_DISPATCH_H

struct request;
struct response;
struct service;

/* Always fills `response`. `user`, of `size` bytes, gets the caller's user id, "" if there is none: for the log. */
void dispatch(const struct service *service, const struct request *request, struct response *response, char *user, unsigned size);

#endif

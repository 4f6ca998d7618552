/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * A policy as JSON: the rules for what callers send, how it is read, and how it is written; for the API and for livechat-slactl.
 */
#ifndef API_POLICIES_DOCUMENT_H
#define API_POLICIES_DOCUMENT_H

struct json_object;
struct policy;
struct schema;

/* What name, description and dueTimeInMinutes may be; no other members are. */
extern const struct schema policies_schema;

/* Reads what the schema has checked. The texts are lent by `body`; id and time stay empty. */
void policies_read(struct policy *policy, struct json_object *body);

/* Adds name, description and dueTimeInMinutes to `object`, as document_add does. */
void policies_add_texts(struct json_object **object, const struct policy *policy);

/* Adds _id; _updatedAt. */
void policies_add_id(struct json_object **object, const struct policy *policy);
void policies_add_updated_at(struct json_object **object, const struct policy *policy);

/* A new object of all five, _id first and _updatedAt last; NULL if memory is out. */
struct json_object *policies_document(const struct policy *policy);

#endif

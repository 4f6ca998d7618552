/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * To be read beside the files of sql/. What has happened can be told of and added to, never changed; the service only looks up whether a
 * change of its own was carried out. UPDATE stands for the columns that are ever changed.
 */
#include "model/rights.h"

#include <stddef.h>

#define POLICY_UPDATE "UPDATE (name, description, due_time_in_minutes, updated_at, updated_by"

const struct right rights[] = {
	{ "schema_version", "SELECT", NULL },
	/* A login locks its user with SELECT ... FOR UPDATE, for which MySQL asks the right to update some column. */
	{ "users", "SELECT, UPDATE (updated_at)", "SELECT, INSERT, UPDATE (password_hash, active, updated_at), DELETE" },
	{ "tokens", "SELECT, INSERT, UPDATE (last_used_at), DELETE", NULL },
	{ "roles", "SELECT", NULL },
	{ "permissions", "SELECT, UPDATE (updated_at)", NULL },
	{ "user_roles", "SELECT", "SELECT, INSERT, DELETE" },
	{ "role_permissions", "SELECT, INSERT, DELETE", NULL },
	{ "access_guard", "SELECT (id, changes), UPDATE (changes)", NULL },
	/* An import may bring the times and the author with it. */
	{ "sla_policies", "SELECT, INSERT, " POLICY_UPDATE "), DELETE", "SELECT, INSERT, " POLICY_UPDATE ", created_at, created_by), DELETE" },
	{ "sla_policy_history", "SELECT (id, change_id), INSERT", "SELECT, INSERT" },
	{ "audit", "SELECT (id, change_id), INSERT", "SELECT, INSERT" },
	{ NULL, NULL, NULL },
};

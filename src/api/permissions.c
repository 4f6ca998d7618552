/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * permissions.* and roles.list: who may do what.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/caller.h"
#include "api/route.h"
#include "base/document.h"
#include "http/response.h"
#include "model/permission.h"
#include "model/role.h"

#define NOT_ALLOWED "Editing permissions is not allowed"
#define NOT_ALLOWED_TYPE "error-edit-permissions-not-allowed"

/* -- permissions.listAll -- */

static enum outcome add_permission(void *context, const struct permission *permission)
{
	struct json_object *shown = json_object_new_object(), *roles = json_object_new_array();

	for (size_t i = 0; i < permission->roles_count; i++)
		document_append(&roles, json_object_new_string(permission->roles[i]));
	document_add_text(&shown, "_id", permission->id);
	document_add(&shown, "roles", roles);
	document_add_text(&shown, "_updatedAt", permission->updated_at);
	document_append(context, shown);
	return OUTCOME_DONE;
}

/* False after having answered that they can not be read. */
static bool read_permissions(struct call *call, struct json_object **permissions)
{
	*permissions = json_object_new_array();
	if (answer_outcome(call->response, permission_list(call->connection, add_permission, permissions)))
		return true;
	json_object_put(*permissions);
	return false;
}

/* None is ever removed. */
static void list_all(struct call *call)
{
	struct json_object *permissions, *body;

	if (!read_permissions(call, &permissions))
		return;
	body = document_of("update", permissions);
	document_add(&body, "remove", json_object_new_array());
	response_succeed(call->response, body);
}

/* -- permissions.update -- */

struct changes {
	struct permission *list;
	size_t count;
	const char **roles; /* of all of them, one behind the other */
};

static struct json_object *array_member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &value);
	return json_object_is_type(value, json_type_array) ? value : NULL;
}

static bool is_text(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value);
}

static bool is_change(struct json_object *value)
{
	struct json_object *roles = array_member(value, "roles"), *id = NULL;

	if (roles == NULL || !json_object_object_get_ex(value, "_id", &id) || !is_text(id))
		return false;
	for (size_t i = 0; i < json_object_array_length(roles); i++)
		if (!is_text(json_object_array_get_idx(roles, i)))
			return false;
	return true;
}

/* Further members are let through, so that what listAll gave can be sent back. */
static bool are_changes(struct json_object *permissions)
{
	if (permissions == NULL)
		return false;
	for (size_t i = 0; i < json_object_array_length(permissions); i++)
		if (!is_change(json_object_array_get_idx(permissions, i)))
			return false;
	return true;
}

static size_t count_roles(struct json_object *permissions)
{
	size_t count = 0;

	for (size_t i = 0; i < json_object_array_length(permissions); i++)
		count += json_object_array_length(array_member(json_object_array_get_idx(permissions, i), "roles"));
	return count;
}

/* Texts are lent by the body. */
static void fill_changes(struct changes *changes, struct json_object *permissions)
{
	const char **next = changes->roles;

	for (size_t i = 0; i < changes->count; i++) {
		struct json_object *value = json_object_array_get_idx(permissions, i);
		struct json_object *roles = array_member(value, "roles");
		struct permission *permission = &changes->list[i];

		permission->id = json_object_get_string(json_object_object_get(value, "_id"));
		permission->roles = next;
		permission->roles_count = json_object_array_length(roles);
		for (size_t j = 0; j < permission->roles_count; j++)
			*next++ = json_object_get_string(json_object_array_get_idx(roles, j));
	}
}

static bool make_changes(struct changes *changes, struct json_object *permissions)
{
	changes->count = json_object_array_length(permissions);
	changes->list = calloc(changes->count + 1, sizeof *changes->list);
	changes->roles = calloc(count_roles(permissions) + 1, sizeof *changes->roles);
	if (changes->list == NULL || changes->roles == NULL)
		return false;
	fill_changes(changes, permissions);
	return true;
}

static void answer_refusal(struct call *call, enum permission_refusal refusal)
{
	static const struct route_refusal refusals[] = {
		[PERMISSION_UNKNOWN] = { "Invalid permission", "error-invalid-permission" },
		[PERMISSION_ROLE_UNKNOWN] = { "Invalid role", "error-invalid-role" },
		[PERMISSION_LAST_HOLDER] = { NOT_ALLOWED, NOT_ALLOWED_TYPE },
	};

	response_refuse(call->response, refusals[refusal].text, refusals[refusal].type);
}

static void carry_out(struct call *call, const struct changes *changes)
{
	enum permission_refusal refusal;
	struct json_object *permissions;
	struct caller caller;
	enum outcome outcome;

	caller_read(&caller, call);
	outcome = permission_update(call->connection, &caller.actor, changes->list, changes->count, &refusal);
	if (outcome == OUTCOME_REFUSED)
		answer_refusal(call, refusal);
	else if (answer_outcome(call->response, outcome) && read_permissions(call, &permissions))
		response_succeed(call->response, document_of("permissions", permissions));
}

static void update(struct call *call)
{
	struct json_object *permissions = array_member(call->body, "permissions");
	struct changes changes = { 0 };

	if (!are_changes(permissions)) {
		response_refuse(call->response, "Invalid body params", "error-invalid-body-params");
		return;
	}
	if (make_changes(&changes, permissions))
		carry_out(call, &changes);
	else
		response_fail_without_memory(call->response);
	free(changes.list);
	free(changes.roles);
}

/* -- roles.list -- */

static enum outcome add_role(void *context, const struct role *role)
{
	struct json_object *shown = json_object_new_object();

	document_add_text(&shown, "_id", role->id);
	document_add_text(&shown, "name", role->name);
	document_add_text(&shown, "description", role->description);
	document_append(context, shown);
	return OUTCOME_DONE;
}

static void list_roles(struct call *call)
{
	struct json_object *roles = json_object_new_array();

	if (answer_outcome(call->response, role_list(call->connection, add_role, &roles)))
		response_succeed(call->response, document_of("roles", roles));
	else
		json_object_put(roles);
}

#define EDITORS { "access-permissions" }

const struct route permissions_routes[] = {
	{ .method = "GET", .path = "permissions.listAll", .permissions = EDITORS, .handler = list_all },
	{
		.method = "POST",
		.path = "permissions.update",
		.permissions = EDITORS,
		.unpermitted = { NOT_ALLOWED, NOT_ALLOWED_TYPE },
		.any_body = true,
		.handler = update,
	},
	{ .method = "GET", .path = "roles.list", .handler = list_roles },
	{ 0 },
};

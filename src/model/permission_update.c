/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Many grants at once: what is asked for is laid over what is, and only the difference is written.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "db/connection.h"
#include "db/statement.h"
#include "model/access.h"
#include "model/audit.h"
#include "model/grant.h"
#include "model/names.h"
#include "model/permission.h"

static const struct statement list_ids = {
	"SELECT (SELECT " NAMES_CONCAT("id") " FROM permissions), (SELECT " NAMES_CONCAT("id") " FROM roles)",
	"", "tt",
};

static const struct statement list_grants = { "SELECT permission_id, role_id FROM role_permissions", "", "tt" };

/* Permissions by roles: what is, and what is asked for. */
struct matrix {
	struct names permissions;
	struct names roles;
	bool *granted; /* [permission][role] */
	bool *wanted;  /* the same; of asked permissions alone */
	bool *asked;   /* [permission] */
};

struct update {
	const struct permission *permissions;
	size_t count;
	enum permission_refusal *refusal;
	struct matrix matrix;
};

static void free_matrix(struct matrix *matrix)
{
	names_free(&matrix->permissions);
	names_free(&matrix->roles);
	free(matrix->granted);
	free(matrix->wanted);
	free(matrix->asked);
	*matrix = (struct matrix){ 0 };
}

static size_t cell(const struct matrix *matrix, size_t permission, size_t role)
{
	return permission * matrix->roles.count + role;
}

static enum outcome make_matrix(struct connection *connection, struct matrix *matrix)
{
	struct value ids[2];
	enum outcome outcome = statement_row(connection, &list_ids, NULL, ids);
	size_t cells;

	if (outcome != OUTCOME_DONE)
		return outcome;
	if (!names_read(&matrix->permissions, &ids[0]) || !names_read(&matrix->roles, &ids[1]))
		return OUTCOME_DEFECT;
	cells = matrix->permissions.count * matrix->roles.count;
	matrix->granted = calloc(cells + 1, sizeof *matrix->granted);
	matrix->wanted = calloc(cells + 1, sizeof *matrix->wanted);
	matrix->asked = calloc(matrix->permissions.count + 1, sizeof *matrix->asked);
	if (matrix->granted != NULL && matrix->wanted != NULL && matrix->asked != NULL)
		return OUTCOME_DONE;
	log_message(LOG_ERR, "out of memory");
	return OUTCOME_DEFECT;
}

static enum outcome mark_granted(void *context, const struct value *columns)
{
	struct matrix *matrix = context;
	size_t permission = names_find(&matrix->permissions, columns[0].text);
	size_t role = names_find(&matrix->roles, columns[1].text);

	if (permission != NAMES_NONE && role != NAMES_NONE)
		matrix->granted[cell(matrix, permission, role)] = true;
	return OUTCOME_DONE;
}

static enum outcome refuse(const struct update *update, enum permission_refusal refusal)
{
	*update->refusal = refusal;
	return OUTCOME_REFUSED;
}

static enum outcome mark_asked(struct update *update)
{
	struct matrix *matrix = &update->matrix;

	for (size_t i = 0; i < update->count; i++) {
		size_t permission = names_find(&matrix->permissions, update->permissions[i].id);

		if (permission == NAMES_NONE || matrix->asked[permission])
			return refuse(update, PERMISSION_UNKNOWN);
		matrix->asked[permission] = true;
	}
	return OUTCOME_DONE;
}

static enum outcome mark_wanted(struct update *update)
{
	struct matrix *matrix = &update->matrix;

	for (size_t i = 0; i < update->count; i++) {
		const struct permission *asked = &update->permissions[i];
		size_t permission = names_find(&matrix->permissions, asked->id);

		for (size_t j = 0; j < asked->roles_count; j++) {
			size_t role = names_find(&matrix->roles, asked->roles[j]);

			if (role == NAMES_NONE)
				return refuse(update, PERMISSION_ROLE_UNKNOWN);
			matrix->wanted[cell(matrix, permission, role)] = true;
		}
	}
	return OUTCOME_DONE;
}

static enum outcome fill_matrix(struct connection *connection, struct update *update)
{
	enum outcome outcome = make_matrix(connection, &update->matrix);

	if (outcome == OUTCOME_DONE)
		outcome = mark_asked(update);
	if (outcome == OUTCOME_DONE)
		outcome = mark_wanted(update);
	return outcome == OUTCOME_DONE ? statement_rows(connection, &list_grants, NULL, mark_granted, &update->matrix) : outcome;
}

/* One cell that differs. */
static enum outcome settle_cell(struct connection *connection, const struct audit *audit, const struct matrix *matrix, size_t permission,
                                size_t role)
{
	const struct grant grant = { .permission = matrix->permissions.list[permission], .role = matrix->roles.list[role] };
	bool wanted = matrix->wanted[cell(matrix, permission, role)];

	if (wanted == matrix->granted[cell(matrix, permission, role)])
		return OUTCOME_DONE;
	return wanted ? grant_add(connection, audit, &grant) : grant_remove(connection, audit, &grant);
}

static enum outcome settle_cells(struct connection *connection, const struct audit *audit, const struct matrix *matrix)
{
	enum outcome outcome = OUTCOME_DONE;

	for (size_t permission = 0; permission < matrix->permissions.count; permission++)
		for (size_t role = 0; matrix->asked[permission] && outcome == OUTCOME_DONE && role < matrix->roles.count; role++)
			outcome = settle_cell(connection, audit, matrix, permission, role);
	return outcome;
}

static enum outcome check_holder(struct connection *connection, const struct update *update, bool held)
{
	enum outcome outcome = access_check(connection, held);

	return outcome == OUTCOME_REFUSED ? refuse(update, PERMISSION_LAST_HOLDER) : outcome;
}

static enum outcome update_work(struct connection *connection, const struct audit *audit, void *context)
{
	struct update *update = context;
	bool held;
	enum outcome outcome = access_guard(connection, &held);

	free_matrix(&update->matrix); /* of an attempt before */
	if (outcome == OUTCOME_DONE)
		outcome = fill_matrix(connection, update);
	if (outcome == OUTCOME_DONE)
		outcome = settle_cells(connection, audit, &update->matrix);
	return outcome == OUTCOME_DONE ? check_holder(connection, update, held) : outcome;
}

enum outcome permission_update(struct connection *connection, const struct actor *actor, const struct permission *permissions,
                               size_t count, enum permission_refusal *refusal)
{
	struct update update = { .permissions = permissions, .count = count, .refusal = refusal };
	enum outcome outcome = audit_transact(connection, actor, update_work, &update);

	free_matrix(&update.matrix);
	return outcome;
}

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * users.*PersonalAccessToken*: the tokens that a user gives to scripts.
 */
#include <json-c/json.h>
#include <string.h>

#include "api/answer.h"
#include "api/caller.h"
#include "api/route.h"
#include "base/document.h"
#include "base/text.h"
#include "http/response.h"
#include "model/token.h"

/* Answers 400 and returns NULL for what can be no name. */
static const char *name_of_body(struct call *call)
{
	struct json_object *value = NULL;
	const char *name;
	size_t length;

	if (json_object_is_type(call->body, json_type_object))
		json_object_object_get_ex(call->body, "tokenName", &value);
	if (!json_object_is_type(value, json_type_string) || json_object_get_string_len(value) == 0) {
		response_error(call->response, 400, "The 'tokenName' param is required");
		return NULL;
	}
	name = json_object_get_string(value);
	length = (size_t)json_object_get_string_len(value);
	if (text_utf8_count(name, length) <= TOKEN_NAME_MOST && strlen(name) == length)
		return name;
	response_refuse(call->response, "Invalid 'tokenName' param", "invalid-params");
	return NULL;
}

static void answer_token(struct call *call, const char *token)
{
	struct json_object *place = response_place();

	response_succeed_with(call->response, document_of("token", place), place, token);
}

static void generate(struct call *call)
{
	const char *name = name_of_body(call);
	const struct token_request request = { .username = call->session.username, .name = name };
	char token[SECRET_TOKEN_LENGTH + 1];
	struct caller caller;
	enum outcome outcome;

	if (name == NULL)
		return;
	caller_read(&caller, call);
	outcome = token_issue(call->connection, &caller.actor, &request, token);
	if (outcome == OUTCOME_DUPLICATE)
		response_refuse(call->response, "A token with this name already exists", "error-token-already-exists");
	else if (answer_outcome(call->response, outcome))
		answer_token(call, token);
	secret_wipe(token, sizeof token);
}

/* A token without a name is a login's. */
static enum outcome add_to_list(void *context, const struct token *token)
{
	struct json_object *shown;

	if (token->name == NULL)
		return OUTCOME_DONE;
	shown = json_object_new_object();
	document_add_text(&shown, "name", token->name);
	document_add_text(&shown, "createdAt", token->created_at);
	document_add_text(&shown, "lastTokenPart", token->last_part);
	document_add(&shown, "bypassTwoFactor", json_object_new_boolean(false));
	document_append(context, shown);
	return OUTCOME_DONE;
}

static void list(struct call *call)
{
	struct json_object *tokens = json_object_new_array();

	if (answer_outcome(call->response, token_list(call->connection, call->session.username, add_to_list, &tokens)))
		response_succeed(call->response, document_of("tokens", tokens));
	else
		json_object_put(tokens);
}

static void remove_one(struct call *call)
{
	const char *name = name_of_body(call);
	struct caller caller;
	enum outcome outcome;

	if (name == NULL)
		return;
	caller_read(&caller, call);
	outcome = token_revoke(call->connection, &caller.actor, call->session.username, name);
	if (outcome == OUTCOME_NOT_FOUND)
		response_refuse(call->response, "Token does not exist", "error-token-does-not-exists");
	else if (answer_outcome(call->response, outcome))
		response_succeed(call->response, json_object_new_object());
}

#define MAKERS { "create-personal-access-tokens" }

/* Without the permission a user makes no more of them, but can see and remove what there is. */
const struct route tokens_routes[] = {
	{ .method = "POST", .path = "users.generatePersonalAccessToken", .permissions = MAKERS, .any_body = true, .handler = generate },
	{ .method = "GET", .path = "users.getPersonalAccessTokens", .handler = list },
	{ .method = "POST", .path = "users.removePersonalAccessToken", .any_body = true, .handler = remove_one },
	{ 0 },
};

/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * login, logout, me.
 */
#include <json-c/json.h>
#include <string.h>

#include "api/answer.h"
#include "api/caller.h"
#include "api/limits.h"
#include "api/route.h"
#include "api/service.h"
#include "base/config.h"
#include "base/document.h"
#include "base/password.h"
#include "http/request.h"
#include "http/response.h"
#include "model/login.h"
#include "model/user.h"

/* -- what a login sends -- */

struct credentials {
	const char *name; /* of the user, or an e-mail address; lent by the body */
	const char *token;
	char digest[PASSWORD_DIGEST_LENGTH + 1]; /* "" = no password */
};

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &value);
	return value;
}

/* A text without NUL, or NULL. */
static const char *text_member(struct json_object *object, const char *name)
{
	struct json_object *value = member(object, name);

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	return strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value) ? json_object_get_string(value) : NULL;
}

/* "username" or "email" of the body, or of its "user", which may also be the text itself. */
static const char *read_name(struct json_object *body)
{
	struct json_object *user = member(body, "user");
	struct json_object *holder = user == NULL ? body : user;
	const char *username = text_member(holder, "username");

	if (json_object_is_type(user, json_type_string))
		return text_member(body, "user");
	return username == NULL ? text_member(holder, "email") : username;
}

static bool is_sha256(struct json_object *password)
{
	const char *digest = text_member(password, "digest");
	const char *algorithm = text_member(password, "algorithm");

	return digest != NULL && password_digest_valid(digest) && algorithm != NULL && strcmp(algorithm, "sha-256") == 0;
}

/* A text, or {"digest":SHA-256,"algorithm":"sha-256"}; anything else is none. */
static void read_password(struct json_object *body, char digest[PASSWORD_DIGEST_LENGTH + 1])
{
	struct json_object *password = member(body, "password");

	if (json_object_is_type(password, json_type_string))
		password_digest(json_object_get_string(password), (size_t)json_object_get_string_len(password), digest);
	else if (is_sha256(password))
		memcpy(digest, text_member(password, "digest"), PASSWORD_DIGEST_LENGTH + 1);
}

static void read_credentials(struct json_object *body, struct credentials *credentials)
{
	*credentials = (struct credentials){ .name = read_name(body), .token = text_member(body, "resume") };
	read_password(body, credentials->digest);
}

/* -- login -- */

static bool is_braked(void *context, const char *username)
{
	return limits_user_braked(context, username);
}

static enum outcome by_password(struct call *call, const struct credentials *credentials, const char *address, struct login *login)
{
	const struct login_attempt attempt = {
		.name = credentials->name,
		.digest = credentials->digest,
		.address = address,
		.lifetime_ms = call->service->config->login_expiry,
		.braked = is_braked,
		.context = call,
	};
	enum outcome outcome = login_by_password(call->connection, &attempt, login);

	if (outcome == OUTCOME_REFUSED)
		limits_count_failed_login(call, credentials->name, login->username);
	return outcome;
}

static enum outcome by_token(struct call *call, const struct credentials *credentials, const char *address, struct login *login)
{
	enum outcome outcome = login_by_token(call->connection, address, credentials->token, login);

	if (outcome == OUTCOME_REFUSED)
		limits_count_failure(call);
	return outcome;
}

static enum outcome by_nothing(struct call *call, const char *address)
{
	limits_count_failure(call);
	return login_refuse(call->connection, address);
}

static void add_roles(struct json_object **object, const struct user *user)
{
	struct json_object *roles = json_object_new_array();

	for (size_t i = 0; i < user->roles_count; i++)
		document_append(&roles, json_object_new_string(user->roles[i]));
	document_add(object, "roles", roles);
}

static enum outcome describe_briefly(void *context, const struct user *user)
{
	struct json_object **me = context;

	document_add_text(me, "_id", user->id);
	document_add_text(me, "username", user->username);
	add_roles(me, user);
	document_add(me, "active", json_object_new_boolean(user->active));
	return OUTCOME_DONE;
}

/* {"status":"success","data":DATA} */
static struct json_object *with_data(struct json_object *data)
{
	struct json_object *body = json_object_new_object();

	document_add_text(&body, "status", "success");
	document_add(&body, "data", data);
	return body;
}

/* False after having answered: also 401, for one who is removed at this moment. */
static bool read_user(struct call *call, const char *username, user_visitor *visitor, struct json_object **object)
{
	enum outcome outcome = user_show(call->connection, username, visitor, object);

	if (outcome != OUTCOME_NOT_FOUND)
		return answer_outcome(call->response, outcome);
	response_fail(call->response, RESPONSE_NOT_LOGGED_IN);
	return false;
}

static void answer_login(struct call *call, const struct login *login)
{
	struct json_object *data = json_object_new_object(), *me = json_object_new_object(), *token = response_place();

	document_add_text(&data, "userId", login->user_id);
	document_add(&data, "authToken", token);
	if (read_user(call, login->username, describe_briefly, &me)) {
		document_add(&data, "me", me);
		response_succeed_with(call->response, with_data(data), token, login->token);
	} else {
		json_object_put(me);
		json_object_put(data);
	}
}

static void log_in_by(struct call *call, const struct credentials *credentials)
{
	struct login login = { 0 };
	struct caller caller;
	enum outcome outcome;

	caller_read(&caller, call);
	if (credentials->token != NULL)
		outcome = by_token(call, credentials, caller.address, &login);
	else if (credentials->name != NULL && credentials->digest[0] != '\0')
		outcome = by_password(call, credentials, caller.address, &login);
	else
		outcome = by_nothing(call, caller.address);
	if (outcome == OUTCOME_REFUSED)
		response_fail(call->response, RESPONSE_UNAUTHORIZED);
	else if (answer_outcome(call->response, outcome))
		answer_login(call, &login);
	secret_wipe(&login, sizeof login);
}

static void log_in(struct call *call)
{
	struct credentials credentials;

	read_credentials(call->body, &credentials);
	if (credentials.name == NULL || credentials.token != NULL || limits_login_allowed(call, credentials.name))
		log_in_by(call, &credentials);
	secret_wipe(&credentials, sizeof credentials);
}

/* -- logout, me -- */

static void log_out(struct call *call)
{
	struct caller caller;

	caller_read(&caller, call);
	if (answer_outcome(call->response, login_end(call->connection, &caller.actor, call->request->auth_token)))
		response_succeed(call->response, with_data(document_of("message", json_object_new_string("You've been logged out!"))));
}

/* Nobody has checked an address, so that none is verified. */
static void add_emails(struct json_object **object, const struct user *user)
{
	struct json_object *emails = json_object_new_array(), *email;

	if (user->email != NULL) {
		email = json_object_new_object();
		document_add_text(&email, "address", user->email);
		document_add(&email, "verified", json_object_new_boolean(false));
		document_append(&emails, email);
	}
	document_add(object, "emails", emails);
}

static enum outcome describe(void *context, const struct user *user)
{
	struct json_object **me = context;

	document_add_text(me, "_id", user->id);
	document_add_text(me, "username", user->username);
	document_add_text(me, "name", user->name);
	add_emails(me, user);
	add_roles(me, user);
	document_add(me, "active", json_object_new_boolean(user->active));
	return OUTCOME_DONE;
}

static void show_me(struct call *call)
{
	struct json_object *me = json_object_new_object();

	if (read_user(call, call->session.username, describe, &me))
		response_succeed(call->response, me);
	else
		json_object_put(me);
}

const struct route accounts_routes[] = {
	{ .method = "POST", .path = "login", .open = true, .any_body = true, .handler = log_in },
	{ .method = "POST", .path = "logout", .handler = log_out },
	{ .method = "GET", .path = "me", .handler = show_me },
	{ 0 },
};

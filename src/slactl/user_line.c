/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Members that are not known are ignored; what would change who may do what is not guessed at.
 */
#include "slactl/user_line.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/password.h"
#include "base/text.h"
#include "json/parse.h"
#include "slactl/extended.h"

static bool refuse(struct user_line *line, const char *reason)
{
	snprintf(line->reason, sizeof line->reason, "%s", reason);
	return false;
}

/* NULL if it is absent, or no object holds it. */
static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, key, &value);
	return value;
}

static bool parse(struct user_line *line, const char *text, size_t length)
{
	bool no_memory;

	if (!json_parse(text, length, &line->document, &no_memory))
		return refuse(line, no_memory ? "takes more memory than there is" : "must be valid JSON");
	return json_object_is_type(line->document, json_type_object) || refuse(line, "must be object");
}

static bool is_own_bot(const struct user_line *line)
{
	const char *id = extended_text(member(line->document, "_id"));

	return id != NULL && strcmp(id, "rocket.cat") == 0;
}

static bool read_id(struct user_line *line)
{
	const char *id = extended_text(member(line->document, "_id"));
	size_t length = 0;

	while (id != NULL && isalnum((unsigned char)id[length]))
		length++;
	if (length != SECRET_USER_ID_LENGTH || id[length] != '\0')
		return refuse(line, "_id must be 17 letters and digits");
	strcpy(line->record.user.id, id);
	return true;
}

static bool read_names(struct user_line *line)
{
	struct user *user = &line->record.user;
	struct json_object *name = member(line->document, "name");

	user->username = extended_text(member(line->document, "username"));
	user->name = name == NULL ? "" : extended_text(name);
	if (user->username == NULL || !user_name_valid(user->username))
		return refuse(line, "username must be 1 to 255 of A-Z, a-z, 0-9, '.', '-' and '_'");
	if (user->name == NULL || text_utf8_count(user->name, strlen(user->name)) > USER_NAME_MOST)
		return refuse(line, "name must be a string of up to 255 characters");
	return true;
}

/* The first address counts. */
static bool read_email(struct user_line *line)
{
	struct json_object *emails = member(line->document, "emails");

	if (emails == NULL || (json_object_is_type(emails, json_type_array) && json_object_array_length(emails) == 0))
		return true;
	if (json_object_is_type(emails, json_type_array))
		line->record.user.email = extended_text(member(json_object_array_get_idx(emails, 0), "address"));
	return (line->record.user.email != NULL && user_email_valid(line->record.user.email)) ||
	       refuse(line, "emails must have an e-mail address of up to 254 characters");
}

static bool read_active(struct user_line *line)
{
	struct json_object *active = member(line->document, "active");

	line->record.user.active = active == NULL || json_object_get_boolean(active);
	return active == NULL || json_object_is_type(active, json_type_boolean) || refuse(line, "active must be true or false");
}

static bool read_roles(struct user_line *line)
{
	struct json_object *roles = member(line->document, "roles");
	size_t count = json_object_is_type(roles, json_type_array) ? json_object_array_length(roles) : 0;

	if ((roles != NULL && !json_object_is_type(roles, json_type_array)) || count > USER_RECORD_ROLES_MOST)
		return refuse(line, "roles must be an array of up to 64 strings");
	for (size_t i = 0; i < count; i++) {
		line->roles[i] = extended_text(json_object_array_get_idx(roles, i));
		if (line->roles[i] == NULL)
			return refuse(line, "roles must be an array of up to 64 strings");
	}
	line->record.user.roles = line->roles;
	line->record.user.roles_count = count;
	return true;
}

static bool read_password(struct user_line *line)
{
	struct json_object *bcrypt = member(member(member(line->document, "services"), "password"), "bcrypt");

	line->record.user.password_hash = extended_text(bcrypt);
	return bcrypt == NULL || (line->record.user.password_hash != NULL && password_hash_valid(line->record.user.password_hash)) ||
	       refuse(line, "services.password.bcrypt must be a bcrypt hash");
}

static bool is_digest(const char *text)
{
	return text != NULL && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") == SECRET_DIGEST_LENGTH - 1 &&
	       strcmp(text + SECRET_DIGEST_LENGTH - 1, "=") == 0;
}

static bool read_personal(struct token_record *token, struct json_object *object)
{
	struct json_object *created = member(object, "createdAt");

	token->name = extended_text(member(object, "name"));
	token->last_part = extended_text(member(object, "lastTokenPart"));
	return token->name != NULL && token->name[0] != '\0' && text_utf8_count(token->name, strlen(token->name)) <= TOKEN_NAME_MOST &&
	       token->last_part != NULL && strlen(token->last_part) == TOKEN_LAST_PART_LENGTH && created != NULL &&
	       extended_moment(created, &token->created_ms);
}

static bool read_token(struct token_record *token, struct json_object *object)
{
	struct json_object *type = member(object, "type"), *when = member(object, "when");
	const char *text = extended_text(type);

	token->digest = extended_text(member(object, "hashedToken"));
	if (!is_digest(token->digest))
		return false;
	if (text != NULL && strcmp(text, "personalAccessToken") == 0)
		return read_personal(token, object);
	token->last_part = "";
	return type == NULL && when != NULL && extended_moment(when, &token->created_ms);
}

static bool read_tokens(struct user_line *line)
{
	struct json_object *tokens = member(member(member(line->document, "services"), "resume"), "loginTokens");
	size_t count = json_object_is_type(tokens, json_type_array) ? json_object_array_length(tokens) : 0;

	if ((tokens != NULL && !json_object_is_type(tokens, json_type_array)) || count > USER_RECORD_TOKENS_MOST)
		return refuse(line, "services.resume.loginTokens must be an array of up to 1000 tokens");
	for (size_t i = 0; i < count; i++)
		if (!read_token(&line->tokens[i], json_object_array_get_idx(tokens, i)))
			return refuse(line, "services.resume.loginTokens has a token that is none of a login and none with a name");
	line->record.tokens = line->tokens;
	line->record.tokens_count = count;
	return true;
}

bool user_line_read(struct user_line *line, const char *text, size_t length)
{
	memset(line, 0, sizeof *line);
	if (!parse(line, text, length))
		return false;
	line->own_bot = is_own_bot(line);
	return line->own_bot || (read_id(line) && read_names(line) && read_email(line) && read_active(line) && read_roles(line) &&
	                         read_password(line) && read_tokens(line));
}

void user_line_free(struct user_line *line)
{
	json_object_put(line->document);
}

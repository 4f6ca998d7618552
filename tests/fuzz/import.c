/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * The files that livechat-slactl imports: an array is cut where its elements end, what is taken of a policy or a user fits the tables, and
 * a reason never quotes what was read.
 */
#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "base/instant.h"
#include "base/text.h"
#include "fuzz.h"
#include "json/parse.h"
#include "model/role.h"
#include "slactl/documents.h"
#include "slactl/policy_line.h"
#include "slactl/user_line.h"

const char fuzz_name[] = "import";

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* Had it parts of the text, one of them would not be ASCII some day. */
static void check_reason(const char *reason)
{
	PROMISE(*reason != '\0');
	PROMISE(is_ascii(reason));
}

static void check_characters(const char *text, size_t least, size_t most)
{
	size_t count;

	PROMISE(text != NULL);
	PROMISE(text_utf8_valid(text, strlen(text)));
	count = text_utf8_count(text, strlen(text));
	PROMISE(count >= least && count <= most);
}

/* -- policies -- */

static void check_time(const char *time)
{
	int64_t milliseconds;
	char again[INSTANT_SIZE];

	if (time[0] == '\0')
		return;
	PROMISE(instant_read(time, strlen(time), &milliseconds));
	PROMISE(instant_write(milliseconds, again));
	PROMISE(strcmp(time, again) == 0);
}

static void check_record(const struct policy_record *record)
{
	const struct policy *policy = &record->policy;

	PROMISE(strspn(policy->id, "0123456789abcdef") == POLICY_ID_MOST && policy->id[POLICY_ID_MOST] == '\0');
	PROMISE(strlen(policy->name) == policy->name_length);
	check_characters(policy->name, 1, POLICY_NAME_MOST);
	PROMISE(strlen(policy->description) == policy->description_length);
	check_characters(policy->description, 0, POLICY_DESCRIPTION_MOST);
	PROMISE(policy->due_time_in_minutes >= 1 && policy->due_time_in_minutes <= POLICY_DUE_TIME_MOST);
	check_time(policy->updated_at);
	check_time(record->created_at);
	if (record->created_by != NULL)
		check_characters(record->created_by, 1, POLICY_USER_ID_MOST);
	if (record->updated_by != NULL)
		check_characters(record->updated_by, 1, POLICY_USER_ID_MOST);
}

static void check_same_policy(const struct policy *a, const struct policy *b)
{
	PROMISE(strcmp(a->id, b->id) == 0);
	PROMISE(strcmp(a->name, b->name) == 0);
	PROMISE(strcmp(a->description, b->description) == 0);
	PROMISE(a->due_time_in_minutes == b->due_time_in_minutes);
	PROMISE(strcmp(a->updated_at, b->updated_at) == 0);
}

/* What an export of it would be, with what is unknown filled in as the table does. */
static void check_export(struct policy_record record)
{
	struct policy_line again;
	struct json_object *document;
	const char *text;

	if (record.policy.updated_at[0] == '\0')
		strcpy(record.policy.updated_at, "2023-03-24T14:50:02.123Z");
	if (record.created_at[0] == '\0')
		strcpy(record.created_at, record.policy.updated_at);
	record.created_by = record.created_by == NULL ? "cli:root" : record.created_by;
	record.updated_by = record.updated_by == NULL ? record.created_by : record.updated_by;
	document = policy_line_document(&record);
	text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN);
	PROMISE(policy_line_read(&again, text, strlen(text)));
	check_same_policy(&again.record.policy, &record.policy);
	PROMISE(strcmp(again.record.created_at, record.created_at) == 0);
	PROMISE(strcmp(again.record.created_by, record.created_by) == 0);
	PROMISE(strcmp(again.record.updated_by, record.updated_by) == 0);
	policy_line_free(&again);
	json_object_put(document);
}

static void check_policy(const char *text, size_t length)
{
	struct policy_line line;

	if (policy_line_read(&line, text, length)) {
		check_record(&line.record);
		check_export(line.record);
	} else {
		check_reason(line.reason);
	}
	policy_line_free(&line);
}

/* -- users -- */

static void check_token(const struct token_record *token)
{
	char time[INSTANT_SIZE];

	PROMISE(token->digest != NULL && strlen(token->digest) == SECRET_DIGEST_LENGTH);
	PROMISE(is_ascii(token->digest));
	PROMISE(token->last_part != NULL);
	if (token->name != NULL)
		check_characters(token->name, 1, TOKEN_NAME_MOST);
	PROMISE(strlen(token->last_part) == (token->name == NULL ? 0 : TOKEN_LAST_PART_LENGTH));
	PROMISE(instant_write(token->created_ms, time));
}

static void check_user_record(const struct user_record *record)
{
	const struct user *user = &record->user;

	PROMISE(strlen(user->id) == SECRET_USER_ID_LENGTH && is_ascii(user->id));
	PROMISE(user_name_valid(user->username) && is_ascii(user->username));
	check_characters(user->name, 0, USER_NAME_MOST);
	PROMISE(user->email == NULL || user_email_valid(user->email));
	PROMISE(user->password_hash == NULL || is_ascii(user->password_hash));
	PROMISE(user->roles_count <= USER_RECORD_ROLES_MOST);
	for (size_t i = 0; i < user->roles_count; i++)
		PROMISE(user->roles[i] != NULL);
	PROMISE(record->tokens_count <= USER_RECORD_TOKENS_MOST);
	for (size_t i = 0; i < record->tokens_count; i++)
		check_token(&record->tokens[i]);
}

static void check_user(const char *text, size_t length)
{
	static struct user_line line;

	if (!user_line_read(&line, text, length))
		check_reason(line.reason);
	else if (!line.own_bot)
		check_user_record(&line.record);
	user_line_free(&line);
}

/* -- the file -- */

/* The whole file as one array; NULL if it is none. */
static struct json_object *parse_array(const char *text, size_t length)
{
	struct json_object *value;
	bool no_memory;

	if (!json_parse(text, length, &value, &no_memory) || json_object_is_type(value, json_type_array))
		return value;
	json_object_put(value);
	return NULL;
}

static void check_element(struct json_object *array, size_t index, const struct documents *documents)
{
	size_t length;
	const char *text = documents_text(documents, &length);
	struct json_object *element;
	bool no_memory;

	PROMISE(index < json_object_array_length(array));
	PROMISE(documents_fault(documents) == NULL);
	PROMISE(json_parse(text, length, &element, &no_memory));
	PROMISE(json_object_equal(element, json_object_array_get_idx(array, index)));
	json_object_put(element);
}

/* In memory of just its length. */
static void check_document(const struct documents *documents)
{
	size_t length;
	const char *text = documents_text(documents, &length);
	char *copy = malloc(length == 0 ? 1 : length);

	PROMISE(copy != NULL && length <= DOCUMENT_MOST);
	memcpy(copy, text, length);
	check_policy(copy, length);
	check_user(copy, length);
	free(copy);
}

static size_t check_documents(struct documents *documents, struct json_object *array)
{
	size_t count = 0;

	for (; documents_next(documents); count++) {
		PROMISE(documents_number(documents) > 0);
		if (array != NULL)
			check_element(array, count, documents);
		if (documents_fault(documents) == NULL)
			check_document(documents);
		else
			check_reason(documents_fault(documents));
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct json_object *array = parse_array((const char *)bytes, size);
	FILE *file = size == 0 ? fopen("/dev/null", "re") : fmemopen((void *)(uintptr_t)bytes, size, "r");
	struct documents *documents = documents_new(file);
	size_t count;

	PROMISE(file != NULL && documents != NULL);
	count = check_documents(documents, array);
	PROMISE(array == NULL || count == json_object_array_length(array));
	documents_free(documents);
	fclose(file);
	json_object_put(array);
	return 0;
}

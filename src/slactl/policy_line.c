/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Policies from and to JSON, MongoDB's extended JSON (version 1 and 2, relaxed and canonical) included.
 */
#include "slactl/policy_line.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "api/policies_document.h"
#include "base/document.h"
#include "base/instant.h"
#include "base/objectid.h"
#include "base/text.h"
#include "json/parse.h"
#include "json/schema.h"
#include "slactl/extended.h"

#define INVALID_ID "must be 24 lower-case hexadecimal digits"
#define INVALID_TIME "must be a date with time and zone, from the year 1000 to 9999"
#define INVALID_USER "must be a string of 1 to 64 characters"

static bool refuse(struct policy_line *line, const char *member, const char *reason)
{
	snprintf(line->reason, sizeof line->reason, "%s %s", member, reason);
	return false;
}

static bool read_id(struct policy_line *line)
{
	struct json_object *value, *oid;
	const char *text;

	if (!json_object_object_get_ex(line->document, "_id", &value)) {
		strcpy(line->reason, "must have required property '_id'");
		return false;
	}
	oid = extended_unwrap(value, "$oid");
	text = extended_text(oid == NULL ? value : oid);
	if (text == NULL || !objectid_valid(text))
		return refuse(line, "_id", INVALID_ID);
	strcpy(line->record.policy.id, text);
	return true;
}

/* -- name, description, due time -- */

/* The string within is coerced as any other is. */
static struct json_object *unwrap_number(struct json_object *value)
{
	static const char *const keys[] = { "$numberInt", "$numberLong", "$numberDouble" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct json_object *number = extended_unwrap(value, keys[i]);

		if (number != NULL)
			return number;
	}
	return value;
}

/* The document without what the schema does not know. */
static bool copy_body(struct policy_line *line)
{
	line->body = json_object_new_object();
	for (size_t i = 0; line->body != NULL && i < policies_schema.count; i++) {
		const struct schema_property *property = &policies_schema.properties[i];
		struct json_object *value;

		if (!json_object_object_get_ex(line->document, property->name, &value))
			continue;
		if (property->type == SCHEMA_INTEGER)
			value = unwrap_number(value);
		if (json_object_object_add(line->body, property->name, json_object_get(value)) != 0) {
			json_object_put(value);
			return false;
		}
	}
	return line->body != NULL;
}

bool policy_line_read_body(struct policy *policy, struct json_object *body, char reason[POLICY_REASON_SIZE])
{
	struct schema_error error;

	if (schema_check(&policies_schema, body, &error)) {
		policies_read(policy, body);
		return true;
	}
	snprintf(reason, POLICY_REASON_SIZE, "%s%s%s", error.property == NULL ? "" : error.property, error.property == NULL ? "" : " ",
	         error.no_memory ? "takes more memory than there is" : error.text);
	return false;
}

/* -- when and who -- */

static bool read_time(struct policy_line *line, const char *member, char out[INSTANT_SIZE])
{
	struct json_object *value;
	int64_t milliseconds;

	out[0] = '\0';
	if (!json_object_object_get_ex(line->document, member, &value))
		return true;
	return (extended_moment(value, &milliseconds) && instant_write(milliseconds, out)) || refuse(line, member, INVALID_TIME);
}

static bool read_user(struct policy_line *line, const char *member, const char **out)
{
	struct json_object *value;

	*out = NULL;
	if (!json_object_object_get_ex(line->document, member, &value))
		return true;
	*out = extended_text(value);
	if (*out == NULL || **out == '\0' || text_utf8_count(*out, strlen(*out)) > POLICY_USER_ID_MOST)
		return refuse(line, member, INVALID_USER);
	return true;
}

/* -- the whole -- */

static bool parse(struct policy_line *line, const char *text, size_t length)
{
	bool no_memory;

	if (!json_parse(text, length, &line->document, &no_memory))
		strcpy(line->reason, no_memory ? "takes more memory than there is" : "must be valid JSON");
	else if (!json_object_is_type(line->document, json_type_object))
		strcpy(line->reason, "must be object");
	return line->reason[0] == '\0';
}

static bool read_body(struct policy_line *line)
{
	if (copy_body(line))
		return policy_line_read_body(&line->record.policy, line->body, line->reason);
	strcpy(line->reason, "takes more memory than there is");
	return false;
}

/* The body comes first: it is what sets the whole policy. */
bool policy_line_read(struct policy_line *line, const char *text, size_t length)
{
	struct policy_record *record = &line->record;

	memset(line, 0, sizeof *line);
	return parse(line, text, length) && read_body(line) && read_id(line) &&
	       read_time(line, "_updatedAt", record->policy.updated_at) && read_time(line, "createdAt", record->created_at) &&
	       read_user(line, "createdBy", &record->created_by) && read_user(line, "updatedBy", &record->updated_by);
}

void policy_line_free(struct policy_line *line)
{
	json_object_put(line->body);
	json_object_put(line->document);
}

struct json_object *policy_line_document(const struct policy_record *record)
{
	struct json_object *document = policies_document(&record->policy);

	document_add_text(&document, "updatedBy", record->updated_by);
	document_add_text(&document, "createdAt", record->created_at);
	document_add_text(&document, "createdBy", record->created_by);
	return document;
}

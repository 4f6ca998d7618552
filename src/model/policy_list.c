/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 The livechat-sla authors
 *
 * Pages of policies. The order is chosen from a closed list: what an index can serve has a statement of its own, everything else one
 * statement whose ORDER BY is made of CASE expressions over bound numbers.
 */
#include <stdbool.h>

#include "db/connection.h"
#include "db/statement.h"
#include "model/policy.h"
#include "model/policy_row.h"

/* Left alone, the server sorts a small table rather than walk its index, which takes longer for a page. */
#define NEAR(index, order)                                                                                                  \
	{                                                                                                                   \
		"SELECT " POLICY_COLUMNS ", (SELECT COUNT(*) FROM sla_policies) FROM sla_policies AS p "                     \
		"FORCE INDEX FOR ORDER BY (" index ") ORDER BY " order " LIMIT ? OFFSET ?",                                  \
		"ii", POLICY_COLUMN_TYPES "i"                                                                               \
	}

/* The inner query finds the page's ids in the index alone, so that the rows passed over are never read; the outer one reads the page. It
 * costs a table in memory, which is more than the rows passed over up to about this offset. */
#define NEAR_MOST 500
#define FAR(index, order)                                                                                                   \
	{                                                                                                                   \
		"SELECT " POLICY_COLUMNS ", (SELECT COUNT(*) FROM sla_policies) FROM "                                      \
		"(SELECT p.id FROM sla_policies AS p FORCE INDEX FOR ORDER BY (" index ") ORDER BY " order " LIMIT ? OFFSET ?) AS page " \
		"JOIN sla_policies AS p ON p.id = page.id ORDER BY " order,                                                 \
		"ii", POLICY_COLUMN_TYPES "i"                                                                               \
	}

#define PAGES(index, field)                                                                                                 \
	{                                                                                                                   \
		{ NEAR(index, field), NEAR(index, field " DESC") }, { FAR(index, field), FAR(index, field " DESC") }        \
	}

/* By field, near and far, ascending and descending. These three are unique, so that nothing is left to sort behind them. */
static const struct statement indexed_pages[][2][2] = {
	[POLICY_NAME] = PAGES("sla_policies_name", "p.name"),
	[POLICY_DUE_TIME] = PAGES("sla_policies_due_time", "p.due_time_in_minutes"),
	[POLICY_ID] = PAGES("PRIMARY", "p.id"),
};

/* `%`, `_` and `\` are ordinary to LOCATE, and the empty text is in every other. */
#define MATCHES "(LOCATE(LOWER(?), LOWER(name)) > 0 OR LOCATE(LOWER(?), LOWER(description)) > 0)"

/* Two fields that are not unique can stand before one that is: first, second, last; numbered as direction() numbers them. */
static const struct statement any_page = {
	"SELECT " POLICY_COLUMNS ", (SELECT COUNT(*) FROM sla_policies WHERE " MATCHES ") "
	"FROM sla_policies AS p, (SELECT CAST(? AS SIGNED) AS first, CAST(? AS SIGNED) AS second, CAST(? AS SIGNED) AS last) AS sort "
	"WHERE " MATCHES " ORDER BY "
	"CASE sort.first WHEN 6 THEN p.description END, CASE sort.first WHEN 7 THEN p.description END DESC, "
	"CASE sort.first WHEN 8 THEN p.updated_at END, CASE sort.first WHEN 9 THEN p.updated_at END DESC, "
	"CASE sort.second WHEN 6 THEN p.description END, CASE sort.second WHEN 7 THEN p.description END DESC, "
	"CASE sort.second WHEN 8 THEN p.updated_at END, CASE sort.second WHEN 9 THEN p.updated_at END DESC, "
	"CASE sort.last WHEN 0 THEN p.name END, CASE sort.last WHEN 1 THEN p.name END DESC, "
	"CASE sort.last WHEN 2 THEN p.due_time_in_minutes END, CASE sort.last WHEN 3 THEN p.due_time_in_minutes END DESC, "
	"CASE sort.last WHEN 4 THEN p.id END, CASE sort.last WHEN 5 THEN p.id END DESC "
	"LIMIT ? OFFSET ?",
	"ttiiittii",
	POLICY_COLUMN_TYPES "i",
};

static const struct statement count_matching = { "SELECT COUNT(*) FROM sla_policies WHERE " MATCHES, "tt", "i" };

#define NO_FIELD (-1)

/* The number of a field and its direction in any_page. */
static int64_t direction(const struct policy_sort *key)
{
	return key->field * 2 + (key->descending ? 1 : 0);
}

static bool unique(enum policy_field field)
{
	return field == POLICY_NAME || field == POLICY_DUE_TIME || field == POLICY_ID;
}

/* The query's sort without what follows a unique field, which could change nothing. */
struct order {
	struct policy_sort prefix[2];
	size_t prefix_count;
	struct policy_sort last;
};

static void find_order(struct order *order, const struct policy_query *query)
{
	*order = (struct order){ .last = { query->sort_count == 0 ? POLICY_NAME : POLICY_ID, false } };
	for (size_t i = 0; i < query->sort_count; i++) {
		if (unique(query->sort[i].field)) {
			order->last = query->sort[i];
			return;
		}
		order->prefix[order->prefix_count++] = query->sort[i];
	}
}

/* One listing: what is asked for, and where its rows go. */
struct listing {
	const struct policy_query *query;
	policy_visitor *visitor;
	void *context;
	int64_t *total;
	bool any_row;
};

static enum outcome visit_row(void *context, const struct value *columns)
{
	struct listing *listing = context;
	struct policy policy;

	if (columns[POLICY_COLUMN_COUNT].type == VALUE_NULL)
		return OUTCOME_UNAVAILABLE; /* killed, see session.c: a count is never NULL */
	policy_of_row(&policy, columns);
	*listing->total = columns[POLICY_COLUMN_COUNT].integer;
	listing->any_row = true;
	return listing->visitor(listing->context, &policy);
}

static enum outcome list_indexed(struct connection *connection, struct listing *listing, const struct order *order)
{
	const struct policy_query *query = listing->query;
	const struct value parameters[] = { value_integer(query->count), value_integer(query->offset) };
	bool far = query->offset > NEAR_MOST;

	return statement_rows(connection, &indexed_pages[order->last.field][far][order->last.descending], parameters, visit_row, listing);
}

static enum outcome list_any(struct connection *connection, struct listing *listing, const struct order *order)
{
	const struct policy_query *query = listing->query;
	const struct value text = value_bytes(query->text, query->text_length);
	const struct value parameters[] = {
		text,
		text,
		value_integer(order->prefix_count > 0 ? direction(&order->prefix[0]) : NO_FIELD),
		value_integer(order->prefix_count > 1 ? direction(&order->prefix[1]) : NO_FIELD),
		value_integer(direction(&order->last)),
		text,
		text,
		value_integer(query->count),
		value_integer(query->offset),
	};

	return statement_rows(connection, &any_page, parameters, visit_row, listing);
}

/* A page behind the last row has no row to carry the total. */
static enum outcome count_all(struct connection *connection, struct listing *listing)
{
	const struct value text = value_bytes(listing->query->text, listing->query->text_length);
	const struct value parameters[] = { text, text };
	struct value total;
	enum outcome outcome = statement_row(connection, &count_matching, parameters, &total);

	*listing->total = total.integer;
	return outcome;
}

static enum outcome list_work(struct connection *connection, void *context, bool unsure)
{
	struct listing *listing = context;
	struct order order;
	enum outcome outcome;

	(void)unsure; /* reading twice is reading */
	find_order(&order, listing->query);
	if (order.prefix_count == 0 && listing->query->text_length == 0)
		outcome = list_indexed(connection, listing, &order);
	else
		outcome = list_any(connection, listing, &order);
	if (outcome == OUTCOME_DONE && !listing->any_row)
		outcome = count_all(connection, listing);
	return outcome;
}

enum outcome policy_list(struct connection *connection, const struct policy_query *query, policy_visitor *visitor, void *context,
                         int64_t *total)
{
	struct listing listing = { .query = query, .visitor = visitor, .context = context, .total = total };

	return connection_do(connection, list_work, &listing);
}

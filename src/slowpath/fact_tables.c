/* SPDX-License-Identifier: MIT */
#include "slowpath/fact_tables.h"

#include "base/buf.h"
#include "base/err.h"

#define COLUMN(table, column, kind, how, otherwise)                                                \
	{.name = #column, .type = BP_FACT_##kind, .merge = BP_MERGE_##how, .fallback = (otherwise)},

static const struct bp_fact_column conversation_columns[] = {BP_CONVERSATION_COLUMNS(COLUMN)};
static const struct bp_fact_column turn_columns[] = {BP_TURN_COLUMNS(COLUMN)};
static const struct bp_fact_column model_call_columns[] = {BP_MODEL_CALL_COLUMNS(COLUMN)};
static const struct bp_fact_column tool_call_columns[] = {BP_TOOL_CALL_COLUMNS(COLUMN)};
static const struct bp_fact_column code_change_columns[] = {BP_CODE_CHANGE_COLUMNS(COLUMN)};
static const struct bp_fact_column file_access_columns[] = {BP_FILE_ACCESS_COLUMNS(COLUMN)};
static const struct bp_fact_column permission_columns[] = {BP_PERMISSION_REQUEST_COLUMNS(COLUMN)};
static const struct bp_fact_column api_error_columns[] = {BP_API_ERROR_COLUMNS(COLUMN)};
static const struct bp_fact_column compaction_columns[] = {BP_COMPACTION_COLUMNS(COLUMN)};
static const struct bp_fact_column subagent_columns[] = {BP_SUBAGENT_COLUMNS(COLUMN)};
#undef COLUMN

const struct bp_fact_schema bp_fact_schemas[BP_FACT_TABLE_COUNT] = {
	[BP_FACT_CONVERSATION] = {"conversations", conversation_columns, BP_CONVERSATION_COUNT,
				  false},
	[BP_FACT_TURN] = {"conversation_turns", turn_columns, BP_TURN_COUNT, true},
	[BP_FACT_MODEL_CALL] = {"model_calls", model_call_columns, BP_MODEL_CALL_COUNT, true},
	[BP_FACT_TOOL_CALL] = {"tool_calls", tool_call_columns, BP_TOOL_CALL_COUNT, true},
	[BP_FACT_CODE_CHANGE] = {"code_changes", code_change_columns, BP_CODE_CHANGE_COUNT, false},
	[BP_FACT_FILE_ACCESS] = {"file_access", file_access_columns, BP_FILE_ACCESS_COUNT, false},
	[BP_FACT_PERMISSION_REQUEST] = {"permission_requests", permission_columns,
					BP_PERMISSION_REQUEST_COUNT, false},
	[BP_FACT_API_ERROR] = {"api_errors", api_error_columns, BP_API_ERROR_COUNT, true},
	[BP_FACT_COMPACTION] = {"compactions", compaction_columns, BP_COMPACTION_COUNT, true},
	[BP_FACT_SUBAGENT] = {"subagents", subagent_columns, BP_SUBAGENT_COUNT, false},
};

static bool is_key(enum bp_fact_merge merge)
{
	return merge == BP_MERGE_KEY_MIN || merge == BP_MERGE_KEY_MAX || merge == BP_MERGE_KEY_LOW;
}

static bool is_absent(const struct bp_fact_column *column, const struct bp_fact_value *value)
{
	return column->type == BP_FACT_INT ? value->number == BP_ABSENT : value->text.ptr == NULL;
}

/** Absent sorts first. */
static int compare(const struct bp_fact_column *column, const struct bp_fact_value *a,
		   const struct bp_fact_value *b)
{
	if (column->type == BP_FACT_INT) {
		return (a->number > b->number) - (a->number < b->number);
	}
	if (a->text.ptr == NULL || b->text.ptr == NULL) {
		return (a->text.ptr != NULL) - (b->text.ptr != NULL);
	}
	return bp_str_cmp(a->text, b->text);
}

/** Absent is less than everything here too, so that SQL's coalesce() can say the same. */
static int compare_followers(const struct bp_fact_schema *schema, size_t key,
			     const struct bp_fact_value *a, const struct bp_fact_value *b)
{
	for (size_t i = key + 1; i < schema->n && schema->columns[i].merge == BP_MERGE_FOLLOW;
	     i++) {
		int order = compare(&schema->columns[i], &a[i], &b[i]);
		if (order != 0) {
			return order;
		}
	}
	return 0;
}

static void take_group(const struct bp_fact_schema *schema, size_t key, struct bp_fact_value *into,
		       const struct bp_fact_value *more)
{
	into[key] = more[key];
	for (size_t i = key + 1; i < schema->n && schema->columns[i].merge == BP_MERGE_FOLLOW;
	     i++) {
		into[i] = more[i];
	}
}

static void join_group(const struct bp_fact_schema *schema, size_t key, struct bp_fact_value *into,
		       const struct bp_fact_value *more)
{
	const struct bp_fact_column *column = &schema->columns[key];

	if (is_absent(column, &more[key])) {
		return;
	}
	if (is_absent(column, &into[key])) {
		take_group(schema, key, into, more);
		return;
	}
	int order = compare(column, &more[key], &into[key]);
	if (column->merge == BP_MERGE_KEY_LOW) {
		if (order < 0) {
			take_group(schema, key, into, more);
		} else if (order == 0) {
			for (size_t i = key + 1;
			     i < schema->n && schema->columns[i].merge == BP_MERGE_FOLLOW; i++) {
				if (compare(&schema->columns[i], &more[i], &into[i]) > 0) {
					into[i] = more[i];
				}
			}
		}
		return;
	}
	if (order == 0) {
		order = compare_followers(schema, key, more, into);
	}
	if (column->merge == BP_MERGE_KEY_MIN ? order < 0 : order > 0) {
		take_group(schema, key, into, more);
	}
}

static void join_column(const struct bp_fact_column *column, struct bp_fact_value *into,
			const struct bp_fact_value *more)
{
	if (is_absent(column, more)) {
		return;
	}
	if (is_absent(column, into)) {
		*into = *more;
		return;
	}
	if (column->merge == BP_MERGE_OR) {
		into->number |= more->number;
		return;
	}
	int order = compare(column, more, into);
	if (column->merge == BP_MERGE_MIN ? order < 0 : order > 0) {
		*into = *more;
	}
}

void bp_fact_join(const struct bp_fact_schema *schema, struct bp_fact_value *into,
		  const struct bp_fact_value *more)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct bp_fact_column *column = &schema->columns[i];
		if (is_key(column->merge)) {
			join_group(schema, i, into, more);
		} else if (column->merge != BP_MERGE_FOLLOW) {
			join_column(column, &into[i], &more[i]);
		}
	}
}

/* --- the same in SQL --- */

/** What stands for NULL when followers are compared: less than every real value. */
static const char *sql_least(const struct bp_fact_column *column)
{
	return column->type == BP_FACT_INT ? "-9223372036854775808" : "''";
}

static void sql_followers(const struct bp_fact_schema *schema, size_t key, const char *prefix,
			  struct bp_buf *out)
{
	bp_buf_add_char(out, '(');
	for (size_t i = key + 1; i < schema->n && schema->columns[i].merge == BP_MERGE_FOLLOW;
	     i++) {
		bp_buf_printf(out, "%scoalesce(%s%s, %s)", i == key + 1 ? "" : ", ", prefix,
			      schema->columns[i].name, sql_least(&schema->columns[i]));
	}
	bp_buf_add_char(out, ')');
}

/** The condition under which the new row's group replaces the stored one. */
static void sql_group_wins(const struct bp_fact_schema *schema, size_t key, struct bp_buf *out)
{
	const char *name = schema->columns[key].name;
	const char *sign = schema->columns[key].merge == BP_MERGE_KEY_MAX ? ">" : "<";

	bp_buf_printf(out, "(%s IS NULL AND excluded.%s IS NOT NULL OR excluded.%s %s %s", name,
		      name, name, sign, name);
	if (schema->columns[key].merge != BP_MERGE_KEY_LOW) {
		bp_buf_printf(out, " OR excluded.%s = %s AND ", name, name);
		sql_followers(schema, key, "excluded.", out);
		bp_buf_printf(out, " %s ", sign);
		sql_followers(schema, key, "", out);
	}
	bp_buf_add_char(out, ')');
}

static void sql_assign(const struct bp_fact_schema *schema, size_t i, size_t key,
		       struct bp_buf *out)
{
	const struct bp_fact_column *column = &schema->columns[i];
	const char *name = column->name;

	switch (column->merge) {
	case BP_MERGE_MIN:
	case BP_MERGE_MAX:
		bp_buf_printf(out, "%s = %s(coalesce(%s, excluded.%s), coalesce(excluded.%s, %s))",
			      name, column->merge == BP_MERGE_MIN ? "min" : "max", name, name, name,
			      name);
		return;
	case BP_MERGE_OR:
		bp_buf_printf(out, "%s = %s | excluded.%s", name, name, name);
		return;
	case BP_MERGE_FOLLOW:
	case BP_MERGE_KEY_MIN:
	case BP_MERGE_KEY_MAX:
	case BP_MERGE_KEY_LOW:
		bp_buf_printf(out, "%s = CASE WHEN ", name);
		sql_group_wins(schema, key, out);
		bp_buf_printf(out, " THEN excluded.%s ", name);
		if (schema->columns[key].merge == BP_MERGE_KEY_LOW && i != key) {
			bp_buf_printf(out,
				      "WHEN excluded.%s = %s THEN max(coalesce(%s, excluded.%s),"
				      " coalesce(excluded.%s, %s)) ",
				      schema->columns[key].name, schema->columns[key].name, name,
				      name, name, name);
		}
		bp_buf_printf(out, "ELSE %s END", name);
		return;
	}
	bp_assert_failed("a merge without SQL", __FILE__, __LINE__);
}

void bp_fact_upsert_sql(const struct bp_fact_schema *schema, struct bp_buf *out)
{
	size_t key = 0;

	bp_buf_printf(out, "INSERT INTO %s (id", schema->name);
	for (size_t i = 0; i < schema->n; i++) {
		bp_buf_printf(out, ", %s", schema->columns[i].name);
	}
	bp_buf_add_str(out, BP_STR(") VALUES (?1"));
	for (size_t i = 0; i < schema->n; i++) {
		bp_buf_printf(out, ", ?%zu", i + 2);
	}
	bp_buf_add_str(out, BP_STR(") ON CONFLICT (id) DO UPDATE SET "));
	for (size_t i = 0; i < schema->n; i++) {
		if (is_key(schema->columns[i].merge)) {
			key = i;
		}
		if (i > 0) {
			bp_buf_add_str(out, BP_STR(", "));
		}
		sql_assign(schema, i, key, out);
	}
	if (schema->owned) {
		/* Who told it live, or asked for it, is known now: births decide no more. */
		bp_buf_add_str(out, BP_STR(", owner_conversation = CASE WHEN coalesce("
					   "live_conversation, excluded.live_conversation, "
					   "asked_conversation, excluded.asked_conversation)"
					   " IS NULL THEN owner_conversation END"));
	}
}

/* SPDX-License-Identifier: MIT */
#include "query/context.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/rules.h"

/* The compaction before may lie before the period: all of a session's are walked through. */
static enum bp_rc read_compactions(struct bp_sql *sql, const struct bp_scope *scope,
				   struct bp_scope_set *set, struct bp_context *out,
				   struct bp_err *err)
{
#define COMPACTIONS(where)                                                                         \
	"SELECT * FROM (SELECT k.conversation_id, k.ts_us AS at, k.compact_trigger, k.pre_tokens," \
	" k.post_tokens, lag(k.ts_us) OVER (PARTITION BY k.conversation_id ORDER BY k.ts_us, "     \
	"k.id) AS before FROM compactions AS k WHERE " BP_RULE_COMPACTION where                    \
	") WHERE at >= ?1 AND at < ?2 ORDER BY 1, 2"
	static const char IN_TIME[] = COMPACTIONS("");
	static const char IN_SESSION[] = COMPACTIONS(" AND k.conversation_id = ?3");
	struct bp_statement *statement = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_scope_statement(sql, scope, IN_TIME, IN_SESSION, &statement, err);

	while (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
		if (rc != BP_OK || !bp_scope_set_has(set, bp_column_int(statement, 0))) {
			continue;
		}
		if (out->n == cap) {
			cap = cap ? 2 * cap : 16;
			out->items = bp_realloc(out->items, cap, sizeof(out->items[0]));
		}
		struct bp_compaction *item = &out->items[out->n++];
		struct bp_str trigger = bp_column_text(statement, 2);
		int64_t before = bp_column_int(statement, 5);
		*item = (struct bp_compaction){
			.conversation = bp_column_int(statement, 0),
			.ts_us = bp_column_int(statement, 1),
			.trigger = trigger.len ? bp_arena_str(&out->text, trigger).ptr : "",
			.pre_tokens = bp_column_int(statement, 3),
			.post_tokens = bp_column_int(statement, 4),
			.gap_us = BP_SQL_NULL};
		if (before != BP_SQL_NULL) {
			item->gap_us = item->ts_us - before;
		}
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc count_operations(struct bp_sql *sql, struct bp_context *out, struct bp_err *err)
{
	static const char OPERATIONS[] =
		"SELECT count(*) FROM tool_calls AS x WHERE x.conversation_id = ?1 AND x.ts_us >= "
		"?2 AND x.ts_us < ?3 AND x.is_sidechain = 0";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, OPERATIONS, &statement, err);

	out->min_gap_us = BP_SQL_NULL;
	for (size_t i = 0; i < out->n && rc == BP_OK; i++) {
		struct bp_compaction *item = &out->items[i];
		bool first = item->gap_us == BP_SQL_NULL;
		bp_bind_int(statement, 1, item->conversation);
		bp_bind_int(statement, 2, first ? BP_TIME_FIRST : item->ts_us - item->gap_us);
		bp_bind_int(statement, 3, item->ts_us);
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK) {
			item->operations = bp_column_int(statement, 0);
			out->operations += item->operations;
			bp_statement_reset(statement);
		}
		if (!first && (out->min_gap_us == BP_SQL_NULL || item->gap_us < out->min_gap_us)) {
			out->min_gap_us = item->gap_us;
		}
	}
	bp_statement_free(statement);
	return rc;
}

enum bp_rc bp_context_read(struct bp_sql *sql, const struct bp_scope *scope, struct bp_context *out,
			   struct bp_err *err)
{
	struct bp_scope_set set;

	*out = (struct bp_context){.min_gap_us = BP_SQL_NULL, .used_avg = (double)NAN};
	enum bp_rc rc = bp_scope_set_read(sql, scope->filter, &set, err);
	if (rc == BP_OK) {
		rc = read_compactions(sql, scope, &set, out, err);
	}
	if (rc == BP_OK) {
		rc = count_operations(sql, out, err);
	}
	bp_scope_set_done(&set);
	return rc;
}

void bp_context_use(struct bp_context *context, const struct bp_totals *totals,
		    const struct bp_habits *habits)
{
	const struct bp_bucket_sums *sums = &totals->sums;
	const struct bp_habit *peak =
		bp_habits_find(habits, BP_HABIT_PEAK, BP_STR(BP_PEAK_CONTEXT));
	int64_t given =
		sums->input + sums->cache_write_5m + sums->cache_write_1h + sums->cache_read;

	context->responses = sums->model_calls;
	for (size_t i = 0; i < totals->n_agents; i++) {
		context->responses -= totals->agents[i].model_calls;
		given -= totals->agents[i].context_tokens;
	}
	context->used_avg =
		context->responses > 0 ? (double)given / (double)context->responses : (double)NAN;
	context->used_peak = peak ? peak->values[BP_PEAK_VALUE] : 0;
	for (size_t i = 0; i < context->n; i++) {
		int64_t before = context->items[i].pre_tokens;
		if (before != BP_SQL_NULL && before > context->used_peak) {
			context->used_peak = before;
		}
	}
}

void bp_context_done(struct bp_context *context)
{
	free(context->items);
	bp_arena_done(&context->text);
	*context = (struct bp_context){0};
}

static void add_count(cJSON *json, const char *name, int64_t value, double unit)
{
	(void)cJSON_AddItemToObject(json, name,
				    value == BP_SQL_NULL
					    ? cJSON_CreateNull()
					    : cJSON_CreateNumber((double)value / unit));
}

struct cJSON *bp_context_json(const struct bp_context *context)
{
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "compactions", (double)context->n);
	add_count(json, "min_gap_s", context->min_gap_us, 1e6);
	(void)cJSON_AddItemToObject(
		json, "operations_per_compaction",
		context->n ? cJSON_CreateNumber((double)context->operations / (double)context->n)
			   : cJSON_CreateNull());
	(void)cJSON_AddItemToObject(json, "used_avg",
				    context->responses ? cJSON_CreateNumber(context->used_avg)
						       : cJSON_CreateNull());
	(void)cJSON_AddItemToObject(json, "used_peak",
				    context->used_peak
					    ? cJSON_CreateNumber((double)context->used_peak)
					    : cJSON_CreateNull());
	return json;
}

struct cJSON *bp_compactions_json(const struct bp_context *context)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < context->n; i++) {
		const struct bp_compaction *one = &context->items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddItemToObject(item, "at", bp_time_json(one->ts_us));
		(void)cJSON_AddItemToObject(item, "trigger",
					    *one->trigger ? cJSON_CreateString(one->trigger)
							  : cJSON_CreateNull());
		add_count(item, "pre_tokens", one->pre_tokens, 1);
		add_count(item, "post_tokens", one->post_tokens, 1);
		add_count(item, "gap_s", one->gap_us, 1e6);
		(void)cJSON_AddNumberToObject(item, "operations", (double)one->operations);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

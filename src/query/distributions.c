/* SPDX-License-Identifier: MIT */
#include "query/distributions.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/rules.h"

/* --- file types --- */

static const char *keep(struct bp_arena *arena, struct bp_str text)
{
	return text.len ? bp_arena_str(arena, text).ptr : "";
}

static struct bp_file_type *type_of(struct bp_file_types *types, size_t *cap,
				    struct bp_str extension)
{
	for (size_t i = 0; i < types->n; i++) {
		if (bp_str_is(extension, types->items[i].extension)) {
			return &types->items[i];
		}
	}
	if (types->n == *cap) {
		*cap = *cap ? 2 * *cap : 32;
		types->items = bp_realloc(types->items, *cap, sizeof(types->items[0]));
	}
	types->items[types->n] = (struct bp_file_type){.extension = keep(&types->text, extension)};
	return &types->items[types->n++];
}

static int by_edits(const void *a, const void *b)
{
	const struct bp_file_type *x = a, *y = b;
	int order = (x->accepted < y->accepted) - (x->accepted > y->accepted);

	return order ? order : strcmp(x->extension, y->extension);
}

static int64_t count(struct bp_statement *row, int column)
{
	int64_t value = bp_column_int(row, column);

	return value == BP_SQL_NULL ? 0 : value;
}

static void take_edit(struct bp_file_type *type, const struct bp_tool_step *step,
		      struct bp_statement *row)
{
	bool ok = step->outcome == BP_OUTCOME_OK;

	type->proposed++;
	type->accepted += ok;
	type->rejected += step->outcome == BP_OUTCOME_REJECTED;
	if (row && ok) {
		type->created += count(row, 1);
		type->lines_added += count(row, 2);
		type->lines_removed += count(row, 3);
	}
}

enum bp_rc bp_file_types_read(struct bp_sql *sql, const struct bp_tool_steps *steps,
			      struct bp_file_types *out, struct bp_err *err)
{
	static const char CHANGE[] = "SELECT e.extension, e.operation = 'create', e.lines_added, "
				     "e.lines_removed FROM code_changes AS e WHERE e.id = ?1";
	struct bp_statement *statement = NULL;
	size_t cap = 0;

	*out = (struct bp_file_types){0};
	enum bp_rc rc = bp_statement_new(sql, CHANGE, &statement, err);
	for (size_t i = 0; i < steps->n && rc == BP_OK; i++) {
		const struct bp_tool_step *step = &steps->items[i];
		if (!step->edit) {
			continue;
		}
		bp_bind_int(statement, 1, step->id);
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK) {
			take_edit(type_of(out, &cap, bp_column_text(statement, 0)), step,
				  statement);
			bp_statement_reset(statement);
		} else if (rc == BP_ENOTFOUND) { /* what it changed was not told */
			take_edit(type_of(out, &cap, BP_STR("")), step, NULL);
			rc = BP_OK;
		}
	}
	bp_statement_free(statement);
	if (out->n > 0) {
		qsort(out->items, out->n, sizeof(out->items[0]), by_edits);
	}
	return rc;
}

void bp_file_types_done(struct bp_file_types *types)
{
	free(types->items);
	bp_arena_done(&types->text);
	*types = (struct bp_file_types){0};
}

struct cJSON *bp_file_types_json(const struct bp_file_types *types)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < types->n; i++) {
		const struct bp_file_type *type = &types->items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddItemToObject(item, "extension",
					    *type->extension ? cJSON_CreateString(type->extension)
							     : cJSON_CreateNull());
		(void)cJSON_AddNumberToObject(item, "edits", (double)type->accepted);
		(void)cJSON_AddNumberToObject(item, "lines_added", (double)type->lines_added);
		(void)cJSON_AddNumberToObject(item, "lines_removed", (double)type->lines_removed);
		(void)cJSON_AddNumberToObject(item, "proposed", (double)type->proposed);
		(void)cJSON_AddNumberToObject(item, "rejected", (double)type->rejected);
		(void)cJSON_AddNumberToObject(item, "files_created", (double)type->created);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

/* --- shares --- */

static void add_share(struct bp_shares *shares, const char *label, int64_t count_more)
{
	shares->total += count_more;
	for (size_t i = 0; i < shares->n; i++) {
		if (strcmp(shares->items[i].label, label) == 0) {
			shares->items[i].count += count_more;
			return;
		}
	}
	if (shares->n < BP_SHARES_MAX) {
		shares->items[shares->n++] = (struct bp_share){.label = label, .count = count_more};
	}
}

static int by_share(const void *a, const void *b)
{
	const struct bp_share *x = a, *y = b;
	int order = (x->count < y->count) - (x->count > y->count);

	return order ? order : strcmp(x->label, y->label);
}

struct bp_shares bp_error_classes_of(const struct bp_tool_steps *steps)
{
	struct bp_shares shares = {0};

	for (size_t i = 0; i < steps->n; i++) {
		const struct bp_tool_step *step = &steps->items[i];
		if (step->outcome == BP_OUTCOME_ERROR) {
			const char *class = steps->names[step->error_class];
			add_share(&shares, *class ? class : "unknown", 1);
		}
	}
	qsort(shares.items, shares.n, sizeof(shares.items[0]), by_share);
	return shares;
}

enum bp_rc bp_session_sources_read(struct bp_sql *sql, const struct bp_scope *scope,
				   struct bp_shares *out, struct bp_err *err)
{
	static const char *const known[] = {"startup", "resume", "clear", "compact",
					    "fork",    "other",  NULL};
#define SOURCES(where)                                                                             \
	"SELECT c.id, c.start_source FROM conversations AS c WHERE " BP_RULE_SESSION               \
	" AND " BP_RULE_SESSION_FIRST " >= ?1 AND " BP_RULE_SESSION_FIRST " < ?2" where
	static const char IN_TIME[] = SOURCES("");
	static const char IN_SESSION[] = SOURCES(" AND c.id = ?3");
	struct bp_statement *statement = NULL;
	struct bp_scope_set set;

	*out = (struct bp_shares){0};
	enum bp_rc rc = bp_scope_set_read(sql, scope->filter, &set, err);
	if (rc == BP_OK) {
		rc = bp_scope_statement(sql, scope, IN_TIME, IN_SESSION, &statement, err);
	}
	while (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK && bp_scope_set_has(&set, bp_column_int(statement, 0))) {
			struct bp_str source = bp_column_text(statement, 1);
			size_t i = 0;
			while (known[i + 1] && !bp_str_is(source, known[i])) {
				i++;
			}
			add_share(out, source.len ? known[i] : "unknown", 1);
		}
	}
	bp_statement_free(statement);
	bp_scope_set_done(&set);
	qsort(out->items, out->n, sizeof(out->items[0]), by_share);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_gap_classes_read(struct bp_sql *sql, const struct bp_scope *scope,
			       struct bp_shares *out, struct bp_err *err)
{
#define GAPS(where)                                                                                \
	"SELECT t.conversation_id, sum(t.gap_us < 10000000), sum(t.gap_us >= 10000000 AND "        \
	"t.gap_us <= 30000000), sum(t.gap_us > 30000000) FROM conversation_turns AS t WHERE "      \
	"t.ts_us >= ?1 AND t.ts_us < ?2 AND t.gap_us IS NOT NULL AND " BP_RULE_PROMPT where        \
	" GROUP BY 1"
	static const char IN_TIME[] = GAPS("");
	static const char IN_SESSION[] = GAPS(" AND t.conversation_id = ?3");
	struct bp_statement *statement = NULL;
	struct bp_scope_set set;

	*out = (struct bp_shares){0};
	add_share(out, "iterating", 0);
	add_share(out, "reviewing", 0);
	add_share(out, "moved_on", 0);
	enum bp_rc rc = bp_scope_set_read(sql, scope->filter, &set, err);
	if (rc == BP_OK) {
		rc = bp_scope_statement(sql, scope, IN_TIME, IN_SESSION, &statement, err);
	}
	while (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK && bp_scope_set_has(&set, bp_column_int(statement, 0))) {
			for (int i = 0; i < 3; i++) {
				add_share(out, out->items[i].label, count(statement, i + 1));
			}
		}
	}
	bp_statement_free(statement);
	bp_scope_set_done(&set);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

struct cJSON *bp_shares_json(const struct bp_shares *shares, const char *name)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < shares->n; i++) {
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, name, shares->items[i].label);
		(void)cJSON_AddNumberToObject(item, "count", (double)shares->items[i].count);
		(void)cJSON_AddItemToObject(
			item, "share",
			shares->total ? cJSON_CreateNumber((double)shares->items[i].count /
							   (double)shares->total)
				      : cJSON_CreateNull());
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

/* --- hours of the day --- */

struct bp_hours bp_hours_of(const struct bp_tool_steps *steps, const struct bp_tz *tz)
{
	struct bp_hours hours = {0};
	int64_t quarter = INT64_MIN; /* of the last step: offsets are multiples of it */
	int hour = 0;

	for (size_t i = 0; i < steps->n; i++) {
		const struct bp_tool_step *step = &steps->items[i];
		if (step->ts_us / BP_BUCKET_US != quarter) {
			quarter = step->ts_us / BP_BUCKET_US;
			hour = bp_tz_civil(tz, step->ts_us).hour;
		}
		struct bp_hour *at = &hours.items[hour];
		at->calls++;
		at->errors += step->outcome == BP_OUTCOME_ERROR;
		at->edits_ok += step->edit && step->outcome == BP_OUTCOME_OK;
		at->edits_rejected += step->edit && step->outcome == BP_OUTCOME_REJECTED;
		if (bp_outcome_executed(step->outcome) && step->latency_us != BP_SQL_NULL) {
			bp_sketch_add(&at->latency, step->latency_us);
		}
	}
	return hours;
}

void bp_hours_done(struct bp_hours *hours)
{
	for (int i = 0; i < 24; i++) {
		bp_sketch_done(&hours->items[i].latency);
	}
}

static void add_real(cJSON *json, const char *name, double value)
{
	(void)cJSON_AddItemToObject(json, name,
				    isnan(value) ? cJSON_CreateNull() : cJSON_CreateNumber(value));
}

struct cJSON *bp_hours_json(const struct bp_hours *hours)
{
	cJSON *list = cJSON_CreateArray();

	for (int i = 0; i < 24; i++) {
		const struct bp_hour *hour = &hours->items[i];
		double decided = (double)(hour->edits_ok + hour->edits_rejected);
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddNumberToObject(item, "hour", i);
		(void)cJSON_AddNumberToObject(item, "tool_calls", (double)hour->calls);
		(void)cJSON_AddNumberToObject(item, "errors", (double)hour->errors);
		add_real(item, "acceptance_rate",
			 decided > 0 ? (double)hour->edits_ok / decided : (double)NAN);
		cJSON *latency = cJSON_AddObjectToObject(item, "latency_ms");
		add_real(latency, "p50", bp_sketch_quantile(&hour->latency, 0.5) / 1000);
		add_real(latency, "p95", bp_sketch_quantile(&hour->latency, 0.95) / 1000);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

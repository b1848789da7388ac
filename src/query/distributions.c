/* SPDX-License-Identifier: MIT */
#include "query/distributions.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/rules.h"

/* --- file types --- */

static int by_edits(const void *a, const void *b)
{
	const struct bp_file_type *x = a, *y = b;
	int order = (x->accepted < y->accepted) - (x->accepted > y->accepted);

	return order ? order : strcmp(x->extension, y->extension);
}

struct bp_file_types bp_file_types_of(const struct bp_habits *habits)
{
	struct bp_file_types out = {.items = bp_calloc(habits->n + 1, sizeof(out.items[0]))};

	for (size_t i = 0; i < habits->n; i++) {
		const struct bp_habit *habit = habits->items[i];
		if (habit->kind == BP_HABIT_FILE_TYPE) {
			out.items[out.n++] = (struct bp_file_type){
				.extension = habit->key.ptr, /* ends in NUL, as all of an arena */
				.proposed = habit->values[BP_FILE_PROPOSED],
				.accepted = habit->values[BP_FILE_ACCEPTED],
				.rejected = habit->values[BP_FILE_REJECTED],
				.created = habit->values[BP_FILE_CREATED],
				.lines_added = habit->values[BP_FILE_LINES_ADDED],
				.lines_removed = habit->values[BP_FILE_LINES_REMOVED]};
		}
	}
	qsort(out.items, out.n, sizeof(out.items[0]), by_edits);
	return out;
}

void bp_file_types_done(struct bp_file_types *types)
{
	free(types->items);
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

struct bp_shares bp_error_classes_of(const struct bp_bucket_sums *sums)
{
	struct bp_shares shares = {0};
	const struct bp_share classes[] = {
		{"precondition", sums->errors_precondition},
		{"not_found", sums->errors_not_found},
		{"timeout", sums->errors_timeout},
		{"permission", sums->errors_permission},
		{"syntax", sums->errors_syntax},
		{"exit_code", sums->errors_exit_code},
		{"network", sums->errors_network},
		{"edit_mismatch", sums->errors_edit_mismatch},
		{"api", sums->errors_api},
		{"other", sums->errors_other},
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (classes[i].count > 0) {
			add_share(&shares, classes[i].label, classes[i].count);
		}
	}
	qsort(shares.items, shares.n, sizeof(shares.items[0]), by_share);
	return shares;
}

struct bp_shares bp_gap_classes_of(const struct bp_bucket_sums *sums)
{
	struct bp_shares shares = {0};

	add_share(&shares, "iterating", sums->gaps_iterating);
	add_share(&shares, "reviewing", sums->gaps_reviewing);
	add_share(&shares, "moved_on", sums->gaps_moved_on);
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

struct bp_hours bp_hours_of(const struct bp_habits *habits)
{
	struct bp_hours hours = {0};

	for (int i = 0; i < BP_HOURS; i++) {
		char key[16];
		(void)snprintf(key, sizeof(key), "%02d", i);
		const struct bp_habit *habit =
			bp_habits_find(habits, BP_HABIT_HOUR, bp_str_from(key));
		if (habit) {
			struct bp_hour *hour = &hours.items[i];
			hour->calls = habit->values[BP_HOUR_CALLS];
			hour->errors = habit->values[BP_HOUR_ERRORS];
			hour->edits_ok = habit->values[BP_HOUR_EDITS_OK];
			hour->edits_rejected = habit->values[BP_HOUR_EDITS_REJECTED];
			hour->latency = &habit->latency;
		}
	}
	return hours;
}

double bp_hour_latency_ms(const struct bp_hour *hour, double q)
{
	return hour->latency ? bp_sketch_quantile(hour->latency, q) / 1000 : (double)NAN;
}

static void add_real(cJSON *json, const char *name, double value)
{
	(void)cJSON_AddItemToObject(json, name,
				    isnan(value) ? cJSON_CreateNull() : cJSON_CreateNumber(value));
}

struct cJSON *bp_hours_json(const struct bp_hours *hours)
{
	cJSON *list = cJSON_CreateArray();

	for (int i = 0; i < BP_HOURS; i++) {
		const struct bp_hour *hour = &hours->items[i];
		double decided = (double)(hour->edits_ok + hour->edits_rejected);
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddNumberToObject(item, "hour", i);
		(void)cJSON_AddNumberToObject(item, "tool_calls", (double)hour->calls);
		(void)cJSON_AddNumberToObject(item, "errors", (double)hour->errors);
		add_real(item, "acceptance_rate",
			 decided > 0 ? (double)hour->edits_ok / decided : (double)NAN);
		cJSON *latency = cJSON_AddObjectToObject(item, "latency_ms");
		add_real(latency, "p50", bp_hour_latency_ms(hour, 0.5));
		add_real(latency, "p95", bp_hour_latency_ms(hour, 0.95));
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

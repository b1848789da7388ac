/* SPDX-License-Identifier: MIT */
#include "query/analyze_parts.h"

#include <cjson/cJSON.h>

static struct bp_habits *of_any_moment(void *arg, int64_t ts_us)
{
	(void)ts_us;
	return arg;
}

static void count_habits(struct bp_analysis_parts *parts)
{
	static const struct bp_habit_view now = {.settle = BP_HABITS_PENDING};
	struct bp_habit_source source = bp_habit_session_source(&parts->session);
	struct bp_habits open = {0};

	bp_habits_of(&source, of_any_moment, &open);
	bp_habits_merge(&parts->habits, &open, &now);
	bp_habits_done(&open);
}

enum bp_rc bp_analysis_parts_read(struct bp_sql *sql, int64_t conversation, int64_t as_of_us,
				  const struct bp_totals *totals, struct bp_analysis_parts *out,
				  struct bp_err *err)
{
	struct bp_period period = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	struct bp_filter filter = {.one_session = true, .conversation = conversation};
	struct bp_scope scope = {.period = &period, .filter = &filter, .as_of_us = as_of_us};
	enum bp_rc rc = bp_habit_session_read(sql, conversation, as_of_us, &out->session, err);

	if (rc == BP_OK) {
		rc = bp_turns_read(sql, conversation, &out->session.steps, &out->turns, err);
	}
	if (rc == BP_OK) {
		rc = bp_context_read(sql, &scope, &out->context, err);
	}
	if (rc == BP_OK) {
		count_habits(out);
		out->files = bp_file_types_of(&out->habits);
		out->sequences = bp_sequences_of(&out->habits);
		out->phases = bp_phases_of(&out->habits);
		out->spans = bp_phase_spans_of(&out->session.steps);
		out->errors = bp_error_classes_of(&totals->sums);
		bp_context_use(&out->context, totals, &out->habits);
	}
	return rc;
}

void bp_analysis_parts_done(struct bp_analysis_parts *parts)
{
	bp_turns_done(&parts->turns);
	bp_phase_spans_done(&parts->spans);
	bp_file_types_done(&parts->files);
	bp_context_done(&parts->context);
	bp_habits_done(&parts->habits);
	bp_habit_session_done(&parts->session);
}

void bp_analysis_parts_add(struct cJSON *json, const struct bp_analysis_parts *parts)
{
	(void)cJSON_AddItemToObject(json, "files", bp_file_types_json(&parts->files));
	(void)cJSON_AddItemToObject(json, "subagents",
				    bp_subagents_json(&parts->session.subagents));
	(void)cJSON_AddItemToObject(json, "turns", bp_turns_json(&parts->turns));
	(void)cJSON_AddItemToObject(json, "sequences", bp_sequences_json(&parts->sequences));
	(void)cJSON_AddItemToObject(json, "phases", bp_phases_json(&parts->phases));
	(void)cJSON_AddItemToObject(json, "phase_spans", bp_phase_spans_json(&parts->spans));
	(void)cJSON_AddItemToObject(json, "error_classes", bp_shares_json(&parts->errors, "class"));
	(void)cJSON_AddItemToObject(json, "context", bp_context_json(&parts->context));
	(void)cJSON_AddItemToObject(json, "compaction_list", bp_compactions_json(&parts->context));
}

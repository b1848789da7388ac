/* SPDX-License-Identifier: MIT */
#include "query/analyze_parts.h"

#include <cjson/cJSON.h>

enum { SEQUENCES_MAX = 20 };

enum bp_rc bp_analysis_parts_read(struct bp_sql *sql, int64_t conversation, int64_t as_of_us,
				  struct bp_analysis_parts *out, struct bp_err *err)
{
	struct bp_period period = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	struct bp_filter filter = {.one_session = true, .conversation = conversation};
	struct bp_scope scope = {.period = &period, .filter = &filter, .as_of_us = as_of_us};
	enum bp_rc rc = bp_tool_steps_read(sql, &scope, &out->steps, err);

	if (rc == BP_OK) {
		rc = bp_turns_read(sql, conversation, &out->steps, &out->turns, err);
	}
	if (rc == BP_OK) {
		rc = bp_file_types_read(sql, &out->steps, &out->files, err);
	}
	if (rc == BP_OK) {
		rc = bp_subagents_read(sql, &scope, &out->agents, err);
	}
	if (rc == BP_OK) {
		rc = bp_context_read(sql, &scope, &out->context, err);
	}
	if (rc == BP_OK) {
		out->sequences = bp_sequences_of(&out->steps, BP_TIME_FIRST, BP_TIME_LAST);
		out->phases = bp_phases_of(&out->steps);
		out->errors = bp_error_classes_of(&out->steps);
	}
	return rc;
}

void bp_analysis_parts_done(struct bp_analysis_parts *parts)
{
	bp_tool_steps_done(&parts->steps);
	bp_turns_done(&parts->turns);
	bp_sequences_done(&parts->sequences);
	bp_phases_done(&parts->phases);
	bp_file_types_done(&parts->files);
	bp_subagents_done(&parts->agents);
	bp_context_done(&parts->context);
}

void bp_analysis_parts_add(struct cJSON *json, const struct bp_analysis_parts *parts)
{
	(void)cJSON_AddItemToObject(json, "files", bp_file_types_json(&parts->files));
	(void)cJSON_AddItemToObject(json, "subagents", bp_subagents_json(&parts->agents));
	(void)cJSON_AddItemToObject(json, "turns", bp_turns_json(&parts->turns));
	(void)cJSON_AddItemToObject(
		json, "sequences",
		bp_sequences_json(&parts->sequences, &parts->steps, SEQUENCES_MAX));
	(void)cJSON_AddItemToObject(json, "phases", bp_phases_json(&parts->phases));
	(void)cJSON_AddItemToObject(json, "phase_spans", bp_phase_spans_json(&parts->phases));
	(void)cJSON_AddItemToObject(json, "error_classes", bp_shares_json(&parts->errors, "class"));
	(void)cJSON_AddItemToObject(json, "context", bp_context_json(&parts->context));
	(void)cJSON_AddItemToObject(json, "compaction_list", bp_compactions_json(&parts->context));
}

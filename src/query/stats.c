/* SPDX-License-Identifier: MIT */
#include "query/stats.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "query/analyze.h"
#include "query/database.h"
#include "query/habits_read.h"
#include "query/metrics.h"

#define DAY_US INT64_C(86400000000)

static enum bp_rc read_totals(struct bp_sql *sql, const struct bp_scope *scope,
			      struct bp_stats *out, struct bp_err *err)
{
	struct bp_totals_question question = {
		.period = scope->period, .filter = scope->filter, .as_of_us = scope->as_of_us};
	enum bp_rc rc = bp_totals_collect(sql, &question, &out->all, err);

	if (rc == BP_OK) {
		question.by = BP_GROUP_TOOL;
		rc = bp_totals_collect(sql, &question, &out->by_tool, err);
	}
	if (rc == BP_OK) {
		question.by = BP_GROUP_MODEL;
		rc = bp_totals_collect(sql, &question, &out->by_model, err);
	}
	return rc;
}

static enum bp_rc read_learning(struct bp_sql *sql, const struct bp_scope *scope,
				struct bp_stats *out, struct bp_err *err)
{
	const struct bp_period *period = scope->period;
	int64_t until_us = period->until_us < scope->as_of_us ? period->until_us : scope->as_of_us;

	out->has_learning = period->from_us <= until_us - BP_STATS_LEARNING_DAYS * DAY_US;
	return out->has_learning
		       ? bp_learning_read(sql, scope, until_us, &out->habits, &out->learning, err)
		       : BP_OK;
}

static enum bp_rc read_in_moment(struct bp_sql *sql, const struct bp_scope *scope,
				 struct bp_stats *out, struct bp_err *err)
{
	enum bp_rc rc = read_totals(sql, scope, out, err);

	if (rc == BP_OK) {
		rc = bp_habits_read(sql, scope, &out->habits, err);
	}
	if (rc == BP_OK) {
		rc = bp_session_sources_read(sql, scope, &out->sources, err);
	}
	if (rc == BP_OK) {
		rc = bp_context_read(sql, scope, &out->context, err);
	}
	if (rc == BP_OK) {
		rc = read_learning(sql, scope, out, err);
	}
	return rc;
}

enum bp_rc bp_stats_read(struct bp_sql *sql, const struct bp_scope *scope, struct bp_stats *out,
			 struct bp_err *err)
{
	*out = (struct bp_stats){.period = *scope->period};
	enum bp_rc rc = bp_query_begin(sql, err);

	if (rc != BP_OK) {
		return rc;
	}
	rc = read_in_moment(sql, scope, out, err);
	bp_query_end(sql);
	if (rc == BP_OK) {
		const struct bp_totals *totals = &out->all.items[0]->totals;
		out->files = bp_file_types_of(&out->habits);
		out->sequences = bp_sequences_of(&out->habits);
		out->patterns = bp_patterns_of(&out->habits);
		out->phases = bp_phases_of(&out->habits);
		out->hours = bp_hours_of(&out->habits);
		out->agents = bp_subagent_types_of(&out->habits, totals);
		out->errors = bp_error_classes_of(&totals->sums);
		out->gaps = bp_gap_classes_of(&totals->sums);
		bp_context_use(&out->context, totals, &out->habits);
	}
	return rc;
}

void bp_stats_done(struct bp_stats *stats)
{
	bp_groups_done(&stats->all);
	bp_groups_done(&stats->by_model);
	bp_groups_done(&stats->by_tool);
	bp_file_types_done(&stats->files);
	bp_subagent_types_done(&stats->agents);
	bp_context_done(&stats->context);
	bp_learning_done(&stats->learning);
	bp_habits_done(&stats->habits);
}

double bp_stats_share(const struct bp_stats *stats, const struct bp_group *model)
{
	double all = (double)stats->all.items[0]->totals.sums.model_calls;

	return all > 0 ? (double)model->totals.sums.model_calls / all : 0;
}

double bp_stats_cost_usd(const struct bp_bucket_sums *sums)
{
	bool none = sums->model_calls > 0 && sums->unpriced_calls == sums->model_calls;

	return none ? (double)NAN : (double)sums->cost_pusd / 1e12;
}

/* --- JSON --- */

static void add_real(cJSON *json, const char *name, double value)
{
	(void)cJSON_AddItemToObject(json, name,
				    isnan(value) ? cJSON_CreateNull() : cJSON_CreateNumber(value));
}

static cJSON *models_json(const struct bp_stats *stats)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < stats->by_model.n; i++) {
		const struct bp_group *group = stats->by_model.items[i];
		struct bp_tokens tokens = bp_analysis_tokens(&group->totals.sums);
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "model", group->key);
		(void)cJSON_AddNumberToObject(item, "model_calls",
					      (double)group->totals.sums.model_calls);
		add_real(item, "share", bp_stats_share(stats, group));
		(void)cJSON_AddItemToObject(item, "tokens", bp_tokens_json(&tokens));
		add_real(item, "cost_usd", bp_stats_cost_usd(&group->totals.sums));
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

static cJSON *tools_json(const struct bp_stats *stats)
{
	static const char *const names[] = {"tool_success_rate", "tool_error_rate",
					    "tool_latency_p50_ms", "tool_latency_p95_ms", NULL};
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < stats->by_tool.n; i++) {
		const struct bp_group *group = stats->by_tool.items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "tool", group->key);
		(void)cJSON_AddNumberToObject(item, "calls",
					      (double)bp_totals_calls(&group->totals.sums));
		for (size_t k = 0; names[k]; k++) {
			add_real(item, names[k], bp_metric_find(names[k])->value(&group->totals));
		}
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

struct cJSON *bp_stats_json(const struct bp_stats *stats)
{
	const struct bp_totals *totals = &stats->all.items[0]->totals;
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	(void)cJSON_AddItemToObject(json, "period", bp_period_json(&stats->period));
	(void)cJSON_AddItemToObject(json, "metrics", bp_metrics_json(totals));
	(void)cJSON_AddItemToObject(json, "models", models_json(stats));
	(void)cJSON_AddNumberToObject(json, "model_switches", (double)totals->model_switches);
	(void)cJSON_AddItemToObject(json, "tools", tools_json(stats));
	(void)cJSON_AddItemToObject(json, "files", bp_file_types_json(&stats->files));
	(void)cJSON_AddItemToObject(json, "sequences", bp_sequences_json(&stats->sequences));
	(void)cJSON_AddItemToObject(json, "patterns", bp_patterns_json(&stats->patterns));
	(void)cJSON_AddItemToObject(json, "phases", bp_phases_json(&stats->phases));
	(void)cJSON_AddItemToObject(json, "hours", bp_hours_json(&stats->hours));
	(void)cJSON_AddItemToObject(json, "error_classes", bp_shares_json(&stats->errors, "class"));
	(void)cJSON_AddItemToObject(json, "session_sources",
				    bp_shares_json(&stats->sources, "source"));
	(void)cJSON_AddItemToObject(json, "prompt_gaps", bp_shares_json(&stats->gaps, "class"));
	(void)cJSON_AddItemToObject(json, "subagents", bp_subagent_types_json(&stats->agents));
	(void)cJSON_AddItemToObject(json, "context", bp_context_json(&stats->context));
	(void)cJSON_AddItemToObject(json, "learning",
				    stats->has_learning ? bp_learning_json(&stats->learning)
							: cJSON_CreateNull());
	return json;
}

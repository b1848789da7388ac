/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <math.h>

#include "query/analyze.h"
#include "query/metrics.h"
#include "query/period.h"
#include "query/sessions.h"

static void add_real(cJSON *json, const char *name, double value)
{
	(void)cJSON_AddItemToObject(json, name,
				    isnan(value) ? cJSON_CreateNull() : cJSON_CreateNumber(value));
}

static void add_text(cJSON *json, const char *name, const char *text)
{
	(void)cJSON_AddItemToObject(json, name,
				    text && *text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void add_outcomes(cJSON *json, const struct bp_bucket_sums *sums)
{
	(void)cJSON_AddNumberToObject(json, "ok", (double)sums->tools_ok);
	(void)cJSON_AddNumberToObject(json, "error", (double)sums->tools_error);
	(void)cJSON_AddNumberToObject(json, "denied", (double)sums->tools_denied);
	(void)cJSON_AddNumberToObject(json, "rejected", (double)sums->tools_rejected);
	(void)cJSON_AddNumberToObject(json, "interrupted", (double)sums->tools_interrupted);
	(void)cJSON_AddNumberToObject(json, "pending", (double)sums->tools_pending);
}

static cJSON *session_json(const struct bp_analysis *analysis)
{
	const struct bp_session *session = &analysis->session;
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(json, "id", session->id);
	(void)cJSON_AddStringToObject(json, "platform", session->platform);
	add_text(json, "project", bp_session_project(session));
	(void)cJSON_AddItemToObject(json, "started_at", bp_time_json(session->first_us));
	(void)cJSON_AddItemToObject(json, "ended_at",
				    bp_time_json(bp_session_ended_us(session, analysis->status)));
	(void)cJSON_AddStringToObject(json, "status", bp_session_status_name(analysis->status));
	(void)cJSON_AddItemToObject(json, "models", bp_models_json(analysis->models));
	add_text(json, "app_version", session->app_version);
	return json;
}

static cJSON *tool_calls_json(const struct bp_bucket_sums *sums)
{
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "total", (double)bp_totals_calls(sums));
	add_outcomes(json, sums);
	return json;
}

static cJSON *tools_json(const struct bp_groups *groups)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < groups->n; i++) {
		const struct bp_totals *totals = &groups->items[i]->totals;
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "tool", groups->items[i]->key);
		(void)cJSON_AddNumberToObject(item, "calls",
					      (double)bp_totals_calls(&totals->sums));
		add_outcomes(item, &totals->sums);
		cJSON *latency = cJSON_AddObjectToObject(item, "latency_ms");
		add_real(latency, "p50", bp_sketch_quantile(&totals->tool_latency, 0.5) / 1000);
		add_real(latency, "p95", bp_sketch_quantile(&totals->tool_latency, 0.95) / 1000);
		add_real(latency, "p99", bp_sketch_quantile(&totals->tool_latency, 0.99) / 1000);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

static cJSON *models_json(const struct bp_analysis *analysis)
{
	const struct bp_groups *groups = &analysis->by_model;
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < groups->n; i++) {
		const struct bp_bucket_sums *sums = &groups->items[i]->totals.sums;
		struct bp_tokens tokens = bp_analysis_tokens(sums);
		struct bp_tokens aborted = bp_analysis_aborted(sums);
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "model", groups->items[i]->key);
		(void)cJSON_AddNumberToObject(item, "model_calls", (double)sums->model_calls);
		(void)cJSON_AddItemToObject(item, "tokens", bp_tokens_json(&tokens));
		(void)cJSON_AddItemToObject(item, "aborted_tokens", bp_tokens_json(&aborted));
		struct bp_cost cost = bp_analysis_cost(analysis, sums);
		(void)cJSON_AddItemToObject(item, "cost_usd", bp_cost_usd_json(&cost));
		(void)cJSON_AddNumberToObject(item, "unpriced_calls", (double)cost.unpriced_calls);
		(void)cJSON_AddItemToObject(item, "aborted_cost_usd",
					    bp_cost_aborted_usd_json(&cost));
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

static cJSON *edits_json(const struct bp_analysis *analysis)
{
	const struct bp_bucket_sums *sums = &analysis->all.items[0]->totals.sums;
	cJSON *json = cJSON_CreateObject();
	int64_t proposed = 0;

	for (size_t i = 0; i < analysis->parts.files.n; i++) {
		proposed += analysis->parts.files.items[i].proposed;
	}
	(void)cJSON_AddNumberToObject(json, "proposed", (double)proposed);
	(void)cJSON_AddNumberToObject(json, "accepted", (double)sums->edits_ok);
	(void)cJSON_AddNumberToObject(json, "rejected", (double)sums->edits_rejected);
	(void)cJSON_AddNumberToObject(json, "lines_added", (double)sums->lines_added);
	(void)cJSON_AddNumberToObject(json, "lines_removed", (double)sums->lines_removed);
	return json;
}

struct cJSON *bp_analysis_json(const struct bp_analysis *analysis)
{
	const struct bp_totals *totals = &analysis->all.items[0]->totals;
	struct bp_cost cost = bp_analysis_cost(analysis, &totals->sums);
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	(void)cJSON_AddItemToObject(json, "session", session_json(analysis));
	(void)cJSON_AddNumberToObject(json, "prompts", (double)totals->sums.prompts);
	(void)cJSON_AddNumberToObject(json, "responses", (double)totals->sums.model_calls);
	(void)cJSON_AddItemToObject(json, "tool_calls", tool_calls_json(&totals->sums));
	(void)cJSON_AddItemToObject(json, "tools", tools_json(&analysis->by_tool));
	(void)cJSON_AddItemToObject(json, "tokens", bp_tokens_json(&analysis->tokens));
	(void)cJSON_AddItemToObject(json, "aborted_tokens", bp_tokens_json(&analysis->aborted));
	(void)cJSON_AddItemToObject(json, "aborted_cost_usd", bp_cost_aborted_usd_json(&cost));
	(void)cJSON_AddItemToObject(json, "tokens_by_model", models_json(analysis));
	(void)cJSON_AddItemToObject(json, "cost_usd", bp_cost_usd_json(&cost));
	(void)cJSON_AddItemToObject(json, "reported_usd",
				    cost.reported_calls > 0 ? bp_usd_json(cost.reported_pusd)
							    : cJSON_CreateNull());
	(void)cJSON_AddNumberToObject(json, "unpriced_calls", (double)cost.unpriced_calls);
	(void)cJSON_AddItemToObject(json, "edits", edits_json(analysis));
	bp_analysis_parts_add(json, &analysis->parts);
	(void)cJSON_AddNumberToObject(json, "compactions", (double)totals->sums.compactions);
	(void)cJSON_AddItemToObject(json, "metrics", bp_metrics_json(totals));
	if (analysis->has_timeline) {
		(void)cJSON_AddItemToObject(json, "timeline",
					    bp_timeline_json(&analysis->timeline));
	}
	return json;
}

/* SPDX-License-Identifier: MIT */
#include "query/metrics.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

/* --- what formulas are made of --- */

static double nothing(void)
{
	return (double)NAN;
}

static double rate(int64_t part, int64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : nothing();
}

/* What belongs to sessions, or to everything, means nothing for one model or one tool. */
static double if_whole(const struct bp_totals *t, double value)
{
	return t->whole ? value : nothing();
}

static double count(const struct bp_totals *t, int64_t value)
{
	return if_whole(t, (double)value);
}

static int64_t calls(const struct bp_totals *t)
{
	return bp_totals_calls(&t->sums);
}

static int64_t executed(const struct bp_totals *t)
{
	return t->sums.tools_ok + t->sums.tools_error + t->sums.tools_interrupted;
}

static int64_t tokens(const struct bp_totals *t)
{
	const struct bp_bucket_sums *s = &t->sums;
	return s->input + s->output + s->cache_write_5m + s->cache_write_1h + s->cache_read;
}

static int64_t aborted_tokens(const struct bp_totals *t)
{
	const struct bp_bucket_sums *s = &t->sums;
	return s->aborted_input + s->aborted_output + s->aborted_cache_write_5m +
	       s->aborted_cache_write_1h + s->aborted_cache_read;
}

static double per_active(const struct bp_totals *t, int64_t amount, double unit_us)
{
	return t->whole && t->active_us > 0 ? (double)amount * unit_us / (double)t->active_us
					    : nothing();
}

static double per_minute(const struct bp_totals *t, int64_t amount)
{
	return per_active(t, amount, 60e6);
}

static double per_hour(const struct bp_totals *t, int64_t amount)
{
	return per_active(t, amount, 3600e6);
}

static double quantile_ms(const struct bp_sketch *sketch, double q)
{
	return bp_sketch_quantile(sketch, q) / 1000;
}

static double end_ms(const struct bp_sketch *sketch, int64_t value_us)
{
	return sketch->count > 0 ? (double)value_us / 1000 : nothing();
}

/* Shannon entropy of the shares by its largest value; one tool alone has no diversity. */
static double diversity(const struct bp_totals *t)
{
	return t->tools > 1 ? t->tool_entropy / log((double)t->tools) : nothing();
}

/* --- the catalogue: name, label, unit, better, main, formula over t --- */

#define LIST(X)                                                                                    \
	X(acceptance_rate, "Acceptance rate", RATE, 1, true,                                       \
	  rate(t->sums.edits_ok, t->sums.edits_ok + t->sums.edits_rejected))                       \
	X(productivity_score, "Productivity", SCORE, 1, true, if_whole(t, t->productivity))        \
	X(tool_error_rate, "Tool error rate", RATE, -1, true,                                      \
	  rate(t->sums.tools_error, executed(t)))                                                  \
	X(error_rate, "Error rate", RATE, -1, false, rate(t->sums.tools_error, executed(t)))       \
	X(interruption_rate, "Interruption rate", RATE, -1, false,                                 \
	  rate(t->sums.tools_interrupted, executed(t)))                                            \
	X(combined_failure_rate, "Failure rate", RATE, -1, false,                                  \
	  rate(t->sums.tools_error + t->sums.tools_interrupted, executed(t)))                      \
	X(tool_success_rate, "Tool success rate", RATE, 1, true,                                   \
	  rate(t->sums.tools_ok, executed(t)))                                                     \
	X(recovery_rate, "Recovery rate", RATE, 1, false, rate(t->recovered, t->sums.tools_error)) \
	X(sessions, "Sessions", COUNT, 0, true, count(t, t->sessions))                             \
	X(prompts, "Prompts", COUNT, 0, true, count(t, t->sums.prompts))                           \
	X(responses, "Responses", COUNT, 0, false, (double)t->sums.model_calls)                    \
	X(model_calls, "Model calls", COUNT, 0, true, (double)t->sums.model_calls)                 \
	X(aborted_calls, "Model calls cut short", COUNT, 0, false, (double)t->sums.aborted_calls)  \
	X(tool_calls, "Tool calls", COUNT, 0, true, (double)calls(t))                              \
	X(tool_calls_ok, "Tool calls ok", COUNT, 0, false, (double)t->sums.tools_ok)               \
	X(tool_calls_error, "Tool calls failed", COUNT, 0, false, (double)t->sums.tools_error)     \
	X(tool_calls_denied, "Tool calls denied", COUNT, 0, false, (double)t->sums.tools_denied)   \
	X(tool_calls_rejected, "Tool calls rejected", COUNT, 0, false,                             \
	  (double)t->sums.tools_rejected)                                                          \
	X(tool_calls_interrupted, "Tool calls interrupted", COUNT, 0, false,                       \
	  (double)t->sums.tools_interrupted)                                                       \
	X(tool_calls_pending, "Tool calls running", COUNT, 0, false,                               \
	  (double)t->sums.tools_pending)                                                           \
	X(tools_used, "Different tools", COUNT, 0, false, (double)t->tools)                        \
	X(tool_diversity, "Tool diversity", RATE, 0, false, diversity(t))                          \
	X(active_time_s, "Active time", SECONDS, 0, true, if_whole(t, (double)t->active_us / 1e6)) \
	X(session_duration_s, "Session duration", SECONDS, 0, true,                                \
	  if_whole(t,                                                                              \
		   t->sessions ? (double)t->duration_us / 1e6 / (double)t->sessions : nothing()))  \
	X(prompts_per_session, "Prompts per session", NUMBER, 0, false,                            \
	  if_whole(t, rate(t->sums.prompts, t->sessions)))                                         \
	X(prompts_per_minute, "Prompts per minute", NUMBER, 0, false,                              \
	  per_minute(t, t->sums.prompts))                                                          \
	X(tools_per_minute, "Tools per minute", NUMBER, 0, false, per_minute(t, calls(t)))         \
	X(tokens_total, "Tokens", COUNT, 0, true, (double)tokens(t))                               \
	X(tokens_input, "  input", COUNT, 0, true, (double)t->sums.input)                          \
	X(tokens_output, "  output", COUNT, 0, true, (double)t->sums.output)                       \
	X(tokens_cache_write_5m, "  cache write 5 min", COUNT, 0, true,                            \
	  (double)t->sums.cache_write_5m)                                                          \
	X(tokens_cache_write_1h, "  cache write 1 h", COUNT, 0, true,                              \
	  (double)t->sums.cache_write_1h)                                                          \
	X(tokens_cache_read, "  cache read", COUNT, 0, true, (double)t->sums.cache_read)           \
	X(tokens_reasoning, "  reasoning (in output)", COUNT, 0, false, (double)t->sums.reasoning) \
	X(aborted_tokens_total, "Tokens of cut streams", COUNT, 0, false,                          \
	  (double)aborted_tokens(t))                                                               \
	X(cache_hit_rate, "Cache hit rate", RATE, 1, true,                                         \
	  rate(t->sums.cache_read, tokens(t) - t->sums.output))                                    \
	X(tokens_per_minute, "Tokens per minute", NUMBER, 0, false, per_minute(t, tokens(t)))      \
	X(cost_usd, "Cost", USD, -1, false, nothing())                                             \
	X(lines_added, "Lines added", COUNT, 0, true, (double)t->sums.lines_added)                 \
	X(lines_removed, "Lines removed", COUNT, 0, true, (double)t->sums.lines_removed)           \
	X(net_lines, "Net lines", COUNT, 0, false,                                                 \
	  (double)(t->sums.lines_added - t->sums.lines_removed))                                   \
	X(lines_per_hour, "Lines per hour", NUMBER, 0, false,                                      \
	  per_hour(t, t->sums.lines_added + t->sums.lines_removed))                                \
	X(files_edited, "Files edited", COUNT, 0, true, (double)t->files)                          \
	X(files_created, "Files created", COUNT, 0, true, (double)t->files_created)                \
	X(new_file_rate, "New file rate", RATE, 0, false, rate(t->files_created, t->edits))        \
	X(files_per_session, "Files per session", NUMBER, 0, false,                                \
	  if_whole(t, rate(t->files, t->sessions)))                                                \
	X(edits_per_file, "Edits per file", NUMBER, 0, false, rate(t->edits, t->files))            \
	X(churn_rate, "Churn rate", RATE, -1, false, rate(t->edits_repeated, t->edits))            \
	X(direct_accept_rate, "Direct accept rate", RATE, 1, false,                                \
	  rate(t->edits_direct, t->edits))                                                         \
	X(partial_accept_rate, "Partial accept rate", RATE, 0, false,                              \
	  rate(t->edits_partial, t->edits))                                                        \
	X(rejection_rate, "Rejection rate", RATE, -1, false,                                       \
	  rate(t->sums.edits_rejected + t->edits_reverted,                                         \
	       t->sums.edits_ok + t->sums.edits_rejected))                                         \
	X(iteration_count, "Iterations", COUNT, 0, false, (double)t->edits_revised)                \
	X(refinement_rate, "Refinement rate", RATE, 0, false, rate(t->edits_revised, t->edits))    \
	X(time_to_accept_p50_ms, "Time to accept, p50", MS, -1, false,                             \
	  quantile_ms(&t->accept, 0.5))                                                            \
	X(response_time_p50_ms, "Response time, p50", MS, -1, true,                                \
	  quantile_ms(&t->response, 0.5))                                                          \
	X(complete_response_time_p50_ms, "Complete response, p50", MS, -1, false,                  \
	  quantile_ms(&t->complete, 0.5))                                                          \
	X(tool_latency_avg_ms, "Tool latency, mean", MS, -1, false,                                \
	  bp_sketch_mean(&t->tool_latency) / 1000)                                                 \
	X(tool_latency_min_ms, "Tool latency, min", MS, -1, false,                                 \
	  end_ms(&t->tool_latency, t->tool_latency.min_us))                                        \
	X(tool_latency_max_ms, "Tool latency, max", MS, -1, false,                                 \
	  end_ms(&t->tool_latency, t->tool_latency.max_us))                                        \
	X(tool_latency_p50_ms, "Tool latency, p50", MS, -1, true,                                  \
	  quantile_ms(&t->tool_latency, 0.5))                                                      \
	X(tool_latency_p95_ms, "Tool latency, p95", MS, -1, true,                                  \
	  quantile_ms(&t->tool_latency, 0.95))                                                     \
	X(tool_latency_p99_ms, "Tool latency, p99", MS, -1, false,                                 \
	  quantile_ms(&t->tool_latency, 0.99))                                                     \
	X(compactions, "Compactions", COUNT, 0, true, count(t, t->sums.compactions))               \
	X(compactions_per_hour, "Compactions per hour", NUMBER, 0, false,                          \
	  per_hour(t, t->sums.compactions))                                                        \
	X(api_errors, "API errors", COUNT, -1, true, count(t, t->sums.api_errors))                 \
	X(subagents, "Sub-agents", COUNT, 0, true, count(t, t->subagents))                         \
	X(model_switches, "Model switches", COUNT, 0, false, count(t, t->model_switches))

#define FORMULA(id, label, unit, better, main, ...)                                                \
	static double get_##id(const struct bp_totals *t)                                          \
	{                                                                                          \
		(void)t;                                                                           \
		return __VA_ARGS__;                                                                \
	}
LIST(FORMULA)

#define ROW(id, label, unit, better, main, ...)                                                    \
	{#id, label, BP_UNIT_##unit, better, main, get_##id},

const struct bp_metric bp_metrics[] = {LIST(ROW){0}};

const struct bp_metric *bp_metric_find(const char *name)
{
	for (const struct bp_metric *metric = bp_metrics; metric->name; metric++) {
		if (strcmp(metric->name, name) == 0) {
			return metric;
		}
	}
	return NULL;
}

struct cJSON *bp_metrics_json(const struct bp_totals *totals)
{
	cJSON *json = cJSON_CreateObject();

	for (const struct bp_metric *metric = bp_metrics; metric->name; metric++) {
		double value = metric->value(totals);
		if (isnan(value)) {
			(void)cJSON_AddNullToObject(json, metric->name);
		} else {
			(void)cJSON_AddNumberToObject(json, metric->name, value);
		}
	}
	return json;
}

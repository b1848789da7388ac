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
	return t->whole && t->sums.active_us > 0
		       ? (double)amount * unit_us / (double)t->sums.active_us
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

static double mean(int64_t sum, int64_t n)
{
	return n > 0 ? (double)sum / (double)n : nothing();
}

static double usd(int64_t pusd)
{
	return (double)pusd / 1e12;
}

/* Unknown only when calls were made and none of them has a price. */
static double cost(const struct bp_totals *t)
{
	bool unknown = t->sums.model_calls > 0 && bp_totals_unpriced(t) == t->sums.model_calls;

	return t->of_tool || unknown ? nothing() : usd(bp_totals_cost_pusd(t));
}

static double aborted_cost(const struct bp_totals *t)
{
	return t->of_tool
		       ? nothing()
		       : usd(t->compat ? t->sums.aborted_compat_pusd : t->sums.aborted_cost_pusd);
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
	X(recovery_rate, "Recovery rate", RATE, 1, false,                                          \
	  rate(t->sums.recovered, t->sums.tools_error))                                            \
	X(sessions, "Sessions", COUNT, 0, true, count(t, t->sessions))                             \
	X(prompts, "Prompts", COUNT, 0, true, count(t, t->sums.prompts))                           \
	X(responses, "Responses", COUNT, 0, false, (double)t->sums.model_calls)                    \
	X(model_calls, "Model calls", COUNT, 0, true, (double)t->sums.model_calls)                 \
	X(aborted_calls, "Model calls cut short", COUNT, 0, false, (double)t->sums.aborted_calls)  \
	X(tool_calls, "Tool calls", COUNT, 0, true, (double)calls(t))                              \
	X(tool_calls_ok, "Tool calls ok", COUNT, 0, false, (double)t->sums.tools_ok)               \
	X(tool_calls_error, "Tool calls failed", COUNT, 0, false, (double)t->sums.tools_error)     \
	X(errors_precondition, "  not as expected", COUNT, -1, false,                              \
	  (double)t->sums.errors_precondition)                                                     \
	X(errors_not_found, "  not found", COUNT, -1, false, (double)t->sums.errors_not_found)     \
	X(errors_timeout, "  timed out", COUNT, -1, false, (double)t->sums.errors_timeout)         \
	X(errors_permission, "  no permission", COUNT, -1, false,                                  \
	  (double)t->sums.errors_permission)                                                       \
	X(errors_syntax, "  syntax", COUNT, -1, false, (double)t->sums.errors_syntax)              \
	X(errors_exit_code, "  exit code", COUNT, -1, false, (double)t->sums.errors_exit_code)     \
	X(errors_network, "  network", COUNT, -1, false, (double)t->sums.errors_network)           \
	X(errors_edit_mismatch, "  text to edit not found", COUNT, -1, false,                      \
	  (double)t->sums.errors_edit_mismatch)                                                    \
	X(errors_api, "  API", COUNT, -1, false, (double)t->sums.errors_api)                       \
	X(errors_other, "  other", COUNT, -1, false, (double)t->sums.errors_other)                 \
	X(tool_calls_denied, "Tool calls denied", COUNT, 0, false, (double)t->sums.tools_denied)   \
	X(tool_calls_rejected, "Tool calls rejected", COUNT, 0, false,                             \
	  (double)t->sums.tools_rejected)                                                          \
	X(tool_calls_interrupted, "Tool calls interrupted", COUNT, 0, false,                       \
	  (double)t->sums.tools_interrupted)                                                       \
	X(tool_calls_pending, "Tool calls running", COUNT, 0, false,                               \
	  (double)t->sums.tools_pending)                                                           \
	X(tools_used, "Different tools", COUNT, 0, false, (double)t->tools)                        \
	X(tool_diversity, "Tool diversity", RATE, 0, false, diversity(t))                          \
	X(active_time_s, "Active time", SECONDS, 0, true,                                          \
	  if_whole(t, (double)t->sums.active_us / 1e6))                                            \
	X(session_duration_s, "Session duration", SECONDS, 0, true,                                \
	  if_whole(t,                                                                              \
		   t->sessions ? (double)t->duration_us / 1e6 / (double)t->sessions : nothing()))  \
	X(prompts_per_session, "Prompts per session", NUMBER, 0, false,                            \
	  if_whole(t, rate(t->sums.prompts, t->sessions)))                                         \
	X(prompt_length_words, "Prompt length, words", NUMBER, 0, false,                           \
	  if_whole(t, mean(t->sums.prompt_words, t->sums.prompts_sized)))                          \
	X(prompt_length_chars, "Prompt length, characters", NUMBER, 0, false,                      \
	  if_whole(t, mean(t->sums.prompt_chars, t->sums.prompts_sized)))                          \
	X(prompt_gap_p50_ms, "Prompt to prompt, p50", MS, 0, false, quantile_ms(&t->gap, 0.5))     \
	X(prompt_gap_p95_ms, "Prompt to prompt, p95", MS, 0, false, quantile_ms(&t->gap, 0.95))    \
	X(gaps_iterating, "Prompts within 10 s", COUNT, 0, false,                                  \
	  count(t, t->sums.gaps_iterating))                                                        \
	X(gaps_reviewing, "Prompts within 30 s", COUNT, 0, false,                                  \
	  count(t, t->sums.gaps_reviewing))                                                        \
	X(gaps_moved_on, "Prompts later", COUNT, 0, false, count(t, t->sums.gaps_moved_on))        \
	X(think_time_p50_ms, "Think time, p50", MS, 0, false, quantile_ms(&t->think, 0.5))         \
	X(think_time_p95_ms, "Think time, p95", MS, 0, false, quantile_ms(&t->think, 0.95))        \
	X(prompts_per_minute, "Prompts per minute", NUMBER, 0, false,                              \
	  per_minute(t, t->sums.prompts))                                                          \
	X(events, "Events", COUNT, 0, false, count(t, t->sums.events))                             \
	X(events_per_second, "Events per second", NUMBER, 0, false,                                \
	  per_active(t, t->sums.events, 1e6))                                                      \
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
	X(cost_usd, "Cost", USD, -1, true, cost(t))                                                \
	X(cost_per_hour, "Cost per active hour", USD, -1, false,                                   \
	  if_whole(t, t->sums.active_us > 0 ? cost(t) * 3600e6 / (double)t->sums.active_us         \
					    : nothing()))                                          \
	X(cost_per_session, "Cost per session", USD, -1, false,                                    \
	  if_whole(t, t->sessions > 0 ? cost(t) / (double)t->sessions : nothing()))                \
	X(aborted_cost_usd, "Cost of cut streams", USD, -1, false, aborted_cost(t))                \
	X(reported_cost_usd, "Cost as reported", USD, 0, false,                                    \
	  t->sums.reported_calls > 0 ? usd(t->sums.reported_pusd) : nothing())                     \
	X(unpriced_calls, "Calls without a price", COUNT, -1, false,                               \
	  (double)bp_totals_unpriced(t))                                                           \
	X(web_searches, "Web searches", COUNT, 0, false, (double)t->sums.web_searches)             \
	X(lines_added, "Lines added", COUNT, 0, true, (double)t->sums.lines_added)                 \
	X(lines_removed, "Lines removed", COUNT, 0, true, (double)t->sums.lines_removed)           \
	X(net_lines, "Net lines", COUNT, 0, false,                                                 \
	  (double)(t->sums.lines_added - t->sums.lines_removed))                                   \
	X(lines_per_hour, "Lines per hour", NUMBER, 0, false,                                      \
	  per_hour(t, t->sums.lines_added + t->sums.lines_removed))                                \
	X(files_edited, "Files edited", COUNT, 0, true, (double)t->files)                          \
	X(files_created, "Files created", COUNT, 0, true, (double)t->sums.files_created)           \
	X(new_file_rate, "New file rate", RATE, 0, false,                                          \
	  rate(t->sums.files_created, t->sums.edits_ok))                                           \
	X(files_per_session, "Files per session", NUMBER, 0, false,                                \
	  if_whole(t, rate(t->files, t->sessions)))                                                \
	X(edits_per_file, "Edits per file", NUMBER, 0, false, rate(t->sums.edits_ok, t->files))    \
	X(churn_rate, "Churn rate", RATE, -1, false,                                               \
	  rate(t->sums.edits_repeated, t->sums.edits_ok))                                          \
	X(direct_accept_rate, "Direct accept rate", RATE, 1, false,                                \
	  rate(t->sums.edits_direct, t->sums.edits_ok))                                            \
	X(partial_accept_rate, "Partial accept rate", RATE, 0, false,                              \
	  rate(t->sums.edits_partial, t->sums.edits_ok))                                           \
	X(rejection_rate, "Rejection rate", RATE, -1, false,                                       \
	  rate(t->sums.edits_rejected + t->sums.edits_reverted,                                    \
	       t->sums.edits_ok + t->sums.edits_rejected))                                         \
	X(iteration_count, "Iterations", COUNT, 0, false, (double)t->sums.edits_revised)           \
	X(refinement_rate, "Refinement rate", RATE, 0, false,                                      \
	  rate(t->sums.edits_revised, t->sums.edits_ok))                                           \
	X(time_to_accept_p50_ms, "Time to accept, p50", MS, -1, false,                             \
	  quantile_ms(&t->accept, 0.5))                                                            \
	X(time_to_accept_p95_ms, "Time to accept, p95", MS, -1, false,                             \
	  quantile_ms(&t->accept, 0.95))                                                           \
	X(response_time_p50_ms, "Response time, p50", MS, -1, true,                                \
	  quantile_ms(&t->response, 0.5))                                                          \
	X(response_time_p95_ms, "Response time, p95", MS, -1, false,                               \
	  quantile_ms(&t->response, 0.95))                                                         \
	X(complete_response_time_p50_ms, "Complete response, p50", MS, -1, false,                  \
	  quantile_ms(&t->complete, 0.5))                                                          \
	X(complete_response_time_p95_ms, "Complete response, p95", MS, -1, false,                  \
	  quantile_ms(&t->complete, 0.95))                                                         \
	X(time_to_first_token_p50_ms, "Time to first token, p50", MS, -1, false, nothing())        \
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
	X(operations_per_compaction, "Tool calls per compaction", NUMBER, 0, false,                \
	  if_whole(t, rate(calls(t), t->sums.compactions)))                                        \
	X(context_pressure_min, "Minutes between compactions", NUMBER, 1, false,                   \
	  if_whole(t, t->sums.compactions > 0                                                      \
			      ? (double)t->sums.active_us / 60e6 / (double)t->sums.compactions     \
			      : nothing()))                                                        \
	X(context_used_avg, "Context used, mean", RATE, 0, false, nothing())                       \
	X(context_used_peak, "Context used, peak", RATE, 0, false, nothing())                      \
	X(api_errors, "API errors", COUNT, -1, true, count(t, t->sums.api_errors))                 \
	X(subagents, "Sub-agents", COUNT, 0, true, count(t, t->sums.subagents))                    \
	X(subagents_per_session, "Sub-agents per session", NUMBER, 0, false,                       \
	  if_whole(t, rate(t->sums.subagents, t->sessions)))                                       \
	X(subagent_duration_p50_ms, "Sub-agent duration, p50", MS, 0, false,                       \
	  quantile_ms(&t->agent, 0.5))                                                             \
	X(subagent_tokens, "Tokens of sub-agents", COUNT, 0, false, (double)t->agent_tokens)       \
	X(subagent_cost_usd, "Cost of sub-agents", USD, 0, false,                                  \
	  isnan(cost(t)) ? nothing() : usd(t->agent_cost_pusd))                                    \
	X(model_switches, "Model switches", COUNT, 0, false, count(t, t->model_switches))          \
	X(model_switches_per_session, "Model switches per session", NUMBER, 0, false,              \
	  if_whole(t, rate(t->model_switches, t->sessions)))                                       \
	/* Nothing tells of these yet: Cursor, application events. */                              \
	X(cursor_true_accept_rate, "True accept rate (Cursor)", RATE, 1, false, nothing())         \
	X(auto_added, "Added automatically", COUNT, 0, false, nothing())                           \
	X(auto_completed, "Completed automatically", COUNT, 0, false, nothing())                   \
	X(auto_deduped, "Deduplicated automatically", COUNT, 0, false, nothing())                  \
	X(auto_suggested, "Suggested automatically", COUNT, 0, false, nothing())                   \
	X(proposals_created, "Proposals created", COUNT, 0, false, nothing())                      \
	X(proposals_approved, "Proposals approved", COUNT, 0, false, nothing())                    \
	X(proposals_rejected, "Proposals rejected", COUNT, 0, false, nothing())                    \
	X(review_duration_p50_ms, "Proposal review, p50", MS, 0, false, nothing())

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

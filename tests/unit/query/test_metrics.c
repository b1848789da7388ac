/* SPDX-License-Identifier: MIT */
/* Every metric of story.h, worked out by hand. NAN: no denominator, or not known. */
#include "query/metrics.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "unit/query/facts.h"
#include "unit/query/story.h"

static struct bp_groups groups;
static struct bp_tz *tz;
static bool compat;

static void open_story(void)
{
	struct bp_err err = {0};

	compat = false;
	facts_open();
	facts_put(STORY);
	facts_put(STORY_FOUND);
	ck_assert_ok(bp_tz_load("UTC", &tz, &err), err);
}

static void close_story(void)
{
	bp_groups_done(&groups);
	bp_tz_free(tz);
	facts_close();
}

static void ask(const struct bp_filter *filter, int64_t from_s, int64_t until_s,
		enum bp_group_by by)
{
	struct bp_period period = {.from_us = STORY_T + from_s * 1000000,
				   .until_us = STORY_T + until_s * 1000000,
				   .tz = tz};
	struct bp_totals_question question = {.period = &period,
					      .filter = filter,
					      .by = by,
					      .compat_ccusage = compat,
					      .as_of_us = STORY_T + INT64_C(7200000000)};
	struct bp_err err = {0};

	bp_groups_done(&groups);
	ck_assert_ok(bp_totals_read(facts, &question, &groups, &err), err);
}

static void check(size_t group, const char *name, double want)
{
	const struct bp_metric *metric = bp_metric_find(name);

	ck_assert_msg(metric != NULL, "no metric %s", name);
	ck_assert_msg(group < groups.n, "no group %zu", group);
	double got = metric->value(&groups.items[group]->totals);
	bool same = isnan(want) ? isnan(got) : fabs(got - want) <= 1e-9 * fabs(want);
	ck_assert_msg(same, "%s: got %.12g, want %.12g", name, got, want);
}

START_TEST(session_one_has_every_number_of_its_story)
{
	struct bp_filter filter = {.one_session = true, .conversation = 1};

	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	/* 3 of Edit, Edit, Write accepted, 1 Edit rejected. */
	check(0, "acceptance_rate", 3.0 / 4);
	/* Executed: Bash error, Bash ok, Edit, Edit, Write ok, Grep interrupted: 4 ok of 6. */
	check(0, "tool_success_rate", 4.0 / 6);
	check(0, "tool_error_rate", 1.0 / 6);
	check(0, "error_rate", 1.0 / 6);
	check(0, "interruption_rate", 1.0 / 6);
	check(0, "combined_failure_rate", 2.0 / 6);
	/* 50 + 25 x 4/6 - 15 x 2/6 + 10 (ended) + 10 x 100/200. */
	check(0, "productivity_score", 50 + 25 * 4.0 / 6 - 15 * 2.0 / 6 + 10 + 5);
	check(0, "recovery_rate", 1);
	check(0, "sessions", 1);
	check(0, "prompts", 2);
	/* The main line's and the sub-agent's; the cut one is no response. */
	check(0, "responses", 2);
	check(0, "model_calls", 2);
	check(0, "aborted_calls", 1);
	check(0, "tool_calls", 8);
	check(0, "tool_calls_ok", 4);
	check(0, "tool_calls_error", 1);
	check(0, "tool_calls_denied", 1);
	check(0, "tool_calls_rejected", 1);
	check(0, "tool_calls_interrupted", 1);
	check(0, "tool_calls_pending", 0);
	/* Bash 2, Edit 3, Write 1, Grep 1, Read 1 of 8. */
	check(0, "tools_used", 5);
	check(0, "tool_diversity",
	      -(2 / 8.0 * log(2 / 8.0) + 3 / 8.0 * log(3 / 8.0) + 3 * (1 / 8.0 * log(1 / 8.0))) /
		      log(5));
	/* 0..120 and 600..660; the 480 s between are idle. */
	check(0, "active_time_s", 180);
	check(0, "session_duration_s", 660);
	check(0, "prompts_per_session", 2);
	check(0, "prompts_per_minute", 2.0 / 3);
	check(0, "tools_per_minute", 8.0 / 3);
}
END_TEST

START_TEST(session_one_has_the_tokens_of_its_story)
{
	struct bp_filter filter = {.one_session = true, .conversation = 1};

	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "tokens_input", 11);
	check(0, "tokens_output", 22);
	check(0, "tokens_cache_write_5m", 30);
	check(0, "tokens_cache_write_1h", 40);
	check(0, "tokens_cache_read", 100);
	check(0, "tokens_reasoning", 5);
	/* Reasoning is a part of output. */
	check(0, "tokens_total", 11 + 22 + 30 + 40 + 100);
	check(0, "aborted_tokens_total", 10);
	check(0, "cache_hit_rate", 100.0 / (100 + 11 + 30 + 40));
	check(0, "tokens_per_minute", 203.0 / 3);
}
END_TEST

START_TEST(session_one_has_the_money_of_its_story)
{
	struct bp_filter filter = {.one_session = true, .conversation = 1};

	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	/* 0.03 + 0.001; the cut stream stands apart. */
	check(0, "cost_usd", 0.031);
	check(0, "aborted_cost_usd", 0.0005);
	check(0, "subagent_cost_usd", 0.001);
	check(0, "subagent_tokens", 3);
	/* In 180 s: 20 times as much in an hour. */
	check(0, "cost_per_hour", 0.62);
	check(0, "cost_per_session", 0.031);
	check(0, "unpriced_calls", 0);
	check(0, "web_searches", 1);
	check(0, "reported_cost_usd", (double)NAN);
	compat = true;
	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "cost_usd", 0.021);
	/* Session two made a call, and it has no price: its cost is not known, and not 0. */
	filter.conversation = 2;
	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "cost_usd", (double)NAN);
	check(0, "subagent_cost_usd", (double)NAN);
	check(0, "unpriced_calls", 1);
	/* Both: what is known. */
	compat = false;
	ask(&(struct bp_filter){0}, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "cost_usd", 0.031);
	check(0, "unpriced_calls", 1);
	check(0, "cost_per_session", 0.0155);
	/* No tool has a cost. */
	ask(&(struct bp_filter){0}, -1000000, 1000000, BP_GROUP_TOOL);
	check(0, "cost_usd", (double)NAN);
}
END_TEST

START_TEST(session_one_has_the_prompts_of_its_story)
{
	struct bp_filter filter = {.one_session = true, .conversation = 1};

	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "prompt_length_words", 8);
	check(0, "prompt_length_chars", 40);
	/* One gap of 600 s, one time to think of 500 s. */
	check(0, "prompt_gap_p50_ms", 600000);
	check(0, "think_time_p50_ms", 500000);
	check(0, "think_time_p95_ms", 500000);
	check(0, "gaps_iterating", 0);
	check(0, "gaps_reviewing", 0);
	check(0, "gaps_moved_on", 1);
	/* 9 + 9 + 1 + 9 + 1 in 180 s. */
	check(0, "events", 29);
	check(0, "events_per_second", 29.0 / 180);
	check(0, "errors_exit_code", 1);
	check(0, "errors_other", 0);
	check(0, "operations_per_compaction", 8);
	check(0, "context_pressure_min", 3);
	check(0, "subagents_per_session", 1);
	/* 604 to 608 s. */
	check(0, "subagent_duration_p50_ms", 4000);
	check(0, "model_switches_per_session", 2);
	/* Two samples, 2 and 4 s, and 100 and 60 s: rank floor(0.95) = 0 is the smaller. */
	check(0, "response_time_p95_ms", 2000);
	check(0, "complete_response_time_p95_ms", 60000);
	check(0, "time_to_accept_p95_ms", 4000);
	check(0, "time_to_first_token_p50_ms", (double)NAN);
	/* Session two's prompt was not measured. */
	filter.conversation = 2;
	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "prompt_length_words", (double)NAN);
	check(0, "think_time_p50_ms", (double)NAN);
}
END_TEST

START_TEST(session_one_has_the_code_of_its_story)
{
	struct bp_filter filter = {.one_session = true, .conversation = 1};

	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	/* 12 + 8 + 80; the rejected 50 were never written. */
	check(0, "lines_added", 100);
	check(0, "lines_removed", 6);
	check(0, "net_lines", 94);
	/* 106 lines in 180 s. */
	check(0, "lines_per_hour", 106 * 20);
	check(0, "files_edited", 2);
	check(0, "files_created", 1);
	check(0, "new_file_rate", 1.0 / 3);
	check(0, "files_per_session", 2);
	check(0, "edits_per_file", 3.0 / 2);
	/* The second edit of a.c. */
	check(0, "churn_rate", 1.0 / 3);
	/* b.py alone was neither edited again nor undone. */
	check(0, "direct_accept_rate", 1.0 / 3);
	check(0, "partial_accept_rate", 1.0 / 3);
	/* 1 rejected + 1 reverted of 4. */
	check(0, "rejection_rate", 2.0 / 4);
	check(0, "iteration_count", 1);
	check(0, "refinement_rate", 1.0 / 3);
	check(0, "compactions", 1);
	check(0, "compactions_per_hour", 20);
	check(0, "api_errors", 1);
	check(0, "subagents", 1);
	check(0, "model_switches", 2);
}
END_TEST

START_TEST(session_one_has_the_times_of_its_story)
{
	struct bp_filter filter = {.one_session = true, .conversation = 1};

	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	/* 1, 3, 2 (reported), 1 (reported), 5, 2 s; not the denied, nor the rejected one. */
	check(0, "tool_latency_avg_ms", 14000.0 / 6);
	check(0, "tool_latency_min_ms", 1000);
	check(0, "tool_latency_max_ms", 5000);
	/* Sorted 1 1 2 2 3 5; rank floor(0.5 x 5) = 2: 2 s within 1 %; 0.95, 0.99: rank 4, 3 s. */
	double p50 = bp_metric_find("tool_latency_p50_ms")->value(&groups.items[0]->totals);
	ck_assert_double_eq_tol(p50, 2000, 20);
	double p95 = bp_metric_find("tool_latency_p95_ms")->value(&groups.items[0]->totals);
	ck_assert_double_eq_tol(p95, 3000, 30);
	double p99 = bp_metric_find("tool_latency_p99_ms")->value(&groups.items[0]->totals);
	ck_assert_double_eq_tol(p99, 3000, 30);
	/* Prompt 1: min(2, 10) s; prompt 2: 4 s; rank 0 of both is the smaller, known exactly. */
	check(0, "response_time_p50_ms", 2000);
	double complete =
		bp_metric_find("complete_response_time_p50_ms")->value(&groups.items[0]->totals);
	ck_assert_double_eq_tol(complete, 60000, 600);
	/* Asked at 25 s; ended at 31 s after running 2 s: given at 29 s. */
	check(0, "time_to_accept_p50_ms", 4000);
}
END_TEST

START_TEST(a_call_pending_for_half_an_hour_is_interrupted)
{
	struct bp_filter filter = {.one_session = true, .conversation = 2};

	/* Asked 2 h after T; the call began at 1010 s. */
	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "tool_calls_interrupted", 1);
	check(0, "tool_calls_pending", 0);
	check(0, "interruption_rate", 1);
	/* 50 + 0 - 15; no end was told, no lines. */
	check(0, "productivity_score", 35);
	check(0, "recovery_rate", (double)NAN);
	check(0, "acceptance_rate", (double)NAN);
	check(0, "response_time_p50_ms", (double)NAN);
	check(0, "tool_diversity", (double)NAN);
}
END_TEST

START_TEST(a_period_adds_sessions_up)
{
	struct bp_filter filter = {0};
	double one = 50 + 25 * 4.0 / 6 - 15 * 2.0 / 6 + 10 + 5;

	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "sessions", 2);
	check(0, "prompts", 3);
	check(0, "tokens_total", 205);
	check(0, "active_time_s", 240);
	/* The mean of 660 and 60. */
	check(0, "session_duration_s", 360);
	/* Weighted by 180 and 60 s. */
	check(0, "productivity_score", (one * 180 + 35.0 * 60) / 240);
	check(0, "prompts_per_session", 1.5);
}
END_TEST

START_TEST(a_period_that_cuts_a_session_has_what_lies_inside)
{
	struct bp_filter filter = {0};

	/* From 30 s to 110 s: both edits and the write, the rejected one; no prompt. */
	ask(&filter, 30, 110, BP_GROUP_NONE);
	check(0, "sessions", 1);
	check(0, "prompts", 0);
	check(0, "tool_calls", 4);
	check(0, "lines_added", 100);
	check(0, "active_time_s", 80);
	/* From 61 s on: the edit at 80 s was rejected, a.c's second edit lies before. */
	ask(&filter, 61, 110, BP_GROUP_NONE);
	check(0, "churn_rate", 0);
	check(0, "files_edited", 1);
	/* From 31 s on: the edit at 60 s repeats one from before the period. */
	ask(&filter, 31, 65, BP_GROUP_NONE);
	check(0, "churn_rate", 1);
	/* Between the two active stretches, nothing. */
	ask(&filter, 200, 500, BP_GROUP_NONE);
	check(0, "sessions", 0);
	check(0, "active_time_s", 0);
	check(0, "acceptance_rate", (double)NAN);
	check(0, "productivity_score", (double)NAN);
}
END_TEST

START_TEST(sessions_count_for_what_they_did_when_nothing_was_heard_of_them_since)
{
	struct bp_filter filter = {0};
	double one = 50 + 25 * 3.0 / 3 + 10 + 5; /* Edit, Edit, Write; 100 lines */

	facts_put("UPDATE conversations SET last_event_us = first_event_us");
	/* Session one from 30 to 660 s, two from 1000 on. */
	ask(&filter, 30, 200, BP_GROUP_NONE);
	check(0, "sessions", 1);
	check(0, "productivity_score", one);
	ask(&filter, 30, 2000, BP_GROUP_HOUR);
	check(0, "sessions", 2);
	check(0, "active_time_s", 90 + 60 + 60);
	/* A third one of before, known by no event: the other two come late, and before it. */
	facts_put(
		"INSERT INTO conversations (id, external_id, platform, seen, end_ts_us) VALUES (4, "
		"'x', 'claude_code', 1, 1773143000000000);"
		"INSERT INTO activity VALUES (4, 29552383, 1773143000000000, 1773143010000000, 2);"
		"INSERT INTO tool_calls (id, file_conversation, tool, ts_us, outcome_rank) VALUES "
		"(90, 4, 'Bash', 1773143000000000, 400);"
		"UPDATE conversations SET last_event_us = 1 WHERE id < 3");
	ask(&filter, -2000, 2000, BP_GROUP_NONE);
	check(0, "sessions", 3);
	/* By 10, 180 and 60 s; the first one ended, its tool was ok; of the story's the end is
	   later than what was heard. */
	check(0, "productivity_score",
	      (85.0 * 10 + (50 + 25 * 4.0 / 6 - 15 * 2.0 / 6 + 10 + 5) * 180 + 35.0 * 60) / 250);
}
END_TEST

START_TEST(groups_split_without_losing_anything)
{
	struct bp_filter filter = {0};

	ask(&filter, -1000000, 1000000, BP_GROUP_PROJECT);
	ck_assert_uint_eq(groups.n, 2);
	ck_assert_str_eq(groups.items[0]->key, "aaaaaaaaaaaaaaaa");
	ck_assert_str_eq(groups.items[0]->label, "one");
	check(0, "active_time_s", 180);
	check(1, "active_time_s", 60);
	check(1, "sessions", 1);

	ask(&filter, -1000000, 1000000, BP_GROUP_MODEL);
	ck_assert_uint_eq(groups.n, 2);
	ck_assert_str_eq(groups.items[0]->key, "haiku");
	check(0, "tokens_total", 3);
	check(1, "tokens_total", 202);
	check(1, "aborted_tokens_total", 10);
	/* A session is of no model. */
	check(1, "sessions", (double)NAN);
	check(1, "prompts", (double)NAN);

	ask(&filter, -1000000, 1000000, BP_GROUP_TOOL);
	ck_assert_uint_eq(groups.n, 5);
	ck_assert_str_eq(groups.items[0]->key, "Bash");
	check(0, "tool_calls", 3);
	ck_assert_str_eq(groups.items[1]->key, "Edit");
	check(1, "lines_added", 20);
	check(1, "acceptance_rate", 2.0 / 3);

	ask(&filter, -1000000, 1000000, BP_GROUP_HOUR);
	ck_assert_uint_eq(groups.n, 1);
	ck_assert_str_eq(groups.items[0]->key, "2026-03-10T12:00+00:00");
	check(0, "sessions", 2);
}
END_TEST

START_TEST(days_are_those_of_the_zone)
{
	struct bp_filter filter = {0};
	struct bp_err err = {0};

	/* 12:00 UTC is 01:00 of the 11th in Auckland (UTC+13). */
	bp_tz_free(tz);
	ck_assert_ok(bp_tz_load("Pacific/Auckland", &tz, &err), err);
	ask(&filter, -1000000, 1000000, BP_GROUP_DAY);
	ck_assert_uint_eq(groups.n, 1);
	ck_assert_str_eq(groups.items[0]->key, "2026-03-11");
	ask(&filter, -1000000, 1000000, BP_GROUP_HOUR);
	ck_assert_str_eq(groups.items[0]->key, "2026-03-11T01:00+13:00");
}
END_TEST

START_TEST(a_filter_leaves_the_rest_out)
{
	struct bp_filter filter = {0};
	struct bp_err err = {0};

	ck_assert_ok(bp_filter_project(facts, &filter, "two", &err), err);
	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "sessions", 1);
	check(0, "tokens_total", 2);
	ck_assert_rc(bp_filter_project(facts, &filter, "tow", &err), BP_ENOTFOUND);
	ck_assert_str_eq(err.msg, "no project \"tow\"; did you mean \"two\"?");
	ck_assert_rc(bp_filter_platform(facts, &filter, "claude-code", &err), BP_ENOTFOUND);
	ck_assert_str_eq(err.msg, "no platform \"claude-code\"; did you mean \"claude_code\"?");
	filter = (struct bp_filter){.platform = "codex"};
	ask(&filter, -1000000, 1000000, BP_GROUP_NONE);
	check(0, "sessions", 0);
	check(0, "prompts", 0);
}
END_TEST

START_TEST(a_session_that_is_only_named_is_counted_where_it_began)
{
	struct bp_filter filter = {0};

	/* Evidence of a hook's SessionStart; the finaliser has not run. */
	facts_put("INSERT INTO conversations (id, external_id, platform, seen, start_ts_us) VALUES"
		  " (9, 'new', 'claude_code', 2, 1773144000000000 + 5000000000)");
	ask(&filter, 4000, 6000, BP_GROUP_NONE);
	check(0, "sessions", 1);
	check(0, "active_time_s", 0);
}
END_TEST

START_TEST(unknown_is_null_in_json_and_nothing_is_missing)
{
	struct bp_filter filter = {0};
	size_t n = 0;

	ask(&filter, 200, 500, BP_GROUP_NONE);
	cJSON *json = bp_metrics_json(&groups.items[0]->totals);
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(json, "acceptance_rate")));
	ck_assert(cJSON_IsNull(cJSON_GetObjectItem(json, "cost_per_hour")));
	ck_assert_double_eq(cJSON_GetNumberValue(cJSON_GetObjectItem(json, "cost_usd")), 0);
	ck_assert(cJSON_IsNumber(cJSON_GetObjectItem(json, "prompts")));
	for (const struct bp_metric *metric = bp_metrics; metric->name; metric++) {
		n++;
	}
	ck_assert_int_eq(cJSON_GetArraySize(json), (int)n);
	cJSON_Delete(json);
}
END_TEST

BP_TEST_MAIN(open_story, close_story, session_one_has_every_number_of_its_story,
	     session_one_has_the_tokens_of_its_story, session_one_has_the_money_of_its_story,
	     session_one_has_the_prompts_of_its_story, session_one_has_the_code_of_its_story,
	     session_one_has_the_times_of_its_story, a_call_pending_for_half_an_hour_is_interrupted,
	     a_period_adds_sessions_up, a_period_that_cuts_a_session_has_what_lies_inside,
	     sessions_count_for_what_they_did_when_nothing_was_heard_of_them_since,
	     groups_split_without_losing_anything, days_are_those_of_the_zone,
	     a_filter_leaves_the_rest_out, a_session_that_is_only_named_is_counted_where_it_began,
	     unknown_is_null_in_json_and_nothing_is_missing)

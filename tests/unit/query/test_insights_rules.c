/* SPDX-License-Identifier: MIT */
/*
 * Every rule on both sides of each of its thresholds (bp_insight_minimum), on numbers made by hand.
 * A test names the least that fires, then takes away one thing at a time.
 */
#include "query/insights_rules.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "base/mem.h"
#include "support/run.h"

#define USD INT64_C(1000000000000)
#define MIN (&bp_insight_minimum)

static struct bp_insight_numbers numbers;
static struct bp_insights found;
static struct bp_tz *tz;
static int64_t day_pusd[40], day_start_us[40];

static void setup(void)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_tz_load("UTC", &tz, &err), err);
	numbers = (struct bp_insight_numbers){.has_before = true, .period = {.tz = tz}};
	for (int i = 0; i < 40; i++) { /* from 2026-03-01 on */
		day_pusd[i] = 0;
		day_start_us[i] = INT64_C(1772323200000000) + i * INT64_C(86400000000);
	}
}

static void teardown(void)
{
	bp_insights_done(&found);
	bp_tz_free(tz);
}

/** The insight of this kind, or NULL. All of them have their texts. */
static const struct bp_insight *fires(const char *kind)
{
	const struct bp_insight *insight = NULL;

	bp_insights_done(&found);
	bp_insight_rules_apply(&numbers, &found);
	for (size_t i = 0; i < found.n; i++) {
		const struct bp_insight *one = &found.items[i];
		ck_assert_msg(one->title && one->detail && one->action, "%s lacks a text",
			      one->kind);
		if (strcmp(one->kind, kind) == 0) {
			insight = one;
		}
	}
	return insight;
}

static double evidence(const struct bp_insight *insight, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(insight->evidence, name);

	ck_assert_msg(cJSON_IsNumber(item), "%s: no number %s", insight->kind, name);
	return item->valuedouble;
}

static const char *evidence_text(const struct bp_insight *insight, const char *name)
{
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(insight->evidence, name));

	ck_assert_msg(text != NULL, "%s: no text %s", insight->kind, name);
	return text;
}

START_TEST(nothing_is_said_of_nothing)
{
	bp_insight_rules_apply(&numbers, &found);
	ck_assert_uint_eq(found.n, 0);
}
END_TEST

START_TEST(two_rates_differ_by_standard_errors)
{
	/* 80/100 and 60/100: 0.2 / sqrt(0.7 x 0.3 x 0.02). */
	ck_assert_double_eq_tol(bp_insight_z(80, 20, 60, 40), 0.2 / sqrt(0.0042), 1e-9);
	ck_assert_double_eq_tol(bp_insight_z(60, 40, 80, 20), -0.2 / sqrt(0.0042), 1e-9);
	ck_assert_double_eq(bp_insight_z(0, 0, 1, 1), 0);
	ck_assert_double_eq(bp_insight_z(5, 0, 9, 0), 0);
}
END_TEST

START_TEST(falling_acceptance_needs_edits_and_a_fall_beyond_chance)
{
	/* 30 of 30 before, 25 of 30 now: -16.7 points, z = 0.1667 / sqrt(.9167 .0833 / 15) = 2.34. */
	numbers.then = (struct bp_insight_side){.edits_ok = MIN->edits};
	numbers.now = (struct bp_insight_side){.edits_ok = MIN->edits - 5, .edits_rejected = 5};
	const struct bp_insight *insight = fires("acceptance_falling");
	ck_assert_ptr_nonnull(insight);
	ck_assert_int_eq(insight->type, BP_INSIGHT_PRODUCTIVITY);
	ck_assert_int_eq(insight->priority, BP_INSIGHT_HIGH);
	ck_assert_double_eq_tol(evidence(insight, "acceptance_rate"), 25.0 / 30, 1e-9);
	ck_assert_double_eq_tol(evidence(insight, "acceptance_rate_before"), 1, 1e-9);
	ck_assert_double_eq(evidence(insight, "edits_rejected"), 5);
	numbers.has_before = false;
	ck_assert_ptr_null(fires("acceptance_falling"));
	numbers.has_before = true;
	numbers.now.edits_ok--; /* 29 edits now */
	ck_assert_ptr_null(fires("acceptance_falling"));
	numbers.now.edits_ok++;
	numbers.then.edits_ok--; /* 29 edits before */
	ck_assert_ptr_null(fires("acceptance_falling"));
	numbers.then.edits_ok++;
	numbers.now.edits_ok += 2;
	numbers.now.edits_rejected -= 2; /* 27 of 30: a fall of 10 points, z = 1.78: chance */
	ck_assert_ptr_null(fires("acceptance_falling"));
	/* 1000 of 1000, then 951 of 1000: beyond chance, but no 5 points. */
	numbers.then = (struct bp_insight_side){.edits_ok = 1000};
	numbers.now = (struct bp_insight_side){.edits_ok = 951, .edits_rejected = 49};
	ck_assert_ptr_null(fires("acceptance_falling"));
	numbers.now = (struct bp_insight_side){.edits_ok = 949, .edits_rejected = 51};
	ck_assert_int_eq(fires("acceptance_falling")->priority, BP_INSIGHT_MEDIUM);
	/* Rising is no insight. */
	numbers.then = numbers.now;
	numbers.now = (struct bp_insight_side){.edits_ok = 1000};
	ck_assert_ptr_null(fires("acceptance_falling"));
}
END_TEST

START_TEST(a_tool_that_fails_needs_calls_errors_and_a_rate)
{
	struct bp_insight_tool *tool = &numbers.tools[0];

	numbers.n_tools = 1;
	*tool = (struct bp_insight_tool){.tool = "Edit",
					 .executed = 100,
					 .errors = MIN->tool_errors,
					 .class = "edit_mismatch",
					 .class_errors = 7};
	const struct bp_insight *insight = fires("tool_fails");
	ck_assert_ptr_nonnull(insight);
	ck_assert_str_eq(insight->scope, "Edit");
	ck_assert_int_eq(insight->priority, BP_INSIGHT_MEDIUM);
	ck_assert_double_eq_tol(evidence(insight, "error_rate"), 0.1, 1e-12);
	ck_assert_str_eq(evidence_text(insight, "error_class"), "edit_mismatch");
	ck_assert_double_eq(evidence(insight, "class_errors"), 7);
	ck_assert_ptr_nonnull(strstr(insight->action, "smaller edits"));
	tool->executed = 101; /* 9.9 % */
	ck_assert_ptr_null(fires("tool_fails"));
	tool->executed = 40; /* 25 % */
	ck_assert_int_eq(fires("tool_fails")->priority, BP_INSIGHT_HIGH);
	tool->errors = MIN->tool_errors - 1;
	ck_assert_ptr_null(fires("tool_fails"));
	tool->errors = MIN->tool_errors;
	tool->executed = MIN->tool_calls;
	ck_assert_ptr_nonnull(fires("tool_fails"));
	tool->executed--;
	ck_assert_ptr_null(fires("tool_fails"));
	tool->executed++;
	tool->class = ""; /* no source told */
	ck_assert_ptr_nonnull(strstr(fires("tool_fails")->detail, "no source told why"));
}
END_TEST

START_TEST(a_file_worked_at_again_and_again)
{
	numbers.edited = (struct bp_insight_file){
		.session = "s1", .extension = "c", .times = MIN->file_edits};
	numbers.read = (struct bp_insight_file){
		.session = "s2", .extension = "", .times = 2 * MIN->file_reads};
	const struct bp_insight *insight = fires("file_edited_again");
	ck_assert_ptr_nonnull(insight);
	ck_assert_str_eq(insight->title, "One .c file was edited 10 times in a session");
	ck_assert_int_eq(insight->priority, BP_INSIGHT_LOW);
	ck_assert_double_eq(evidence(insight, "edits"), 10);
	insight = fires("file_read_again");
	ck_assert_ptr_nonnull(insight);
	ck_assert_str_eq(insight->title, "One file was read 20 times in a session");
	ck_assert_str_eq(insight->scope, "s2");
	ck_assert_int_eq(insight->priority, BP_INSIGHT_MEDIUM);
	numbers.edited.times--;
	numbers.read.times = MIN->file_reads - 1;
	ck_assert_ptr_null(fires("file_edited_again"));
	ck_assert_ptr_null(fires("file_read_again"));
}
END_TEST

START_TEST(thinking_is_compared_after_long_and_short_answers)
{
	numbers.long_answers = numbers.short_answers = MIN->answers;
	numbers.think_long_us = 60000000;
	numbers.think_short_us = 30000000;
	const struct bp_insight *insight = fires("long_thinking");
	ck_assert_ptr_nonnull(insight);
	ck_assert_double_eq(evidence(insight, "think_after_long_s"), 60);
	ck_assert_double_eq(evidence(insight, "think_after_short_s"), 30);
	numbers.think_long_us--;
	ck_assert_ptr_null(fires("long_thinking"));
	numbers.think_long_us++;
	numbers.long_answers--;
	ck_assert_ptr_null(fires("long_thinking"));
	numbers.long_answers++;
	numbers.short_answers--;
	ck_assert_ptr_null(fires("long_thinking"));
	numbers.short_answers++;
	numbers.think_short_us = 0; /* no ratio */
	ck_assert_ptr_null(fires("long_thinking"));
}
END_TEST

START_TEST(a_falling_cache_names_what_broke_it)
{
	int64_t n = MIN->prompt_tokens;

	numbers.then = (struct bp_insight_side){.cache_read = n / 10 * 9, .prompt_tokens = n};
	numbers.now = (struct bp_insight_side){.cache_read = n / 100 * 85, .prompt_tokens = n};
	numbers.breaks_5min = 2;
	numbers.breaks_model = 3;
	numbers.breaks_tokens = 1000;
	const struct bp_insight *insight = fires("cache_falling");
	ck_assert_ptr_nonnull(insight);
	ck_assert_int_eq(insight->priority, BP_INSIGHT_MEDIUM);
	ck_assert_double_eq_tol(evidence(insight, "cache_hit_rate"), 0.85, 1e-9);
	ck_assert_double_eq_tol(evidence(insight, "cache_hit_rate_before"), 0.9, 1e-9);
	ck_assert_ptr_nonnull(strstr(insight->detail, "a switch of the model"));
	numbers.breaks_5min = 4;
	ck_assert_ptr_nonnull(strstr(fires("cache_falling")->detail, "more than 5 minutes"));
	numbers.breaks_hour = 5;
	ck_assert_ptr_nonnull(strstr(fires("cache_falling")->detail, "more than an hour"));
	numbers.breaks_compaction = 6;
	ck_assert_ptr_nonnull(strstr(fires("cache_falling")->detail, "a compaction"));
	numbers.now.cache_read++; /* 4.99999 points */
	ck_assert_ptr_null(fires("cache_falling"));
	numbers.now.cache_read = n / 100 * 79;
	ck_assert_int_eq(fires("cache_falling")->priority, BP_INSIGHT_HIGH);
	numbers.now.prompt_tokens--;
	ck_assert_ptr_null(fires("cache_falling"));
	numbers.now.prompt_tokens++;
	numbers.then.prompt_tokens--;
	ck_assert_ptr_null(fires("cache_falling"));
	numbers.then.prompt_tokens++;
	numbers.has_before = false;
	ck_assert_ptr_null(fires("cache_falling"));
}
END_TEST

START_TEST(a_dear_model_is_compared_by_accepted_line)
{
	numbers.n_models = 2;
	/* $0.02 and $0.01 a line. */
	numbers.models[0] = (struct bp_insight_model){.model = "dear",
						      .sessions = MIN->model_sessions,
						      .lines = MIN->model_lines,
						      .cost_pusd = MIN->model_lines * USD / 50};
	numbers.models[1] = (struct bp_insight_model){.model = "cheap",
						      .sessions = MIN->model_sessions,
						      .lines = 1000,
						      .cost_pusd = 10 * USD};
	const struct bp_insight *insight = fires("model_cost");
	ck_assert_ptr_nonnull(insight);
	ck_assert_str_eq(insight->scope, "dear");
	ck_assert_str_eq(evidence_text(insight, "compared_with"), "cheap");
	ck_assert_double_eq_tol(evidence(insight, "cost_per_line_usd"), 0.02, 1e-12);
	ck_assert_double_eq_tol(evidence(insight, "compared_cost_per_line_usd"), 0.01, 1e-12);
	ck_assert_double_eq_tol(evidence(insight, "ratio"), 2, 1e-12);
	numbers.models[0].cost_pusd -= USD / 1000; /* less than twice */
	ck_assert_ptr_null(fires("model_cost"));
	numbers.models[0].cost_pusd *= 5;
	numbers.models[0].sessions--;
	ck_assert_ptr_null(fires("model_cost"));
	numbers.models[0].sessions++;
	numbers.models[0].lines--;
	ck_assert_ptr_null(fires("model_cost"));
	numbers.models[0].lines++;
	ck_assert_ptr_nonnull(fires("model_cost"));
	numbers.models[1].cost_pusd = 0; /* not known what it cost */
	ck_assert_ptr_null(fires("model_cost"));
}
END_TEST

START_TEST(compacting_needs_sessions_and_a_share_of_them)
{
	static const char *const ids[] = {"a", "b"};

	numbers.sessions = 30;
	numbers.compacting = MIN->compacting;
	numbers.compactions = 9;
	numbers.compacting_ids[0] = ids[0];
	numbers.compacting_ids[1] = ids[1];
	numbers.n_compacting_ids = 2;
	const struct bp_insight *insight = fires("compacts_often");
	ck_assert_ptr_nonnull(insight);
	ck_assert_double_eq(evidence(insight, "sessions_compacting"), 3);
	ck_assert_double_eq_tol(evidence(insight, "share"), 0.1, 1e-12);
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(insight->evidence, "sessions");
	ck_assert_int_eq(cJSON_GetArraySize(list), 2);
	numbers.sessions = 31; /* 9.7 % */
	ck_assert_ptr_null(fires("compacts_often"));
	numbers.sessions = 3;
	numbers.compacting--;
	ck_assert_ptr_null(fires("compacts_often"));
}
END_TEST

static void put_days(int n_before, int64_t before, int n_after, int64_t after)
{
	numbers.day_pusd = day_pusd;
	numbers.day_start_us = day_start_us;
	numbers.n_days = (size_t)(n_before + n_after);
	for (int i = 0; i < n_before + n_after; i++) {
		day_pusd[i] = i < n_before ? before : after;
	}
}

START_TEST(a_jump_of_costs_lasts)
{
	put_days(7, USD, 3, 2 * USD);
	const struct bp_insight *insight = fires("cost_jump");
	ck_assert_ptr_nonnull(insight);
	ck_assert_str_eq(insight->scope, "2026-03-08");
	ck_assert_str_eq(evidence_text(insight, "since"), "2026-03-08");
	ck_assert_double_eq(evidence(insight, "median_before_usd"), 1);
	ck_assert_double_eq(evidence(insight, "median_since_usd"), 2);
	ck_assert_double_eq(evidence(insight, "days_before"), 7);
	ck_assert_double_eq(evidence(insight, "days_since"), 3);
	put_days(7, USD, 3, 2 * USD - 1);
	ck_assert_ptr_null(fires("cost_jump"));
	put_days(6, USD, 3, 2 * USD);
	ck_assert_ptr_null(fires("cost_jump"));
	put_days(7, USD, 2, 2 * USD);
	ck_assert_ptr_null(fires("cost_jump"));
	/* Cents are no insight. */
	put_days(7, USD / 100, 3, USD - 1);
	ck_assert_ptr_null(fires("cost_jump"));
	put_days(7, USD / 100, 3, USD);
	ck_assert_ptr_nonnull(fires("cost_jump"));
	/* One dear day among others is none either. */
	put_days(7, USD, 4, USD);
	day_pusd[7] = 50 * USD;
	ck_assert_ptr_null(fires("cost_jump"));
	/* Days without costs are not counted: a week's rest changes nothing. */
	put_days(7, USD, 10, 0);
	day_pusd[14] = day_pusd[15] = day_pusd[16] = 3 * USD;
	insight = fires("cost_jump");
	ck_assert_ptr_nonnull(insight);
	ck_assert_str_eq(insight->scope, "2026-03-15");
	numbers.day_pusd = NULL;
	numbers.day_start_us = NULL;
	numbers.n_days = 0;
}
END_TEST

START_TEST(the_best_hour_stands_out_of_the_others)
{
	for (int i = 9; i < 12; i++) {
		numbers.hours[i].ok = MIN->hour_edits - 6;
		numbers.hours[i].rejected = 6;
	}
	numbers.hours[10].ok = MIN->hour_edits;
	numbers.hours[10].rejected = 0;
	/* 30 of 30 against 48 of 60: z = 0.2 / sqrt(.8667 .1333 (1/30 + 1/60)) = 2.63. */
	const struct bp_insight *insight = fires("best_hour");
	ck_assert_ptr_nonnull(insight);
	ck_assert_str_eq(insight->scope, "10:00");
	ck_assert_double_eq(evidence(insight, "acceptance_rate"), 1);
	ck_assert_double_eq_tol(evidence(insight, "acceptance_rate_else"), 0.8, 1e-12);
	ck_assert_double_eq(evidence(insight, "hours_compared"), 3);
	numbers.hours[11].ok--; /* only two hours have enough */
	ck_assert_ptr_null(fires("best_hour"));
	numbers.hours[11].ok++;
	numbers.hours[10].ok -= 4;
	numbers.hours[10].rejected += 4; /* 26 of 30: chance */
	ck_assert_ptr_null(fires("best_hour"));
	for (int i = 9; i < 12; i++) { /* far beyond chance, but no 5 points: 95.1 % */
		numbers.hours[i].ok = 9510;
		numbers.hours[i].rejected = 490;
	}
	numbers.hours[10].ok = 10000;
	numbers.hours[10].rejected = 0;
	ck_assert_ptr_null(fires("best_hour"));
}
END_TEST

START_TEST(unfinished_agents_need_a_number_and_a_share)
{
	numbers.agents = 30;
	numbers.agents_unfinished = 2;
	numbers.agents_interrupted = 1;
	const struct bp_insight *insight = fires("agents_unfinished");
	ck_assert_ptr_nonnull(insight);
	ck_assert_int_eq(insight->type, BP_INSIGHT_ERRORS);
	ck_assert_double_eq(evidence(insight, "unfinished"), 2);
	ck_assert_double_eq(evidence(insight, "interrupted"), 1);
	ck_assert_double_eq_tol(evidence(insight, "share"), 0.1, 1e-12);
	numbers.agents = 31;
	ck_assert_ptr_null(fires("agents_unfinished"));
	numbers.agents = MIN->agents;
	ck_assert_ptr_nonnull(fires("agents_unfinished"));
	numbers.agents--;
	ck_assert_ptr_null(fires("agents_unfinished"));
	numbers.agents++;
	numbers.agents_unfinished--;
	ck_assert_ptr_null(fires("agents_unfinished"));
}
END_TEST

START_TEST(a_limit_is_told_of_when_little_is_left)
{
	struct bp_limit *limit = &numbers.limits.items[0];

	numbers.limits.n = 1;
	numbers.as_of_us = INT64_C(1773144000000000);
	*limit = (struct bp_limit){.platform = "claude_code",
				   .window = "five_hour",
				   .ts_us = numbers.as_of_us,
				   .used_percent = MIN->limit_percent,
				   .resets_us = numbers.as_of_us + INT64_C(5400000000)};
	const struct bp_insight *insight = fires("limit_soon");
	ck_assert_ptr_nonnull(insight);
	ck_assert_int_eq(insight->priority, BP_INSIGHT_MEDIUM);
	ck_assert_ptr_nonnull(strstr(insight->detail, "1.5 hours"));
	ck_assert_str_eq(evidence_text(insight, "resets_at"), "2026-03-10T13:30:00.000Z");
	limit->used_percent = MIN->limit_high;
	ck_assert_int_eq(fires("limit_soon")->priority, BP_INSIGHT_HIGH);
	limit->resets_us = BP_SQL_NULL;
	ck_assert_ptr_nonnull(strstr(fires("limit_soon")->detail, "not when"));
	limit->used_percent = MIN->limit_percent - 0.1;
	ck_assert_ptr_null(fires("limit_soon"));
}
END_TEST

BP_TEST_MAIN(setup, teardown, nothing_is_said_of_nothing, two_rates_differ_by_standard_errors,
	     falling_acceptance_needs_edits_and_a_fall_beyond_chance,
	     a_tool_that_fails_needs_calls_errors_and_a_rate, a_file_worked_at_again_and_again,
	     thinking_is_compared_after_long_and_short_answers, a_falling_cache_names_what_broke_it,
	     a_dear_model_is_compared_by_accepted_line,
	     compacting_needs_sessions_and_a_share_of_them, a_jump_of_costs_lasts,
	     the_best_hour_stands_out_of_the_others, unfinished_agents_need_a_number_and_a_share,
	     a_limit_is_told_of_when_little_is_left)

/* SPDX-License-Identifier: MIT */
#include "slowpath/session_facts.h"

#include "support/run.h"

enum { SECOND = 1000000 };

static struct bp_arena arena;
static struct bp_session_facts facts;
static struct bp_prices *prices;

static void setup(void)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_prices_new(NULL, &prices, &err), err);
	arena = (struct bp_arena){0};
	facts = (struct bp_session_facts){.conversation_id = 1, .exists = true};
}

static void teardown(void)
{
	bp_arena_done(&arena);
	bp_prices_free(prices);
}

static struct bp_tool edit(int64_t id, int64_t ts_s, const char *file, const char *old_hash,
			   const char *new_hash)
{
	return (struct bp_tool){.id = id,
				.ts_us = ts_s * SECOND,
				.ended_us = ts_s * SECOND + 5,
				.outcome = BP_OUTCOME_OK,
				.tool = BP_STR("Edit"),
				.edit = true,
				.file_hash = bp_str_from(file),
				.old_hash = bp_str_from(old_hash),
				.new_hash = bp_str_from(new_hash),
				.lines_added = 2,
				.lines_removed = 1};
}

START_TEST(only_prompts_of_a_person_in_the_main_line_are_numbered)
{
	struct bp_turn turns[] = {
		{.id = 1, .ts_us = 1, .from_line = true, .human = true},
		{.id = 2, .ts_us = 2, .from_line = true},
		{.id = 3, .ts_us = 3, .from_line = true, .human = true, .sidechain = true},
		{.id = 4,
		 .ts_us = 4,
		 .human = true,
		 .prompt_id = BP_STR("p"),
		 .was = {.shadowed = 1}},
		{.id = 5, .ts_us = 5, .from_line = true, .human = true},
	};
	facts.turns = turns;
	facts.n_turns = 5;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(turns[0].is.turn_number, 1);
	ck_assert_int_eq(turns[1].is.turn_number, BP_SQL_NULL);
	ck_assert_int_eq(turns[2].is.turn_number, BP_SQL_NULL);
	ck_assert_int_eq(turns[3].is.turn_number, BP_SQL_NULL);
	ck_assert_int_eq(turns[4].is.turn_number, 2);
	ck_assert_int_eq(facts.is.prompts, 2);
}
END_TEST

START_TEST(the_k_th_hook_without_a_prompt_id_is_the_k_th_line_with_its_text)
{
	struct bp_turn turns[] = {
		{.id = 1, .ts_us = 1, .human = true, .content_hash = BP_STR("x")},
		{.id = 2,
		 .ts_us = 2,
		 .from_line = true,
		 .human = true,
		 .content_hash = BP_STR("x")},
		{.id = 3, .ts_us = 3, .human = true, .content_hash = BP_STR("x")},
		{.id = 4, .ts_us = 4, .human = true, .content_hash = BP_STR("y")},
	};
	facts.turns = turns;
	facts.n_turns = 4;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(turns[0].is.shadowed, 1);
	ck_assert_int_eq(turns[2].is.shadowed, 0);
	ck_assert_int_eq(turns[3].is.shadowed, 0);
	ck_assert_int_eq(facts.is.prompts, 3); /* a line and two hooks of their own */
}
END_TEST

START_TEST(a_turn_is_timed_up_to_the_next_prompt)
{
	struct bp_turn turns[] = {
		{.id = 1, .ts_us = 10 * SECOND, .from_line = true, .human = true},
		{.id = 2, .ts_us = 60 * SECOND, .from_line = true, .human = true},
	};
	struct bp_call calls[] = {
		{.id = 1, .ts_us = 5 * SECOND, .ts_last_us = 6 * SECOND, .model = BP_STR("early")},
		{.id = 2,
		 .ts_us = 11 * SECOND,
		 .ts_last_us = 70 * SECOND,
		 .sidechain = true,
		 .model = BP_STR("side")},
		{.id = 3, .ts_us = 13 * SECOND, .ts_last_us = 14 * SECOND, .model = BP_STR("a")},
		{.id = 4, .ts_us = 20 * SECOND, .ts_last_us = 25 * SECOND, .model = BP_STR("b")},
	};
	struct bp_tool tools[] = {{.id = 1, .ts_us = 12 * SECOND, .outcome = BP_OUTCOME_OK}};
	facts.turns = turns;
	facts.n_turns = 2;
	facts.calls = calls;
	facts.n_calls = 4;
	facts.tools = tools;
	facts.n_tools = 1;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(turns[0].is.latency_us, 2 * SECOND);
	ck_assert_int_eq(turns[0].is.first_tool_us, 2 * SECOND);
	ck_assert_int_eq(turns[0].is.complete_us, 15 * SECOND);
	ck_assert(bp_str_is(turns[0].is.model, "a"));
	ck_assert_int_eq(turns[1].is.latency_us, BP_SQL_NULL);
	ck_assert_int_eq(tools[0].is_turn_id, 1);
	ck_assert_int_eq(facts.is.model_switches, 2); /* early, a, b */
}
END_TEST

START_TEST(an_edit_undone_within_30_s_is_reverted_and_one_redone_within_5_min_is_revised)
{
	struct bp_tool tools[] = {
		edit(1, 0, "f", "old", "new"),    edit(2, 20, "f", "new", "old"),
		edit(3, 100, "f", "old", "late"), edit(4, 140, "f", "late", "old"),
		edit(5, 500, "f", "a", "b"),      edit(6, 501, "g", "b", "a"),
	};
	facts.tools = tools;
	facts.n_tools = 6;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(tools[0].is.reverted, 1);
	ck_assert_int_eq(tools[1].is.reverted, 0);
	ck_assert_int_eq(tools[2].is.reverted, 0); /* 40 s later is too late */
	ck_assert_int_eq(tools[2].is.revision, 1);
	ck_assert_int_eq(tools[3].is.revision, 0); /* 360 s to the next */
	ck_assert_int_eq(tools[4].is.revision, 0); /* another file */
}
END_TEST

START_TEST(acceptance_counts_edits_that_were_decided)
{
	struct bp_tool tools[] = {edit(1, 1, "a", "", ""), edit(2, 2, "b", "", ""),
				  edit(3, 3, "c", "", ""), edit(4, 4, "d", "", "")};
	tools[1].outcome = BP_OUTCOME_REJECTED;
	tools[2].outcome = BP_OUTCOME_DENIED;
	tools[3].outcome = BP_OUTCOME_ERROR;
	facts.tools = tools;
	facts.n_tools = 4;
	bp_finalise(&facts, prices, &arena);
	ck_assert_double_eq(facts.is.acceptance_rate, 0.5);
	ck_assert_int_eq(facts.is.lines_added, 2);
	ck_assert_int_eq(tools[1].is.accepted, 0);
	ck_assert_int_eq(tools[2].is.accepted, BP_SQL_NULL);
	ck_assert_int_eq(facts.is.pending_calls, 0);
}
END_TEST

/* Time alone changes what it means, so questions must know that there is one. */
START_TEST(calls_without_an_end_are_counted)
{
	struct bp_tool tools[] = {edit(1, 1, "a", "", ""), edit(2, 2, "b", "", ""),
				  edit(3, 3, "c", "", "")};

	tools[0].outcome = tools[2].outcome = BP_OUTCOME_PENDING;
	facts.tools = tools;
	facts.n_tools = 3;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(facts.is.pending_calls, 2);
}
END_TEST

START_TEST(a_permission_request_belongs_to_the_nearest_call_with_its_input)
{
	struct bp_tool tools[] = {
		{.id = 1, .ts_us = 0, .tool = BP_STR("Bash"), .input_hash = BP_STR("i")},
		{.id = 2, .ts_us = 100 * SECOND, .tool = BP_STR("Bash"), .input_hash = BP_STR("i")},
		{.id = 3,
		 .ts_us = 101 * SECOND,
		 .tool = BP_STR("Bash"),
		 .input_hash = BP_STR("other")},
	};
	struct bp_permission requests[] = {
		{.id = 9, .ts_us = 101 * SECOND, .tool = BP_STR("Bash"), .input_hash = BP_STR("i")},
		{.id = 10,
		 .ts_us = 2000 * SECOND,
		 .tool = BP_STR("Bash"),
		 .input_hash = BP_STR("i")},
	};
	facts.tools = tools;
	facts.n_tools = 3;
	facts.permissions = requests;
	facts.n_permissions = 2;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(requests[0].is_tool_call, 2);
	ck_assert_int_eq(requests[1].is_tool_call, BP_SQL_NULL); /* over 10 min */
}
END_TEST

START_TEST(compactions_count_as_many_as_the_source_that_knows_most)
{
	struct bp_compaction compactions[] = {
		{.id = 1, .ts_us = 1, .from_line = true},
		{.id = 2, .ts_us = 2},
		{.id = 3, .ts_us = 3},
	};
	facts.compactions = compactions;
	facts.n_compactions = 3;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(facts.is.compactions, 2);
	ck_assert_int_eq(compactions[1].is_counted, 0);
}
END_TEST

START_TEST(active_time_leaves_out_gaps_of_5_minutes)
{
	int64_t ms[] = {0, 1000, 61000, 361000, 362000};
	facts.event_ms = ms;
	facts.n_events = 5;
	bp_finalise(&facts, prices, &arena);
	/* 1 s + 60 s, the gap of 300 s does not count, 1 s. */
	ck_assert_int_eq(facts.is.active_us, 62 * SECOND);
	ck_assert_uint_eq(facts.n_is_minutes, 3);
	ck_assert_int_eq(facts.is.last_event_us, 362 * SECOND);
}
END_TEST

START_TEST(a_prompt_is_timed_from_the_last_result_and_from_the_prompt_before)
{
	struct bp_turn turns[] = {
		{.id = 1, .ts_us = 10 * SECOND, .from_line = true, .human = true},
		{.id = 2, .ts_us = 60 * SECOND, .from_line = true, .human = true},
		{.id = 3, .ts_us = 65 * SECOND, .from_line = true}, /* nobody's prompt */
		{.id = 4, .ts_us = 90 * SECOND, .from_line = true, .human = true},
		{.id = 5, .ts_us = 99 * SECOND, .from_line = true, .human = true},
	};
	struct bp_call calls[] = {
		{.id = 1, .ts_us = 11 * SECOND, .ts_last_us = 20 * SECOND},
		{.id = 2, .ts_us = 61 * SECOND, .ts_last_us = 95 * SECOND}, /* when 4 was sent */
	};
	struct bp_tool tools[] = {
		{.id = 1, .ts_us = 15 * SECOND, .ended_us = 25 * SECOND},
		{.id = 2, .ts_us = 16 * SECOND, .ended_us = 50 * SECOND, .sidechain = true},
		{.id = 3, .ts_us = 17 * SECOND, .ended_us = BP_SQL_NULL},
	};
	facts.turns = turns;
	facts.n_turns = 5;
	facts.calls = calls;
	facts.n_calls = 2;
	facts.tools = tools;
	facts.n_tools = 3;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(turns[0].is.gap_us, BP_SQL_NULL);
	ck_assert_int_eq(turns[0].is.think_us, BP_SQL_NULL);
	/* The main conversation's tool ended at 25 s, after its answer. */
	ck_assert_int_eq(turns[1].is.gap_us, 50 * SECOND);
	ck_assert_int_eq(turns[1].is.think_us, 35 * SECOND);
	ck_assert_int_eq(turns[2].is.gap_us, BP_SQL_NULL);
	/* Sent while the answer still came: no time to think. */
	ck_assert_int_eq(turns[3].is.gap_us, 30 * SECOND);
	ck_assert_int_eq(turns[3].is.think_us, BP_SQL_NULL);
	/* Nothing answered the fourth. */
	ck_assert_int_eq(turns[4].is.gap_us, 9 * SECOND);
	ck_assert_int_eq(turns[4].is.think_us, BP_SQL_NULL);
}
END_TEST

static struct bp_tool call(int64_t id, int64_t ts_s, const char *tool, enum bp_outcome outcome)
{
	return (struct bp_tool){.id = id,
				.ts_us = ts_s * SECOND,
				.ended_us = BP_SQL_NULL,
				.tool = bp_str_from(tool),
				.outcome = outcome};
}

START_TEST(an_error_is_recovered_by_the_same_tool_in_its_turn)
{
	struct bp_turn turns[] = {
		{.id = 1, .ts_us = 0, .from_line = true, .human = true},
		{.id = 2, .ts_us = 50 * SECOND, .from_line = true, .human = true},
	};
	struct bp_tool tools[] = {
		call(1, 1, "Bash", BP_OUTCOME_OK),    /* too early for 2 and 3 */
		call(2, 2, "Bash", BP_OUTCOME_ERROR), /* 5 follows */
		call(3, 3, "Grep", BP_OUTCOME_ERROR), /* in its turn no Grep */
		call(4, 4, "Read", BP_OUTCOME_OK),    /* at the time of 7, listed before it */
		call(7, 4, "Read", BP_OUTCOME_ERROR), call(5, 5, "Bash", BP_OUTCOME_OK),
		call(6, 51, "Grep", BP_OUTCOME_OK),
	};
	facts.turns = turns;
	facts.n_turns = 2;
	facts.tools = tools;
	facts.n_tools = 7;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(tools[0].is_recovered, BP_SQL_NULL);
	ck_assert_int_eq(tools[1].is_recovered, 1);
	ck_assert_int_eq(tools[2].is_recovered, BP_SQL_NULL);
	ck_assert_int_eq(tools[4].is_recovered, 1);
}
END_TEST

START_TEST(an_edit_of_a_file_edited_before_is_repeated)
{
	struct bp_tool tools[] = {edit(1, 1, "a", "", ""),    edit(2, 2, "b", "", ""),
				  edit(3, 9000, "a", "", ""), edit(4, 9001, "c", "", ""),
				  edit(5, 9002, "c", "", ""), edit(6, 9003, "", "", ""),
				  edit(7, 9004, "", "", "")};
	tools[3].outcome = BP_OUTCOME_REJECTED;
	facts.tools = tools;
	facts.n_tools = 7;
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(tools[0].is.repeated, 0);
	ck_assert_int_eq(tools[1].is.repeated, 0);
	ck_assert_int_eq(tools[2].is.repeated, 1);
	ck_assert_int_eq(tools[3].is.repeated, BP_SQL_NULL); /* never made */
	ck_assert_int_eq(tools[4].is.repeated, 0);
	ck_assert_int_eq(tools[6].is.repeated, 0); /* which file is not known */
	facts.n_tools = 3;
	tools[1].file_hash = BP_STR("a");
	bp_finalise(&facts, prices, &arena);
	ck_assert_int_eq(tools[1].is.repeated, 1);
}
END_TEST

START_TEST(a_session_is_scored_by_its_tools_its_end_and_its_lines)
{
	struct bp_tool tools[] = {edit(1, 1, "a", "", ""), call(2, 2, "Bash", BP_OUTCOME_ERROR),
				  call(3, 3, "Bash", BP_OUTCOME_PENDING),
				  call(4, 4, "Bash", BP_OUTCOME_DENIED)};
	int64_t ms[] = {1000, 60000};

	tools[0].lines_added = 100;
	facts.tools = tools;
	facts.n_tools = 4;
	facts.event_ms = ms;
	facts.n_events = 2;
	facts.end_ts_us = 55 * SECOND; /* 5 s before the last event: it ended */
	bp_finalise(&facts, prices, &arena);
	/* Executed 2: 50 + 25 / 2 - 15 / 2 + 10 + 10 x 100 / 200. */
	ck_assert_double_eq(facts.is.productivity, 70);
	facts.end_ts_us = 55 * SECOND - 1;
	bp_finalise(&facts, prices, &arena);
	ck_assert_double_eq(facts.is.productivity, 60);
	facts.n_tools = 0;
	bp_finalise(&facts, prices, &arena);
	ck_assert_double_eq(facts.is.productivity, -1);
}
END_TEST

BP_TEST_MAIN(setup, teardown, only_prompts_of_a_person_in_the_main_line_are_numbered,
	     the_k_th_hook_without_a_prompt_id_is_the_k_th_line_with_its_text,
	     a_turn_is_timed_up_to_the_next_prompt,
	     an_edit_undone_within_30_s_is_reverted_and_one_redone_within_5_min_is_revised,
	     acceptance_counts_edits_that_were_decided, calls_without_an_end_are_counted,
	     a_permission_request_belongs_to_the_nearest_call_with_its_input,
	     compactions_count_as_many_as_the_source_that_knows_most,
	     active_time_leaves_out_gaps_of_5_minutes,
	     a_prompt_is_timed_from_the_last_result_and_from_the_prompt_before,
	     an_error_is_recovered_by_the_same_tool_in_its_turn,
	     an_edit_of_a_file_edited_before_is_repeated,
	     a_session_is_scored_by_its_tools_its_end_and_its_lines)

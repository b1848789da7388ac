/* SPDX-License-Identifier: MIT */
#include "query/tool_steps.h"

#include "unit/query/calls.h"

static struct bp_tool_steps steps;

static void setup(void)
{
	calls_open();
	steps = (struct bp_tool_steps){0};
}

static void teardown(void)
{
	bp_tool_steps_done(&steps);
	calls_close();
}

static void read_steps(void)
{
	struct bp_err err = {0};

	bp_tool_steps_done(&steps);
	ck_assert_ok(bp_tool_steps_read(facts, &calls_scope, &steps, &err), err);
}

static const char *tool(size_t i)
{
	ck_assert_uint_lt(i, steps.n);
	return steps.names[steps.items[i].tool];
}

/* Session 1: turn a (Read 10, Edit 30, the agent's Grep 20), turn b (Bash 40). Session 2: LS 15.
 * Told out of order. */
static void put_story(void)
{
	put_session(1, "one", 0, 100);
	put_session(2, "two", 0, 100);
	int64_t a = put_prompt(1, 5), b = put_prompt(1, 35);
	(void)put_call(1, b, 40, "Bash", CALL_PENDING, 0);
	(void)put_agent_call(1, a, 20, "x", "Grep");
	(void)put_call(1, a, 30, "Edit", CALL_REJECTED, 2);
	(void)put_call(1, a, 10, "Read", CALL_OK, 3);
	(void)put_call(2, 0, 15, "LS", CALL_ERROR, 1);
}

START_TEST(steps_stand_by_session_agent_and_time)
{
	put_story();
	read_steps();
	ck_assert_uint_eq(steps.n, 5);
	ck_assert_str_eq(tool(0), "Read");
	ck_assert_str_eq(tool(1), "Edit");
	ck_assert_str_eq(tool(2), "Bash");
	ck_assert_str_eq(tool(3), "Grep");
	ck_assert_str_eq(tool(4), "LS");
	ck_assert_uint_eq(steps.items[0].agent, 0);
	ck_assert_uint_ne(steps.items[3].agent, 0);
	ck_assert_int_eq(steps.items[0].latency_us, 3 * CALLS_S);
	ck_assert_int_eq(steps.items[0].edit, false);
	ck_assert_int_eq(steps.items[1].edit, true);
	ck_assert_int_eq(steps.items[1].outcome, BP_OUTCOME_REJECTED);
	ck_assert_int_eq(steps.items[4].turn, BP_SQL_NULL);
	/* Read and Edit are one turn; Bash, Grep (an agent), LS (a session) stand alone. */
	ck_assert_uint_eq(bp_tool_steps_in_turn(&steps, 0), 2);
	ck_assert_uint_eq(bp_tool_steps_in_turn(&steps, 2), 1);
	ck_assert_uint_eq(bp_tool_steps_in_turn(&steps, 3), 1);
	ck_assert_uint_eq(bp_tool_steps_in_turn(&steps, 4), 1);
}
END_TEST

START_TEST(a_filter_a_period_and_a_session_choose)
{
	put_story();
	ck_assert_int_eq(bp_filter_project(facts, &calls_filter, "two", NULL), BP_OK);
	read_steps();
	ck_assert_uint_eq(steps.n, 1);
	ck_assert_str_eq(tool(0), "LS");
	calls_filter = (struct bp_filter){0};
	calls_period.from_us = CALLS_T + 15 * CALLS_S;  /* LS itself is in, */
	calls_period.until_us = CALLS_T + 30 * CALLS_S; /* Edit is not */
	read_steps();
	ck_assert_uint_eq(steps.n, 2);
	calls_period.from_us = BP_TIME_FIRST;
	calls_period.until_us = BP_TIME_LAST;
	calls_filter = (struct bp_filter){.one_session = true, .conversation = 1};
	read_steps();
	ck_assert_uint_eq(steps.n, 4);
}
END_TEST

START_TEST(a_call_pending_for_half_an_hour_is_interrupted)
{
	put_story();
	calls_scope.as_of_us = CALLS_T + (40 + 1800) * CALLS_S;
	read_steps();
	ck_assert_int_eq(steps.items[2].outcome, BP_OUTCOME_PENDING);
	calls_scope.as_of_us++;
	read_steps();
	ck_assert_int_eq(steps.items[2].outcome, BP_OUTCOME_INTERRUPTED);
}
END_TEST

BP_TEST_MAIN(setup, teardown, steps_stand_by_session_agent_and_time,
	     a_filter_a_period_and_a_session_choose, a_call_pending_for_half_an_hour_is_interrupted)

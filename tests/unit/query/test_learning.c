/* SPDX-License-Identifier: MIT */
#include "query/learning.h"

#include <math.h>

#include "unit/query/calls.h"

enum { DAY = 86400 };

static struct bp_habits habits;
static struct bp_learning learning;

static void setup(void)
{
	calls_open();
	put_session(1, "one", 0, 20 * DAY);
}

static void teardown(void)
{
	bp_learning_done(&learning);
	bp_habits_done(&habits);
	calls_close();
}

static void learn(int64_t until_s)
{
	struct bp_err err = {0};

	put_habits(1);
	read_habits(&habits);
	ck_assert_ok(bp_learning_read(facts, &calls_scope, CALLS_T + until_s * CALLS_S, &habits,
				      &learning, &err),
		     err);
}

static void put_day(int day, const char *tool, int ok, int errors)
{
	for (int i = 0; i < ok + errors; i++) {
		(void)put_call(1, 0, day * (int64_t)DAY + i, tool, i < ok ? CALL_OK : CALL_ERROR,
			       1);
	}
}

START_TEST(a_slope_is_that_of_least_squares)
{
	static const double x[] = {0, 1, 2, 5}, y[] = {1, 3, 2, 6};

	/* Means 2 and 3: (4 + 0 + 0 + 9) / (4 + 1 + 0 + 9). */
	ck_assert_double_eq_tol(bp_learning_slope(x, y, 4), 13.0 / 14, 1e-12);
	ck_assert_int_eq(isnan(bp_learning_slope(x, y, 1)), 1);
	ck_assert_int_eq(isnan(bp_learning_slope(x, y, 0)), 1);
}
END_TEST

START_TEST(errors_by_day_have_a_slope)
{
	put_day(0, "Bash", 1, 1); /* 0.5 */
	put_day(1, "Bash", 3, 1); /* 0.25 */
	put_day(3, "Bash", 4, 0); /* 0; the day between has no rate */
	(void)put_call(1, 0, 3 * DAY + 50, "Bash", CALL_DENIED, 1); /* did not run */
	learn(4 * DAY);
	ck_assert_uint_eq(learning.days, 3);
	/* x 0 1 3, mean 4/3; y .5 .25 0, mean .25: (-4/3 .25 + 0 - 5/3 .25) / (42/9). */
	ck_assert_double_eq_tol(learning.error_slope, -0.75 / (42.0 / 9), 1e-12);
}
END_TEST

START_TEST(two_days_are_too_few_for_a_slope)
{
	put_day(0, "Bash", 1, 1);
	put_day(1, "Bash", 3, 1);
	learn(4 * DAY);
	ck_assert_uint_eq(learning.days, 2);
	ck_assert_int_eq(isnan(learning.error_slope), 1);
}
END_TEST

START_TEST(weeks_are_compared_by_tool_and_sequence)
{
	int64_t turn = put_prompt(1, 0);

	put_day(1, "Bash", 1, 3); /* the week before: days 0..7 */
	put_day(8, "Bash", 9, 1); /* this week: days 7..14 */
	put_day(8, "Grep", 2, 0); /* only now: nothing to compare with */
	(void)put_call(1, turn, 2 * DAY, "Read", CALL_OK, 1);
	(void)put_call(1, turn, 2 * DAY + 1, "Edit", CALL_OK, 1);
	learn(14 * DAY);
	ck_assert_uint_eq(learning.n_tools, 1);
	ck_assert_str_eq(learning.tools[0].tool, "Bash");
	ck_assert_int_eq(learning.tools[0].before_calls, 4);
	ck_assert_int_eq(learning.tools[0].before_errors, 3);
	ck_assert_int_eq(learning.tools[0].now_calls, 10);
	ck_assert_int_eq(learning.tools[0].now_errors, 1);
	/* Before: Bash Bash 3, Bash Bash Bash 2, Read Edit 1; now (Bash and Grep alternate in time
	 * where both have a call) Bash Grep 2, Grep Bash 2, Bash Bash 7, and triples. */
	ck_assert_double_gt(learning.similarity, 0.5);
	ck_assert_double_lt(learning.similarity, 1);
}
END_TEST

START_TEST(score_and_latency_are_those_of_the_weeks)
{
	/* The week before: 1 ok of 1 s, 1 error of 1 s; this week: 2 ok of 4 s. */
	(void)put_call(1, 0, 1 * DAY, "Bash", CALL_OK, 1);
	(void)put_call(1, 0, 1 * DAY + 9, "Bash", CALL_ERROR, 1);
	(void)put_call(1, 0, 8 * DAY, "Bash", CALL_OK, 4);
	(void)put_call(1, 0, 8 * DAY + 9, "Bash", CALL_OK, 4);
	put("INSERT INTO activity VALUES (1, %" PRId64 ", %" PRId64 ", %" PRId64 ", 1)",
	    (CALLS_T + DAY * CALLS_S) / 60000000, CALLS_T + DAY * CALLS_S,
	    CALLS_T + (DAY + 9) * CALLS_S);
	put("INSERT INTO activity VALUES (1, %" PRId64 ", %" PRId64 ", %" PRId64 ", 1)",
	    (CALLS_T + 8 * DAY * CALLS_S) / 60000000, CALLS_T + 8 * DAY * CALLS_S,
	    CALLS_T + (8 * DAY + 9) * CALLS_S);
	learn(14 * DAY);
	ck_assert_double_eq_tol(learning.latency_before_ms, 1000, 10);
	ck_assert_double_eq_tol(learning.latency_now_ms, 4000, 40);
	ck_assert_double_gt(learning.score_now, learning.score_before);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_slope_is_that_of_least_squares, errors_by_day_have_a_slope,
	     two_days_are_too_few_for_a_slope, weeks_are_compared_by_tool_and_sequence,
	     score_and_latency_are_those_of_the_weeks)

/* SPDX-License-Identifier: MIT */
#include "query/context.h"

#include <math.h>

#include "unit/query/calls.h"

static struct bp_context context;
static struct bp_habits habits;

static void setup(void)
{
	calls_open();
	put_session(1, "one", 0, 10000);
	put_session(2, "two", 0, 10000);
}

static void teardown(void)
{
	bp_context_done(&context);
	bp_habits_done(&habits);
	calls_close();
}

static void read_context(void)
{
	const struct bp_totals_question question = {
		.period = &calls_period, .filter = &calls_filter, .as_of_us = calls_scope.as_of_us};
	struct bp_groups groups = {0};
	struct bp_err err = {0};

	bp_context_done(&context);
	ck_assert_ok(bp_context_read(facts, &calls_scope, &context, &err), err);
	ck_assert_ok(bp_totals_collect(facts, &question, &groups, &err), err);
	read_habits(&habits);
	bp_context_use(&context, &groups.items[0]->totals, &habits);
	bp_groups_done(&groups);
}

static void put_compaction(int64_t session, int64_t at_s, int64_t pre, int counted)
{
	put("INSERT INTO compactions (id, file_conversation, ts_us, compact_trigger, pre_tokens, "
	    "counted) VALUES (%" PRId64 ", %" PRId64 ", %" PRId64 ", 'auto', nullif(%" PRId64
	    ", 0), %d)",
	    ++calls_next_id, session, CALLS_T + at_s * CALLS_S, pre, counted);
}

START_TEST(compactions_have_gaps_and_operations)
{
	put_compaction(1, 100, 0, 1);
	put_compaction(1, 101, 0, 0); /* told twice */
	put_compaction(1, 400, 150000, 1);
	put_compaction(1, 650, 0, 1);
	put_compaction(2, 120, 0, 1); /* another session's: no gap to it */
	for (int i = 0; i < 7; i++) {
		(void)put_call(1, 0, 50 + 100 * i, "Read", CALL_OK, 1); /* 50 150 .. 650 */
	}
	(void)put_agent_call(1, 0, 60, "x", "Grep"); /* not the main line's context */
	read_context();
	ck_assert_uint_eq(context.n, 4);
	ck_assert_int_eq(context.items[0].gap_us, BP_SQL_NULL);
	ck_assert_int_eq(context.items[0].operations, 1); /* 50 */
	ck_assert_int_eq(context.items[1].gap_us, 300 * CALLS_S);
	ck_assert_int_eq(context.items[1].operations, 3); /* 150 250 350 */
	ck_assert_int_eq(context.items[2].gap_us, 250 * CALLS_S);
	ck_assert_int_eq(context.items[2].operations, 2); /* 450 550; 650 is not before it */
	ck_assert_int_eq(context.items[3].operations, 0);
	ck_assert_int_eq(context.min_gap_us, 250 * CALLS_S);
	ck_assert_int_eq(context.operations, 6);
	/* No response was recorded; a compaction told how much there was. */
	ck_assert_int_eq(isnan(context.used_avg), 1);
	ck_assert_int_eq(context.used_peak, 150000);
	/* Of a part: the one before still counts as before. */
	calls_period.from_us = CALLS_T + 500 * CALLS_S;
	read_context();
	ck_assert_uint_eq(context.n, 1);
	ck_assert_int_eq(context.items[0].gap_us, 250 * CALLS_S);
}
END_TEST

START_TEST(the_context_in_use_is_what_responses_were_given)
{
	put_response(1, 10, NULL, "opus", 100, 999, 900, 1);   /* 1000 */
	put_response(1, 20, NULL, "opus", 1000, 999, 2000, 1); /* 3000 */
	put_response(1, 30, "x", "opus", 90000, 1, 1, 1);      /* a context of its own */
	put_response(2, 40, NULL, "opus", 5000, 1, 0, 1);      /* 5000 */
	put_habits(1);
	put_habits(2);
	read_context();
	ck_assert_int_eq(context.responses, 3);
	ck_assert_double_eq_tol(context.used_avg, 3000, 1e-9);
	ck_assert_int_eq(context.used_peak, 5000);
	ck_assert_int_eq(context.min_gap_us, BP_SQL_NULL);
	ck_assert_int_eq(bp_filter_project(facts, &calls_filter, "one", NULL), BP_OK);
	read_context();
	ck_assert_double_eq_tol(context.used_avg, 2000, 1e-9);
}
END_TEST

BP_TEST_MAIN(setup, teardown, compactions_have_gaps_and_operations,
	     the_context_in_use_is_what_responses_were_given)

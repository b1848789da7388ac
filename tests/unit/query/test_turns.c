/* SPDX-License-Identifier: MIT */
#include "query/turns.h"

#include "unit/query/calls.h"

static struct bp_tool_steps steps;
static struct bp_turns turns;

static void setup(void)
{
	calls_open();
}

static void teardown(void)
{
	bp_turns_done(&turns);
	bp_tool_steps_done(&steps);
	calls_close();
}

START_TEST(turns_count_what_they_used)
{
	struct bp_err err = {0};

	put_session(1, "one", 0, 100);
	put_session(2, "one", 0, 100);
	int64_t b = put_prompt(1, 50), a = put_prompt(1, 10), other = put_prompt(2, 20);
	put("UPDATE conversation_turns SET turn_number = 1, words = 7, latency_us = 2000000, "
	    "first_tool_us = 3000000, complete_us = 9000000, model = 'opus' WHERE id = %" PRId64,
	    a);
	put("UPDATE conversation_turns SET think_us = 5000000 WHERE id = %" PRId64, b);
	/* A tool's answer is no prompt. */
	put("UPDATE conversation_turns SET human = 0 WHERE id = %" PRId64, put_prompt(1, 60));
	(void)put_call(1, a, 11, "Edit", CALL_OK, 1);
	(void)put_call(1, a, 12, "Edit", CALL_REJECTED, 1);
	(void)put_call(1, a, 13, "Bash", CALL_ERROR, 1);
	(void)put_agent_call(1, a, 14, "x", "Read");
	(void)put_call(1, 0, 1, "Read", CALL_OK, 1);
	(void)put_call(2, other, 21, "Bash", CALL_OK, 1);
	calls_filter = (struct bp_filter){.one_session = true, .conversation = 1};
	ck_assert_ok(bp_tool_steps_read(facts, &calls_scope, &steps, &err), err);
	ck_assert_ok(bp_turns_read(facts, 1, &steps, &turns, &err), err);
	ck_assert_uint_eq(turns.n, 2);
	ck_assert_int_eq(turns.items[0].id, a);
	ck_assert_int_eq(turns.items[0].number, 1);
	ck_assert_int_eq(turns.items[0].words, 7);
	ck_assert_int_eq(turns.items[0].latency_us, 2000000);
	ck_assert_int_eq(turns.items[0].complete_us, 9000000);
	ck_assert_str_eq(turns.items[0].model, "opus");
	ck_assert_int_eq(turns.items[0].tool_calls, 4);
	ck_assert_int_eq(turns.items[0].errors, 1);
	ck_assert_int_eq(turns.items[0].edits_ok, 1);
	ck_assert_int_eq(turns.items[0].edits_rejected, 1);
	ck_assert_int_eq(turns.items[1].number, BP_SQL_NULL);
	ck_assert_int_eq(turns.items[1].think_us, 5000000);
	ck_assert_int_eq(turns.items[1].tool_calls, 0);
}
END_TEST

BP_TEST_MAIN(setup, teardown, turns_count_what_they_used)

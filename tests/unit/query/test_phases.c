/* SPDX-License-Identifier: MIT */
#include "query/phases.h"

#include "unit/query/calls.h"

static struct bp_tool_steps steps;
static struct bp_phase_spans spans;
static struct bp_habits habits;

static void setup(void)
{
	calls_open();
}

static void teardown(void)
{
	bp_phase_spans_done(&spans);
	bp_habits_done(&habits);
	bp_tool_steps_done(&steps);
	calls_close();
}

static void put_shell(int64_t at_s, const char *kind)
{
	int64_t id = put_call(1, 0, at_s, "Bash", CALL_OK, 2);

	put("UPDATE tool_calls SET cmd_kind = '%s' WHERE id = %" PRId64, kind, id);
}

START_TEST(work_is_exploring_editing_and_checking)
{
	struct bp_err err = {0};

	put_session(1, "one", 0, 100);
	(void)put_call(1, 0, 1, "Read", CALL_OK, 1);
	put_shell(2, "search");
	(void)put_call(1, 0, 5, "Edit", CALL_OK, 1);
	(void)put_call(1, 0, 7, "TodoWrite", CALL_OK, 1);
	(void)put_call(1, 0, 9, "Write", CALL_OK, 3);
	put_shell(20, "test");
	put_shell(23, "vcs");
	(void)put_call(1, 0, 30, "Edit", CALL_OK, 1);
	(void)put_agent_call(1, 0, 31, "x", "Grep");
	ck_assert_ok(bp_tool_steps_read(facts, &calls_scope, &steps, &err), err);
	put_habits(1);
	read_habits(&habits);
	struct bp_phases phases = bp_phases_of(&habits);
	spans = bp_phase_spans_of(&steps);
	/* Read, search, the agent's Grep; Edit, Write, Edit; test; the plan and the commit. */
	ck_assert_int_eq(phases.calls[BP_PHASE_EXPLORE], 3);
	ck_assert_int_eq(phases.calls[BP_PHASE_EDIT], 3);
	ck_assert_int_eq(phases.calls[BP_PHASE_VERIFY], 1);
	ck_assert_int_eq(phases.calls[BP_PHASE_OTHER], 2);
	ck_assert_int_eq(phases.latency_us[BP_PHASE_EXPLORE], 4 * CALLS_S);
	ck_assert_int_eq(phases.latency_us[BP_PHASE_EDIT], 5 * CALLS_S);
	/* The plan does not divide Edit and Write; the agent has no part in the main line. */
	ck_assert_uint_eq(spans.n, 4);
	ck_assert_int_eq(spans.items[0].phase, BP_PHASE_EXPLORE);
	ck_assert_int_eq(spans.items[0].calls, 2);
	ck_assert_int_eq(spans.items[1].phase, BP_PHASE_EDIT);
	ck_assert_int_eq(spans.items[1].from_us, CALLS_T + 5 * CALLS_S);
	ck_assert_int_eq(spans.items[1].until_us, CALLS_T + 12 * CALLS_S);
	ck_assert_int_eq(spans.items[2].phase, BP_PHASE_VERIFY);
	ck_assert_int_eq(spans.items[3].phase, BP_PHASE_EDIT);
	/* The last edit was never checked. */
	ck_assert_int_eq(phases.edits_spans, 2);
	ck_assert_int_eq(phases.edits_verified, 1);
}
END_TEST

BP_TEST_MAIN(setup, teardown, work_is_exploring_editing_and_checking)

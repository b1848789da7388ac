/* SPDX-License-Identifier: MIT */
#include "query/subagents.h"

#include <math.h>

#include "unit/query/calls.h"

static struct bp_subagents agents;
static struct bp_habits habits;
static struct bp_groups groups;
static struct bp_subagent_types types;

static void setup(void)
{
	calls_open();
	put_session(1, "one", 0, 10000);
	put_session(2, "two", 0, 10000);
}

static void teardown(void)
{
	bp_subagents_done(&agents);
	bp_subagent_types_done(&types);
	bp_groups_done(&groups);
	bp_habits_done(&habits);
	calls_close();
}

static void read_agents(void)
{
	struct bp_err err = {0};

	bp_subagents_done(&agents);
	ck_assert_ok(bp_subagents_read(facts, &calls_scope, &agents, &err), err);
}

/** By type, from what is stored. */
static void read_types(void)
{
	const struct bp_totals_question question = {
		.period = &calls_period, .filter = &calls_filter, .as_of_us = calls_scope.as_of_us};
	struct bp_err err = {0};

	bp_subagent_types_done(&types);
	bp_groups_done(&groups);
	read_habits(&habits);
	ck_assert_ok(bp_totals_collect(facts, &question, &groups, &err), err);
	types = bp_subagent_types_of(&habits, &groups.items[0]->totals);
}

static void put_agent(int64_t session, const char *agent, const char *type, int64_t from_s,
		      int64_t until_s)
{
	put("INSERT INTO subagents (id, conversation_id, agent_id, agent_type, started_us, "
	    "ended_us) VALUES (%" PRId64 ", %" PRId64 ", '%s', nullif('%s', ''), %" PRId64
	    ", %" PRId64 ")",
	    ++calls_next_id, session, agent, type, CALLS_T + from_s * CALLS_S,
	    CALLS_T + until_s * CALLS_S);
}

static void put_start(const char *agent, int64_t at_s, int rank, int background)
{
	int64_t id = put_call(1, 0, at_s, "Task", rank, 1);

	put("UPDATE tool_calls SET spawned_agent_id = '%s', background = %d WHERE id = %" PRId64,
	    agent, background, id);
}

static void put_stop(const char *agent, int64_t at_s, const char *reason)
{
	put_response(1, at_s, agent, "opus", 1, 2, 4, 1000000);
	put("UPDATE model_calls SET stop_reason = '%s' WHERE id = %" PRId64, reason, calls_next_id);
}

START_TEST(the_call_that_started_an_agent_tells_how_it_ended)
{
	static const struct {
		const char *agent;
		int rank;
		enum bp_subagent_end end;
	} cases[] = {
		{"a", CALL_OK, BP_SUBAGENT_OK},
		{"b", CALL_ERROR, BP_SUBAGENT_FAILED},
		{"c", CALL_REJECTED, BP_SUBAGENT_FAILED},
		{"d", CALL_INTERRUPTED, BP_SUBAGENT_INTERRUPTED},
		{"e", CALL_PENDING, BP_SUBAGENT_INTERRUPTED}, /* ten days ago */
	};

	for (size_t i = 0; i < 5; i++) {
		put_start(cases[i].agent, (int64_t)i * 10, cases[i].rank, 0);
		put_agent(1, cases[i].agent, "", (int64_t)i * 10 + 1, (int64_t)i * 10 + 5);
		/* Its call knows better than its last response. */
		put_stop(cases[i].agent, (int64_t)i * 10 + 3, i ? "end_turn" : "tool_use");
	}
	read_agents();
	ck_assert_uint_eq(agents.n, 5);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_msg(agents.items[i].end == cases[i].end, "%s: %s", cases[i].agent,
			      bp_subagent_end_name(agents.items[i].end));
	}
	/* 1 of 5 */
	ck_assert_double_eq_tol(bp_subagent_success(agents.ends), 0.2, 1e-12);
	put_habits(1);
	read_types();
	ck_assert_int_eq(memcmp(types.all.ends, agents.ends, sizeof(agents.ends)), 0);
}
END_TEST

START_TEST(without_its_call_the_last_response_tells)
{
	put_agent(1, "a", "", 10, 20);
	put_stop("a", 12, "tool_use");
	put_stop("a", 19, "end_turn");
	put_agent(1, "b", "", 30, 40);
	put_stop("b", 39, "tool_use");
	put_agent(1, "c", "", 50, 60);  /* nothing told */
	put_start("d", 69, CALL_OK, 1); /* in the background: its call returned at once */
	put_agent(1, "d", "", 70, 80);
	put_stop("d", 75, "tool_use");
	read_agents();
	ck_assert_int_eq(agents.items[0].end, BP_SUBAGENT_OK);
	ck_assert_int_eq(agents.items[1].end, BP_SUBAGENT_UNFINISHED);
	ck_assert_int_eq(agents.items[2].end, BP_SUBAGENT_UNKNOWN);
	ck_assert_int_eq(agents.items[3].end, BP_SUBAGENT_UNFINISHED);
	put_habits(1);
	read_types();
	ck_assert_int_eq(memcmp(types.all.ends, agents.ends, sizeof(agents.ends)), 0);
	/* Half an hour after the last agent's last event nothing runs; a moment earlier it did. */
	calls_scope.as_of_us = CALLS_T + (80 + 1800) * CALLS_S - 1;
	read_agents();
	ck_assert_int_eq(agents.items[1].end, BP_SUBAGENT_UNFINISHED);
	ck_assert_int_eq(agents.items[3].end, BP_SUBAGENT_RUNNING);
	/* Running and unknown ones say nothing of success: a ok, b not. */
	ck_assert_double_eq_tol(bp_subagent_success(agents.ends), 0.5, 1e-12);
	read_types();
	ck_assert_int_eq(memcmp(types.all.ends, agents.ends, sizeof(agents.ends)), 0);
}
END_TEST

START_TEST(types_have_sums_and_the_most_at_once)
{
	put_agent(1, "a", "Explore", 0, 100);
	put_agent(1, "b", "Explore", 50, 150);
	put_agent(2, "c", "Plan", 100, 200);
	put_agent(1, "e", "Explore", 100, 110);
	put_agent(1, "d", "Explore", 300, 310);
	put_stop("a", 10, "end_turn");
	put_stop("a", 20, "end_turn");
	put_response(1, 30, "a", "new", 10, 0, 0, -1);   /* has no price */
	put_response(1, 40, NULL, "opus", 500, 0, 0, 7); /* the main line's */
	(void)put_agent_call(1, 0, 60, "a", "Grep");
	(void)put_agent_call(1, 0, 60, "b", "Grep");
	(void)put_agent_call(1, 0, 70, "b", "Read");
	put_habits(1);
	put_habits(2);
	read_types();
	ck_assert_uint_eq(types.n, 2);
	ck_assert_str_eq(types.items[0].type, "Explore");
	ck_assert_int_eq(types.items[0].agents, 4);
	ck_assert_int_eq(types.items[0].duration_us, 220 * CALLS_S);
	ck_assert_int_eq(types.items[0].tool_calls, 3);
	/* Two of 1 + 2 + 4 and one of 10. */
	ck_assert_int_eq(types.items[0].tokens_total, 24);
	ck_assert_int_eq(types.items[0].cost_pusd, 2000000);
	ck_assert_int_eq(types.items[0].model_calls, 3);
	ck_assert_int_eq(types.items[0].unpriced_calls, 1);
	/* a and b; with e, which starts in the moment a ends, three; those of another session work
	 * for somebody else. */
	ck_assert_int_eq(types.items[0].peak, 3);
	ck_assert_int_eq(types.items[1].peak, 1);
	ck_assert_int_eq(types.all.peak, 3);
	read_agents();
	calls_filter = (struct bp_filter){.one_session = true, .conversation = 2};
	read_agents();
	ck_assert_uint_eq(agents.n, 1);
	ck_assert_str_eq(agents.items[0].session, "session-2");
	ck_assert_int_eq(isnan(bp_subagent_success(agents.ends)), 1);
}
END_TEST

BP_TEST_MAIN(setup, teardown, the_call_that_started_an_agent_tells_how_it_ended,
	     without_its_call_the_last_response_tells, types_have_sums_and_the_most_at_once)

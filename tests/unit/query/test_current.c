/* SPDX-License-Identifier: MIT */
#include "query/current.h"

#include <cjson/cJSON.h>

#include "query/metrics.h"
#include "unit/query/facts.h"

/* 2026-01-31T12:30:30Z, thirty seconds into a minute. */
#define NOW INT64_C(1769862630000000)
#define SECOND INT64_C(1000000)

static struct bp_current current;
static struct bp_tz *tz;

static void setup(void)
{
	struct bp_err err = {0};

	facts_open();
	ck_assert_ok(bp_tz_load("UTC", &tz, &err), err);
	current = (struct bp_current){0};
}

static void teardown(void)
{
	bp_current_done(&current);
	bp_tz_free(tz);
	facts_close();
}

static void ask(bool compat)
{
	struct bp_err err = {0};
	struct bp_current_question question = {.tz = tz, .now_us = NOW, .compat_ccusage = compat};

	bp_current_done(&current);
	ck_assert_ok(bp_current_read(facts, &question, &current, &err), err);
}

static void put_call(int64_t id, int64_t ts_us, int64_t input, int64_t cost, int64_t compat)
{
	char sql[512];

	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO model_calls (id, file_conversation, model, ts_us, ts_last_us, "
		       "sidechain, input, cost_pusd, compat_pusd) VALUES (%lld, 1, 'opus', %lld, "
		       "%lld, 0, %lld, %lld, %lld)",
		       (long long)id, (long long)ts_us, (long long)ts_us, (long long)input,
		       (long long)cost, (long long)compat);
	facts_put(sql);
}

static void put_tool(int64_t id, int64_t ts_us, int rank, int64_t latency_us)
{
	char sql[512];

	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO tool_calls (id, file_conversation, tool, ts_us, started_us, "
		       "duration_us, outcome_rank) VALUES (%lld, 1, 'Read', %lld, %lld, %lld, %d)",
		       (long long)id, (long long)ts_us, (long long)ts_us, (long long)latency_us,
		       rank);
	facts_put(sql);
}

START_TEST(nothing_yet_is_an_answer_too)
{
	ask(false);
	ck_assert_uint_eq(current.n_events, 0);
	ck_assert_uint_eq(current.sessions.n, 0);
	ck_assert_uint_eq(current.today.n, 1);
}
END_TEST

/* The last cell is the minute that runs; the first began 59 minutes and 30 seconds ago. */
START_TEST(the_last_hour_is_told_by_minute)
{
	facts_put("INSERT INTO conversations (id, external_id, platform, seen) VALUES (1, 's', "
		  "'claude_code', 1)");
	put_call(11, NOW - 10 * SECOND, 100, 5000000, 7000000);
	put_call(12, NOW - 29 * SECOND, 50, 1000000, 1000000);
	put_call(13, NOW - 31 * SECOND, 7, 300, 300);                   /* the minute before */
	put_call(14, NOW - 59 * 60 * SECOND - 30 * SECOND, 9, 1, 1);    /* the first instant */
	put_call(15, NOW - 59 * 60 * SECOND - 31 * SECOND, 1000, 1, 1); /* too old */
	put_tool(21, NOW - 5 * SECOND, 400, 3000);
	put_tool(22, NOW - 6 * SECOND, 500, 5000);
	put_tool(23, NOW - 7 * SECOND, 800, 900000); /* denied: nobody waited for a tool */
	ask(false);
	const struct bp_current_minute *now = &current.minutes[BP_CURRENT_MINUTES - 1];
	ck_assert_int_eq(now->model_calls, 2);
	ck_assert_int_eq(now->tokens, 150);
	ck_assert_int_eq(now->cost_pusd, 6000000);
	ck_assert_int_eq(now->tool_calls, 3);
	ck_assert_int_eq(now->latencies, 2);
	ck_assert_int_eq(now->latency_us, 8000);
	ck_assert_int_eq(current.minutes[BP_CURRENT_MINUTES - 2].tokens, 7);
	ck_assert_int_eq(current.minutes[0].tokens, 9);
	ask(true);
	ck_assert_int_eq(current.minutes[BP_CURRENT_MINUTES - 1].cost_pusd, 8000000);
}
END_TEST

START_TEST(events_are_the_newest_of_all_kinds)
{
	facts_put(
		"INSERT INTO conversations (id, external_id, platform, project_name, seen) VALUES "
		"(1, 's', 'claude_code', 'harbour', 1)");
	for (int i = 0; i < BP_CURRENT_EVENTS; i++) {
		put_tool(100 + i, NOW - (200 + i) * SECOND, 400, 1000);
	}
	put_call(11, NOW - 100 * SECOND, 10, 1, 1);
	put_tool(21, NOW - 3000 * SECOND, 100, 0); /* pending for 50 minutes */
	facts_put("INSERT INTO conversation_turns (id, file_conversation, ts_us, human, words) "
		  "VALUES (31, 1, 1769862600000000, 1, 4)");
	ask(false);
	ck_assert_uint_eq(current.n_events, BP_CURRENT_EVENTS);
	ck_assert_str_eq(current.events[0].kind, "prompt");
	ck_assert_int_eq(current.events[0].amount, 4);
	ck_assert_str_eq(current.events[0].project, "harbour");
	ck_assert_str_eq(current.events[1].kind, "model_call");
	ck_assert_str_eq(current.events[2].kind, "tool");
	ck_assert_int_eq(current.events[2].id, 100);
	ck_assert_int_eq(current.events[BP_CURRENT_EVENTS - 1].id, 100 + BP_CURRENT_EVENTS - 3);
}
END_TEST

/* Midnight of the zone, not a day ago. */
START_TEST(today_begins_at_midnight)
{
	facts_put("INSERT INTO conversations (id, external_id, platform, seen) VALUES (1, 's', "
		  "'claude_code', 1)");
	put_call(11, INT64_C(1769817600000000), 5, 1, 1);      /* 00:00:00 */
	put_call(12, INT64_C(1769817600000000) - 1, 70, 1, 1); /* the day before */
	ask(false);
	const struct bp_metric *tokens = bp_metric_find("tokens_total");
	ck_assert_double_eq(tokens->value(&current.today.items[0]->totals), 5);
}
END_TEST

BP_TEST_MAIN(setup, teardown, nothing_yet_is_an_answer_too, the_last_hour_is_told_by_minute,
	     events_are_the_newest_of_all_kinds, today_begins_at_midnight)

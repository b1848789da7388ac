/* SPDX-License-Identifier: MIT */
#include "query/sessions.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "query/analyze.h"
#include "unit/query/facts.h"
#include "unit/query/story.h"

static struct bp_err err;
static struct bp_sessions sessions;
static struct bp_filter filter;
static struct bp_period all;
static struct bp_sessions_question question;

static void open_story(void)
{
	facts_open();
	facts_put(STORY);
	err = (struct bp_err){0};
	filter = (struct bp_filter){0};
	sessions = (struct bp_sessions){0};
	all = (struct bp_period){.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	question = (struct bp_sessions_question){.period = &all,
						 .filter = &filter,
						 .limit = 20,
						 .min_acceptance = (double)NAN,
						 .min_productivity = (double)NAN,
						 .min_cost_usd = (double)NAN,
						 .as_of_us = STORY_T + INT64_C(1100000000)};
}

static void close_story(void)
{
	bp_sessions_done(&sessions);
	facts_close();
}

static void ask(void)
{
	bp_sessions_done(&sessions);
	ck_assert_ok(bp_sessions_read(facts, &question, &sessions, &err), err);
}

START_TEST(the_latest_session_comes_first_with_its_numbers)
{
	ask();
	ck_assert_uint_eq(sessions.n, 2);
	ck_assert_int_eq(sessions.total, 2);
	const struct bp_session_row *two = &sessions.rows[0], *one = &sessions.rows[1];
	ck_assert_str_eq(two->session.id, "0000bbbb-2222");
	/* Heard of 40 s before it was asked. */
	ck_assert_int_eq(two->status, BP_SESSION_ACTIVE);
	ck_assert_int_eq(two->tokens_total, 2);
	ck_assert(isnan(two->acceptance_rate));
	/* Its only call is pending for 90 s: nothing was executed yet. */
	ck_assert(isnan(two->productivity_score));
	ck_assert_int_eq(one->status, BP_SESSION_COMPLETED);
	ck_assert_int_eq(one->prompts, 2);
	ck_assert_int_eq(one->tool_calls, 8);
	ck_assert_int_eq(one->tokens_total, 203);
	ck_assert_double_eq(one->acceptance_rate, 0.75);
	/* As in test_metrics.c. */
	ck_assert_double_eq_tol(one->productivity_score, 50 + 25 * 4.0 / 6 - 15 * 2.0 / 6 + 10 + 5,
				1e-9);
	ck_assert_str_eq(one->models, "opus\nhaiku");
}
END_TEST

START_TEST(a_silent_session_without_an_end_is_idle)
{
	question.as_of_us = STORY_T + INT64_C(9000000000);
	ask();
	ck_assert_int_eq(sessions.rows[0].status, BP_SESSION_IDLE);
}
END_TEST

START_TEST(order_page_and_limits_are_of_all_sessions)
{
	question.sort = BP_SORT_TOKENS;
	question.limit = 1;
	ask();
	ck_assert_str_eq(sessions.rows[0].session.id, "0000aaaa-1111");
	ck_assert_int_eq(sessions.total, 2);
	question.offset = 1;
	ask();
	ck_assert_str_eq(sessions.rows[0].session.id, "0000bbbb-2222");
	question.offset = 7;
	ask();
	ck_assert_uint_eq(sessions.n, 0);
	question.offset = 0;
	question.sort = BP_SORT_ACCEPTANCE;
	ask();
	/* Unknown comes last. */
	ck_assert_str_eq(sessions.rows[0].session.id, "0000aaaa-1111");
	question.min_acceptance = 0.8;
	ask();
	ck_assert_int_eq(sessions.total, 0);
	question.min_acceptance = 0.75;
	ask();
	ck_assert_int_eq(sessions.total, 1);
}
END_TEST

START_TEST(a_session_costs_what_its_calls_cost)
{
	facts_put(
		"UPDATE model_calls SET cost_pusd = 5000000000000, compat_pusd = 1 WHERE id = 1;"
		"UPDATE model_calls SET cost_pusd = 7, compat_pusd = 8 WHERE id = 3;"
		"UPDATE model_calls SET cost_pusd = 2000000000000, compat_pusd = 2 WHERE id = 4;");
	question.sort = BP_SORT_COST;
	ask();
	/* haiku's call has no price; the cut stream stands apart. */
	const struct bp_session_row *one = &sessions.rows[0], *two = &sessions.rows[1];
	ck_assert_str_eq(one->session.id, "0000aaaa-1111");
	ck_assert_double_eq(bp_session_row_usd(one), 5);
	ck_assert_int_eq(one->unpriced_calls, 1);
	ck_assert_int_eq(one->aborted_cost_pusd, 7);
	ck_assert_double_eq(bp_session_row_usd(two), 2);
	question.min_cost_usd = 2.5;
	ask();
	ck_assert_int_eq(sessions.total, 1);
	question.min_cost_usd = (double)NAN;
	question.compat_ccusage = true;
	ask();
	ck_assert_str_eq(sessions.rows[0].session.id, "0000bbbb-2222");
	ck_assert_int_eq(sessions.rows[1].cost_pusd, 1);
	ck_assert_int_eq(sessions.rows[1].aborted_cost_pusd, 8);
}
END_TEST

/* What the finaliser wrote is not computed again: it is wrong here, on purpose. */
START_TEST(finalised_sessions_are_not_read_from_facts)
{
	facts_put(
		"UPDATE conversations SET prompts = 70, tool_calls = 80, responses = 9, "
		"total_tokens = 1000, acceptance_rate = 0.5, productivity = 11, pending_calls = 0, "
		"models = '[\"b\",\"a\"]', "
		"unpriced_calls = "
		"3, cost_pusd = 4000000000000, compat_pusd = NULL, aborted_cost_pusd = 6 WHERE id "
		"= 1");
	question.sort = BP_SORT_TOKENS;
	ask();
	ck_assert_int_eq(sessions.rows[0].prompts, 70);
	ck_assert_int_eq(sessions.rows[0].tokens_total, 1000);
	ck_assert_double_eq(bp_session_row_usd(&sessions.rows[0]), 4);
	ck_assert_int_eq(sessions.rows[0].unpriced_calls, 3);
	ck_assert_str_eq(sessions.rows[0].models, "b\na");
	/* A call that still runs may count as interrupted by now. */
	facts_put("UPDATE conversations SET pending_calls = 1 WHERE id = 1");
	ask();
	ck_assert_int_eq(sessions.rows[0].prompts, 2);
	facts_put("UPDATE conversations SET pending_calls = 0 WHERE id = 1");
	question.compat_ccusage = true;
	ask();
	ck_assert(isnan(bp_session_row_usd(&sessions.rows[0])));
	/* Since then something changed: facts know better. */
	facts_put("INSERT INTO dirty_session VALUES (1, 1)");
	ask();
	ck_assert_int_eq(sessions.rows[0].prompts, 2);
	ck_assert_int_eq(sessions.rows[0].tokens_total, 203);
}
END_TEST

START_TEST(a_period_has_the_sessions_that_were_alive_in_it)
{
	all.from_us = STORY_T + INT64_C(661000000);
	ask();
	ck_assert_uint_eq(sessions.n, 1);
	ck_assert_str_eq(sessions.rows[0].session.id, "0000bbbb-2222");
	all.until_us = STORY_T + INT64_C(999000000);
	ask();
	ck_assert_uint_eq(sessions.n, 0);
}
END_TEST

START_TEST(json_is_the_documented_object)
{
	question.limit = 1;
	question.offset = 1;
	ask();
	cJSON *json = bp_sessions_json(&sessions);
	char *text = cJSON_PrintUnformatted(json);
	ck_assert_str_eq(
		text,
		"{\"schema_version\":1,\"sessions\":[{\"id\":\"0000aaaa-1111\",\"platform\":"
		"\"claude_code\",\"project\":\"one\",\"started_at\":\"2026-03-10T12:00:00.000Z\","
		"\"ended_at\":\"2026-03-10T12:11:00.000Z\",\"status\":\"completed\",\"duration_s\":"
		"660,\"prompts\":2,\"tool_calls\":8,\"tokens_total\":203,\"cost_usd\":null,"
		"\"unpriced_calls\":2,"
		"\"acceptance_rate\":0.75,\"productivity_score\":76.666666666666671,\"models\":["
		"\"opus\",\"haiku\"]}],\"total\":2}");
	cJSON_free(text);
	cJSON_Delete(json);
}
END_TEST

START_TEST(a_session_is_found_by_id_prefix_and_last)
{
	struct bp_session session;

	ck_assert_ok(bp_session_find(facts, "0000aaaa-1111", &session, &err), err);
	ck_assert_int_eq(session.conversation, 1);
	ck_assert_ok(bp_session_find(facts, "0000b", &session, &err), err);
	ck_assert_int_eq(session.conversation, 2);
	ck_assert_ok(bp_session_find(facts, "last", &session, &err), err);
	ck_assert_int_eq(session.conversation, 2);
	ck_assert_rc(bp_session_find(facts, "0000", &session, &err), BP_EINVAL);
	ck_assert_str_eq(err.msg,
			 "\"0000\" begins several sessions: 0000aaaa-1111, 0000bbbb-2222, ...");
	/* Named by start-up records alone, it is no session. */
	ck_assert_rc(bp_session_find(facts, "0000cccc", &session, &err), BP_ENOTFOUND);
	ck_assert_rc(bp_session_find(facts, "0000aaab", &session, &err), BP_ENOTFOUND);
	ck_assert_str_eq(err.msg, "no session \"0000aaab\"; did you mean \"0000aaaa-1111\"?");
	ck_assert_rc(bp_session_find(facts, "", &session, &err), BP_ENOTFOUND);
	/* Text is text: no wildcard, no quote of SQL. */
	ck_assert_rc(bp_session_find(facts, "%", &session, &err), BP_ENOTFOUND);
	ck_assert_rc(bp_session_find(facts, "' OR 1=1 --", &session, &err), BP_ENOTFOUND);
}
END_TEST

START_TEST(the_active_session_is_of_this_project_and_not_ended)
{
	struct bp_session session;
	int64_t now = STORY_T + INT64_C(1100000000);

	ck_assert_ok(bp_session_active(facts, "bbbbbbbbbbbbbbbb", now, &session, &err), err);
	ck_assert_int_eq(session.conversation, 2);
	/* It ended. */
	ck_assert_rc(bp_session_active(facts, "aaaaaaaaaaaaaaaa", now, &session, &err),
		     BP_ENOTFOUND);
	now += INT64_C(1900000000);
	ck_assert_rc(bp_session_active(facts, "bbbbbbbbbbbbbbbb", now, &session, &err),
		     BP_ENOTFOUND);
}
END_TEST

START_TEST(an_analysis_is_the_documented_object)
{
	struct bp_session session;
	struct bp_analysis analysis;

	ck_assert_ok(bp_session_find(facts, "0000aaaa", &session, &err), err);
	ck_assert_ok(bp_analysis_read(facts, &session, true, STORY_T + INT64_C(7200000000),
				      &analysis, &err),
		     err);
	cJSON *json = bp_analysis_json(&analysis);
	char *text = cJSON_PrintUnformatted(json);
	static const char *const parts[] = {
		"{\"schema_version\":1,\"session\":{\"id\":\"0000aaaa-1111\",\"platform\":"
		"\"claude_code\",\"project\":\"one\",\"started_at\":\"2026-03-10T12:00:00.000Z\","
		"\"ended_at\":\"2026-03-10T12:11:00.000Z\",\"status\":\"completed\",\"models\":["
		"\"opus\",\"haiku\"],\"app_version\":\"2.1\"},\"prompts\":2,\"responses\":2,",
		"\"tool_calls\":{\"total\":8,\"ok\":4,\"error\":1,\"denied\":1,\"rejected\":1,"
		"\"interrupted\":1,\"pending\":0},",
		"\"tool\":\"Edit\",\"calls\":3,\"ok\":2,\"error\":0,\"denied\":0,\"rejected\":1,",
		"\"tokens\":{\"input\":11,\"output\":22,\"cache_write_5m\":30,\"cache_write_1h\":"
		"40,"
		"\"cache_read\":100,\"reasoning\":5,\"total\":203},\"aborted_tokens\":{\"input\":7,"
		"\"output\":3,\"cache_write_5m\":0,\"cache_write_1h\":0,\"cache_read\":0,"
		"\"reasoning\":0,\"total\":10},\"aborted_cost_usd\":null,",
		"\"edits\":{\"proposed\":4,\"accepted\":3,\"rejected\":1,\"lines_added\":100,"
		"\"lines_removed\":6},",
		"{\"extension\":\"c\",\"edits\":2,\"lines_added\":20,\"lines_removed\":6,",
		"\"subagents\":[{\"agent_id\":\"x\",\"type\":\"Explore\",",
		"\"compactions\":1,",
		"\"timeline\":[{\"ts\":\"2026-03-10T12:00:00.000Z\",\"kind\":\"start\"},{\"ts\":"
		"\"2026-03-10T12:00:00.000Z\",\"kind\":\"prompt\",\"duration_ms\":100000,\"words\":"
		"7}",
		"{\"ts\":\"2026-03-10T12:10:04.000Z\",\"kind\":\"tool\",\"tool\":\"Grep\","
		"\"outcome\":\"interrupted\",\"duration_ms\":2000}"};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		ck_assert_msg(strstr(text, parts[i]) != NULL, "no %s in\n%s", parts[i], text);
	}
	cJSON_free(text);
	cJSON_Delete(json);
	bp_analysis_done(&analysis);
}
END_TEST

BP_TEST_MAIN(open_story, close_story, the_latest_session_comes_first_with_its_numbers,
	     a_silent_session_without_an_end_is_idle, order_page_and_limits_are_of_all_sessions,
	     a_session_costs_what_its_calls_cost, finalised_sessions_are_not_read_from_facts,
	     a_period_has_the_sessions_that_were_alive_in_it, json_is_the_documented_object,
	     a_session_is_found_by_id_prefix_and_last,
	     the_active_session_is_of_this_project_and_not_ended,
	     an_analysis_is_the_documented_object)

/* SPDX-License-Identifier: MIT */
/* What rules are told, read from hand-made facts. */
#include "query/insights_numbers.h"

#include "unit/query/calls.h"

enum { HOUR = 3600, DAY = 86400 };

static struct bp_insight_numbers numbers;

static void setup(void)
{
	calls_open();
	calls_period.from_us = CALLS_T;
	calls_period.until_us = CALLS_T + 10 * DAY * CALLS_S;
}

static void teardown(void)
{
	bp_insight_numbers_done(&numbers);
	calls_close();
}

static void read_numbers(void)
{
	struct bp_err err = {0};

	bp_insight_numbers_done(&numbers);
	ck_assert_ok(bp_insight_numbers_read(facts, &calls_scope, NULL, &numbers, &err), err);
}

START_TEST(sums_are_of_the_period_and_the_one_before)
{
	put_session(1, "one", -DAY, DAY);
	put_session(2, "two", 0, DAY);
	(void)put_call(1, 0, 60, "Edit", CALL_OK, 1);
	(void)put_call(1, 0, 61, "Edit", CALL_REJECTED, 1);
	(void)put_call(2, 0, HOUR, "Write", CALL_OK, 1);
	(void)put_call(1, 0, -60, "Edit", CALL_OK, 1);       /* before */
	(void)put_call(1, 0, -11 * DAY, "Edit", CALL_OK, 1); /* before that */
	put_response(1, 60, NULL, "opus", 100, 1, 900, 5000);
	put_response(2, DAY + 60, NULL, "opus", 200, 1, 0, 7000);
	put_response(1, -60, NULL, "opus", 10, 1, 30, 3000);
	read_numbers();
	ck_assert_int_eq(numbers.has_before, true);
	ck_assert_int_eq(numbers.now.edits_ok, 2);
	ck_assert_int_eq(numbers.now.edits_rejected, 1);
	ck_assert_int_eq(numbers.then.edits_ok, 1);
	ck_assert_int_eq(numbers.now.cache_read, 900);
	ck_assert_int_eq(numbers.now.prompt_tokens, 1200);
	ck_assert_int_eq(numbers.then.prompt_tokens, 40);
	/* T is 12:00 UTC. */
	ck_assert_int_eq(numbers.hours[12].ok, 1);
	ck_assert_int_eq(numbers.hours[12].rejected, 1);
	ck_assert_int_eq(numbers.hours[13].ok, 1);
	/* Two days with something. */
	ck_assert_uint_eq(numbers.n_days, 2);
	ck_assert_int_eq(numbers.day_pusd[0], 5000);
	ck_assert_int_eq(numbers.day_pusd[1], 7000);
	ck_assert_int_eq(bp_filter_project(facts, &calls_filter, "two", NULL), BP_OK);
	read_numbers();
	ck_assert_int_eq(numbers.now.edits_ok, 1);
	ck_assert_int_eq(numbers.then.edits_ok, 0);
}
END_TEST

START_TEST(the_tool_with_the_most_errors_has_their_class)
{
	put_session(1, "one", 0, DAY);
	for (int i = 0; i < 6; i++) {
		int64_t id = put_call(1, 0, i, "Bash", i < 4 ? CALL_ERROR : CALL_OK, 1);
		put("UPDATE tool_calls SET error_class = '%s' WHERE id = %" PRId64,
		    i == 0 ? "timeout" : "exit_code", id);
	}
	(void)put_call(1, 0, 9, "Bash", CALL_DENIED, 1); /* did not run */
	(void)put_call(1, 0, 10, "Read", CALL_ERROR, 1);
	read_numbers();
	ck_assert_uint_eq(numbers.n_tools, 2);
	ck_assert_str_eq(numbers.tools[0].tool, "Bash");
	ck_assert_int_eq(numbers.tools[0].executed, 6);
	ck_assert_int_eq(numbers.tools[0].errors, 4);
	ck_assert_str_eq(numbers.tools[0].class, "exit_code");
	ck_assert_int_eq(numbers.tools[0].class_errors, 3);
	ck_assert_str_eq(numbers.tools[1].class, "other"); /* no source told why */
}
END_TEST

static void put_sums(int64_t session, const char *models, int64_t lines, int64_t compactions,
		     int64_t pusd)
{
	put("UPDATE conversations SET models = '%s', lines_added = %" PRId64
	    ", compactions = %" PRId64 ", cost_pusd = nullif(%" PRId64
	    ", -1), unpriced_calls = 0, tool_calls = 9, total_changes = 9 WHERE id = %" PRId64,
	    models, lines, compactions, pusd, session);
}

START_TEST(sessions_are_counted_by_model_and_compactions)
{
	for (int i = 1; i <= 5; i++) {
		put_session(i, "one", i * HOUR, i * HOUR + 60);
	}
	put_session(6, "one", -DAY, -HOUR); /* over before the period */
	put_sums(1, "[\"opus\"]", 10, 0, 100);
	put_sums(2, "[\"opus\"]", 20, 2, 200);
	put_sums(3, "[\"opus\",\"haiku\"]", 40, 5, 400); /* whose lines are they? */
	put_sums(4, "[\"haiku\"]", 5, 1, 50);
	put_sums(5, "[\"free\"]", 5, 0, -1); /* has no price */
	put_sums(6, "[\"opus\"]", 1000, 9, 9999);
	read_numbers();
	ck_assert_int_eq(numbers.sessions, 5);
	ck_assert_int_eq(numbers.compactions, 8);
	ck_assert_int_eq(numbers.compacting, 2);
	ck_assert_uint_eq(numbers.n_compacting_ids, 2);
	ck_assert_str_eq(numbers.compacting_ids[0], "session-3");
	ck_assert_str_eq(numbers.compacting_ids[1], "session-2");
	ck_assert_uint_eq(numbers.n_models, 2);
	for (size_t i = 0; i < 2; i++) {
		bool opus = strcmp(numbers.models[i].model, "opus") == 0;
		ck_assert_int_eq(numbers.models[i].sessions, opus ? 2 : 1);
		ck_assert_int_eq(numbers.models[i].lines, opus ? 30 : 5);
		ck_assert_int_eq(numbers.models[i].cost_pusd, opus ? 300 : 50);
	}
}
END_TEST

static void put_edit(int64_t session, int64_t at_s, const char *file, int rank)
{
	int64_t id = put_call(session, 0, at_s, "Edit", rank, 1);

	put_change(id, "edit", "c", 1, 1);
	put("UPDATE code_changes SET file_hash = '%s' WHERE id = %" PRId64, file, id);
}

static void put_read(int64_t session, int64_t at_s, const char *file, const char *kind)
{
	int64_t id = put_call(session, 0, at_s, "Read", CALL_OK, 1);

	put("INSERT INTO file_access (id, tool_call, kind, file_hash, extension) VALUES (%" PRId64
	    ", %" PRId64 ", '%s', '%s', 'h')",
	    ++calls_next_id, id, kind, file);
}

START_TEST(the_file_of_a_session_that_was_touched_most)
{
	put_session(1, "one", 0, DAY);
	put_session(2, "one", 0, DAY);
	put_sums(1, "[]", 0, 0, -1);
	put_sums(2, "[]", 0, 0, -1);
	for (int i = 0; i < 3; i++) {
		put_edit(1, i, "a", CALL_OK);
		put_edit(2, i, "a", CALL_OK); /* another session: not added up */
		put_read(2, 50 + i, "b", "read");
		put_read(2, 60 + i, "c", "search");
	}
	put_edit(1, 20, "a", CALL_OK);
	put_edit(2, 21, "a", CALL_REJECTED);
	put_edit(2, 22, "a", CALL_REJECTED);
	read_numbers();
	ck_assert_str_eq(numbers.edited.session, "session-1");
	ck_assert_str_eq(numbers.edited.extension, "c");
	ck_assert_int_eq(numbers.edited.times, 4);
	ck_assert_str_eq(numbers.read.session, "session-2");
	ck_assert_str_eq(numbers.read.extension, "h");
	ck_assert_int_eq(numbers.read.times, 3);
}
END_TEST

/* Each reads its context from the cache, but for those that say otherwise. */
START_TEST(what_broke_the_cache_is_told_apart)
{
	put_session(1, "one", -DAY, DAY);
	put_response(1, -DAY, NULL, "opus", 1, 1, 99, 1); /* before: hit to 99 % */
	put_response(1, 0, NULL, "opus", 30000, 1, 0, 1);
	put_response(1, 60, NULL, "opus", 10, 1, 30000, 1);
	put_response(1, 120, NULL, "haiku", 31000, 1, 0, 1); /* another model */
	put_response(1, 180, NULL, "haiku", 10, 1, 31000, 1);
	put_response(1, 180 + 301, NULL, "haiku", 32000, 1, 0, 1); /* more than 5 min */
	put_response(1, 5000, NULL, "haiku", 33000, 1, 0, 1);      /* more than an hour */
	put_response(1, 5060, NULL, "haiku", 34000, 1, 15000, 1);  /* less than half: something */
	put_response(1, 5070, NULL, "haiku", 100, 1, 24500, 1);    /* half of 49000: kept */
	put_response(1, 5080, "x", "opus", 50000, 1, 0, 1);        /* a sub-agent's own */
	put("INSERT INTO compactions (id, file_conversation, ts_us, counted) VALUES (1, 1, %" PRId64
	    ", 1)",
	    CALLS_T + 5100 * CALLS_S);
	put_response(1, 5110, NULL, "haiku", 9000, 1, 0, 1); /* compacted */
	put_response(1, 5120, NULL, "haiku", 9000, 1, 0, 1); /* little is lost */
	read_numbers();
	ck_assert_int_eq(numbers.breaks_model, 1);
	ck_assert_int_eq(numbers.breaks_5min, 1);
	ck_assert_int_eq(numbers.breaks_hour, 1);
	ck_assert_int_eq(numbers.breaks_other, 1);
	ck_assert_int_eq(numbers.breaks_compaction, 1);
	/* 31000 + 32000 + 33000 + 34000 + 9000 */
	ck_assert_int_eq(numbers.breaks_tokens, 139000);
	/* Not looked for where the cache is hit as often as before. */
	put("UPDATE model_calls SET cache_read = 0 WHERE ts_us < %" PRId64, CALLS_T);
	read_numbers();
	ck_assert_int_eq(numbers.breaks_model, 0);
}
END_TEST

static void put_turn(int64_t session, int64_t at_s, int64_t complete_s, int64_t think_s)
{
	int64_t id = put_prompt(session, at_s);

	put("UPDATE conversation_turns SET complete_us = %" PRId64 ", think_us = nullif(%" PRId64
	    ", 0) WHERE id = %" PRId64,
	    complete_s * CALLS_S, think_s * CALLS_S, id);
}

START_TEST(thinking_belongs_to_the_answer_before)
{
	put_session(1, "one", 0, DAY);
	put_session(2, "one", 0, DAY);
	put_turn(1, 0, 120, 0);    /* long; the first one thought after nothing */
	put_turn(2, 100, 10, 7);   /* another session's: no answer before it */
	put_turn(1, 200, 119, 50); /* after long: 50 */
	put_turn(1, 400, 300, 10); /* after short: 10 */
	put_turn(1, 900, 1, 70);   /* after long: 70 */
	put_turn(1, 1000, 1, 0);   /* not known */
	put_turn(1, 1100, 1, 30);  /* after short: 30 */
	read_numbers();
	ck_assert_int_eq(numbers.long_answers, 2);
	ck_assert_int_eq(numbers.short_answers, 2);
	/* The lower of two in the middle. */
	ck_assert_int_eq(numbers.think_long_us, 50 * CALLS_S);
	ck_assert_int_eq(numbers.think_short_us, 10 * CALLS_S);
}
END_TEST

START_TEST(one_session_has_its_own_numbers_and_nothing_before)
{
	put_session(1, "one", 0, DAY);
	put_session(2, "one", 0, DAY);
	put_sums(1, "[\"opus\"]", 10, 3, 100);
	put_sums(2, "[\"opus\"]", 10, 4, 100);
	(void)put_call(1, 0, 1, "Bash", CALL_ERROR, 1);
	(void)put_call(2, 0, 1, "Bash", CALL_ERROR, 1);
	calls_filter = (struct bp_filter){.one_session = true, .conversation = 1};
	read_numbers();
	ck_assert_int_eq(numbers.has_before, false);
	ck_assert_int_eq(numbers.sessions, 1);
	ck_assert_int_eq(numbers.compactions, 3);
	ck_assert_int_eq(numbers.tools[0].errors, 1);
}
END_TEST

BP_TEST_MAIN(setup, teardown, sums_are_of_the_period_and_the_one_before,
	     the_tool_with_the_most_errors_has_their_class,
	     sessions_are_counted_by_model_and_compactions,
	     the_file_of_a_session_that_was_touched_most, what_broke_the_cache_is_told_apart,
	     thinking_belongs_to_the_answer_before,
	     one_session_has_its_own_numbers_and_nothing_before)

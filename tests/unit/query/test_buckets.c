/* SPDX-License-Identifier: MIT */
#include "query/buckets.h"

#include <inttypes.h>

#include "query/period.h"
#include "unit/query/facts.h"

/* Two sessions of one bucket at 1000 * 15 min, one fact in the next. */
static const char FACTS[] =
	"INSERT INTO conversations (id, external_id, platform, project_hash, seen) VALUES"
	" (1, 's1', 'claude_code', 'aaaa', 1), (2, 's2', 'claude_code', NULL, 2);"
	"INSERT INTO conversation_turns (id, file_conversation, ts_us, human, is_sidechain, "
	"shadowed)"
	" VALUES (1, 1, 900000000000, 1, 0, 0), (2, 1, 900000000001, 1, 0, 1),"
	" (3, 1, 900000000002, 0, 0, 0), (4, 1, 900000000003, 1, 1, 0),"
	" (5, 2, 900000000004, 1, 0, 0), (6, 1, 900900000000, 1, 0, 0);"
	"INSERT INTO model_calls (id, file_conversation, model, ts_us, ts_last_us, sidechain, "
	"input,"
	" output, cache_write_5m, cache_write_1h, cache_read, reasoning, aborted) VALUES"
	" (1, 1, 'opus', 900000000000, 900000000000, 0, 1, 2, 3, 4, 5, 6, 0),"
	" (2, 1, 'opus', 900000000010, 900000000010, 1, 10, 20, 30, 40, 50, 60, 0),"
	" (3, 1, 'opus', 900000000020, 900000000020, 0, 100, 200, 300, 400, 500, 600, 1);"
	"INSERT INTO tool_calls (id, file_conversation, tool, started_us, ended_us, ts_us,"
	" outcome_rank) VALUES"
	" (1, 1, 'Edit', 900000000000, 900000001000, 900000000000, 400),"
	" (2, 1, 'Edit', 900000000000, 900000003000, 900000000000, 900),"
	" (3, 1, 'Edit', 900000000000, 900000002000, 900000000000, 500),"
	" (4, 1, 'Bash', 900000000000, NULL, 900000000000, 100),"
	" (5, 1, 'Bash', 900000000000, NULL, 900000000000, 800),"
	" (6, 1, 'Bash', 900000000000, 900000000500, 900000000000, 600);"
	"INSERT INTO code_changes (id, lines_added, lines_removed) VALUES (1, 7, 3), (2, 50, 50);"
	"INSERT INTO api_errors (id, file_conversation, ts_us, kind) VALUES"
	" (1, 1, 900000000000, 'retry'), (2, 1, 900000000000, 'final'),"
	" (3, 1, 900000000000, 'turn');"
	"INSERT INTO compactions (id, file_conversation, ts_us, counted) VALUES"
	" (1, 1, 900000000000, 1), (2, 1, 900000000000, 0);";

static char seen[4096];

static enum bp_rc note(const struct bp_bucket *b, void *arg, struct bp_err *err)
{
	size_t len = strlen(seen);
	const struct bp_bucket_sums *s = &b->sums;

	(void)arg;
	(void)err;
	(void)snprintf(
		seen + len, sizeof(seen) - len,
		"%" PRId64 " %.*s/%.*s/%.*s/%.*s p%" PRId64 " m%" PRId64 ":%" PRId64 ",%" PRId64
		",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 " a%" PRId64 ":%" PRId64 ",%" PRId64
		",%" PRId64 ",%" PRId64 ",%" PRId64 " t%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
		",%" PRId64 ",%" PRId64 " e%" PRId64 ",%" PRId64 " l%" PRId64 ",%" PRId64
		" x%" PRId64 " k%" PRId64 " s%" PRId64 ",%" PRId64 "\n",
		b->bucket_us / BP_BUCKET_US, BP_STR_ARG(b->platform), BP_STR_ARG(b->project_hash),
		BP_STR_ARG(b->model), BP_STR_ARG(b->tool), s->prompts, s->model_calls, s->input,
		s->output, s->cache_write_5m, s->cache_write_1h, s->cache_read, s->reasoning,
		s->aborted_calls, s->aborted_input, s->aborted_output, s->aborted_cache_write_5m,
		s->aborted_cache_write_1h, s->aborted_cache_read, s->tools_ok, s->tools_error,
		s->tools_denied, s->tools_rejected, s->tools_interrupted, s->tools_pending,
		s->edits_ok, s->edits_rejected, s->lines_added, s->lines_removed, s->api_errors,
		s->compactions, b->sketches.tool_latency.count, b->sketches.tool_latency.sum_us);
	return BP_OK;
}

static void read_facts(const int64_t *conversation, int64_t from_us, int64_t until_us,
		       const struct bp_bucket_sink *sink)
{
	struct bp_bucket_reader *reader = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_bucket_reader_new(facts, &reader, &err), err);
	ck_assert_ok(bp_bucket_reader_read(reader, conversation, from_us, until_us, sink, &err),
		     err);
	bp_bucket_reader_free(reader);
}

static void read_range(int64_t from_us, int64_t until_us)
{
	seen[0] = '\0';
	read_facts(NULL, from_us, until_us, &(struct bp_bucket_sink){.bucket = note});
}

START_TEST(a_bucket_has_every_sum_of_its_facts_and_counts_nothing_twice)
{
	facts_put(FACTS);
	read_range(900000000000, 900900000000);
	ck_assert_str_eq(
		seen,
		/* s2 has no project: its prompt. */
		"1000 claude_code/// p1 m0:0,0,0,0,0,0 a0:0,0,0,0,0 t0,0,0,0,0,0 e0,0 l0,0 x0 k0 "
		"s0,0\n"
		/* Turn 1 alone: 2 is shadowed, 3 not human, 4 a sub-agent's. Retry and final are
		   two API errors, the hook's turn tells the final one again. One compaction. */
		"1000 claude_code/aaaa// p1 m0:0,0,0,0,0,0 a0:0,0,0,0,0 t0,0,0,0,0,0 e0,0 l0,0 x2 "
		"k1 s0,0\n"
		/* One denied, one interrupted after 500 us, one pending. */
		"1000 claude_code/aaaa//Bash p0 m0:0,0,0,0,0,0 a0:0,0,0,0,0 t0,0,1,0,1,1 e0,0 l0,0 "
		"x0 k0 s1,500\n"
		/* ok 1000 us, error 2000 us; the rejected edit has neither latency nor lines. */
		"1000 claude_code/aaaa//Edit p0 m0:0,0,0,0,0,0 a0:0,0,0,0,0 t1,1,0,1,0,0 e1,1 l7,3 "
		"x0 k0 s2,3000\n"
		/* The main conversation's call and the cut stream, which counts apart; then the
		   sub-agent's call. */
		"1000 claude_code/aaaa/opus/ p0 m1:1,2,3,4,5,6 a1:100,200,300,400,500 "
		"t0,0,0,0,0,0 e0,0 l0,0 x0 k0 s0,0\n"
		"1000 claude_code/aaaa/opus/ p0 m1:10,20,30,40,50,60 a0:0,0,0,0,0 "
		"t0,0,0,0,0,0 e0,0 l0,0 x0 k0 s0,0\n");
}
END_TEST

/* Keeps the sums of the bucket of one model. */
static enum bp_rc keep_model(const struct bp_bucket *b, void *arg, struct bp_err *err)
{
	(void)err;
	if (b->model.len > 0) {
		*(struct bp_bucket_sums *)arg = b->sums;
	}
	return BP_OK;
}

START_TEST(money_adds_up_and_what_has_no_price_is_counted)
{
	struct bp_bucket_sums sums = {0};

	/* A response with a price by both rules, one by ours alone that the client also priced, one
	   without any, and a cut stream. */
	facts_put("INSERT INTO model_calls (id, model, ts_us, ts_last_us, sidechain, aborted,"
		  " web_searches, cost_pusd, compat_pusd, reported_pusd) VALUES"
		  " (1, 'opus', 900000000000, 0, 0, 0, 1, 3000000, 2000000, NULL),"
		  " (2, 'opus', 900000000001, 0, 0, 0, 0, 500, NULL, 77),"
		  " (3, 'opus', 900000000002, 0, 0, 0, 2, NULL, NULL, NULL),"
		  " (4, 'opus', 900000000003, 0, 0, 1, 0, 9000, 8000, NULL)");
	read_facts(NULL, 900000000000, 900900000000,
		   &(struct bp_bucket_sink){.bucket = keep_model, .arg = &sums});
	ck_assert_int_eq(sums.model_calls, 3);
	ck_assert_int_eq(sums.web_searches, 3);
	ck_assert_int_eq(sums.cost_pusd, 3000500);
	ck_assert_int_eq(sums.compat_pusd, 2000000);
	ck_assert_int_eq(sums.reported_pusd, 77);
	ck_assert_int_eq(sums.reported_calls, 1);
	ck_assert_int_eq(sums.unpriced_calls, 1);
	ck_assert_int_eq(sums.compat_unpriced_calls, 2);
	ck_assert_int_eq(sums.aborted_cost_pusd, 9000);
	ck_assert_int_eq(sums.aborted_compat_pusd, 8000);
}
END_TEST

START_TEST(a_range_that_cuts_a_bucket_has_what_lies_inside)
{
	facts_put(FACTS);
	/* Only s2's prompt at ...004, and the first instant of the next bucket. */
	read_range(900000000003, 900000000005);
	ck_assert_ptr_nonnull(strstr(seen, "1000 claude_code/// p1"));
	ck_assert_ptr_null(strstr(seen, "aaaa"));
	read_range(900900000000, 900900000001);
	ck_assert_ptr_nonnull(strstr(seen, "1001 claude_code/aaaa// p1"));
	read_range(900900000001, BP_TIME_LAST);
	ck_assert_str_eq(seen, "");
}
END_TEST

START_TEST(one_session_can_be_read_alone)
{
	const int64_t two = 2;

	facts_put(FACTS);
	seen[0] = '\0';
	read_facts(&two, BP_TIME_FIRST, BP_TIME_LAST, &(struct bp_bucket_sink){.bucket = note});
	ck_assert_ptr_nonnull(strstr(seen, "1000 claude_code/// p1"));
	ck_assert_ptr_null(strstr(seen, "aaaa"));
}
END_TEST

/* Appends what a session did: its number, prompts, events, active seconds, calls, tools. */
static enum bp_rc note_session(const struct bp_session_bucket *b, void *arg, struct bp_err *err)
{
	size_t len = strlen(seen);

	(void)arg;
	(void)err;
	(void)snprintf(seen + len, sizeof(seen) - len,
		       "%" PRId64 " #%" PRId64 "%s%.*s p%" PRId64 " e%" PRId64 " a%" PRId64
		       " m%" PRId64 " t%" PRId64 "\n",
		       b->bucket_us / BP_BUCKET_US, b->conversation, b->model.len ? " " : "",
		       BP_STR_ARG(b->model), b->sums.prompts, b->sums.events,
		       b->sums.active_us / 1000000, b->sums.model_calls, b->sums.tools_ok);
	return BP_OK;
}

START_TEST(sessions_are_told_apart_and_active_time_is_split_where_a_quarter_ends)
{
	const struct bp_bucket_sink sink = {.session = note_session};

	facts_put(FACTS);
	/* Session 1 in seconds after the quarter 1000 began: 840..850, a gap of 100 s across the
	   bound at 900, 950..960, a gap of 300 s (idle), 1260. Session 2: one event. Session 3 is
	   none: nobody named it. */
	facts_put("INSERT INTO conversations (id, external_id, platform, seen) VALUES (3, 'x', "
		  "'p', 0);"
		  "INSERT INTO activity VALUES (1, 15014, 900840000000, 900850000000, 4),"
		  " (1, 15015, 900950000000, 900960000000, 3),"
		  " (1, 15021, 901260000000, 901260000000, 1),"
		  " (2, 15000, 900000000000, 900000000000, 1),"
		  " (3, 15000, 900000000000, 900050000000, 9);");
	seen[0] = '\0';
	read_facts(NULL, 900000000000, 901800000000, &sink);
	ck_assert_str_eq(seen, "1000 #1 p1 e4 a60 m0 t1\n" /* 10 + 50 of the gap */
			       "1000 #1 opus p0 e0 a0 m2 t0\n"
			       "1000 #2 p1 e1 a0 m0 t0\n"
			       "1001 #1 p1 e4 a60 m0 t0\n"); /* 50 of the gap + 10 */
	/* Cut at 870 and 955: 30 + 50 + 5; no minute begins inside but the second. */
	seen[0] = '\0';
	read_facts(NULL, 900870000000, 900955000000, &sink);
	ck_assert_str_eq(seen, "1000 #1 p0 e0 a30 m0 t0\n"
			       "1001 #1 p1 e3 a55 m0 t0\n");
}
END_TEST

static enum bp_rc keep_all(const struct bp_bucket *b, void *arg, struct bp_err *err)
{
	struct bp_bucket *all = arg;

	bp_bucket_sums_add(&all->sums, &b->sums);
	ck_assert_ok(bp_bucket_add_files(&all->files, b, err), *err);
	return bp_bucket_add_sketches(&all->sketches, b, err);
}

START_TEST(what_the_finaliser_found_is_summed)
{
	struct bp_bucket all = {0};
	const struct bp_bucket_sink sink = {.bucket = keep_all, .arg = &all};
	const struct bp_bucket_sums *s = &all.sums;

	facts_put(
		/* Gaps of 9.9, 10, 30 and 31 s: one iterating, two reviewing, one moved on. */
		"INSERT INTO conversation_turns (id, ts_us, human, length_chars, words, gap_us, "
		"think_us) VALUES (1, 900000000000, 1, 40, 8, 9900000, 1000),"
		" (2, 900000000001, 1, 60, 9, 10000000, 2000), (3, 900000000002, 1, NULL, NULL, "
		"30000000, NULL), (4, 900000000003, 1, 5, 1, 31000000, NULL), (5, 900000000004, 1, "
		"NULL, NULL, NULL, NULL);"
		"INSERT INTO tool_calls (id, tool, ts_us, outcome_rank, error_class, recovered) "
		"VALUES (1, 'Bash', 900000000000, 500, 'exit_code', 1),"
		" (2, 'Bash', 900000000000, 500, 'timeout', NULL),"
		" (3, 'Bash', 900000000000, 500, NULL, NULL),"
		" (4, 'Bash', 900000000000, 400, 'timeout', NULL),"
		" (5, 'Edit', 900000000000, 400, NULL, NULL), (6, 'Edit', 900000000000, 400, NULL, "
		"NULL), (7, 'Write', 900000000000, 400, NULL, NULL), (8, 'Edit', 900000000000, "
		"400, NULL, NULL);"
		/* Revised; reverted and revised; new and neither; repeated and neither. */
		"INSERT INTO code_changes (id, operation, file_hash, revision, reverted, repeated) "
		"VALUES (5, 'edit', '00000000000000aa', 1, 0, 0),"
		" (6, 'edit', '00000000000000aa', 1, 1, 1), (7, 'create', '00000000000000bb', 0, "
		"0, "
		"0), (8, 'edit', '00000000000000aa', 0, 0, 1);"
		"INSERT INTO subagents (id, conversation_id, agent_id, started_us, ended_us) VALUES"
		" (1, 1, 'a', 900000000000, 900000007000);");
	read_facts(NULL, 900000000000, 900900000000, &sink);
	ck_assert_int_eq(s->prompts, 5);
	ck_assert_int_eq(s->prompts_sized, 3);
	ck_assert_int_eq(s->prompt_chars, 105);
	ck_assert_int_eq(s->prompt_words, 18);
	ck_assert_int_eq(s->gaps_iterating, 1);
	ck_assert_int_eq(s->gaps_reviewing, 2);
	ck_assert_int_eq(s->gaps_moved_on, 1);
	ck_assert_int_eq(all.sketches.gap.count, 4);
	ck_assert_int_eq(all.sketches.think.sum_us, 3000);
	/* The ok call's class does not count; the error without one is "other". */
	ck_assert_int_eq(s->errors_exit_code, 1);
	ck_assert_int_eq(s->errors_timeout, 1);
	ck_assert_int_eq(s->errors_other, 1);
	ck_assert_int_eq(s->recovered, 1);
	ck_assert_int_eq(s->edits_ok, 4);
	ck_assert_int_eq(s->edits_direct, 2);
	ck_assert_int_eq(s->edits_partial, 1);
	ck_assert_int_eq(s->edits_reverted, 1);
	ck_assert_int_eq(s->edits_revised, 2);
	ck_assert_int_eq(s->edits_repeated, 2);
	ck_assert_int_eq(s->files_created, 1);
	ck_assert_uint_eq(all.files.n, 2);
	ck_assert_int_eq(s->subagents, 1);
	ck_assert_int_eq(all.sketches.agent.sum_us, 7000);
	bp_bucket_sketches_done(&all.sketches);
	bp_file_set_done(&all.files);
}
END_TEST

/* Notes agent types. */
static enum bp_rc note_agent(const struct bp_bucket *b, void *arg, struct bp_err *err)
{
	size_t len = strlen(seen);

	(void)arg;
	(void)err;
	(void)snprintf(seen + len, sizeof(seen) - len, "%.*s:%" PRId64 " ",
		       BP_STR_ARG(b->agent_type), b->sums.model_calls);
	return BP_OK;
}

START_TEST(calls_are_of_the_type_of_their_sub_agent)
{
	facts_put("INSERT INTO subagents (id, conversation_id, agent_id, agent_type, started_us, "
		  "ended_us) VALUES (1, 1, 'x', 'Explore', 0, 0), (2, 1, 'y', NULL, 0, 0);"
		  "INSERT INTO model_calls (id, file_conversation, ts_us, ts_last_us, sidechain, "
		  "agent_id) VALUES (1, 1, 900000000000, 0, 0, NULL), (2, 1, 900000000000, 0, 1, "
		  "'x'), (3, 1, 900000000000, 0, 1, 'x'), (4, 1, 900000000000, 0, 1, 'y'),"
		  /* Told by the main line too: not the sub-agent's. Nobody knows z. */
		  " (5, 1, 900000000000, 0, 0, 'x'), (6, 2, 900000000000, 0, 1, 'x');");
	seen[0] = '\0';
	read_facts(NULL, 900000000000, 900900000000,
		   &(struct bp_bucket_sink){.bucket = note_agent});
	ck_assert_str_eq(seen, ":2 Explore:2 unknown:2 ");
}
END_TEST

START_TEST(times_before_1970_fall_into_the_bucket_that_holds_them)
{
	/* -1 us lies in the bucket that begins 15 min before 1970, not in the one at 0. */
	facts_put("INSERT INTO conversation_turns (id, ts_us, human) VALUES (1, -1, 1)");
	read_range(-10, 10);
	ck_assert_ptr_nonnull(strstr(seen, "-1 /// p1"));
}
END_TEST

START_TEST(a_call_of_which_only_the_result_is_known_is_no_edit)
{
	facts_put("INSERT INTO tool_calls (id, started_us, ts_us, outcome_rank) VALUES"
		  " (1, 900000000000, 900000000000, 400)");
	read_range(900000000000, 900900000000);
	ck_assert_ptr_nonnull(strstr(seen, " t1,0,0,0,0,0 e0,0 "));
}
END_TEST

BP_TEST_MAIN(facts_open, facts_close, a_bucket_has_every_sum_of_its_facts_and_counts_nothing_twice,
	     money_adds_up_and_what_has_no_price_is_counted,
	     a_range_that_cuts_a_bucket_has_what_lies_inside, one_session_can_be_read_alone,
	     sessions_are_told_apart_and_active_time_is_split_where_a_quarter_ends,
	     what_the_finaliser_found_is_summed, calls_are_of_the_type_of_their_sub_agent,
	     times_before_1970_fall_into_the_bucket_that_holds_them,
	     a_call_of_which_only_the_result_is_known_is_no_edit)

/* SPDX-License-Identifier: MIT */
#include "query/buckets.h"

#include <inttypes.h>

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
		s->compactions, b->latency.count, b->latency.sum_us);
	return BP_OK;
}

static void read_range(int64_t from_us, int64_t until_us)
{
	struct bp_err err = {0};

	seen[0] = '\0';
	ck_assert_ok(bp_buckets_read(facts, from_us, until_us, note, NULL, &err), err);
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
		/* Main and sub-agent calls add up; the cut stream counts apart. */
		"1000 claude_code/aaaa/opus/ p0 m2:11,22,33,44,55,66 a1:100,200,300,400,500 "
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
	struct bp_err err = {0};

	/* A response with a price by both rules, one by ours alone that the client also priced, one
	   without any, and a cut stream. */
	facts_put("INSERT INTO model_calls (id, model, ts_us, ts_last_us, sidechain, aborted,"
		  " web_searches, cost_pusd, compat_pusd, reported_pusd) VALUES"
		  " (1, 'opus', 900000000000, 0, 0, 0, 1, 3000000, 2000000, NULL),"
		  " (2, 'opus', 900000000001, 0, 0, 0, 0, 500, NULL, 77),"
		  " (3, 'opus', 900000000002, 0, 0, 0, 2, NULL, NULL, NULL),"
		  " (4, 'opus', 900000000003, 0, 0, 1, 0, 9000, 8000, NULL)");
	ck_assert_ok(bp_buckets_read(facts, 900000000000, 900900000000, keep_model, &sums, &err),
		     err);
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
	read_range(900900000001, INT64_MAX);
	ck_assert_str_eq(seen, "");
}
END_TEST

START_TEST(one_session_can_be_read_alone)
{
	struct bp_err err = {0};

	facts_put(FACTS);
	seen[0] = '\0';
	ck_assert_ok(bp_buckets_read_session(facts, 2, INT64_MIN + 1, INT64_MAX, note, NULL, &err),
		     err);
	ck_assert_ptr_nonnull(strstr(seen, "1000 claude_code/// p1"));
	ck_assert_ptr_null(strstr(seen, "aaaa"));
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
	     times_before_1970_fall_into_the_bucket_that_holds_them,
	     a_call_of_which_only_the_result_is_known_is_no_edit)

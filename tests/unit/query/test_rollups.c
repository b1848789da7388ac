/* SPDX-License-Identifier: MIT */
#include "query/rollups.h"

#include <inttypes.h>

#include "unit/query/facts.h"

enum { BUCKETS = 12, FACTS_PER_BUCKET = 6, ROUNDS = 40 };

/* The first bucket of the made-up facts. */
#define START (INT64_C(1000) * BP_BUCKET_US)

static uint64_t seed;

static int64_t pick(int64_t n)
{
	uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (int64_t)((z ^ (z >> 31)) % (uint64_t)n);
}

static void put_fact(int64_t id)
{
	static const int ranks[] = {400, 500, 600, 800, 900, 100};
	int64_t ts_us = START + pick(BUCKETS * BP_BUCKET_US);
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "INSERT INTO tool_calls (id, file_conversation, tool, started_us, ended_us, "
		       "ts_us, outcome_rank) VALUES (%" PRId64 ", %" PRId64 ", '%s', %" PRId64
		       ", %" PRId64 ", %" PRId64 ", %d);"
		       "INSERT INTO model_calls (id, file_conversation, model, ts_us, ts_last_us, "
		       "sidechain, input, output) VALUES (%" PRId64 ", %" PRId64 ", '%s', %" PRId64
		       ", 0, 0, %" PRId64 ", 3);",
		       id, 1 + pick(2), pick(2) ? "Edit" : "Bash", ts_us, ts_us + pick(1000000),
		       ts_us, ranks[pick(6)], id, 1 + pick(2), pick(2) ? "a" : "b",
		       START + pick(BUCKETS * BP_BUCKET_US), pick(100));
	facts_put(text);
}

/* What the slow path does with a bucket. */
static enum bp_rc store(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct bp_statement *statement = arg;
	const struct bp_str texts[] = {bucket->platform, bucket->project_hash, bucket->model,
				       bucket->tool};
	struct bp_buf sketch;
	int i = 1;

	bp_buf_init(&sketch, BP_SKETCH_BYTES_MAX);
	bp_bind_int(statement, i++, bucket->bucket_us);
	for (size_t text = 0; text < 4; text++) {
		bp_bind_text(statement, i++, texts[text]);
	}
#define BIND(name) bp_bind_int(statement, i++, bucket->sums.name);
	BP_BUCKET_SUMS(BIND)
#undef BIND
	if (bucket->latency.count > 0) {
		bp_sketch_encode(&bucket->latency, &sketch);
		bp_bind_blob(statement, i, sketch.ptr, sketch.len);
	} else {
		bp_bind_null(statement, i);
	}
	enum bp_rc rc = bp_statement_run(statement, err);
	bp_buf_done(&sketch);
	return rc;
}

static void make_rollups(void)
{
#define PARAMETER(name) "?, "
	static const char STORE[] = "INSERT INTO rollups (" BP_BUCKET_COLUMNS
				    ") VALUES (?, ?, ?, ?, ?, " BP_BUCKET_SUMS(PARAMETER) "?)";
#undef PARAMETER
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_statement_new(facts, STORE, &statement, &err), err);
	ck_assert_ok(bp_buckets_read(facts, BP_TIME_FIRST, BP_TIME_LAST, store, statement, &err),
		     err);
	bp_statement_free(statement);
	facts_put("DELETE FROM dirty_bucket");
}

struct total {
	struct bp_bucket_sums sums;
	struct bp_sketch latency;
};

static enum bp_rc add(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct total *total = arg;

	(void)err;
	bp_bucket_sums_add(&total->sums, &bucket->sums);
	bp_sketch_merge(&total->latency, &bucket->latency);
	return BP_OK;
}

static void ask(const struct bp_period *period, const struct bp_filter *filter, int64_t cut_us,
		struct total *out)
{
	struct bp_err err = {0};

	*out = (struct total){0};
	ck_assert_ok(bp_rollups_read(facts, period, filter, cut_us, add, out, &err), err);
}

static void same(const struct total *a, const struct total *b, int round)
{
	struct bp_buf x, y;

	bp_buf_init(&x, BP_SKETCH_BYTES_MAX);
	bp_buf_init(&y, BP_SKETCH_BYTES_MAX);
	bp_sketch_encode(&a->latency, &x);
	bp_sketch_encode(&b->latency, &y);
	ck_assert_msg(memcmp(&a->sums, &b->sums, sizeof(a->sums)) == 0, "sums, round %d", round);
	ck_assert_msg(bp_str_eq(bp_buf_str(&x), bp_buf_str(&y)), "latencies, round %d", round);
	bp_buf_done(&x);
	bp_buf_done(&y);
}

static void put_all(uint64_t with)
{
	seed = with;
	facts_put("INSERT INTO conversations (id, external_id, platform, project_hash, seen) VALUES"
		  " (1, 's1', 'p', 'aa', 1), (2, 's2', 'p', 'bb', 1)");
	for (int64_t id = 1; id <= BUCKETS * FACTS_PER_BUCKET; id++) {
		put_fact(id);
	}
}

/* The same questions before any rollup and after, with buckets dirty and facts changed. */
START_TEST(stored_buckets_never_change_an_answer)
{
	struct bp_period periods[ROUNDS];
	struct bp_filter filters[ROUNDS] = {{0}};
	int64_t cuts[ROUNDS];
	struct total want[ROUNDS], got;

	put_all(7);
	make_rollups();
	/* Changed after their rollup was made: their buckets are dirty by the schema's triggers. */
	facts_put(
		"UPDATE tool_calls SET outcome_rank = 500 WHERE id % 9 = 0;"
		"UPDATE model_calls SET input = input + 1000 WHERE id % 11 = 0;"
		"DELETE FROM rollups WHERE bucket_us IN (SELECT bucket_us FROM dirty_bucket WHERE "
		"bucket_us % 1800000000 = 0)");
	for (int i = 0; i < ROUNDS; i++) {
		int64_t from = START - 1000 + pick(BUCKETS * BP_BUCKET_US);
		periods[i] = (struct bp_period){
			.from_us = i == 0 ? BP_TIME_FIRST : from,
			.until_us = i == 0 ? BP_TIME_LAST
					   : from + 1 + pick((i % 5 + 1) * 2 * BP_BUCKET_US)};
		cuts[i] = START + pick(BUCKETS * BP_BUCKET_US);
		if (i % 3 == 1) {
			memcpy(filters[i].projects[0], "aa", 3);
			filters[i].n_projects = 1;
		}
		ask(&periods[i], &filters[i], cuts[i], &want[i]);
	}
	/* Now from facts alone. */
	facts_put("DELETE FROM rollups; DELETE FROM dirty_bucket");
	for (int64_t i = 0; i < BUCKETS + 2; i++) {
		char text[128];
		(void)snprintf(text, sizeof(text),
			       "INSERT INTO dirty_bucket VALUES (%" PRId64 ", 1)",
			       START + (i - 1) * BP_BUCKET_US);
		facts_put(text);
	}
	for (int i = 0; i < ROUNDS; i++) {
		ask(&periods[i], &filters[i], cuts[i], &got);
		same(&want[i], &got, i);
		bp_sketch_done(&want[i].latency);
		bp_sketch_done(&got.latency);
	}
}
END_TEST

START_TEST(clean_buckets_are_not_read_from_facts)
{
	struct bp_filter filter = {0};
	struct bp_period all = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	struct total total;

	put_all(3);
	make_rollups();
	/* 1000 for each of the stored rows would not be there if facts were read. */
	facts_put("UPDATE rollups SET prompts = 1000");
	ask(&all, &filter, 0, &total);
	ck_assert_int_ge(total.sums.prompts, 1000);
	bp_sketch_done(&total.latency);
}
END_TEST

START_TEST(a_call_pending_longer_than_allowed_is_interrupted)
{
	struct bp_filter filter = {0};
	struct bp_period all = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	struct total total;

	/* One pending call in each of three buckets, 1 s into it. */
	facts_put("INSERT INTO tool_calls (id, tool, ts_us) VALUES (1, 'Bash', 900001000000),"
		  " (2, 'Bash', 900901000000), (3, 'Bash', 901801000000)");
	make_rollups();
	/* The cut lies just behind the second: it and the first are over. */
	ask(&all, &filter, INT64_C(900901000001), &total);
	ck_assert_int_eq(total.sums.tools_interrupted, 2);
	ck_assert_int_eq(total.sums.tools_pending, 1);
	/* Just before it. */
	ask(&all, &filter, INT64_C(900901000000), &total);
	ck_assert_int_eq(total.sums.tools_interrupted, 1);
	ck_assert_int_eq(total.sums.tools_pending, 2);
	/* Long after all of them. */
	ask(&all, &filter, INT64_C(999900000000), &total);
	ck_assert_int_eq(total.sums.tools_interrupted, 3);
	ck_assert_int_eq(total.sums.tools_pending, 0);
}
END_TEST

START_TEST(more_dirty_buckets_than_pieces_are_one_pass_over_facts)
{
	struct bp_filter filter = {0};
	struct bp_period all = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	struct total total;

	put_all(5);
	/* Every second of 200 buckets is dirty, so no two touch; nothing is stored. */
	facts_put(
		"DELETE FROM dirty_bucket; WITH RECURSIVE i(n) AS (SELECT 0 UNION ALL SELECT n + 1 "
		"FROM i WHERE n < 199) INSERT INTO dirty_bucket SELECT 900000000000 + n * "
		"1800000000, 1 FROM i");
	ask(&all, &filter, 0, &total);
	ck_assert_int_eq(total.sums.model_calls, BUCKETS * FACTS_PER_BUCKET);
	bp_sketch_done(&total.latency);
}
END_TEST

BP_TEST_MAIN(facts_open, facts_close, stored_buckets_never_change_an_answer,
	     clean_buckets_are_not_read_from_facts,
	     a_call_pending_longer_than_allowed_is_interrupted,
	     more_dirty_buckets_than_pieces_are_one_pass_over_facts)

/* SPDX-License-Identifier: MIT */
#include "store/checkpoint.h"

#include "store/store.h"
#include "support/run.h"
#include "unit/store/scratch.h"

static struct bp_checkpoint_step step(int64_t generation, int64_t from, int64_t to)
{
	return (struct bp_checkpoint_step){
		.generation = generation,
		.from_bytes = from,
		.to_bytes = to,
		.device = 2049,
		.inode = 77,
		.size_bytes = 1000,
		.head_bytes = 1000,
		.head_hash = "0123456789abcdef",
		.last_ts_us = 1700000000000000,
	};
}

static void assert_same_step(const struct bp_checkpoint_step *a, const struct bp_checkpoint_step *b)
{
	ck_assert_int_eq(a->generation, b->generation);
	ck_assert_int_eq(a->from_bytes, b->from_bytes);
	ck_assert_int_eq(a->to_bytes, b->to_bytes);
	ck_assert_int_eq(a->device, b->device);
	ck_assert_int_eq(a->inode, b->inode);
	ck_assert_int_eq(a->size_bytes, b->size_bytes);
	ck_assert_int_eq(a->head_bytes, b->head_bytes);
	ck_assert_str_eq(a->head_hash, b->head_hash);
	ck_assert_int_eq(a->last_ts_us, b->last_ts_us);
}

START_TEST(only_the_next_line_is_next)
{
	struct bp_checkpoint stored = {.at = {.generation = 2, .to_bytes = 100}};
	struct bp_checkpoint_step s;

	s = step(2, 100, 150);
	ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_NEXT);
	s = step(2, 50, 100);
	ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_OLD);
	s = step(2, 150, 200);
	ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_GAP);
	s = step(2, 50, 150);
	ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_GAP);
	s = step(2, 100, 100);
	ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_OLD);
}
END_TEST

START_TEST(a_newer_generation_starts_at_the_beginning)
{
	struct bp_checkpoint stored = {.at = {.generation = 2, .to_bytes = 100}};
	struct bp_checkpoint_step s;

	s = step(3, 0, 10);
	ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_NEXT);
	s = step(3, 10, 20);
	ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_GAP);
	s = step(1, 100, 120);
	ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_OLD);
	stored.lines = 5;
	stored.rows = 4;
	stored.dead_letters = 1;
	s = step(3, 0, 10);
	bp_checkpoint_apply(&stored, &s, BP_LINE_DUPLICATE);
	ck_assert_int_eq(stored.lines, 1);
	ck_assert_int_eq(stored.rows + stored.dead_letters, 0);
	ck_assert_int_eq(stored.duplicates, 1);
}
END_TEST

START_TEST(every_line_has_one_fate)
{
	static const enum bp_line_fate fates[] = {BP_LINE_ROW,      BP_LINE_DUPLICATE, BP_LINE_DEAD,
						  BP_LINE_OVERSIZE, BP_LINE_PURGED,    BP_LINE_ROW};
	struct bp_checkpoint stored = {.at.last_ts_us = BP_SQL_NULL};

	for (int i = 0; i < 6; i++) {
		struct bp_checkpoint_step s = step(0, i * 10, i * 10 + 10);

		ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_NEXT);
		bp_checkpoint_apply(&stored, &s, fates[i]);
		ck_assert_int_eq(bp_checkpoint_fit(&stored, &s), BP_STEP_OLD);
	}
	ck_assert_int_eq(stored.lines, 6);
	ck_assert_int_eq(stored.rows, 2);
	ck_assert_int_eq(stored.duplicates + stored.dead_letters + stored.oversize + stored.purged,
			 4);
	ck_assert_int_eq(stored.at.to_bytes, 60);
}
END_TEST

START_TEST(a_step_comes_back_from_its_wire_form)
{
	struct bp_checkpoint_step in = step(3, 5, 900);
	struct bp_checkpoint_step out = {0};
	struct bp_buf text;

	bp_buf_init(&text, 1024);
	bp_checkpoint_step_encode(&in, &text);
	ck_assert_msg(bp_checkpoint_step_decode(bp_buf_str(&text), &out), "%s", text.ptr);
	assert_same_step(&in, &out);
	in.last_ts_us = BP_SQL_NULL;
	bp_buf_clear(&text);
	bp_checkpoint_step_encode(&in, &text);
	ck_assert(bp_checkpoint_step_decode(bp_buf_str(&text), &out));
	assert_same_step(&in, &out);
	for (size_t n = 0; n < text.len; n++) {
		ck_assert(!bp_checkpoint_step_decode(bp_str_make(text.ptr, n), &out));
	}
	bp_buf_done(&text);
}
END_TEST

START_TEST(what_is_no_step_is_refused)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"{}",
		"{\"gen\":0}",
		"{\"gen\":0,\"from\":\"0\",\"to\":1,\"dev\":1,\"ino\":1,\"size\":1,\"head\":1,"
		"\"hash\":\"\"}",
		"{\"gen\":0,\"from\":5,\"to\":1,\"dev\":1,\"ino\":1,\"size\":1,\"head\":1,\"hash\":"
		"\"\"}",
		"{\"gen\":0,\"from\":-5,\"to\":1,\"dev\":1,\"ino\":1,\"size\":1,\"head\":1,"
		"\"hash\":\"\"}",
		"{\"gen\":0,\"from\":0,\"to\":1,\"dev\":1,\"ino\":1,\"size\":1,\"head\":1,"
		"\"hash\":\"0123456789abcdef0\"}",
		/* Would make the stored value no JSON. */
		"{\"gen\":0,\"from\":0,\"to\":1,\"dev\":1,\"ino\":1,\"size\":1,\"head\":1,"
		"\"hash\":\"a\\\"b\"}",
	};
	struct bp_checkpoint_step out;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(!bp_checkpoint_step_decode(bp_str_from(bad[i]), &out), "%s", bad[i]);
	}
	ck_assert(bp_checkpoint_step_decode(BP_STR("{\"gen\":0,\"from\":0,\"to\":1,\"dev\":1,"
						   "\"ino\":1,\"size\":1,\"head\":1,"
						   "\"hash\":\"0123456789abcdef\"}"),
					    &out));
	ck_assert_int_eq(out.last_ts_us, BP_SQL_NULL);
}
END_TEST

START_TEST(a_value_is_stored_and_loaded)
{
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);
	struct bp_checkpoint out = {.lines = 9};
	struct bp_checkpoint in = {.at = step(1, 10, 20),
				   .lines = 6,
				   .rows = 2,
				   .duplicates = 1,
				   .dead_letters = 1,
				   .oversize = 1,
				   .purged = 1,
				   .path_hash = "fedcba9876543210"};

	ck_assert_ok(bp_store_migrate(sql, &err), err);
	ck_assert_rc(bp_checkpoint_load(sql, BP_STR("file:a"), &out, &err), BP_ENOTFOUND);
	ck_assert_int_eq(out.lines, 0);
	ck_assert_int_eq(out.at.last_ts_us, BP_SQL_NULL);
	ck_assert_ok(bp_checkpoint_save(sql, BP_STR("file:a"), &in, 5, &err), err);
	in.rows = 3;
	in.lines = 7;
	ck_assert_ok(bp_checkpoint_save(sql, BP_STR("file:a"), &in, 6, &err), err);
	ck_assert_ok(bp_checkpoint_load(sql, BP_STR("file:a"), &out, &err), err);
	assert_same_step(&in.at, &out.at);
	ck_assert_int_eq(out.lines, 7);
	ck_assert_int_eq(out.rows, 3);
	ck_assert_int_eq(out.duplicates, 1);
	ck_assert_int_eq(out.dead_letters, 1);
	ck_assert_int_eq(out.oversize, 1);
	ck_assert_int_eq(out.purged, 1);
	ck_assert_str_eq(out.path_hash, "fedcba9876543210");
	ck_assert_ok(bp_sql_exec(sql, "UPDATE capture_checkpoint SET value = '{}'", &err), err);
	ck_assert_rc(bp_checkpoint_load(sql, BP_STR("file:a"), &out, &err), BP_ECORRUPT);
	bp_sql_close(sql);
}
END_TEST

BP_TEST_MAIN(scratch_set_up, scratch_tear_down, only_the_next_line_is_next,
	     a_newer_generation_starts_at_the_beginning, every_line_has_one_fate,
	     a_step_comes_back_from_its_wire_form, what_is_no_step_is_refused,
	     a_value_is_stored_and_loaded)

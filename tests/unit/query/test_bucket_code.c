/* SPDX-License-Identifier: MIT */
#include "query/bucket_code.h"

#include <string.h>

#include "support/run.h"

START_TEST(sums_come_back_as_they_were_and_zeros_take_no_room)
{
	struct bp_bucket_sums sums = {0}, back;
	struct bp_err err = {0};
	struct bp_buf buf;

	bp_buf_init(&buf, 2000);
	bp_bucket_sums_encode(&sums, &buf);
	ck_assert_uint_eq(buf.len, 0);
	/* The first, one in the middle, the last; the largest and a negative one. */
	sums.prompts = 1;
	sums.cost_pusd = INT64_MAX;
	sums.lines_added = -7;
	sums.active_us = 300;
	bp_bucket_sums_encode(&sums, &buf);
	/* A step each; 1, 9, 10 and 2 bytes of value. */
	ck_assert_uint_eq(buf.len, 4 + 1 + 9 + 10 + 2);
	ck_assert_ok(bp_bucket_sums_decode(&back, bp_buf_str(&buf), &err), err);
	ck_assert_mem_eq(&back, &sums, sizeof(sums));
	/* Cut anywhere but between two sums it is none. */
	ck_assert_rc(bp_bucket_sums_decode(&back, bp_str_make(buf.ptr, buf.len - 1), &err),
		     BP_ECORRUPT);
	ck_assert_rc(bp_bucket_sums_decode(&back, bp_str_make(buf.ptr, 1), &err), BP_ECORRUPT);
	/* A sum that there is not. */
	ck_assert_rc(bp_bucket_sums_decode(&back, BP_STR("\x7F\x01"), &err), BP_ECORRUPT);
	bp_buf_done(&buf);
}
END_TEST

START_TEST(sketches_come_back_each_in_its_place)
{
	struct bp_bucket_sketches sketches = {0}, back = {0};
	struct bp_err err = {0};
	struct bp_buf buf;

	bp_buf_init(&buf, 2000);
	bp_bucket_sketches_encode(&sketches, &buf);
	ck_assert_uint_eq(buf.len, 0);
	bp_sketch_add(&sketches.response, 1000);
	bp_sketch_add(&sketches.response, 3000);
	bp_sketch_add(&sketches.agent, 7);
	bp_bucket_sketches_encode(&sketches, &buf);
	ck_assert_ok(bp_bucket_sketches_decode(&back, bp_buf_str(&buf), &err), err);
	ck_assert_int_eq(back.tool_latency.count, 0);
	ck_assert_int_eq(back.response.count, 2);
	ck_assert_int_eq(back.response.sum_us, 4000);
	ck_assert_int_eq(back.agent.max_us, 7);
	/* Merged, not set. */
	ck_assert_ok(bp_bucket_sketches_decode(&back, bp_buf_str(&buf), &err), err);
	ck_assert_int_eq(back.response.count, 4);
	ck_assert_rc(bp_bucket_sketches_decode(&back, bp_str_make(buf.ptr, buf.len - 1), &err),
		     BP_ECORRUPT);
	bp_bucket_sketches_done(&sketches);
	bp_bucket_sketches_done(&back);
	bp_buf_done(&buf);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, sums_come_back_as_they_were_and_zeros_take_no_room,
	     sketches_come_back_each_in_its_place)

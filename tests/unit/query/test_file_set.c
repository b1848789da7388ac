/* SPDX-License-Identifier: MIT */
#include "query/file_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/run.h"

static void add(struct bp_file_set *set, uint64_t id)
{
	char hash[17];

	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, id);
	bp_file_set_add(set, bp_str_from(hash));
}

START_TEST(a_file_is_one_file_however_often_it_comes)
{
	struct bp_file_set set = {0}, other = {0};

	for (uint64_t id = 1; id <= 1000; id++) {
		add(&set, id * UINT64_C(0x9E3779B97F4A7C15));
		add(&set, id * UINT64_C(0x9E3779B97F4A7C15));
		/* Half of them are those of the first set. */
		add(&other, (id + 500) * UINT64_C(0x9E3779B97F4A7C15));
	}
	ck_assert_uint_eq(set.n, 1000);
	bp_file_set_merge(&set, &other);
	ck_assert_uint_eq(set.n, 1500);
	/* Upper case is the same file; what is no hash is a file too, and so is 0. */
	bp_file_set_add(&other, BP_STR("00000000000000AB"));
	bp_file_set_add(&other, BP_STR("00000000000000ab"));
	bp_file_set_add(&other, BP_STR("no hash"));
	bp_file_set_add(&other, BP_STR("0000000000000000"));
	ck_assert_uint_eq(other.n, 1003);
	bp_file_set_done(&set);
	bp_file_set_done(&other);
}
END_TEST

START_TEST(the_stored_form_is_sorted_and_merges)
{
	struct bp_file_set set = {0}, back = {0};
	struct bp_buf buf;

	bp_buf_init(&buf, 1000);
	bp_file_set_encode(&set, &buf);
	ck_assert_uint_eq(buf.len, 0);
	add(&set, 3);
	add(&set, UINT64_C(0xFF00000000000000));
	add(&set, 2);
	bp_file_set_encode(&set, &buf);
	ck_assert_uint_eq(buf.len, 24);
	ck_assert_mem_eq(buf.ptr, "\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\xFF\0\0\0\0\0\0\0", 24);
	add(&back, 3);
	ck_assert_rc(bp_file_set_decode(&back, bp_str_make(buf.ptr, 23)), BP_ECORRUPT);
	ck_assert_uint_eq(back.n, 1);
	ck_assert_rc(bp_file_set_decode(&back, bp_buf_str(&buf)), BP_OK);
	ck_assert_uint_eq(back.n, 3);
	bp_file_set_done(&set);
	bp_file_set_done(&back);
	bp_buf_done(&buf);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_file_is_one_file_however_often_it_comes,
	     the_stored_form_is_sorted_and_merges)

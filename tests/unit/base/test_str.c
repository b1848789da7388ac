/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include "support/run.h"

START_TEST(absent_equals_empty_but_is_not_it)
{
	struct bp_str absent = bp_str_from(NULL);

	ck_assert(bp_str_eq(absent, BP_STR("")));
	ck_assert_ptr_null(absent.ptr);
	ck_assert_ptr_nonnull(bp_str_from("").ptr);
}
END_TEST

START_TEST(equal_means_length_and_bytes)
{
	ck_assert(bp_str_eq(BP_STR("a\0b"), bp_str_make("a\0b", 3)));
	ck_assert(!bp_str_eq(BP_STR("a\0b"), BP_STR("a\0c")));
	ck_assert(!bp_str_eq(BP_STR("ab"), BP_STR("abc")));
	ck_assert(bp_str_is(bp_str_make("abcdef", 3), "abc"));
}
END_TEST

START_TEST(starts_and_ends_take_the_empty_and_refuse_the_longer)
{
	ck_assert(bp_str_starts(BP_STR("abc"), BP_STR("ab")));
	ck_assert(bp_str_starts(BP_STR("abc"), BP_STR("")));
	ck_assert(!bp_str_starts(BP_STR("ab"), BP_STR("abc")));
	ck_assert(bp_str_ends(BP_STR("abc"), BP_STR("bc")));
	ck_assert(bp_str_ends(bp_str_from(NULL), BP_STR("")));
	ck_assert(!bp_str_ends(BP_STR("bc"), BP_STR("abc")));
}
END_TEST

START_TEST(a_prefix_comes_first_and_bytes_are_unsigned)
{
	ck_assert_int_lt(bp_str_cmp(BP_STR("ab"), BP_STR("abc")), 0);
	ck_assert_int_gt(bp_str_cmp(BP_STR("b"), BP_STR("abc")), 0);
	ck_assert_int_gt(bp_str_cmp(BP_STR("\xff"), BP_STR("a")), 0);
	ck_assert_int_eq(bp_str_cmp(BP_STR(""), bp_str_from(NULL)), 0);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, absent_equals_empty_but_is_not_it, equal_means_length_and_bytes,
	     starts_and_ends_take_the_empty_and_refuse_the_longer,
	     a_prefix_comes_first_and_bytes_are_unsigned)

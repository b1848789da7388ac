/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/config.h"
#include "support/run.h"

static const char *const commands[] = {"status", "sessions", "start", "stop", "metrics", NULL};

START_TEST(slips_of_the_finger_are_near)
{
	ck_assert_str_eq(bp_nearest("sttaus", commands), "status");
	ck_assert_str_eq(bp_nearest("mtrics", commands), "metrics");
	ck_assert_str_eq(bp_nearest("stopp", commands), "stop");
	ck_assert_str_eq(bp_nearest("stpo", commands), "stop");
}
END_TEST

START_TEST(a_beginning_is_near)
{
	ck_assert_str_eq(bp_nearest("sess", commands), "sessions");
	ck_assert_str_eq(bp_nearest("met", commands), "metrics");
}
END_TEST

START_TEST(what_is_far_is_nothing)
{
	static char huge[500];

	memset(huge, 'x', sizeof(huge) - 1);
	ck_assert_ptr_null(bp_nearest("frobnicate", commands));
	ck_assert_ptr_null(bp_nearest("", commands));
	ck_assert_ptr_null(bp_nearest(huge, commands));
	ck_assert_ptr_null(bp_nearest("status", commands + 5));
}
END_TEST

BP_TEST_MAIN(NULL, NULL, slips_of_the_finger_are_near, a_beginning_is_near, what_is_far_is_nothing)

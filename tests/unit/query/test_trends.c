/* SPDX-License-Identifier: MIT */
#include "query/trends.h"

#include <math.h>

#include "support/run.h"

static void check(double now, double before, enum bp_direction direction, double change)
{
	struct bp_trend trend = bp_trend_of(now, before);

	ck_assert_int_eq(trend.direction, direction);
	if (isnan(change)) {
		ck_assert(isnan(trend.change));
	} else {
		ck_assert_double_eq_tol(trend.change, change, 1e-12);
	}
}

START_TEST(a_change_is_relative_to_the_period_before)
{
	check(120, 100, BP_UP, 0.2);
	check(50, 100, BP_DOWN, -0.5);
	check(-50, -100, BP_UP, 0.5);
}
END_TEST

START_TEST(less_than_half_a_per_cent_is_flat)
{
	check(100.4, 100, BP_FLAT, 0.004);
	check(0, 0, BP_FLAT, 0);
}
END_TEST

START_TEST(from_nothing_there_is_a_direction_and_no_change)
{
	check(5, 0, BP_UP, (double)NAN);
}
END_TEST

START_TEST(what_is_not_known_has_no_trend)
{
	check((double)NAN, 5, BP_FLAT, (double)NAN);
	check(5, (double)NAN, BP_FLAT, (double)NAN);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_change_is_relative_to_the_period_before,
	     less_than_half_a_per_cent_is_flat, from_nothing_there_is_a_direction_and_no_change,
	     what_is_not_known_has_no_trend)

/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

#include "support/run.h"

START_TEST(the_wall_clock_counts_microseconds_since_1970)
{
	int64_t before = (int64_t)time(NULL) * 1000000;
	int64_t now = bp_clock_wall_us();

	/* time() may lag behind by a tick. */
	ck_assert_int_ge(now, before - 1000000);
	ck_assert_int_le(now, before + 60 * INT64_C(1000000));
}
END_TEST

START_TEST(the_monotonic_clock_never_goes_back)
{
	int64_t last = bp_clock_mono_us();

	for (int i = 0; i < 10000; i++) {
		int64_t now = bp_clock_mono_us();

		ck_assert_int_ge(now, last);
		last = now;
	}
}
END_TEST

BP_TEST_MAIN(NULL, NULL, the_wall_clock_counts_microseconds_since_1970,
	     the_monotonic_clock_never_goes_back)

/* SPDX-License-Identifier: MIT */
#include "query/rollup_span.h"

#include "query/rules.h"
#include "support/run.h"

#define HOUR INT64_C(3600000000)
#define DAY (24 * HOUR)

static struct bp_tz *load(const char *name)
{
	struct bp_tz *tz = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_tz_load(name, &tz, &err), err);
	return tz;
}

START_TEST(days_have_the_hours_that_their_zone_gives_them)
{
	struct bp_tz *tz = load("Europe/Berlin");
	/* 2026-03-29T00:00 there is 23:00 UTC of the 28th. */
	int64_t start = INT64_C(1774738800000000);

	struct bp_stretch day = bp_rollup_span_of(tz, BP_ROLLUP_DAY, start);
	ck_assert_int_eq(day.from_us, start);
	ck_assert_int_eq(day.until_us, start + 23 * HOUR);
	ck_assert_int_eq(bp_rollup_span_of(tz, BP_ROLLUP_DAY, start - 1).until_us, start);
	/* October the 25th has 25. */
	start = INT64_C(1792879200000000);
	day = bp_rollup_span_of(tz, BP_ROLLUP_DAY_ALL, start + 24 * HOUR);
	ck_assert_int_eq(day.from_us, start);
	ck_assert_int_eq(day.until_us, start + 25 * HOUR);
	bp_tz_free(tz);
}
END_TEST

static void walk(const struct bp_tz *tz, enum bp_rollup_span span, int64_t from_us,
		 int64_t until_us)
{
	int64_t at = bp_rollup_span_of(tz, span, from_us).from_us;

	while (at < until_us) {
		struct bp_stretch one = bp_rollup_span_of(tz, span, at);
		ck_assert_msg(one.from_us == at, "%s, span %d at %lld begins %lld", bp_tz_name(tz),
			      (int)span, (long long)at, (long long)one.from_us);
		ck_assert_int_gt(one.until_us, at);
		ck_assert_int_eq(one.until_us % BP_BUCKET_US, 0);
		ck_assert_int_eq(bp_rollup_span_of(tz, span, one.until_us - BP_BUCKET_US).from_us,
				 at);
		at = one.until_us;
	}
}

START_TEST(spans_lie_side_by_side_and_consist_of_quarters)
{
	static const char *const names[] = {"UTC", "Europe/Berlin", "Asia/Kathmandu",
					    "Pacific/Apia", "America/St_Johns"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bp_tz *tz = load(names[i]);
		for (enum bp_rollup_span span = BP_ROLLUP_DAY; span <= BP_ROLLUP_MONTH; span++) {
			/* Around 1900, when clocks showed the sun's time; 2010 to 2014, of which
			   Samoa left out a day. */
			walk(tz, span, INT64_C(-2240524800000000), INT64_C(-2145916800000000));
			walk(tz, span, INT64_C(1262304000000000), INT64_C(1388534400000000));
		}
		bp_tz_free(tz);
	}
}
END_TEST

BP_TEST_MAIN(NULL, NULL, days_have_the_hours_that_their_zone_gives_them,
	     spans_lie_side_by_side_and_consist_of_quarters)

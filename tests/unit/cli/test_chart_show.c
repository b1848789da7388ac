/* SPDX-License-Identifier: MIT */
#include "cli/chart_show.h"

#include <string.h>

#include "support/run.h"

#define HOUR_US INT64_C(3600000000)

/* 2026-03-29 00:00 in Berlin; at 02:00 it becomes 03:00. */
#define SPRING_US INT64_C(1774738800000000)
/* 2026-10-25 00:00 there; 03:00 becomes 02:00. */
#define AUTUMN_US INT64_C(1792879200000000)

static struct bp_tz *zone(const char *name)
{
	struct bp_err err = {0};
	struct bp_tz *tz = NULL;

	ck_assert_ok(bp_tz_load(name, &tz, &err), err);
	return tz;
}

static const char *scale(enum bp_unit unit, double value)
{
	static char text[64];

	bp_show_scale(unit)(text, sizeof(text), value);
	return text;
}

START_TEST(days_are_those_of_the_zone_also_when_the_clock_changes)
{
	struct bp_tz *berlin = zone("Europe/Berlin");
	struct bp_steps steps;

	/* Four days from noon before the change: 24, 23, 24, 24 hours. */
	bp_steps_make(&steps, berlin, SPRING_US - 12 * HOUR_US, SPRING_US + 60 * HOUR_US);
	ck_assert(!steps.hours);
	ck_assert_uint_eq(steps.n, 4);
	ck_assert_int_eq(steps.starts[0], SPRING_US - 24 * HOUR_US);
	ck_assert_int_eq(steps.starts[1], SPRING_US);
	ck_assert_int_eq(steps.starts[2], SPRING_US + 23 * HOUR_US);
	ck_assert_int_eq(steps.starts[3], SPRING_US + 47 * HOUR_US);
	bp_steps_done(&steps);
	bp_steps_make(&steps, berlin, AUTUMN_US, AUTUMN_US + 73 * HOUR_US);
	ck_assert_uint_eq(steps.n, 3);
	ck_assert_int_eq(steps.starts[1], AUTUMN_US + 25 * HOUR_US);
	bp_steps_done(&steps);
	bp_tz_free(berlin);
}
END_TEST

START_TEST(two_days_are_hours_and_begin_where_the_zone_s_do)
{
	struct bp_tz *berlin = zone("Europe/Berlin");
	struct bp_tz *nepal = zone("Asia/Kathmandu"); /* 5:45 h east */
	struct bp_steps steps;

	/* The day of 23 hours. */
	bp_steps_make(&steps, berlin, SPRING_US, SPRING_US + 23 * HOUR_US);
	ck_assert(steps.hours);
	ck_assert_uint_eq(steps.n, 23);
	ck_assert_int_eq(steps.starts[22], SPRING_US + 22 * HOUR_US);
	bp_steps_done(&steps);
	/* 48 hours that begin within one: it is the 49th. */
	bp_steps_make(&steps, nepal, SPRING_US + 1, SPRING_US + 48 * HOUR_US + 1);
	ck_assert(steps.hours);
	ck_assert_uint_eq(steps.n, 49);
	ck_assert_int_eq(steps.starts[0], SPRING_US - HOUR_US / 4 * 3);
	bp_steps_done(&steps);
	bp_steps_make(&steps, nepal, SPRING_US, SPRING_US + 48 * HOUR_US + 1);
	ck_assert(!steps.hours);
	bp_steps_done(&steps);
	bp_tz_free(berlin);
	bp_tz_free(nepal);
}
END_TEST

START_TEST(an_instant_belongs_to_the_step_that_holds_it)
{
	struct bp_tz *berlin = zone("Europe/Berlin");
	struct bp_steps steps;

	bp_steps_make(&steps, berlin, SPRING_US, SPRING_US + 60 * HOUR_US);
	ck_assert_uint_eq(steps.n, 3);
	ck_assert_uint_eq(bp_steps_find(&steps, SPRING_US), 0);
	ck_assert_uint_eq(bp_steps_find(&steps, SPRING_US + 23 * HOUR_US - 1), 0);
	ck_assert_uint_eq(bp_steps_find(&steps, SPRING_US + 23 * HOUR_US), 1);
	ck_assert_uint_eq(bp_steps_find(&steps, SPRING_US + 59 * HOUR_US), 2);
	ck_assert_uint_eq(bp_steps_find(&steps, SPRING_US + 1000 * HOUR_US), 2);
	ck_assert_uint_eq(bp_steps_find(&steps, 0), 0);
	bp_steps_done(&steps);
	/* Nothing is one step, and all time there is has an end. */
	bp_steps_make(&steps, berlin, SPRING_US, SPRING_US);
	ck_assert_uint_eq(steps.n, 1);
	bp_steps_done(&steps);
	bp_steps_make(&steps, berlin, -SPRING_US * 10, SPRING_US);
	ck_assert_uint_ge(steps.n, 39990);
	ck_assert_uint_le(steps.n, 40010);
	ck_assert_int_lt(steps.starts[steps.n - 1], SPRING_US);
	ck_assert_int_ge(steps.starts[steps.n - 1], SPRING_US - 25 * HOUR_US);
	bp_steps_done(&steps);
	bp_tz_free(berlin);
}
END_TEST

START_TEST(a_scale_shows_each_unit_as_short_as_it_is)
{
	ck_assert_str_eq(scale(BP_UNIT_COUNT, 2.5), "2.5");
	ck_assert_str_eq(scale(BP_UNIT_COUNT, 150000), "150k");
	ck_assert_str_eq(scale(BP_UNIT_RATE, 0.125), "12.5 %");
	ck_assert_str_eq(scale(BP_UNIT_RATE, 1), "100 %");
	ck_assert_str_eq(scale(BP_UNIT_SCORE, 75), "75");
	ck_assert_str_eq(scale(BP_UNIT_MS, 250), "250 ms");
	ck_assert_str_eq(scale(BP_UNIT_SECONDS, 90), "1:30 min");
	ck_assert_str_eq(scale(BP_UNIT_USD, 0), "$0.00");
	ck_assert_str_eq(scale(BP_UNIT_USD, 0.004), "$0.004");
	ck_assert_str_eq(scale(BP_UNIT_USD, 12.5), "$12.50");
}
END_TEST

BP_TEST_MAIN(NULL, NULL, days_are_those_of_the_zone_also_when_the_clock_changes,
	     two_days_are_hours_and_begin_where_the_zone_s_do,
	     an_instant_belongs_to_the_step_that_holds_it,
	     a_scale_shows_each_unit_as_short_as_it_is)

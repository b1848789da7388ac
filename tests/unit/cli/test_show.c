/* SPDX-License-Identifier: MIT */
#include "cli/show.h"

#include <math.h>

#include "support/run.h"

static char text[BP_SHOW_BYTES];

static const char *count(double value)
{
	bp_show_count(text, value, false);
	return text;
}

static const char *trend(double now, double before, bool arrow)
{
	bp_show_trend(text, bp_trend_of(now, before), arrow);
	return text;
}

START_TEST(counts_are_short_and_keep_three_digits)
{
	ck_assert_str_eq(count(0), "0");
	ck_assert_str_eq(count(9999), "9999");
	ck_assert_str_eq(count(10000), "10.0k");
	ck_assert_str_eq(count(123456), "123k");
	ck_assert_str_eq(count(999999), "1.0M");
	ck_assert_str_eq(count(-1234567), "-1.2M");
	ck_assert_str_eq(count(4.56e9), "4.6G");
}
END_TEST

START_TEST(a_value_is_shown_in_its_unit_and_unknown_is_a_dash)
{
	bp_show_metric(text, bp_metric_find("acceptance_rate"), 0.7834, false);
	ck_assert_str_eq(text, "78.3 %");
	bp_show_metric(text, bp_metric_find("acceptance_rate"), (double)NAN, false);
	ck_assert_str_eq(text, "-");
	bp_show_metric(text, bp_metric_find("tool_latency_p50_ms"), 2.25, false);
	ck_assert_str_eq(text, "2.2 ms");
	bp_show_metric(text, bp_metric_find("tool_latency_p50_ms"), 45300, false);
	ck_assert_str_eq(text, "45.3 s");
	bp_show_metric(text, bp_metric_find("tool_latency_p50_ms"), 999.6, false);
	ck_assert_str_eq(text, "1.0 s");
	bp_show_metric(text, bp_metric_find("tool_latency_p50_ms"), 59990, false);
	ck_assert_str_eq(text, "1:00 min");
	bp_show_metric(text, bp_metric_find("active_time_s"), 11100, false);
	ck_assert_str_eq(text, "3:05 h");
	/* Machines get all digits, and nothing for unknown. */
	bp_show_metric(text, bp_metric_find("tokens_total"), 1234567, true);
	ck_assert_str_eq(text, "1234567");
	bp_show_metric(text, bp_metric_find("cost_usd"), (double)NAN, true);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_trend_is_per_cent_with_an_arrow_where_it_can_be_shown)
{
	ck_assert_str_eq(trend(112, 100, false), "+12.0 %");
	ck_assert_str_eq(trend(112, 100, true), "\xE2\x86\x91 +12.0 %");
	ck_assert_str_eq(trend(0, 0, false), "0.0 %");
	ck_assert_str_eq(trend(5, 0, false), "new");
	ck_assert_str_eq(trend((double)NAN, 0, false), "-");
	ck_assert_str_eq(trend(5000, 100, false), "+4900 %");
}
END_TEST

START_TEST(green_is_better_and_not_merely_more)
{
	ck_assert_int_eq(bp_show_paint(bp_metric_find("acceptance_rate"), bp_trend_of(2, 1)),
			 BP_PAINT_GOOD);
	ck_assert_int_eq(bp_show_paint(bp_metric_find("tool_error_rate"), bp_trend_of(2, 1)),
			 BP_PAINT_BAD);
	ck_assert_int_eq(bp_show_paint(bp_metric_find("prompts"), bp_trend_of(2, 1)),
			 BP_PAINT_NONE);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, counts_are_short_and_keep_three_digits,
	     a_value_is_shown_in_its_unit_and_unknown_is_a_dash,
	     a_trend_is_per_cent_with_an_arrow_where_it_can_be_shown,
	     green_is_better_and_not_merely_more)

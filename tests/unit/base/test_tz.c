/* SPDX-License-Identifier: MIT */
#include "base/tz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/run.h"
#include "support/tmpdir.h"

static struct bp_tz *tz;
static struct bp_err err;

static void teardown(void)
{
	bp_tz_free(tz);
	tz = NULL;
}

static void load(const char *name)
{
	bp_tz_free(tz);
	tz = NULL;
	ck_assert_ok(bp_tz_load(name, &tz, &err), err);
}

/** "2026-03-29 03:00:00 +7200 w6" */
static const char *civil_at(int64_t ts_s)
{
	static char text[80];
	struct bp_civil civil = bp_tz_civil(tz, ts_s * 1000000);

	(void)snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d %+d w%d", civil.year,
		       civil.month, civil.day, civil.hour, civil.minute, civil.second,
		       civil.offset_s, civil.weekday);
	return text;
}

static int64_t instant(int year, int month, int day, int hour, int minute)
{
	const struct bp_civil civil = {
		.year = year, .month = month, .day = day, .hour = hour, .minute = minute};

	return bp_tz_instant(tz, &civil) / 1000000;
}

START_TEST(utc_is_plain)
{
	load("UTC");
	ck_assert_str_eq(bp_tz_name(tz), "UTC");
	ck_assert_str_eq(civil_at(0), "1970-01-01 00:00:00 +0 w3");
	ck_assert_str_eq(civil_at(951782399), "2000-02-28 23:59:59 +0 w0");
	ck_assert_str_eq(civil_at(951782400), "2000-02-29 00:00:00 +0 w1");
	ck_assert_str_eq(civil_at(-1), "1969-12-31 23:59:59 +0 w2");
	ck_assert_int_eq(instant(2026, 7, 1, 12, 0), 1782907200);
}
END_TEST

START_TEST(microseconds_below_zero_round_down)
{
	load("UTC");
	ck_assert_int_eq(bp_tz_civil(tz, -1).second, 59);
	ck_assert_int_eq(bp_tz_day_start(tz, -1), INT64_C(-86400000000));
}
END_TEST

START_TEST(berlin_springs_forward)
{
	load("Europe/Berlin");
	/* 2026-03-29 01:00:00 UTC */
	ck_assert_str_eq(civil_at(1774745999), "2026-03-29 01:59:59 +3600 w6");
	ck_assert_str_eq(civil_at(1774746000), "2026-03-29 03:00:00 +7200 w6");
	/* 02:30 is skipped: it moves to 03:30. */
	ck_assert_int_eq(instant(2026, 3, 29, 2, 30), 1774746000 + 1800);
	ck_assert_int_eq(instant(2026, 3, 29, 3, 0), 1774746000);
	ck_assert_int_eq(instant(2026, 3, 29, 1, 59), 1774746000 - 60);
}
END_TEST

START_TEST(berlin_falls_back_and_the_first_of_two_counts)
{
	load("Europe/Berlin");
	/* 2026-10-25 01:00:00 UTC */
	ck_assert_str_eq(civil_at(1792889999), "2026-10-25 02:59:59 +7200 w6");
	ck_assert_str_eq(civil_at(1792890000), "2026-10-25 02:00:00 +3600 w6");
	ck_assert_int_eq(instant(2026, 10, 25, 2, 30), 1792890000 - 1800);
	/* That day has 25 hours. */
	int64_t start = bp_tz_day_start(tz, INT64_C(1792890000) * 1000000);
	ck_assert_int_eq(start, INT64_C(1792879200) * 1000000);
	ck_assert_int_eq(bp_tz_day_start(tz, start + INT64_C(25) * 3600 * 1000000 - 1), start);
	ck_assert_int_eq(bp_tz_day_start(tz, start + INT64_C(25) * 3600 * 1000000),
			 start + INT64_C(25) * 3600 * 1000000);
}
END_TEST

START_TEST(new_york_and_its_old_rules)
{
	load("America/New_York");
	ck_assert_str_eq(civil_at(1772953199), "2026-03-08 01:59:59 -18000 w6");
	ck_assert_str_eq(civil_at(1772953200), "2026-03-08 03:00:00 -14400 w6");
	/* Before 2007 summer began in April. */
	ck_assert_str_eq(civil_at(1143874800), "2006-04-01 02:00:00 -18000 w5");
}
END_TEST

START_TEST(lord_howe_moves_by_half_an_hour)
{
	load("Australia/Lord_Howe");
	/* 2026-04-04 15:00 UTC: +11 becomes +10:30; 2026-10-03 15:30 UTC: back. */
	ck_assert_str_eq(civil_at(1775314799), "2026-04-05 01:59:59 +39600 w6");
	ck_assert_str_eq(civil_at(1775314800), "2026-04-05 01:30:00 +37800 w6");
	ck_assert_str_eq(civil_at(1791041400), "2026-10-04 02:30:00 +39600 w6");
	ck_assert_int_eq(instant(2026, 10, 4, 2, 15), 1791041400 + 900);
}
END_TEST

START_TEST(kolkata_has_half_hours_and_no_summer)
{
	load("Asia/Kolkata");
	ck_assert_str_eq(civil_at(1782907200), "2026-07-01 17:30:00 +19800 w2");
	ck_assert_int_eq(bp_tz_day_start(tz, INT64_C(1782907200) * 1000000),
			 INT64_C(1782844200) * 1000000);
}
END_TEST

START_TEST(years_after_the_table_follow_the_rule)
{
	load("Europe/Berlin");
	/* 2040-03-25 01:00 UTC and 2040-10-28 01:00 UTC. */
	ck_assert_str_eq(civil_at(2216250000 - 1), "2040-03-25 01:59:59 +3600 w6");
	ck_assert_str_eq(civil_at(2216250000), "2040-03-25 03:00:00 +7200 w6");
	ck_assert_str_eq(civil_at(2234998800), "2040-10-28 02:00:00 +3600 w6");
	load("Australia/Lord_Howe"); /* southern: summer spans the new year */
	ck_assert_str_eq(civil_at(2209021200), "2040-01-01 20:00:00 +39600 w6");
	ck_assert_str_eq(civil_at(2224746000), "2040-07-01 19:30:00 +37800 w6");
}
END_TEST

START_TEST(a_day_whose_midnight_is_skipped_begins_later)
{
	load("America/Sao_Paulo");
	/* 2018-11-04 00:00 became 01:00, at 03:00 UTC. */
	int64_t change = INT64_C(1541300400) * 1000000;
	ck_assert_int_eq(bp_tz_day_start(tz, change), change);
	ck_assert_int_eq(bp_tz_day_start(tz, change + INT64_C(5) * 3600 * 1000000), change);
	ck_assert_int_eq(instant(2018, 11, 4, 0, 0), 1541300400);
}
END_TEST

START_TEST(every_hour_of_many_zones_agrees_with_the_c_library)
{
	static const char *const names[] = {
		"Europe/Berlin",     "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
		"Africa/Casablanca", "America/Nuuk",     "Pacific/Apia",        "Europe/Dublin",
		"Antarctica/Troll",  "Asia/Gaza",        "Asia/Tehran",         "America/St_Johns",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		load(names[i]);
		ck_assert_int_eq(setenv("TZ", names[i], 1), 0);
		tzset();
		/* 1960 to 2080, a step that meets every hour of the day */
		for (int64_t ts = -315619200; ts < INT64_C(3471292800); ts += 400009) {
			struct tm want;
			time_t seconds = (time_t)ts;
			struct bp_civil got = bp_tz_civil(tz, ts * 1000000);

			ck_assert_ptr_nonnull(localtime_r(&seconds, &want));
			ck_assert_msg(got.offset_s == want.tm_gmtoff && got.day == want.tm_mday &&
					      got.month == want.tm_mon + 1 &&
					      got.hour == want.tm_hour &&
					      got.weekday == (want.tm_wday + 6) % 7,
				      "%s at %lld: %s", names[i], (long long)ts, civil_at(ts));
			int64_t day = bp_tz_day_start(tz, ts * 1000000);
			ck_assert_msg(day <= ts * 1000000 && bp_tz_civil(tz, day).day == got.day,
				      "%s day at %lld", names[i], (long long)ts);
			/* Both of an overlap lead to the first, so at most an hour or two less. */
			int64_t back = bp_tz_instant(tz, &got) / 1000000;
			ck_assert_msg(back <= ts && ts - back <= 10800, "%s back at %lld", names[i],
				      (long long)ts);
		}
	}
	ck_assert_int_eq(unsetenv("TZ"), 0);
}
END_TEST

START_TEST(names_cannot_leave_the_folder)
{
	static const char *const bad[] = {"../../etc/passwd", "/etc/localtime",
					  "Europe//Berlin",   "Europe/../UTC",
					  "Europe/",          "a b",
					  "Mars/Olympus",     "."};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(bp_tz_load(bad[i], &tz, &err) == BP_ENOTFOUND, "%s", bad[i]);
		ck_assert_ptr_null(tz);
	}
	ck_assert_rc(bp_tz_load("Europe", &tz, &err), BP_ECORRUPT);
	ck_assert_rc(bp_tz_load("tzdata.zi", &tz, &err), BP_ENOTFOUND);
}
END_TEST

START_TEST(the_systems_zone_is_that_of_TZ)
{
	ck_assert_int_eq(setenv("TZ", ":Asia/Kolkata", 1), 0);
	load(NULL);
	ck_assert_str_eq(bp_tz_name(tz), "Asia/Kolkata");
	ck_assert_int_eq(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	load("");
	ck_assert_str_eq(civil_at(1774746000), "2026-03-29 03:00:00 +7200 w6");
	ck_assert_int_eq(setenv("TZ", "", 1), 0);
	load(NULL);
	ck_assert_str_eq(bp_tz_name(tz), "UTC");
	ck_assert_int_eq(setenv("TZ", "/usr/share/zoneinfo/Europe/Berlin", 1), 0);
	load(NULL);
	ck_assert_int_eq(bp_tz_civil(tz, INT64_C(1774746000000000)).offset_s, 7200);
	ck_assert_int_eq(unsetenv("TZ"), 0);
	load(NULL);
	ck_assert_uint_gt(strlen(bp_tz_name(tz)), 0);
}
END_TEST

BP_TEST_MAIN(NULL, teardown, utc_is_plain, microseconds_below_zero_round_down,
	     berlin_springs_forward, berlin_falls_back_and_the_first_of_two_counts,
	     new_york_and_its_old_rules, lord_howe_moves_by_half_an_hour,
	     kolkata_has_half_hours_and_no_summer, years_after_the_table_follow_the_rule,
	     a_day_whose_midnight_is_skipped_begins_later,
	     every_hour_of_many_zones_agrees_with_the_c_library, names_cannot_leave_the_folder,
	     the_systems_zone_is_that_of_TZ)

/* SPDX-License-Identifier: MIT */
#include "query/period.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "support/run.h"

/* 2026-03-10T12:00:00Z, a Tuesday. */
#define NOW INT64_C(1773144000000000)
#define HOUR INT64_C(3600000000)

static struct bp_tz *utc, *berlin;
static struct bp_err err;

static void load(void)
{
	err = (struct bp_err){0};
	ck_assert_ok(bp_tz_load("UTC", &utc, &err), err);
	ck_assert_ok(bp_tz_load("Europe/Berlin", &berlin, &err), err);
}

static void unload(void)
{
	bp_tz_free(utc);
	bp_tz_free(berlin);
}

static int64_t bound(const char *text, bool end, const struct bp_tz *tz)
{
	int64_t at = 0;

	ck_assert_ok(bp_period_bound(text, end, tz, NOW, &at, &err), err);
	return at;
}

START_TEST(a_named_period_ends_now)
{
	struct bp_period period;

	ck_assert_ok(bp_period_named("24h", utc, NOW, &period, &err), err);
	ck_assert_int_eq(period.until_us, NOW + 1);
	ck_assert_int_eq(period.from_us, NOW + 1 - 24 * HOUR);
	ck_assert_ok(bp_period_named("90d", utc, NOW, &period, &err), err);
	ck_assert_int_eq(period.until_us - period.from_us, 90 * 24 * HOUR);
	ck_assert_rc(bp_period_named("2d", utc, NOW, &period, &err), BP_EINVAL);
}
END_TEST

START_TEST(the_period_before_is_as_long_and_touches)
{
	struct bp_period period, before;

	ck_assert_ok(bp_period_named("7d", utc, NOW, &period, &err), err);
	ck_assert(bp_period_before(&period, &before));
	ck_assert_int_eq(before.until_us, period.from_us);
	ck_assert_int_eq(before.until_us - before.from_us, period.until_us - period.from_us);
	ck_assert_ok(bp_period_named("all", utc, NOW, &period, &err), err);
	ck_assert(!bp_period_before(&period, &before));
}
END_TEST

START_TEST(a_date_is_its_whole_day_in_the_zone)
{
	/* 2026-03-09 begins at 23:00 UTC of the 8th in Berlin (UTC+1). */
	ck_assert_int_eq(bound("2026-03-09", false, utc), NOW - 36 * HOUR);
	ck_assert_int_eq(bound("2026-03-09", true, utc), NOW - 12 * HOUR);
	ck_assert_int_eq(bound("2026-03-09", false, berlin), NOW - 37 * HOUR);
	ck_assert_int_eq(bound("2026-03-09", true, berlin), NOW - 13 * HOUR);
}
END_TEST

START_TEST(a_day_of_the_clock_change_has_23_hours)
{
	/* Summer time begins in Berlin on 2026-03-29. */
	ck_assert_int_eq(bound("2026-03-29", true, berlin) - bound("2026-03-29", false, berlin),
			 23 * HOUR);
	ck_assert_int_eq(bound("2026-10-25", true, berlin) - bound("2026-10-25", false, berlin),
			 25 * HOUR);
}
END_TEST

START_TEST(times_and_spans_are_understood)
{
	ck_assert_int_eq(bound("2026-03-10T11:30", false, utc), NOW - HOUR / 2);
	ck_assert_int_eq(bound("2026-03-10 11:30:00", false, utc), NOW - HOUR / 2);
	ck_assert_int_eq(bound("2026-03-10T12:30", false, berlin), NOW - HOUR / 2);
	ck_assert_int_eq(bound("2026-03-10T11:30:00Z", false, berlin), NOW - HOUR / 2);
	ck_assert_int_eq(bound("2h", false, utc), NOW - 2 * HOUR);
	ck_assert_int_eq(bound("-7d", false, utc), NOW - 7 * 24 * HOUR);
	ck_assert_int_eq(bound("today", false, utc), NOW - 12 * HOUR);
	ck_assert_int_eq(bound("yesterday", false, utc), NOW - 36 * HOUR);
	ck_assert_int_eq(bound("yesterday", true, utc), NOW - 12 * HOUR);
	ck_assert_int_eq(bound("now", true, utc), NOW + 1);
}
END_TEST

START_TEST(other_texts_are_refused)
{
	static const char *const bad[] = {
		"",   "tomorow", "2026-13-01", "2026-02-29", "2026-03-10T25:00", "2026-3-1",
		"7x", "7",       "99999999d",  "-",          "2026-03-10T1:00",  "d"};
	int64_t at;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(bp_period_bound(bad[i], false, utc, NOW, &at, &err) == BP_EINVAL,
			      "\"%s\"", bad[i]);
	}
}
END_TEST

START_TEST(since_must_be_before_until)
{
	struct bp_period period;

	ck_assert_ok(bp_period_between("2026-03-09", "2026-03-09", utc, NOW, &period, &err), err);
	ck_assert_int_eq(period.until_us - period.from_us, 24 * HOUR);
	ck_assert_rc(bp_period_between("2026-03-10", "2026-03-09", utc, NOW, &period, &err),
		     BP_EINVAL);
	ck_assert_ok(bp_period_between(NULL, "2026-03-09", utc, NOW, &period, &err), err);
	ck_assert(period.from_us == BP_TIME_FIRST);
}
END_TEST

START_TEST(an_open_end_is_null_in_json)
{
	struct bp_period period;

	ck_assert_ok(bp_period_between("2026-03-09T00:00", NULL, utc, NOW, &period, &err), err);
	cJSON *json = bp_period_json(&period);
	char *text = cJSON_PrintUnformatted(json);
	ck_assert_str_eq(
		text,
		"{\"since\":\"2026-03-09T00:00:00.000Z\",\"until\":null,\"timezone\":\"UTC\"}");
	cJSON_free(text);
	cJSON_Delete(json);
}
END_TEST

BP_TEST_MAIN(load, unload, a_named_period_ends_now, the_period_before_is_as_long_and_touches,
	     a_date_is_its_whole_day_in_the_zone, a_day_of_the_clock_change_has_23_hours,
	     times_and_spans_are_understood, other_texts_are_refused, since_must_be_before_until,
	     an_open_end_is_null_in_json)

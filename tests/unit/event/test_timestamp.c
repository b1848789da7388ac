/* SPDX-License-Identifier: MIT */
#include "event/timestamp.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/run.h"

static void assert_reads(const char *text, int64_t want)
{
	int64_t got = -1;

	ck_assert_msg(bp_timestamp_parse(bp_str_from(text), &got), "refused: %s", text);
	ck_assert_msg(got == want, "%s: got %lld", text, (long long)got);
}

START_TEST(the_usual_forms_are_read)
{
	assert_reads("1970-01-01T00:00:00Z", 0);
	assert_reads("2025-11-09T12:34:56.789Z", INT64_C(1762691696789000));
	assert_reads("2025-11-09T12:34:56", INT64_C(1762691696000000));
	assert_reads("2025-11-09 12:34:56.789012", INT64_C(1762691696789012));
	assert_reads("2025-11-09T12:34:56.7890129Z", INT64_C(1762691696789012));
	assert_reads("2025-11-09T12:34:56.7Z", INT64_C(1762691696700000));
	assert_reads("2025-11-09T14:34:56+02:00", INT64_C(1762691696000000));
	assert_reads("2025-11-09T07:04:56.5-05:30", INT64_C(1762691696500000));
	assert_reads("2024-02-29T00:00:00Z", INT64_C(1709164800000000));
	assert_reads("1969-12-31T23:59:59.999999Z", -1);
	assert_reads("0001-01-01T00:00:00Z", INT64_C(-62135596800000000));
}
END_TEST

START_TEST(everything_else_is_refused_and_leaves_the_output_alone)
{
	static const char *const texts[] = {"",
					    "2025",
					    "2025-11-09",
					    "2025-11-09T12:34",
					    "2025-11-09T12:34:56.",
					    "2025-11-09T12:34:56.Z",
					    "2025-11-09T12:34:56z",
					    "2025-11-09t12:34:56Z",
					    "2025-11-09T12:34:56ZZ",
					    "2025-11-09T12:34:56+02",
					    "2025-11-09T12:34:56+0200",
					    "2025-11-09T12:34:56+24:00",
					    "2025-11-09T12:34:56+02:60",
					    "2025-11-09T12:34:56 02:00",
					    "2025-02-29T00:00:00Z",
					    "1900-02-29T00:00:00Z",
					    "2025-00-09T12:34:56Z",
					    "2025-13-09T12:34:56Z",
					    "2025-11-31T12:34:56Z",
					    "2025-11-00T12:34:56Z",
					    "2025-11-09T24:00:00Z",
					    "2025-11-09T12:60:00Z",
					    "2025-11-09T12:34:60Z",
					    "0000-01-01T00:00:00Z",
					    "2025/11/09T12:34:56Z",
					    " 2025-11-09T12:34:56Z",
					    "2025-11-09T12:34:56Z ",
					    "-025-11-09T12:34:56Z",
					    "2025-11-09T12.34.56Z",
					    "1762691696789",
					    "2025-11-09T12:34:56+-1:00",
					    "0001-01-01T00:00:00+00:01",
					    "9999-12-31T23:59:59-00:01"};
	int64_t got = 42;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_msg(!bp_timestamp_parse(bp_str_from(texts[i]), &got), "%s", texts[i]);
	}
	ck_assert(!bp_timestamp_parse((struct bp_str){NULL, 0}, &got));
	ck_assert_int_eq(got, 42);
}
END_TEST

START_TEST(no_prefix_of_a_timestamp_is_read_beyond_its_end)
{
	static const char text[] = "2025-11-09T12:34:56.789+02:00";

	for (size_t n = 0; n < sizeof(text); n++) {
		/* Exactly n bytes of heap: the address sanitizer sees one more. */
		char *copy = malloc(n ? n : 1);
		int64_t got;
		memcpy(copy, text, n);
		bool want = n == 19 || (n >= 21 && n <= 23) || n == 29;
		ck_assert_msg(bp_timestamp_parse(bp_str_make(copy, n), &got) == want, "%zu", n);
		free(copy);
	}
}
END_TEST

static void assert_writes(int64_t ts_us, const char *want)
{
	char text[BP_TIMESTAMP_BYTES];

	ck_assert_uint_eq(bp_timestamp_format(ts_us, text), strlen(want));
	ck_assert_str_eq(text, want);
}

START_TEST(milliseconds_are_written_and_microseconds_where_there_are_any)
{
	assert_writes(0, "1970-01-01T00:00:00.000Z");
	assert_writes(INT64_C(1762691696789000), "2025-11-09T12:34:56.789Z");
	assert_writes(INT64_C(1762691696789012), "2025-11-09T12:34:56.789012Z");
	assert_writes(-1, "1969-12-31T23:59:59.999999Z");
}
END_TEST

START_TEST(times_beyond_the_calendar_are_clamped)
{
	assert_writes(INT64_MIN, "0001-01-01T00:00:00.000Z");
	assert_writes(INT64_MAX, "9999-12-31T23:59:59.999999Z");
	assert_writes(INT64_C(-62135596800000001), "0001-01-01T00:00:00.000Z");
}
END_TEST

START_TEST(every_day_of_twelve_centuries_survives_the_round_trip)
{
	/* 1600..2800: all kinds of leap years; the hour moves on, too. */
	for (int64_t day = -135140; day < 303159; day++) {
		int64_t us = day * INT64_C(86400000000) + (day & 0xFFFF) * 1318353, back;
		char text[BP_TIMESTAMP_BYTES];
		size_t n = bp_timestamp_format(us, text);
		ck_assert(bp_timestamp_parse(bp_str_make(text, n), &back));
		ck_assert_msg(back == us, "%s", text);
	}
}
END_TEST

START_TEST(the_calendar_is_that_of_libc)
{
	for (int64_t seconds = -62135596800; seconds < 253402300800;
	     seconds += 86400 * 97 + 12345) {
		time_t when = (time_t)seconds;
		struct tm tm;
		char text[BP_TIMESTAMP_BYTES], want[64];
		ck_assert_ptr_nonnull(gmtime_r(&when, &tm));
		ck_assert_uint_gt(strftime(want, sizeof(want), "-%m-%dT%H:%M:%S.000Z", &tm), 0);
		(void)bp_timestamp_format(seconds * 1000000, text);
		ck_assert_str_eq(text + 4, want);
	}
}
END_TEST

BP_TEST_MAIN(NULL, NULL, the_usual_forms_are_read,
	     everything_else_is_refused_and_leaves_the_output_alone,
	     no_prefix_of_a_timestamp_is_read_beyond_its_end,
	     milliseconds_are_written_and_microseconds_where_there_are_any,
	     times_beyond_the_calendar_are_clamped,
	     every_day_of_twelve_centuries_survives_the_round_trip, the_calendar_is_that_of_libc)

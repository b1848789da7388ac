/* SPDX-License-Identifier: MIT */
#include "cli/text.h"

#include "support/run.h"

START_TEST(counts_are_grouped_by_thousands)
{
	ck_assert_str_eq(bp_text_count(0).text, "0");
	ck_assert_str_eq(bp_text_count(999).text, "999");
	ck_assert_str_eq(bp_text_count(1000).text, "1 000");
	ck_assert_str_eq(bp_text_count(1234567).text, "1 234 567");
	ck_assert_str_eq(bp_text_count(-1000).text, "-1 000");
	ck_assert_str_eq(bp_text_count(-100).text, "-100");
	ck_assert_str_eq(bp_text_count(INT64_MAX).text, "9 223 372 036 854 775 807");
}
END_TEST

START_TEST(one_is_singular)
{
	ck_assert_str_eq(bp_text_of(1, "file").text, "1 file");
	ck_assert_str_eq(bp_text_of(0, "file").text, "0 files");
	ck_assert_str_eq(bp_text_of(5349, "dead letter").text, "5 349 dead letters");
}
END_TEST

START_TEST(sizes_have_the_unit_that_fits)
{
	ck_assert_str_eq(bp_text_bytes(0).text, "0 B");
	ck_assert_str_eq(bp_text_bytes(1023).text, "1023 B");
	ck_assert_str_eq(bp_text_bytes(1024).text, "1.0 KiB");
	ck_assert_str_eq(bp_text_bytes(1536).text, "1.5 KiB");
	ck_assert_str_eq(bp_text_bytes((int64_t)3 << 40).text, "3.0 TiB");
	ck_assert_str_eq(bp_text_bytes((int64_t)5000 << 40).text, "5000.0 TiB");
}
END_TEST

START_TEST(spans_are_said_as_people_do)
{
	ck_assert_str_eq(bp_text_span(-1).text, "0 s");
	ck_assert_str_eq(bp_text_span(59).text, "59 s");
	ck_assert_str_eq(bp_text_span(59.6).text, "1:00 min");
	ck_assert_str_eq(bp_text_span(70).text, "1:10 min");
	ck_assert_str_eq(bp_text_span(3599).text, "59:59 min");
	ck_assert_str_eq(bp_text_span(3660).text, "1:01 h");
	ck_assert_str_eq(bp_text_span(47.5 * 3600).text, "47:30 h");
	ck_assert_str_eq(bp_text_span(48 * 3600).text, "2.0 days");
	ck_assert_str_eq(bp_text_span(139.1 * 3600).text, "5.8 days");
}
END_TEST

BP_TEST_MAIN(NULL, NULL, counts_are_grouped_by_thousands, one_is_singular,
	     sizes_have_the_unit_that_fits, spans_are_said_as_people_do)

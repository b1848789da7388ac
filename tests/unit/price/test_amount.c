/* SPDX-License-Identifier: MIT */
#include "price/amount.h"

#include <inttypes.h>

#include "base/err.h"
#include "support/run.h"

static void check_read(const char *text, int scale, int64_t expected)
{
	int64_t value = -7;

	ck_assert_msg(bp_decimal_read(bp_str_from(text), scale, &value), "%s", text);
	ck_assert_msg(value == expected, "%s: %" PRId64, text, value);
}

START_TEST(numbers_of_json_are_read_to_the_last_place)
{
	check_read("0", 12, 0);
	check_read("1.5", 6, 1500000);
	check_read("0.15", 6, 150000);
	check_read("0.018489899999999997", 12, INT64_C(18489900000));
	check_read("0.0000000000005", 12, 1);
	check_read("0.00000000000049", 12, 0);
	check_read("3e-06", 12, 3000000);
	check_read("1.5E+2", 0, 150);
	check_read("9223372", 12, INT64_C(9223372000000000000));
	check_read("12345678901234567890e-13", 6, INT64_C(1234567890123));
	check_read("0e999999999999", 12, 0);
}
END_TEST

START_TEST(what_is_no_amount_is_not_read)
{
	static const char *const WRONG[] = {"",      "-1",  "+1",  ".5",      "1.",
					    "1.e",   "1e",  "1e+", "1 ",      "abc",
					    "1.2.3", "0x1", "NaN", "9223373", "1e30"};

	for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
		int64_t value = -7;
		ck_assert_msg(!bp_decimal_read(bp_str_from(WRONG[i]), 12, &value), "%s", WRONG[i]);
		ck_assert_int_eq(value, -7);
	}
}
END_TEST

START_TEST(sums_and_products_stay_at_the_largest_amount)
{
	ck_assert_int_eq(bp_pusd_add(1, 2), 3);
	ck_assert_int_eq(bp_pusd_add(INT64_MAX - 1, 2), INT64_MAX);
	ck_assert_int_eq(bp_pusd_times(3, 5), 15);
	ck_assert_int_eq(bp_pusd_times(-3, 5), 0);
	ck_assert_int_eq(bp_pusd_times(INT64_C(1) << 40, INT64_C(1) << 30), INT64_MAX);
}
END_TEST

START_TEST(factors_round_half_up)
{
	ck_assert_int_eq(bp_pusd_tenths(100, 11), 110);
	ck_assert_int_eq(bp_pusd_tenths(5, 11), 6);  /* 5.5 */
	ck_assert_int_eq(bp_pusd_tenths(4, 11), 4);  /* 4.4 */
	ck_assert_int_eq(bp_pusd_tenths(7, 25), 18); /* 17.5 */
	ck_assert_int_eq(bp_pusd_tenths(INT64_MAX, 60), INT64_MAX);
	ck_assert_int_eq(bp_pusd_tenths(INT64_MAX, INT64_MAX), INT64_MAX);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, numbers_of_json_are_read_to_the_last_place, what_is_no_amount_is_not_read,
	     sums_and_products_stay_at_the_largest_amount, factors_round_half_up)

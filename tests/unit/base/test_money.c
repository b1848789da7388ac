/* SPDX-License-Identifier: MIT */
#include "base/money.h"

#include "support/run.h"

static void parses(const char *text, int64_t pusd)
{
	int64_t out = -1;

	ck_assert_msg(bp_money_parse(bp_str_from(text), &out), "%s", text);
	ck_assert_int_eq(out, pusd);
}

START_TEST(dollars_are_decimals)
{
	parses("0", 0);
	parses("3", 3 * BP_USD);
	parses("$12.50", 25 * BP_USD / 2);
	parses("0.000000000001", 1);
	parses("9000000", 9000000 * BP_USD);
}
END_TEST

START_TEST(other_texts_are_refused)
{
	/* No sign, no bare point, no 13th digit, nothing that does not fit. */
	static const char *const wrong[] = {
		"",    "$",     "-1",  "+1",      ".5",
		"1.",  "1.2.3", "1,5", "1 ",      "0.0000000000001",
		"1e3", "ten",   "$$1", "9999999", "99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int64_t out = 7;
		ck_assert_msg(!bp_money_parse(bp_str_from(wrong[i]), &out), "%s", wrong[i]);
		ck_assert_int_eq(out, 7);
	}
}
END_TEST

static void shows(int64_t pusd, const char *text)
{
	char out[BP_MONEY_BYTES];

	bp_money_text(out, pusd);
	ck_assert_str_eq(out, text);
}

START_TEST(text_is_exact)
{
	shows(0, "0.00");
	shows(25 * BP_USD / 2, "12.50");
	shows(1, "0.000000000001");
	shows(BP_USD / 1000, "0.001");
	shows(-BP_USD - 1, "-1.000000000001");
	shows(INT64_MIN, "-9223372.036854775808");
}
END_TEST

BP_TEST_MAIN(NULL, NULL, dollars_are_decimals, other_texts_are_refused, text_is_exact)

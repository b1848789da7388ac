/* SPDX-License-Identifier: MIT */
#include "query/prices.h"

#include "unit/query/facts.h"

/* Prices "bbbb" are in force: one call has them, two have others, one was taken as reported, one of
 * no price, and a cut one of no price. */
static const char FACTS[] =
	"INSERT INTO price_now VALUES (1, 'bbbb');"
	"INSERT INTO model_calls (id, file_conversation, ts_us, ts_last_us, sidechain, aborted,"
	" cost_pusd, price_id) VALUES (1, 1, 1, 1, 0, 0, 5, 'bbbb'), (2, 1, 1, 1, 0, 0, 5, 'aaaa'),"
	" (3, 1, 1, 1, 0, 1, 5, 'cccc'), (4, 1, 1, 1, 0, 0, 5, 'reported'),"
	" (5, 1, 1, 1, 0, 0, NULL, NULL), (6, 1, 1, 1, 0, 1, NULL, NULL);";

START_TEST(calls_of_other_prices_are_counted_and_those_of_none_apart)
{
	struct bp_err err = {0};
	struct bp_prices_status status = {0};

	ck_assert_ok(bp_prices_status_read(facts, &status, &err), err);
	ck_assert_int_eq(status.stale_calls, 0);
	ck_assert_int_eq(status.unpriced_calls, 0);
	facts_put(FACTS);
	ck_assert_ok(bp_prices_status_read(facts, &status, &err), err);
	ck_assert_int_eq(status.stale_calls, 2);
	ck_assert_int_eq(status.unpriced_calls, 1);
}
END_TEST

BP_TEST_MAIN(facts_open, facts_close, calls_of_other_prices_are_counted_and_those_of_none_apart)

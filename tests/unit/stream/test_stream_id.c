/* SPDX-License-Identifier: MIT */
#include "stream/stream.h"

#include "support/run.h"

START_TEST(ids_are_ordered_as_numbers)
{
	ck_assert_int_lt(bp_stream_id_cmp("9-0", "10-0"), 0);
	ck_assert_int_gt(bp_stream_id_cmp("10-10", "10-9"), 0);
	ck_assert_int_eq(bp_stream_id_cmp("10-9", "10-9"), 0);
	ck_assert_int_eq(bp_stream_id_cmp("10", "10-0"), 0);
	ck_assert_int_lt(bp_stream_id_cmp("0-0", "18446744073709551615-18446744073709551615"), 0);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, ids_are_ordered_as_numbers)

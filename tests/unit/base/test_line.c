/* SPDX-License-Identifier: MIT */
#include "base/line.h"

#include "support/run.h"

START_TEST(lines_come_without_their_ends_and_the_tail_stays)
{
	struct bp_str rest = BP_STR("one\r\n\ntwo\ntor");
	struct bp_str line = {0};

	ck_assert(bp_line_next(&rest, &line));
	ck_assert(bp_str_is(line, "one"));
	ck_assert(bp_line_next(&rest, &line));
	ck_assert_uint_eq(line.len, 0);
	ck_assert(bp_line_next(&rest, &line));
	ck_assert(bp_str_is(line, "two"));
	ck_assert(!bp_line_next(&rest, &line));
	ck_assert(bp_str_is(rest, "tor"));
}
END_TEST

START_TEST(nothing_has_no_line)
{
	struct bp_str rest = bp_str_from(NULL);
	struct bp_str line = {0};

	ck_assert(!bp_line_next(&rest, &line));
}
END_TEST

START_TEST(only_the_return_before_the_end_is_taken)
{
	struct bp_str rest = BP_STR("a\rb\r\r\n\r\n");
	struct bp_str line = {0};

	ck_assert(bp_line_next(&rest, &line));
	ck_assert(bp_str_is(line, "a\rb\r"));
	ck_assert(bp_line_next(&rest, &line));
	ck_assert_uint_eq(line.len, 0);
	ck_assert_uint_eq(rest.len, 0);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, lines_come_without_their_ends_and_the_tail_stays, nothing_has_no_line,
	     only_the_return_before_the_end_is_taken)

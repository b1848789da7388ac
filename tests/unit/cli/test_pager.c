/* SPDX-License-Identifier: MIT */
/* How many lines a text takes; the pager itself is test_pager.c of integration. Seen to fail: with each
 * condition of bp_pager_lines() and of the length of a colour turned round. */
#include "cli/pager.h"

#include <locale.h>

#include "support/run.h"

static size_t lines(const char *text, int width)
{
	return bp_pager_lines(bp_str_from(text), width);
}

START_TEST(lines_are_what_the_screen_shows)
{
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	ck_assert_uint_eq(lines("", 10), 0);
	ck_assert_uint_eq(lines("one\n", 10), 1);
	ck_assert_uint_eq(lines("one\n\nthree", 10), 3);
	/* Ten fill a line, the eleventh begins another; a width of none has no end. */
	ck_assert_uint_eq(lines("0123456789\n", 10), 1);
	ck_assert_uint_eq(lines("0123456789a\n", 10), 2);
	ck_assert_uint_eq(lines("0123456789a\n", 0), 1);
	/* Two columns each: the fifth does not fit beside a blank. */
	ck_assert_uint_eq(lines(" \xE7\xBD\x91\xE7\xBD\x91\xE7\xBD\x91\xE7\xBD\x91\n", 9), 1);
	ck_assert_uint_eq(lines(" \xE7\xBD\x91\xE7\xBD\x91\xE7\xBD\x91\xE7\xBD\x91\n", 8), 2);
	ck_assert_uint_eq(lines("\xFF\xFF\xFF\n", 2), 2);
}
END_TEST

START_TEST(colours_take_no_room)
{
	ck_assert_uint_eq(lines("\033[1;31m0123456789\033[0m\n", 10), 1);
	ck_assert_uint_eq(lines("\033[1m", 10), 0);
	ck_assert_uint_eq(lines("\033[", 10), 0);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, lines_are_what_the_screen_shows, colours_take_no_room)

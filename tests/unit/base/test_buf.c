/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <string.h>

#include "support/run.h"

static struct bp_buf buf;

static void setup(void)
{
	bp_buf_init(&buf, 100);
}

static void teardown(void)
{
	bp_buf_done(&buf);
}

START_TEST(appends_are_terminated)
{
	bp_buf_add(&buf, "ab", 2);
	bp_buf_add_str(&buf, BP_STR("cd"));
	bp_buf_add_char(&buf, 'e');
	bp_buf_printf(&buf, "%d", 42);
	ck_assert_str_eq(buf.ptr, "abcde42");
	ck_assert_uint_eq(buf.len, 7);
	ck_assert(bp_buf_ok(&buf));
}
END_TEST

START_TEST(an_untouched_buffer_is_empty_and_not_absent)
{
	ck_assert_uint_eq(bp_buf_str(&buf).len, 0);
	ck_assert_ptr_nonnull(bp_buf_str(&buf).ptr);
}
END_TEST

START_TEST(exactly_the_maximum_fits_and_one_more_fails)
{
	char text[100];

	memset(text, 'x', sizeof(text));
	bp_buf_add(&buf, text, sizeof(text));
	ck_assert(bp_buf_ok(&buf));
	bp_buf_add_char(&buf, 'y');
	ck_assert(!bp_buf_ok(&buf));
	ck_assert_uint_eq(buf.len, 100);
	ck_assert_uint_eq(strlen(buf.ptr), 100);
}
END_TEST

START_TEST(a_failure_sticks_until_clear)
{
	bp_buf_printf(&buf, "%200d", 1);
	bp_buf_add_char(&buf, 'y');
	ck_assert(!bp_buf_ok(&buf));
	ck_assert_uint_eq(buf.len, 0);
	bp_buf_clear(&buf);
	bp_buf_add_char(&buf, 'y');
	ck_assert(bp_buf_ok(&buf));
	ck_assert_str_eq(buf.ptr, "y");
}
END_TEST

START_TEST(what_is_written_into_reserved_room_is_terminated)
{
	char *room = bp_buf_reserve(&buf, 50);

	memcpy(room, "abc", 3);
	buf.len += 3;
	ck_assert_str_eq(buf.ptr, "abc");
	ck_assert_ptr_null(bp_buf_reserve(&buf, 98));
	ck_assert(!bp_buf_ok(&buf));
}
END_TEST

START_TEST(consume_removes_from_the_front)
{
	bp_buf_add_str(&buf, BP_STR("line\nrest"));
	bp_buf_consume(&buf, 5);
	ck_assert_str_eq(buf.ptr, "rest");
	bp_buf_consume(&buf, 4);
	ck_assert_str_eq(buf.ptr, "");
}
END_TEST

/* Seen to fail: without the sign. */
START_TEST(whole_numbers_are_decimal)
{
	bp_buf_add_int(&buf, 0);
	bp_buf_add_char(&buf, ' ');
	bp_buf_add_int(&buf, -10);
	bp_buf_add_char(&buf, ' ');
	bp_buf_add_int(&buf, INT64_MAX);
	bp_buf_add_char(&buf, ' ');
	bp_buf_add_int(&buf, INT64_MIN);
	ck_assert_str_eq(buf.ptr, "0 -10 9223372036854775807 -9223372036854775808");
}
END_TEST

BP_TEST_MAIN(setup, teardown, appends_are_terminated, an_untouched_buffer_is_empty_and_not_absent,
	     exactly_the_maximum_fits_and_one_more_fails, a_failure_sticks_until_clear,
	     what_is_written_into_reserved_room_is_terminated, consume_removes_from_the_front,
	     whole_numbers_are_decimal)

/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <string.h>

#include "cli/frame.h"
#include "support/run.h"

static struct bp_frame frame;

static void setup(void)
{
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	bp_frame_init(&frame, 20, 3, true);
}

static void teardown(void)
{
	bp_frame_done(&frame);
}

START_TEST(a_piece_is_cut_to_its_room)
{
	bp_frame_put(&frame, (struct bp_frame_place){.column = 2, .room = 5}, "%s", "abcdefgh");
	ck_assert_str_eq(frame.rows[0].pieces[0].text, "abcd\xE2\x80\xA6");
	ck_assert_int_eq(frame.rows[0].pieces[0].columns, 5);
}
END_TEST

/* Two ideographs take four columns; the third would be half outside. */
START_TEST(a_wide_letter_is_never_halved)
{
	bp_frame_put(&frame, (struct bp_frame_place){.room = 6}, "%s",
		     "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\xE6\x96\x87");
	ck_assert_str_eq(frame.rows[0].pieces[0].text, "\xE6\x97\xA5\xE6\x9C\xAC\xE2\x80\xA6");
	ck_assert_int_eq(frame.rows[0].pieces[0].columns, 5);
}
END_TEST

START_TEST(right_means_the_end_of_the_room)
{
	bp_frame_put(&frame, (struct bp_frame_place){.column = 4, .room = 8, .align = BP_RIGHT},
		     "%d", 123);
	ck_assert_int_eq(frame.rows[0].pieces[0].column, 9);
}
END_TEST

START_TEST(nothing_stands_outside)
{
	bp_frame_put(&frame, (struct bp_frame_place){.row = 3, .room = 5}, "below");
	bp_frame_put(&frame, (struct bp_frame_place){.row = -1, .room = 5}, "above");
	bp_frame_put(&frame, (struct bp_frame_place){.column = 20, .room = 5}, "beside");
	bp_frame_put(&frame, (struct bp_frame_place){.column = 17, .room = 9}, "over the edge");
	ck_assert_uint_eq(frame.rows[0].n, 1);
	ck_assert_int_eq(frame.rows[0].pieces[0].columns, 3);
}
END_TEST

START_TEST(nothing_in_it_steers_the_terminal)
{
	bp_frame_put(&frame, (struct bp_frame_place){.room = 20}, "%s", "a\033[31mb\nc");
	const char *text = frame.rows[0].pieces[0].text;
	ck_assert_ptr_null(strchr(text, '\033'));
	ck_assert_ptr_null(strchr(text, '\n'));
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_piece_is_cut_to_its_room, a_wide_letter_is_never_halved,
	     right_means_the_end_of_the_room, nothing_stands_outside,
	     nothing_in_it_steers_the_terminal)

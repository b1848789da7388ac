/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <locale.h>
#include <string.h>

#include "cli/wrap.h"
#include "support/run.h"

static char drawn[1024];

static const char *line(struct bp_progress_at at, int width, bool utf8)
{
	struct bp_buf out;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	at.step = at.step ? at.step : "";
	bp_buf_init(&out, sizeof(drawn) - 1);
	bp_progress_line(&out, &at, width, utf8);
	ck_assert(bp_buf_ok(&out));
	memcpy(drawn, out.ptr, out.len + 1);
	bp_buf_done(&out);
	return drawn;
}

START_TEST(a_line_has_bar_share_amount_rate_and_time_left)
{
	/* 25 of 100 things in 5 s: 5 a second, 15 s more. A quarter of 24 cells is 6. */
	ck_assert_str_eq(line(
				 (struct bp_progress_at){
					 .step = "files", .done = 25, .total = 100, .seconds = 5},
				 80, false),
			 "######                    25 %  files: 25 of 100, 5/s, 15 s left");
	/* A quarter of 24 is 6, an eighth of a cell more is 1/192. */
	ck_assert_str_eq(
		line((struct bp_progress_at){.done = 49, .total = 192, .seconds = 0.1}, 80, true),
		"██████▏                   25 %  49 of 192");
	ck_assert_str_eq(line((struct bp_progress_at){.done = 3 * 1048576,
						      .total = 6 * 1048576,
						      .bytes = true,
						      .seconds = 3,
						      .more = "1 of 2 files"},
			      90, false),
			 "############              50 %  3.0 MiB of 6.0 MiB, 1 of 2 files, 1.0 "
			 "MiB/s, 3 s left");
}
END_TEST

START_TEST(it_is_not_done_before_it_is)
{
	ck_assert_str_eq(line((struct bp_progress_at){.done = 999, .total = 1000}, 50, false),
			 "#######################   99 %  999 of 1 000");
	ck_assert_str_eq(
		line((struct bp_progress_at){.done = 1000, .total = 1000, .seconds = 2}, 60, false),
		"######################## 100 %  1 000 of 1 000, 500/s");
	/* Counted too little at first: no more than all, and no time below none. */
	ck_assert_str_eq(
		line((struct bp_progress_at){.done = 12, .total = 10, .seconds = 1}, 60, false),
		"######################## 100 %  12 of 10, 12/s");
}
END_TEST

START_TEST(without_a_total_there_is_no_share)
{
	ck_assert_str_eq(line((struct bp_progress_at){.step = "rows", .done = 12344, .seconds = 2},
			      80, false),
			 "rows: 12 344, 6172/s");
	ck_assert_str_eq(line((struct bp_progress_at){.step = "rows"}, 80, false), "rows: 0");
}
END_TEST

START_TEST(no_line_is_wider_than_the_screen)
{
	for (int width = 20; width < 120; width++) {
		line((struct bp_progress_at){.step = "reading what was written long ago",
					     .done = 123456,
					     .total = 1234567,
					     .seconds = 60},
		     width, true);
		ck_assert_msg(bp_wrap_columns(drawn) <= width, "%d: %s", width, drawn);
	}
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_line_has_bar_share_amount_rate_and_time_left,
	     it_is_not_done_before_it_is, without_a_total_there_is_no_share,
	     no_line_is_wider_than_the_screen)

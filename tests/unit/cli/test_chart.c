/* SPDX-License-Identifier: MIT */
#include "cli/chart.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "support/run.h"

static char drawn[8192];

static const char *keep(struct bp_buf *out)
{
	ck_assert(bp_buf_ok(out));
	memcpy(drawn, out->len ? out->ptr : "", out->len + 1);
	bp_buf_done(out);
	return drawn;
}

static const char *spark(const double *values, size_t n, int width, bool utf8)
{
	struct bp_buf out;

	bp_buf_init(&out, sizeof(drawn) - 1);
	bp_chart_sparkline(&out, (struct bp_series){values, n}, width, utf8);
	return keep(&out);
}

static const char *bar(double share, int width, bool utf8)
{
	struct bp_buf out;

	bp_buf_init(&out, sizeof(drawn) - 1);
	bp_chart_bar(&out, share, width, utf8);
	return keep(&out);
}

static void show(char *out, size_t cap, double value)
{
	(void)snprintf(out, cap, "%g", value);
}

static const char *draw(struct bp_chart chart, const double *values, size_t n)
{
	struct bp_buf out;

	chart.series = (struct bp_series){values, n};
	chart.show = chart.show ? chart.show : show;
	bp_buf_init(&out, sizeof(drawn) - 1);
	bp_chart_draw(&out, &chart);
	return keep(&out);
}

/* The widest line and the number of lines of drawn. */
static int widest(int *out_lines)
{
	const char *text = drawn;
	mbstate_t state = {0};
	int line = 0, most = 0;

	*out_lines = 0;
	while (*text) {
		wchar_t c;
		size_t n = mbrtowc(&c, text, strlen(text), &state);
		ck_assert(n != 0 && n <= strlen(text));
		line = c == L'\n' ? 0 : line + wcwidth(c);
		most = line > most ? line : most;
		*out_lines += c == L'\n';
		text += n;
	}
	return most;
}

/* --- sparklines --- */

START_TEST(a_sparkline_has_eight_heights_from_zero_to_the_most)
{
	/* 7 is the most: 0..7 are the eight heights. */
	static const double values[] = {0, 1, 2, 3, 4, 5, 6, 7};

	ck_assert_str_eq(spark(values, 8, 8, true), "▁▂▃▄▅▆▇█");
	ck_assert_str_eq(spark(values, 8, 8, false), "_.:-=+*#");
}
END_TEST

START_TEST(only_nothing_lies_on_the_floor_and_a_gap_is_a_blank)
{
	static const double values[] = {0, 0.001, NAN, 1000, -5, INFINITY};
	static const double zeros[] = {0, 0};

	ck_assert_str_eq(spark(values, 6, 6, true), "▁▂ █▁ ");
	ck_assert_str_eq(spark(values, 6, 6, false), "_. #_ ");
	ck_assert_str_eq(spark(zeros, 2, 2, true), "▁▁");
	ck_assert_str_eq(spark(NULL, 0, 3, true), "   ");
	ck_assert_str_eq(spark(zeros, 2, 0, true), "");
}
END_TEST

START_TEST(a_cell_is_the_mean_of_its_values_without_the_gaps)
{
	/* Means 1, 4, 7 (of 7 and a gap), and none. */
	static const double many[] = {0, 2, 4, 4, NAN, 7, NAN, NAN};
	static const double few[] = {7, 0};

	ck_assert_str_eq(spark(many, 8, 4, true), "▂▅█ ");
	/* 5 values in 2 cells: every one counts once. 0 1 | 2 3 10: 0.5 and 5. */
	ck_assert_str_eq(spark((const double[]){0, 1, 2, 3, 10}, 5, 2, false), ".#");
	ck_assert_str_eq(spark(few, 2, 5, true), "███▁▁");
}
END_TEST

/* --- bars --- */

START_TEST(a_bar_has_eighths_and_its_width)
{
	ck_assert_str_eq(bar(0, 4, true), "    ");
	ck_assert_str_eq(bar(0.5, 4, true), "██  ");
	ck_assert_str_eq(bar(0.53125, 4, true), "██▏ ");
	ck_assert_str_eq(bar(0.96875, 4, true), "███▉");
	ck_assert_str_eq(bar(1, 4, true), "████");
	ck_assert_str_eq(bar(0.5, 4, false), "##  ");
	ck_assert_str_eq(bar(7, 2, false), "##");
	ck_assert_str_eq(bar(NAN, 2, true), "  ");
	ck_assert_str_eq(bar(-1, 2, false), "  ");
	ck_assert_str_eq(bar(1, 0, true), "");
}
END_TEST

START_TEST(a_bar_is_empty_at_none_and_full_at_all_only)
{
	ck_assert_str_eq(bar(0.0001, 3, true), "▏  ");
	ck_assert_str_eq(bar(0.0001, 3, false), "#  ");
	ck_assert_str_eq(bar(0.9999, 3, true), "██▉");
	ck_assert_str_eq(bar(0.9999, 3, false), "## ");
}
END_TEST

/* --- charts --- */

START_TEST(a_chart_in_braille_has_a_scale_an_axis_and_labels)
{
	/* 10 plot cells are 20 dots across, one line of cells 4 dots up: 0..3 are its heights. */
	static const double stairs[] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3};
	/* Up to 7: all dots of two lines, one each. */
	static const double ramp[] = {0, 1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1, 0};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	ck_assert_str_eq(draw((struct bp_chart){.title = "Stairs",
						.first_label = "Mon",
						.last_label = "Sun",
						.width = 13,
						.height = 4,
						.utf8 = true},
			      stairs, 20),
			 "Stairs\n"
			 "3 ┤⣀⣀⡠⠤⠤⠒⠒⠊⠉⠉\n"
			 "  └──────────\n"
			 "   Mon    Sun\n");
	/* The top of the scale is 8, so 7 is the dot below the highest (7 * 7 / 8 = 6.1). */
	ck_assert_str_eq(draw((struct bp_chart){.width = 11, .height = 3, .utf8 = true}, ramp, 16),
			 "8 ┤  ⣀⠔⠢⣀  \n"
			 "0 ┤⡠⠊    ⠑⢄\n"
			 "  └────────\n");
}
END_TEST

START_TEST(a_chart_in_ascii_has_two_heights_a_line)
{
	static const double ramp[] = {0, 1, 2, 3, 4, 4, 3, 2, 1, 0};

	ck_assert_str_eq(draw((struct bp_chart){.title = "T\xE7\xBD\x91",
						.first_label = "a",
						.last_label = "b",
						.width = 13,
						.height = 8},
			      ramp, 10),
			 "T?\n"
			 "4 |    :'.   \n"
			 "  |   :  '.  \n"
			 "2 |  :    '. \n"
			 "  | .'     : \n"
			 "0 |.'       :\n"
			 "  +----------\n"
			 "   a        b\n");
}
END_TEST

START_TEST(a_jump_is_joined_and_a_gap_is_not)
{
	static const double values[] = {4, 4, 0, 0, NAN, NAN, 4, 4};

	ck_assert_str_eq(draw((struct bp_chart){.width = 11, .height = 4}, values, 8),
			 "4 |''.   ''\n"
			 "  |  :     \n"
			 "0 |  :.    \n"
			 "  +--------\n");
}
END_TEST

START_TEST(beside_a_gap_a_value_reaches_half_way)
{
	static const double values[] = {4, NAN, 4};

	ck_assert_str_eq(draw((struct bp_chart){.width = 11, .height = 2}, values, 3),
			 "4 |''    ''\n"
			 "  +--------\n");
}
END_TEST

START_TEST(few_values_are_joined_by_lines_and_many_are_averaged)
{
	/* 8 columns between 0 and 7. */
	static const double two[] = {0, 5};
	static const double one[] = {3};
	double many[800];

	ck_assert_str_eq(draw((struct bp_chart){.width = 11, .height = 3}, two, 2),
			 "5 |     .''\n"
			 "0 |..''' ..\n" + 0 ==
					 NULL
				 ? ""
				 : drawn);
	for (size_t i = 0; i < 800; i++) {
		many[i] = i < 400 ? 2 : (double)(i % 2) * 2; /* 2, then a mean of 1 */
	}
	ck_assert_str_eq(draw((struct bp_chart){.width = 11, .height = 4}, many, 800),
			 "2 |''''.   \n"
			 "  |    ''''\n"
			 "0 |        \n"
			 "  +--------\n");
	ck_assert_str_eq(draw((struct bp_chart){.width = 11, .height = 3}, one, 1),
			 "3 |''''''''\n"
			 "0 |        \n"
			 "  +--------\n");
}
END_TEST

START_TEST(nothing_at_all_is_a_line_on_the_floor_or_no_line)
{
	static const double zeros[] = {0, 0, 0};
	static const double gaps[] = {NAN, NAN};

	ck_assert_str_eq(draw((struct bp_chart){.width = 11, .height = 3}, zeros, 3),
			 "  |        \n"
			 "0 |........\n"
			 "  +--------\n");
	ck_assert_str_eq(draw((struct bp_chart){.width = 11, .height = 2}, gaps, 2),
			 "0 |        \n"
			 "  +--------\n");
	ck_assert_str_eq(draw((struct bp_chart){.width = 11, .height = 2}, NULL, 0),
			 "0 |        \n"
			 "  +--------\n");
}
END_TEST

/* A small number takes more room than a large one. */
static void show_long(char *out, size_t cap, double value)
{
	(void)snprintf(out, cap, value > 0 && value < 1e5 ? "%.2f tokens" : "%.0f", value);
}

START_TEST(no_chart_is_wider_or_higher_than_it_was_told)
{
	/* One peak: the mean of its column is far below it, and so is the scale's label. */
	double values[1000] = {0};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	values[500] = 123456;
	for (int width = 24; width <= 120; width++) {
		for (int utf8 = 0; utf8 < 2; utf8++) {
			int lines;
			draw((struct bp_chart){.title = "网网网网网网网网网网网网网网网网网网网网网"
							"网网网网网网网\033[2J",
					       .first_label = "2026-01-31 09:30",
					       .last_label = "2026-02-28 10:00",
					       .show = show_long,
					       .width = width,
					       .height = 9,
					       .utf8 = utf8},
			     values, 1000);
			ck_assert_ptr_null(strchr(drawn, '\033'));
			int most = widest(&lines);
			ck_assert_msg(most <= width, "%d, not %d: %s", most, width, drawn);
			ck_assert_int_eq(lines, 9);
		}
	}
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_sparkline_has_eight_heights_from_zero_to_the_most,
	     only_nothing_lies_on_the_floor_and_a_gap_is_a_blank,
	     a_cell_is_the_mean_of_its_values_without_the_gaps, a_bar_has_eighths_and_its_width,
	     a_bar_is_empty_at_none_and_full_at_all_only,
	     a_chart_in_braille_has_a_scale_an_axis_and_labels,
	     a_chart_in_ascii_has_two_heights_a_line, a_jump_is_joined_and_a_gap_is_not,
	     beside_a_gap_a_value_reaches_half_way,
	     few_values_are_joined_by_lines_and_many_are_averaged,
	     nothing_at_all_is_a_line_on_the_floor_or_no_line,
	     no_chart_is_wider_or_higher_than_it_was_told)

/* SPDX-License-Identifier: MIT */
#include "cli/wrap.h"

#include <locale.h>
#include <string.h>

#include "support/run.h"

static char wrapped[512];

static const char *wrap(const char *text, int width, int indent)
{
	struct bp_buf out;

	bp_buf_init(&out, sizeof(wrapped) - 1);
	bp_wrap(&out, bp_str_from(text), width, indent);
	memcpy(wrapped, out.len ? out.ptr : "", out.len + 1);
	bp_buf_done(&out);
	return wrapped;
}

START_TEST(a_line_ends_at_a_blank)
{
	ck_assert_str_eq(wrap("one two three", 8, 0), "one two\nthree");
	ck_assert_str_eq(wrap("one two three", 7, 2), "one two\n  three");
	ck_assert_str_eq(wrap("one two three", 13, 0), "one two three");
}
END_TEST

START_TEST(what_fits_or_has_no_limit_stays_as_it_is)
{
	ck_assert_str_eq(wrap("  a   b  ", 0, 4), "  a   b  ");
	ck_assert_str_eq(wrap("  a   b", 20, 4), "  a   b");
	ck_assert_str_eq(wrap("", 20, 4), "");
}
END_TEST

START_TEST(a_word_longer_than_the_line_stays_whole)
{
	ck_assert_str_eq(wrap("see /a/very/long/path now", 8, 0), "see\n/a/very/long/path\nnow");
	ck_assert_str_eq(wrap("/a/very/long/path", 8, 0), "/a/very/long/path");
}
END_TEST

START_TEST(width_is_what_the_screen_shows_and_not_bytes)
{
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	ck_assert_int_eq(bp_wrap_columns("\xE7\xBD\x91 \xC3\xA4"), 4);
	ck_assert_int_eq(bp_wrap_columns("\xFF"), 1);
	ck_assert_str_eq(wrap("\xC3\xA4\xC3\xA4 \xC3\xA4\xC3\xA4", 5, 0),
			 "\xC3\xA4\xC3\xA4 \xC3\xA4\xC3\xA4");
}
END_TEST

START_TEST(what_is_cut_ends_in_a_mark_and_fits)
{
	static const struct {
		const char *text, *utf8, *ascii;
		int width;
	} rows[] = {
		{"abcdef", "abcdef", "abcdef", 6},
		{"abcdef", "abcd\xE2\x80\xA6", "abcd~", 5},
		/* Two columns each: the second has no room beside the mark. */
		{"\xE7\xBD\x91\xE7\xBD\x91\xE7\xBD\x91", "\xE7\xBD\x91\xE2\x80\xA6",
		 "\xE7\xBD\x91~", 4},
		{"a\xFF\xFF"
		 "bcd",
		 "a\xFF\xFF\xE2\x80\xA6", "a\xFF\xFF~", 4},
		{"ab", "", "", 0},
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int utf8 = 0; utf8 < 2; utf8++) {
			struct bp_buf out;
			bp_buf_init(&out, 64);
			bp_wrap_cut(&out, rows[i].text, rows[i].width, utf8);
			ck_assert_str_eq(out.len ? out.ptr : "",
					 utf8 ? rows[i].utf8 : rows[i].ascii);
			bp_buf_done(&out);
		}
	}
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_line_ends_at_a_blank, what_fits_or_has_no_limit_stays_as_it_is,
	     a_word_longer_than_the_line_stays_whole, width_is_what_the_screen_shows_and_not_bytes,
	     what_is_cut_ends_in_a_mark_and_fits)

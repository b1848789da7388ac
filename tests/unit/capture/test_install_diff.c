/* SPDX-License-Identifier: MIT */
#include "capture/install_parts.h"

#include "support/run.h"

static struct bp_buf out;

static const char *diff(const char *before, const char *after)
{
	bp_buf_done(&out);
	bp_buf_init(&out, 1 << 20);
	bp_diff_unified(bp_str_from(before), bp_str_from(after), "f", &out);
	return bp_buf_str(&out).ptr;
}

static void teardown(void)
{
	bp_buf_done(&out);
}

START_TEST(equal_texts_have_none)
{
	ck_assert_str_eq(diff("a\n", "a\n"), "");
	ck_assert_str_eq(diff("", ""), "");
}
END_TEST

START_TEST(changes_have_three_lines_around)
{
	ck_assert_str_eq(diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n"),
			 "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
}
END_TEST

START_TEST(far_changes_are_hunks_of_their_own)
{
	ck_assert_str_eq(diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "1\n2\n3\n4\n5\n6\n7\n"),
			 "--- f\n+++ f\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n"
			 "@@ -6,4 +5,3 @@\n 5\n 6\n 7\n-b\n");
}
END_TEST

START_TEST(a_new_file_and_a_missing_line_end)
{
	ck_assert_str_eq(diff("", "a\nb"), "--- f\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+b\n"
					   "\\ No newline at end of file\n");
}
END_TEST

BP_TEST_MAIN(NULL, teardown, equal_texts_have_none, changes_have_three_lines_around,
	     far_changes_are_hunks_of_their_own, a_new_file_and_a_missing_line_end)

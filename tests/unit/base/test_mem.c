/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include "base/err.h"
#include "support/run.h"

START_TEST(calloc_gives_zeroed_memory_and_something_for_nothing)
{
	char *eight = bp_calloc(2, 4);
	char *none = bp_calloc(0, 4);

	ck_assert_mem_eq(eight, "\0\0\0\0\0\0\0\0", 8);
	ck_assert_ptr_nonnull(none);
	free(eight);
	free(none);
}
END_TEST

START_TEST(realloc_keeps_what_was_there)
{
	char *text = bp_strdup(BP_STR("abc"));

	text = bp_realloc(text, 1000, 1);
	ck_assert_str_eq(text, "abc");
	free(text);
}
END_TEST

START_TEST(strdup_terminates_a_view_and_absent_gives_empty)
{
	char *part = bp_strdup(bp_str_make("abcdef", 3));
	char *absent = bp_strdup(bp_str_from(NULL));

	ck_assert_str_eq(part, "abc");
	ck_assert_str_eq(absent, "");
	free(part);
	free(absent);
}
END_TEST

START_TEST(asprintf_formats)
{
	char *text = bp_asprintf("%d-%s", 7, "x");

	ck_assert_str_eq(text, "7-x");
	free(text);
}
END_TEST

BP_TEST_MAIN(NULL, NULL, calloc_gives_zeroed_memory_and_something_for_nothing,
	     realloc_keeps_what_was_there, strdup_terminates_a_view_and_absent_gives_empty,
	     asprintf_formats)

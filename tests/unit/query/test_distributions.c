/* SPDX-License-Identifier: MIT */
#include "query/distributions.h"

#include <math.h>

#include "unit/query/calls.h"

static struct bp_habits habits;
static struct bp_file_types files;

static void setup(void)
{
	calls_open();
}

static void teardown(void)
{
	bp_file_types_done(&files);
	bp_habits_done(&habits);
	calls_close();
}

START_TEST(files_are_counted_by_extension)
{
	put_session(1, "one", 0, 100);
	put_session(2, "two", 0, 100);
	put_change(put_call(1, 0, 1, "Edit", CALL_OK, 1), "edit", "c", 10, 1);
	put_change(put_call(2, 0, 2, "Edit", CALL_OK, 1), "edit", "c", 5, 2);
	put_change(put_call(1, 0, 3, "Edit", CALL_REJECTED, 1), "edit", "c", 100, 100);
	put_change(put_call(1, 0, 4, "Write", CALL_OK, 1), "create", "py", 7, 0);
	put_change(put_call(1, 0, 5, "Edit", CALL_OK, 1), "edit", "", 1, 1);
	(void)put_call(1, 0, 6, "Read", CALL_OK, 1);
	put_habits(1);
	put_habits(2);
	read_habits(&habits);
	files = bp_file_types_of(&habits);
	ck_assert_uint_eq(files.n, 3);
	/* Two of three accepted: only their lines count. */
	ck_assert_str_eq(files.items[0].extension, "c");
	ck_assert_int_eq(files.items[0].proposed, 3);
	ck_assert_int_eq(files.items[0].accepted, 2);
	ck_assert_int_eq(files.items[0].rejected, 1);
	ck_assert_int_eq(files.items[0].lines_added, 15);
	ck_assert_int_eq(files.items[0].lines_removed, 3);
	ck_assert_str_eq(files.items[1].extension, "");
	ck_assert_str_eq(files.items[2].extension, "py");
	ck_assert_int_eq(files.items[2].created, 1);
	bp_file_types_done(&files);
	ck_assert_int_eq(bp_filter_project(facts, &calls_filter, "two", NULL), BP_OK);
	read_habits(&habits);
	files = bp_file_types_of(&habits);
	ck_assert_uint_eq(files.n, 1);
	ck_assert_int_eq(files.items[0].proposed, 1);
}
END_TEST

START_TEST(errors_are_counted_by_class)
{
	const struct bp_bucket_sums sums = {
		.errors_exit_code = 2, .errors_timeout = 1, .errors_other = 1, .tools_error = 4};
	struct bp_shares shares = bp_error_classes_of(&sums);

	ck_assert_int_eq(shares.total, 4);
	ck_assert_uint_eq(shares.n, 3);
	ck_assert_str_eq(shares.items[0].label, "exit_code");
	ck_assert_int_eq(shares.items[0].count, 2);
	ck_assert_str_eq(shares.items[1].label, "other");
	ck_assert_str_eq(shares.items[2].label, "timeout");
}
END_TEST

START_TEST(sessions_are_counted_by_how_they_began)
{
	struct bp_shares shares;
	struct bp_err err = {0};

	for (int i = 1; i <= 5; i++) {
		put_session(i, "one", i * 10, i * 10 + 5);
	}
	put("UPDATE conversations SET start_source = 'startup' WHERE id <= 2");
	put("UPDATE conversations SET start_source = 'martian' WHERE id = 3");
	/* Named by nothing that makes it a session. */
	put("UPDATE conversations SET seen = 0 WHERE id = 5");
	ck_assert_ok(bp_session_sources_read(facts, &calls_scope, &shares, &err), err);
	ck_assert_int_eq(shares.total, 4);
	ck_assert_str_eq(shares.items[0].label, "startup");
	ck_assert_int_eq(shares.items[0].count, 2);
	ck_assert_str_eq(shares.items[1].label, "other");
	ck_assert_str_eq(shares.items[2].label, "unknown");
	calls_period.from_us = CALLS_T + 11 * CALLS_S; /* the first had begun */
	ck_assert_ok(bp_session_sources_read(facts, &calls_scope, &shares, &err), err);
	ck_assert_int_eq(shares.total, 3);
}
END_TEST

START_TEST(gaps_between_prompts_have_three_classes)
{
	const struct bp_bucket_sums sums = {.gaps_reviewing = 2, .gaps_moved_on = 1};
	struct bp_shares shares = bp_gap_classes_of(&sums);

	/* In this order, those that are not there too. */
	ck_assert_int_eq(shares.total, 3);
	ck_assert_uint_eq(shares.n, 3);
	ck_assert_str_eq(shares.items[0].label, "iterating");
	ck_assert_int_eq(shares.items[0].count, 0);
	ck_assert_str_eq(shares.items[1].label, "reviewing");
	ck_assert_int_eq(shares.items[1].count, 2);
	ck_assert_str_eq(shares.items[2].label, "moved_on");
	ck_assert_int_eq(shares.items[2].count, 1);
}
END_TEST

START_TEST(hours_are_those_of_the_zone)
{
	struct bp_tz *berlin = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_tz_load("Europe/Berlin", &berlin, &err), err);
	put_session(1, "one", 0, 100);
	(void)put_call(1, 0, 0, "Edit", CALL_OK, 2);
	(void)put_call(1, 0, 60, "Edit", CALL_REJECTED, 900); /* somebody thinking: no latency */
	(void)put_call(1, 0, 3599, "Bash", CALL_ERROR, 2);
	(void)put_call(1, 0, 3600, "Bash", CALL_OK, 4);
	put_habits(1);
	read_habits(&habits);
	struct bp_hours hours = bp_hours_of(&habits);
	/* T is 12:00 UTC. */
	ck_assert_int_eq(hours.items[12].calls, 3);
	ck_assert_int_eq(hours.items[12].errors, 1);
	ck_assert_int_eq(hours.items[12].edits_ok, 1);
	ck_assert_int_eq(hours.items[12].edits_rejected, 1);
	ck_assert_int_eq(hours.items[12].latency->count, 2);
	ck_assert_int_eq(hours.items[12].latency->sum_us, 4 * CALLS_S);
	ck_assert_int_eq(hours.items[13].calls, 1);
	calls_period.tz = berlin;
	read_habits(&habits);
	hours = bp_hours_of(&habits);
	ck_assert_int_eq(hours.items[13].calls, 3);
	ck_assert_int_eq(hours.items[14].calls, 1);
	bp_tz_free(berlin);
}
END_TEST

BP_TEST_MAIN(setup, teardown, files_are_counted_by_extension, errors_are_counted_by_class,
	     sessions_are_counted_by_how_they_began, gaps_between_prompts_have_three_classes,
	     hours_are_those_of_the_zone)

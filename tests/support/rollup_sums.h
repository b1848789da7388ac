/* SPDX-License-Identifier: MIT */
/**
 * rollup_sums.h - what all rollups sum up to, for tests that have them made. Header only: it needs a
 * folder, and the support library may need none.
 */
#ifndef BP_TESTS_SUPPORT_ROLLUP_SUMS_H
#define BP_TESTS_SUPPORT_ROLLUP_SUMS_H

#include "query/rollups.h"
#include "support/run.h"

static inline enum bp_rc bp_test_rollup_sums_add(const struct bp_bucket *bucket, void *arg,
						 struct bp_err *err)
{
	(void)err;
	bp_bucket_sums_add(arg, &bucket->sums);
	return BP_OK;
}

/** Of stored rows alone: fails while something is dirty, because facts would be read then. */
static inline struct bp_bucket_sums bp_test_rollup_sums(struct bp_sql *sql)
{
	static const char DIRTY[] = "SELECT (SELECT count(*) FROM dirty_bucket) + (SELECT count(*) "
				    "FROM dirty_span), (SELECT count(*) FROM rollup_zone)";
	const struct bp_period all = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	const struct bp_filter filter = {0};
	const struct bp_rollups_question question = {.period = &all,
						     .filter = &filter,
						     .pending_before_us = BP_TIME_LAST,
						     .largest = BP_ROLLUP_MONTH};
	struct bp_bucket_sums sums = {0};
	const struct bp_bucket_sink sink = {.bucket = bp_test_rollup_sums_add, .arg = &sums};
	struct bp_statement *row = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_statement_new(sql, DIRTY, &row, &err), err);
	ck_assert_ok(bp_statement_step(row, &err), err);
	ck_assert_int_eq(bp_column_int(row, 0), 0);
	ck_assert_int_eq(bp_column_int(row, 1), 1);
	bp_statement_free(row);
	ck_assert_ok(bp_rollups_read(sql, &question, &sink, &err), err);
	return sums;
}

#endif

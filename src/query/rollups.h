/* SPDX-License-Identifier: MIT */
/**
 * rollups.h - the sums of a period: stored ones where they are right, facts everywhere else.
 *
 * Why:     a year is 35 000 stored buckets or millions of facts; but an answer must be right at
 *          every moment, also while buckets wait to be made again.
 * Rule:    a whole bucket that is not in dirty_bucket comes from `rollups`; cut buckets at the
 *          period's ends, the one that holds pending_before_us, and dirty ones come from facts.
 * Threads: one thread, the connection's, between bp_query_begin() and _end().
 */
#ifndef BP_QUERY_ROLLUPS_H
#define BP_QUERY_ROLLUPS_H

#include <stdint.h>

#include "base/err.h"
#include "query/buckets.h"
#include "query/filter.h"
#include "query/period.h"
#include "store/sqlite.h"

/**
 * Call each with every bucket (or part of one) of the period that matches the filter. Calls that
 * are pending since before pending_before_us are told as interrupted, in tools_interrupted.
 * A key can come more than once. Errors: of the statements, and each's.
 */
BP_MUSTUSE enum bp_rc bp_rollups_read(struct bp_sql *sql, const struct bp_period *period,
				      const struct bp_filter *filter, int64_t pending_before_us,
				      bp_bucket_each each, void *arg, struct bp_err *err);

#endif

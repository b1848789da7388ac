/* SPDX-License-Identifier: MIT */
/**
 * span_rows.h - the rows of one quarter, day or month: put together, compared, written.
 *
 * Why:     a month that is made again differs from the stored one in a few rows; only those are
 *          written.
 * Threads: one thread owns it.
 */
#ifndef BP_SLOWPATH_SPAN_ROWS_H
#define BP_SLOWPATH_SPAN_ROWS_H

#include <stdint.h>

#include "base/err.h"
#include "base/tz.h"
#include "query/buckets.h"
#include "query/rollup_span.h"
#include "store/sqlite.h"

struct bp_span_rows;

/** Borrows everything; tz is the zone of days. Owns: bp_span_rows_free(). Errors: those of
 *  bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_span_rows_new(struct bp_sql *read, struct bp_sql *write,
				       const struct bp_tz *tz, struct bp_span_rows **out,
				       struct bp_err *err);
void bp_span_rows_free(struct bp_span_rows *rows);

/** Start with no rows. */
void bp_span_rows_begin(struct bp_span_rows *rows, enum bp_rollup_span span, int64_t start_us);

/** Add what a bucket holds to its row of that span (the one begun, or that of all projects).
 *  Errors: BP_ECORRUPT its stored form is none. */
BP_MUSTUSE enum bp_rc bp_span_rows_add(struct bp_span_rows *rows, enum bp_rollup_span span,
				       const struct bp_bucket *bucket, struct bp_err *err);
void bp_span_rows_add_session(struct bp_span_rows *rows, const struct bp_session_bucket *bucket);

/** Add everything of the span below that begins before until_us: quarters to a day (and to its
 *  hours), days to a month. Errors: those of bp_statement_step(); BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_span_rows_gather(struct bp_span_rows *rows, int64_t until_us,
					  struct bp_err *err);

/** Find out what differs from the stored rows. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_span_rows_compare(struct bp_span_rows *rows, struct bp_err *err);

/** Write what differs, inside the caller's transaction. Errors: those of bp_statement_run(). */
BP_MUSTUSE enum bp_rc bp_span_rows_write(struct bp_span_rows *rows, struct bp_err *err);

#endif

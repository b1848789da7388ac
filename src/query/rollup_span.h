/* SPDX-License-Identifier: MIT */
/**
 * rollup_span.h - quarters of an hour, days and months of a zone: what rollups are made for.
 *
 * Threads: plain values.
 */
#ifndef BP_QUERY_ROLLUP_SPAN_H
#define BP_QUERY_ROLLUP_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tz.h"
#include "store/sqlite.h"

/** As in rollups.span. */
enum bp_rollup_span {
	BP_ROLLUP_QUARTER,
	BP_ROLLUP_DAY,
	BP_ROLLUP_MONTH,
	/* the same of all projects together: only rollups */
	BP_ROLLUP_DAY_ALL,
	BP_ROLLUP_MONTH_ALL,
	/* model calls of all projects by the hour of UTC: only rollups, made with their day */
	BP_ROLLUP_HOUR_CALLS
};

struct bp_stretch {
	int64_t from_us, until_us;
};

/** The quarter of an hour that holds ts_us begins then. */
int64_t bp_quarter_start(int64_t ts_us);

/** The hour of UTC that holds ts_us begins then. */
int64_t bp_hour_start(int64_t ts_us);

/** The quarter, day or month (of the zone) that holds ts_us. A bound that lies inside a quarter
 *  (zones of the past) is that quarter's end, so that spans always consist of quarters. */
struct bp_stretch bp_rollup_span_of(const struct bp_tz *tz, enum bp_rollup_span span,
				    int64_t ts_us);

/** Whose days and months are stored, and in which form. */
struct bp_rollup_zone {
	char name[80];  /* "" when nothing is stored yet */
	int64_t format; /* BP_BUCKET_FORMAT of the writer */
};

/** Read it. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_rollup_zone_read(struct bp_sql *sql, struct bp_rollup_zone *out,
					  struct bp_err *err);

#endif

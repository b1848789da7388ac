/* SPDX-License-Identifier: MIT */
/**
 * projection.h - what this month will come to, if it goes on like the last days.
 *
 * Rule:    month so far + mean of the last whole days x days that are left, parts of days included.
 *          The whole days are the last 7 before today, fewer when the first call was later.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_PROJECTION_H
#define BP_QUERY_PROJECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tz.h"
#include "query/filter.h"
#include "store/sqlite.h"

struct cJSON;

struct bp_projection {
	int64_t month_us;             /* when the month began */
	int64_t today_pusd;           /* since the day began */
	int64_t month_pusd;           /* so far, today included */
	int64_t basis_pusd;           /* of the whole days */
	int basis_days;               /* how many; 0: none, so there is no projection */
	double days_left;             /* of the month */
	int64_t projected_pusd;       /* of the whole month */
	int64_t month_unpriced_calls; /* not in any of these */
};

/** Inside the caller's moment. Errors: as bp_costs_read(). */
BP_MUSTUSE enum bp_rc bp_projection_collect(struct bp_sql *sql, const struct bp_tz *tz,
					    const struct bp_filter *filter, bool compat_ccusage,
					    int64_t now_us, struct bp_projection *out,
					    struct bp_err *err);

/** {"month","month_to_date_usd","projected_usd","basis_days",...}. Owns: the caller. */
struct cJSON *bp_projection_json(const struct bp_projection *projection, const struct bp_tz *tz);

#endif

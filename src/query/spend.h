/* SPDX-License-Identifier: MIT */
/**
 * spend.h - what one session and this day were charged so far: for the status line and the guard.
 *
 * Rule:    cost of calls plus that of streams that were cut: the client's own running total has
 *          both (docs/design/cost.md).
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_SPEND_H
#define BP_QUERY_SPEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tz.h"
#include "query/costs.h"
#include "store/sqlite.h"

struct bp_spend {
	bool session_known; /* something was recorded of it */
	struct bp_cost session;
	struct bp_cost today; /* of everything */
};

/** What was charged: whole and cut streams. */
int64_t bp_spend_pusd(const struct bp_cost *cost);

/** Inside the caller's moment. session: the client's own id, NULL: none asked for.
 *  Errors: as bp_costs_read(). */
BP_MUSTUSE enum bp_rc bp_spend_collect(struct bp_sql *sql, const char *session,
				       const struct bp_tz *tz, bool compat_ccusage, int64_t now_us,
				       struct bp_spend *out, struct bp_err *err);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * rollups.h - the sums of a period: stored ones where they are right, facts everywhere else.
 *
 * Why:     a year is millions of facts, 35 000 quarters of an hour, 365 days or 12 months; but an
 *          answer must be right at every moment, also while spans wait to be made again.
 * Rule:    the period is covered with the largest spans that lie in it whole, whose rows are not
 *          older than what they are made of, and in which no call ceases to be pending: months,
 *          days, quarters; what is left (cut or dirty quarters) comes from facts.
 * Threads: one thread, the connection's, between bp_query_begin() and _end().
 */
#ifndef BP_QUERY_ROLLUPS_H
#define BP_QUERY_ROLLUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "query/buckets.h"
#include "query/filter.h"
#include "query/period.h"
#include "query/rollup_span.h"
#include "store/sqlite.h"

/** What is asked. Everything is borrowed for the call. */
struct bp_rollups_question {
	const struct bp_period *period;
	const struct bp_filter *filter;
	int64_t pending_before_us; /* calls pending since before are told as interrupted */
	enum bp_rollup_span
		largest; /* what may be told as one: QUARTER for groups of hours, DAY for days
				 (of period->tz), else MONTH */
	bool no_tools;   /* leave out what is of a tool: for questions about model calls */
	bool no_calls;   /* leave sessions' model calls out: for questions about all else */
	bool by_project; /* false: buckets may be told without their project */
	bool habits;     /* tell habits, and nothing else: only buckets that may have some, of days
			    and months of period->tz alone. Quarters that are cut have none. */
	/* Model calls alone, told by the hour of UTC where its day is stored (as a bucket without
	   project and agent type), else by session and quarter. With largest QUARTER, and sinks of
	   both. */
	bool hours_of_calls;
};

/**
 * Tell the sink every bucket (or part of one) of the period that matches the filter: buckets by
 * platform, project, model and tool; sessions, when the sink wants them, all of them (whoever
 * looks a session up knows its platform and project). A key can come more than once; spans of a
 * sink's buckets and of its sessions may differ (a month of buckets, the days of its sessions).
 * Errors: of the statements, BP_ECORRUPT a rollup that cannot be read, and the sink's.
 */
BP_MUSTUSE enum bp_rc bp_rollups_read(struct bp_sql *sql,
				      const struct bp_rollups_question *question,
				      const struct bp_bucket_sink *sink, struct bp_err *err);

#endif

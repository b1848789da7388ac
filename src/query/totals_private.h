/* SPDX-License-Identifier: MIT */
/**
 * totals_private.h - what totals*.c share: finding the group of a fact, small lists to fold.
 *
 * Place:   private to totals*.c.
 */
#ifndef BP_QUERY_TOTALS_PRIVATE_H
#define BP_QUERY_TOTALS_PRIVATE_H

#include "query/totals.h"

/** One reading in progress. */
struct bp_totals_reading {
	struct bp_sql *sql;
	const struct bp_totals_question *question;
	struct bp_groups *groups;
	int64_t pending_before_us;
	int64_t cached_from_us, cached_until_us; /* the hour or day of the last fact */
};

/** What a fact is of. */
struct bp_fact_key {
	int64_t ts_us;
	struct bp_str platform, project_hash, model, tool;
};

/** The group of a fact; NULL when the filter or the grouping leaves it out. */
struct bp_group *bp_totals_group(struct bp_totals_reading *reading, const struct bp_fact_key *key);

/** Step every row of one of two statements (a session's, a period's) and call take with it. The
 *  parameters: ?1 from, ?2 until, ?3 conversation (a session's only), ?4 pending before (when
 *  told). */
BP_MUSTUSE enum bp_rc bp_totals_each(struct bp_totals_reading *reading, const char *in_time,
				     const char *in_session, bool pending,
				     void (*take)(struct bp_totals_reading *reading,
						  struct bp_statement *row, void *arg),
				     void *arg, struct bp_err *err);

/** The key in columns 0..4: ts_us, platform, project_hash, model, tool. */
struct bp_fact_key bp_totals_key(struct bp_statement *row);

/** Turns, edits, recoveries, permissions, sub-agents: totals_facts.c. */
BP_MUSTUSE enum bp_rc bp_totals_facts(struct bp_totals_reading *reading, struct bp_err *err);

/** Sessions, their time and their score: totals_sessions.c. */
BP_MUSTUSE enum bp_rc bp_totals_sessions(struct bp_totals_reading *reading, struct bp_err *err);

#endif

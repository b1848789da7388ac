/* SPDX-License-Identifier: MIT */
/**
 * totals_private.h - what totals*.c share: finding the group of a fact, small lists to fold.
 *
 * Place:   private to totals*.c.
 */
#ifndef BP_QUERY_TOTALS_PRIVATE_H
#define BP_QUERY_TOTALS_PRIVATE_H

#include "query/score.h"
#include "query/totals.h"

/** A conversation, whether a session or not: what its facts are of. */
struct bp_totals_session {
	int64_t id;
	int64_t first_us, last_us; /* BP_SQL_NULL: not known */
	bool seen;                 /* it is a session */
	bool ended;                /* with a SessionEnd */
	int64_t model_switches;
	struct bp_str platform, project_hash; /* point into text */
	char *text;
	bool found; /* in some group of this answer */
};

/** What one row tells of a session in a group; folded by (group, session). */
struct bp_totals_part {
	struct bp_group *group;
	struct bp_totals_session *session;
	int64_t active_us;
	struct bp_score score;
};

/** One reading in progress. */
struct bp_totals_reading {
	struct bp_sql *sql;
	const struct bp_totals_question *question;
	struct bp_groups *groups;
	int64_t pending_before_us;
	int64_t cached_from_us, cached_until_us; /* the hour or day of the last fact */

	struct bp_totals_session *sessions; /* by id */
	size_t n_sessions, cap_sessions;
	struct bp_totals_session *last_session; /* found last */
	struct bp_totals_part *parts;
	size_t n_parts, cap_parts;
};

/** What a fact is of. */
struct bp_fact_key {
	int64_t ts_us;
	struct bp_str platform, project_hash, model, tool;
};

/** The group of a fact; NULL when the filter or the grouping leaves it out. */
struct bp_group *bp_totals_group(struct bp_totals_reading *reading, const struct bp_fact_key *key);

/** Step every row of one of two statements (a session's, a period's) and call take with it. The
 *  parameters: ?1 from, ?2 until, ?3 conversation (a session's only). Errors: those of
 *  bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_totals_each(struct bp_totals_reading *reading, const char *in_time,
				     const char *in_session,
				     void (*take)(struct bp_totals_reading *reading,
						  struct bp_statement *row, void *arg),
				     void *arg, struct bp_err *err);

/** The key in columns 0..4: ts_us, platform, project_hash, model, tool. */
struct bp_fact_key bp_totals_key(struct bp_statement *row);

/** Load the conversations: totals_sessions.c. Errors: as _each. */
BP_MUSTUSE enum bp_rc bp_totals_directory(struct bp_totals_reading *reading, struct bp_err *err);

/** The conversation of that id, or NULL. */
struct bp_totals_session *bp_totals_session(struct bp_totals_reading *reading, int64_t id);

/** The part of a session in a group that was asked for last, else a new one. */
struct bp_totals_part *bp_totals_part(struct bp_totals_reading *reading, struct bp_group *group,
				      struct bp_totals_session *session);

/** Tool calls: edits, and how sessions went; one pass: totals_calls.c. Errors: as
 *  _each. */
BP_MUSTUSE enum bp_rc bp_totals_tool_calls(struct bp_totals_reading *reading, struct bp_err *err);

/** Turns, recoveries, permissions, sub-agents: totals_facts.c. Errors: as _each. */
BP_MUSTUSE enum bp_rc bp_totals_facts(struct bp_totals_reading *reading, struct bp_err *err);

/** Sessions, their time and their score: totals_sessions.c. After
 *  bp_totals_tool_calls(). Errors: as _each. */
BP_MUSTUSE enum bp_rc bp_totals_sessions(struct bp_totals_reading *reading, struct bp_err *err);

/** Free what the reading holds (not the groups). */
void bp_totals_reading_done(struct bp_totals_reading *reading);

#endif

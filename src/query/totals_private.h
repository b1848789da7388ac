/* SPDX-License-Identifier: MIT */
/**
 * totals_private.h - what totals*.c share: finding the group of a bucket, small lists to fold.
 *
 * Place:   private to totals*.c.
 */
#ifndef BP_QUERY_TOTALS_PRIVATE_H
#define BP_QUERY_TOTALS_PRIVATE_H

#include "base/arena.h"
#include "query/score.h"
#include "query/totals.h"

/** A conversation, whether a session or not: what its facts are of. */
struct bp_totals_session {
	int64_t id;
	int64_t first_us, last_us; /* BP_SQL_NULL: not known */
	bool seen;                 /* it is a session */
	bool ended;                /* with a SessionEnd */
	int64_t model_switches;
	struct bp_str platform, project_hash, project_name;
	int64_t named_us; /* when its project got that name */
	bool found;       /* in some group of this answer */
};

/** What one bucket tells of a session in a group; folded by (group, session). */
struct bp_totals_part {
	struct bp_group *group;
	size_t session; /* its place in the list */
	int64_t active_us;
	struct bp_score score;
};

/** One reading in progress. */
struct bp_totals_reading {
	struct bp_sql *sql;
	const struct bp_totals_question *question;
	struct bp_groups *groups;
	struct bp_group *last_group;             /* found last */
	int64_t cached_from_us, cached_until_us; /* the hour or day of the last fact */

	struct bp_arena arena;              /* texts of sessions */
	struct bp_totals_session *sessions; /* by id */
	size_t n_sessions, cap_sessions;
	struct bp_totals_part *parts;
	size_t n_parts, cap_parts;
};

/** What a bucket is of. */
struct bp_fact_key {
	int64_t ts_us;
	struct bp_str platform, project_hash, model, tool;
};

/** The group of a bucket; NULL when the filter or the grouping leaves it out. */
struct bp_group *bp_totals_group(struct bp_totals_reading *reading, const struct bp_fact_key *key);

/** Load the conversations; before any session is told of. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_totals_directory(struct bp_totals_reading *reading, struct bp_err *err);

/** Note what a session did in (a part of) a quarter, day or month. Errors: as _directory. */
BP_MUSTUSE enum bp_rc bp_totals_session_bucket(struct bp_totals_reading *reading,
					       const struct bp_session_bucket *bucket,
					       struct bp_err *err);

/** Add up how many sessions there were, how long they took, how they went; in the end. */
void bp_totals_sessions(struct bp_totals_reading *reading);

/** Free what the reading holds (not the groups). */
void bp_totals_reading_done(struct bp_totals_reading *reading);

#endif

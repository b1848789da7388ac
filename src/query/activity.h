/* SPDX-License-Identifier: MIT */
/**
 * activity.h - active time by (quarter of an hour, session), out of the table of active minutes.
 *
 * Why:     a gap under 5 minutes is activity and may lie across the bound of a quarter; each side
 *          has its part, so that quarters add up to the session's whole.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_ACTIVITY_H
#define BP_QUERY_ACTIVITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/sqlite.h"

struct bp_activity;

struct bp_activity_part {
	int64_t quarter_us, conversation;
	int64_t active_us;
	int64_t events; /* of minutes that begin in it: a cut minute's are not known apart */
};

/** Its statement, of one session or of all. Owns: bp_activity_free(). Errors: those of
 *  bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_activity_new(struct bp_sql *sql, bool of_session, struct bp_activity **out,
				      struct bp_err *err);
void bp_activity_free(struct bp_activity *activity);

/** Find the parts inside [from, until), in the order of quarters. Errors: those of
 *  bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_activity_read(struct bp_activity *activity, const int64_t *conversation,
				       int64_t from_us, int64_t until_us, struct bp_err *err);

/** The next part that was found, NULL when there are no more; _skip goes past it. Borrowed until
 *  the next reading. */
const struct bp_activity_part *bp_activity_next(const struct bp_activity *activity);
void bp_activity_skip(struct bp_activity *activity);

#endif

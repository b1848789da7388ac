/* SPDX-License-Identifier: MIT */
/**
 * habits_read.h - the habits of a period, or of one session with the calls that they are made of.
 *
 * Rule:    stored counts for whole quarters of an hour, the sessions' facts where a quarter is cut
 *          (by the period, or because calls cease to be pending in it).
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_HABITS_READ_H
#define BP_QUERY_HABITS_READ_H

#include "base/err.h"
#include "query/habits_of.h"
#include "query/scope.h"
#include "query/subagents.h"
#include "store/sqlite.h"

/**
 * Add the period's habits, settled, hours told apart. Inside the caller's moment.
 * Owns:   the caller, bp_habits_done(), also after an error.
 * Errors: those of bp_rollups_read().
 */
BP_MUSTUSE enum bp_rc bp_habits_read(struct bp_sql *sql, const struct bp_scope *scope,
				     struct bp_habits *out, struct bp_err *err);

/** A session's calls as bp_habits_of() wants them. */
struct bp_habit_session {
	struct bp_tool_steps steps;
	struct bp_subagents subagents;
	struct bp_habit_agent *agents; /* as many as sub-agents */
	struct bp_habit_context *contexts;
	size_t n_contexts;
};

/**
 * Read one; calls pending 30 min before as_of_us count as interrupted.
 * Owns:   the caller, bp_habit_session_done(), also after an error.
 * Errors: those of bp_statement_step().
 */
BP_MUSTUSE enum bp_rc bp_habit_session_read(struct bp_sql *sql, int64_t conversation,
					    int64_t as_of_us, struct bp_habit_session *out,
					    struct bp_err *err);
void bp_habit_session_done(struct bp_habit_session *session);

/** What bp_habits_of() takes. Borrows the session. */
struct bp_habit_source bp_habit_session_source(const struct bp_habit_session *session);

#endif

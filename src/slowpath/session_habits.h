/* SPDX-License-Identifier: MIT */
/**
 * session_habits.h - a session's habits (query/habits.h) by quarter of an hour: counted, compared
 *                    with what is stored, written where they differ.
 *
 * Why:     a sequence or a phase may have begun in the quarter before: only who sees the whole
 *          session can count a quarter. A pure function of the session's facts.
 * Place:   the finaliser calls it, in its transactions.
 * Threads: one thread owns it, that of its connections.
 */
#ifndef BP_SLOWPATH_SESSION_HABITS_H
#define BP_SLOWPATH_SESSION_HABITS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "slowpath/session_facts.h"
#include "store/sqlite.h"

struct bp_session_habits;

/** Borrows both connections. Owns: bp_session_habits_free(). Errors: those of bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_session_habits_new(struct bp_sql *read, struct bp_sql *write,
					    struct bp_session_habits **out, struct bp_err *err);
void bp_session_habits_free(struct bp_session_habits *habits);

/** Read what is stored, inside the caller's read transaction; it lives in the arena. Errors: those
 *  of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_session_habits_read(struct bp_session_habits *habits,
					     int64_t conversation_id, struct bp_arena *arena,
					     struct bp_err *err);

/** Count those of the facts (finalised: turns are known). Errors: BP_ELIMIT too many names. */
BP_MUSTUSE enum bp_rc bp_session_habits_count(struct bp_session_habits *habits,
					      const struct bp_session_facts *facts,
					      struct bp_err *err);

/** The next statement, bound and not run yet, that stores what differs; NULL: nothing does any
 *  more. */
struct bp_statement *bp_session_habits_next(struct bp_session_habits *habits);

#endif

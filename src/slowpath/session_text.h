/* SPDX-License-Identifier: MIT */
/**
 * session_text.h - what can be searched of a session: names and, as the level allows, text.
 *
 * Why:     a pure function of the session's facts and of its rows above strict, so that a rebuild
 *          gives the same. Text stands in rows alone: it is read from there.
 * Place:   the finaliser calls it, in its transactions.
 * Threads: one thread owns it, that of its connections.
 */
#ifndef BP_SLOWPATH_SESSION_TEXT_H
#define BP_SLOWPATH_SESSION_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/sqlite.h"

struct bp_session_text;

/** Borrows both connections. Owns: bp_session_text_free(). Errors: those of bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_session_text_new(struct bp_sql *read, struct bp_sql *write,
					  struct bp_session_text **out, struct bp_err *err);
void bp_session_text_free(struct bp_session_text *text);

/** Read what it is and what is stored, inside the caller's read transaction. Texts live in the
 *  arena. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_session_text_read(struct bp_session_text *text, int64_t conversation_id,
					   struct bp_arena *arena, struct bp_err *err);

enum { BP_SESSION_TEXT_CHANGES = 2 };

/** Statements, bound and not run yet, that store what differs; returns how many.
 *  Shape: out[BP_SESSION_TEXT_CHANGES]. */
size_t bp_session_text_changes(struct bp_session_text *text, struct bp_statement **out);

#endif

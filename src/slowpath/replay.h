/* SPDX-License-Identifier: MIT */
/**
 * replay.h - evidence of single rows, wherever they come from, written to the facts.
 *
 * Why:     forgetting makes facts again from some rows of the log and of the archive; a rebuild
 *          from the archive reads rows that no table has.
 * Contract: the slow path is paused, or the facts are idempotently those that it makes too.
 * Threads: the job that forgets or rebuilds.
 */
#ifndef BP_SLOWPATH_REPLAY_H
#define BP_SLOWPATH_REPLAY_H

#include "base/err.h"
#include "base/stop.h"
#include "slowpath/forget.h"
#include "store/raw.h"
#include "store/store.h"

struct bp_replay;

/** Borrows sql (a write connection) and lock. Owns: bp_replay_free(). Errors: those of
 *  bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_replay_new(struct bp_sql *sql, struct bp_writer_lock *lock,
				    struct bp_replay **out, struct bp_err *err);
void bp_replay_free(struct bp_replay *replay);

/** Join the evidence of one row; nothing of it is borrowed. table: the one that the row
 *  stands in, for fact_error; NULL: it is archived. Errors: those of bp_replay_flush(). */
BP_MUSTUSE enum bp_rc bp_replay_row(struct bp_replay *replay, const struct bp_raw_row *row,
				    const char *table, struct bp_err *err);

/** Write what was joined, a few ms at a time. Errors: those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_replay_flush(struct bp_replay *replay, struct bp_err *err);

/** Replay the archived rows of n sessions; sessions NULL: of all. folder: <home>/archive.
 *  *out_rows were replayed. Errors: BP_ESTOPPED; BP_EIO, BP_ECORRUPT a file cannot be read. */
BP_MUSTUSE enum bp_rc bp_replay_archive(struct bp_replay *replay, const char *folder,
					const struct bp_session_name *sessions, size_t n,
					const struct bp_stop *stop, int64_t *out_rows,
					struct bp_err *err);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * forget.h - take deleted rows out of the facts.
 *
 * Why:     a fact may rest on rows of several sessions (fork, resume), so deleting a session's rows
 *          is not deleting its facts. The facts of every session that a deleted row could have
 *          reached are dropped, and made again from the rows that are left: the result is that of
 *          a rebuild.
 * Contract: the slow path is paused; the rows are deleted already. Buckets and sessions that
 *          changed are marked dirty, so that rollups and the finaliser follow when it goes on. A
 *          crash in between leaves facts missing, which `blueplane rebuild` brings back.
 * Threads: the job that purges.
 */
#ifndef BP_SLOWPATH_FORGET_H
#define BP_SLOWPATH_FORGET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "slowpath/slowpath.h"
#include "store/codec.h"

/** A session as the log names it; borrowed. */
struct bp_session_name {
	struct bp_str platform;
	struct bp_str external_id;
};

/** The id that the facts of a session have. */
int64_t bp_session_fact_id(const struct bp_session_name *session);

/**
 * Forget what rows of these sessions said that are gone, and make again what the others say, those
 * in the archive (archive_folder; NULL: there is none) as well.
 * Writes in short transactions of its own under the lock.
 * Errors: those of bp_sql_exec() and bp_archive_rows().
 */
BP_MUSTUSE enum bp_rc bp_slowpath_forget(struct bp_sql *sql, struct bp_writer_lock *lock,
					 struct bp_codec *codec, const char *archive_folder,
					 const struct bp_session_name *sessions, size_t n,
					 struct bp_err *err);

/** Drop the facts of every session that has no archived rows, nor shares lines with one that has;
 *  mark everything for rollups and finaliser; set the low water to 0. For bp_slowpath_rebuild().
 *  Errors: those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_slowpath_forget_unsealed(struct bp_sql *sql, struct bp_writer_lock *lock,
						  struct bp_err *err);

/** Make a running bp_slowpath_rebuild() return BP_ESTOPPED; the threads end with it. Any thread. */
void bp_slowpath_interrupt(struct bp_slowpath *slowpath);

#endif

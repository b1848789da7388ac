/* SPDX-License-Identifier: MIT */
/**
 * finaliser.h - read a session, compute, write what differs.
 *
 * Contract: reads on a read connection, writes on a write connection under the writer lock, at
 *          most a few ms at a time. A session whose evidence changed in between stays dirty (its
 *          generation grew) and is run again; so a stale result never stays.
 * Threads: one thread owns a finaliser.
 */
#ifndef BP_SLOWPATH_FINALISER_H
#define BP_SLOWPATH_FINALISER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct bp_finaliser;

struct bp_prices;

/** Borrows all four. Owns: bp_finaliser_free(). Errors: those of bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_finaliser_new(struct bp_sql *read, struct bp_sql *write,
				       struct bp_writer_lock *lock, const struct bp_prices *prices,
				       struct bp_finaliser **out, struct bp_err *err);
void bp_finaliser_free(struct bp_finaliser *finaliser);

/** Give back the memory that a large session needed, when none is to be run for a while. */
void bp_finaliser_rest(struct bp_finaliser *finaliser);

/**
 * Run one session, whose dirty mark had this generation.
 * *out_moved: facts went to or came from other sessions, which are now dirty.
 * Errors: those of bp_sql_exec(); the session stays dirty.
 */
BP_MUSTUSE enum bp_rc bp_finaliser_run(struct bp_finaliser *finaliser, int64_t conversation_id,
				       int64_t generation, bool *out_moved, struct bp_err *err);

#endif

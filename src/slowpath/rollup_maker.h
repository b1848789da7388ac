/* SPDX-License-Identifier: MIT */
/**
 * rollup_maker.h - dirty quarters of an hour from facts, dirty days from quarters, dirty months from
 *                  days.
 *
 * Contract: reads on a read connection, writes on a write connection under the writer lock, a few
 *          quarters or one longer span at a time. A quarter whose facts change meanwhile stays dirty (its generation grew).
 *          A quarter that was made dirties its day, a day its month, in the same transaction.
 * Threads: one thread owns a maker.
 */
#ifndef BP_SLOWPATH_ROLLUP_MAKER_H
#define BP_SLOWPATH_ROLLUP_MAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tz.h"
#include "store/store.h"

struct bp_rollup_maker;

/**
 * Borrows all four. When stored days are of another zone they are dropped and made again; when the
 * stored form is another one, everything.
 * Owns: bp_rollup_maker_free(). Errors: those of bp_sql_exec().
 */
BP_MUSTUSE enum bp_rc bp_rollup_maker_new(struct bp_sql *read, struct bp_sql *write,
					  struct bp_writer_lock *lock, const struct bp_tz *tz,
					  struct bp_rollup_maker **out, struct bp_err *err);
void bp_rollup_maker_free(struct bp_rollup_maker *maker);

/** Make some dirty quarters, the newest first. *out_left: there may be more.
 *  Errors: those of bp_sql_exec(); what was made is stored. */
BP_MUSTUSE enum bp_rc bp_rollup_maker_quarters(struct bp_rollup_maker *maker, bool *out_left,
					       struct bp_err *err);

/** Make a dirty day, or, when there is none, a dirty month. *out_left: there may be more.
 *  Errors: the same. */
BP_MUSTUSE enum bp_rc bp_rollup_maker_span(struct bp_rollup_maker *maker, bool *out_left,
					   struct bp_err *err);

#endif

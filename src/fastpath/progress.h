/* SPDX-License-Identifier: MIT */
/**
 * progress.h - the checkpoints of the sources of a batch: loaded once, changed in memory, saved once.
 *
 * Contract: what is in memory is what is stored, plus the steps of the open transaction. After a
 *          rollback bp_progress_forget().
 * Place:   inside src/fastpath.
 * Threads: one thread owns it.
 */
#ifndef BP_FASTPATH_PROGRESS_H
#define BP_FASTPATH_PROGRESS_H

#include "base/err.h"
#include "base/str.h"
#include "store/checkpoint.h"
#include "store/sqlite.h"

struct bp_progress;
struct bp_source; /* one key */

/** Borrows sql. Owns: the caller, bp_progress_free(). */
struct bp_progress *bp_progress_new(struct bp_sql *sql);
void bp_progress_free(struct bp_progress *progress);

/** The source with this key; read from the database when it is not in memory. Borrowed until
 *  bp_progress_forget(), bp_progress_trim(). Errors: BP_EIO, BP_EBUSY, BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_progress_get(struct bp_progress *progress, struct bp_str key,
				      struct bp_source **out, struct bp_err *err);

const struct bp_checkpoint *bp_source_stored(const struct bp_source *source);

/** Count one line; see bp_checkpoint_apply(). */
void bp_progress_apply(struct bp_progress *progress, struct bp_source *source,
		       const struct bp_checkpoint_step *step, enum bp_line_fate fate);

/** Write every changed source, inside the caller's transaction. Errors: as bp_checkpoint_save(). */
BP_MUSTUSE enum bp_rc bp_progress_save(struct bp_progress *progress, int64_t now_us,
				       struct bp_err *err);

/** After a rollback, or when others may have written checkpoints: all is read again. */
void bp_progress_forget(struct bp_progress *progress);

/** After a commit: forget everything when there are too many. */
void bp_progress_trim(struct bp_progress *progress);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * retention.h - which entries of telemetry:events may go: read, stored, and covered by a checkpoint.
 *
 * Why:     a power cut may take the last commits from the WAL; until a completed checkpoint covers
 *          them the stream is their only copy. Nothing unread or uncovered is ever trimmed: when
 *          too much is kept, the checkpoint is asked to hurry instead.
 * Place:   inside src/fastpath.
 * Threads: one thread owns it.
 */
#ifndef BP_FASTPATH_RETENTION_H
#define BP_FASTPATH_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "stream/stream.h"

struct bp_retention;

/** Borrows the checkpointer. Owns: the caller, bp_retention_free(). */
struct bp_retention *bp_retention_new(struct bp_checkpointer *checkpointer);
void bp_retention_free(struct bp_retention *retention);

/** Forget what was noted: the stream is read anew. */
void bp_retention_forget(struct bp_retention *retention);

/** Everything up to the entry last_id was committed and acknowledged; n entries of these bytes. */
void bp_retention_note(struct bp_retention *retention, const char *last_id, size_t n, size_t bytes);

/**
 * Trim what is covered, when it is worth it: a thousand entries, or anything when idle.
 * The caller has read n_held entries that it has not acknowledged: held_id, the oldest of them, and
 * everything after it stays. While another consumer of the group holds entries nothing is trimmed.
 * Errors: BP_EIO; BP_ENOTFOUND the stream is gone.
 */
BP_MUSTUSE enum bp_rc bp_retention_trim(struct bp_retention *retention, struct bp_redis *redis,
					bool idle, const char *held_id, size_t n_held,
					struct bp_err *err);

#endif

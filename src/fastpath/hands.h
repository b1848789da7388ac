/* SPDX-License-Identifier: MIT */
/**
 * hands.h - what was read and is not acknowledged yet, and the stages it goes through.
 *
 * Why:     while one batch is stored, Redis gathers the next: each has a core of its own. So there
 *          are two hands, one whose entries are under way and one that was filled meanwhile.
 * Contract: read -> stored -> dead letters sent -> acknowledged, in this order. A stage that failed
 *          is tried again, those before it are not; entries that are dropped on the way are read
 *          again from the stream.
 * Place:   inside src/fastpath: fastpath.c (when, and what after a failure) -> [hands] -> batch,
 *          outcome, retention.
 * Threads: one thread owns the hands and both ends.
 */
#ifndef BP_FASTPATH_HANDS_H
#define BP_FASTPATH_HANDS_H

#include <stdbool.h>

#include "base/err.h"
#include "fastpath/batch.h"
#include "fastpath/fastpath.h"
#include "store/store.h"
#include "stream/stream.h"

/** Which end a step failed on. */
enum bp_side { BP_SIDE_STORE, BP_SIDE_REDIS };

/** What entries travel between. The loop opens both ends before it calls anything that needs them. */
struct bp_ends {
	struct bp_writer_lock *lock; /* held while batch writes */
	struct bp_batch *batch;      /* NULL: not open */
	struct bp_redis *redis;      /* NULL: never connected */
	enum bp_side failed;         /* set by every step before it can fail */
};

struct bp_hands; /* hands.c */

/** Owns: the caller, bp_hands_free(). Borrows everything; counts what it stores in counters. */
struct bp_hands *bp_hands_new(struct bp_ends *ends, const struct bp_fastpath_config *config,
			      struct bp_checkpointer *checkpointer,
			      struct bp_fastpath_counters *counters);
void bp_hands_free(struct bp_hands *hands);

/** Let go of all entries, unacknowledged: they are read again from the stream. */
void bp_hands_drop(struct bp_hands *hands);

/** Drop them, and forget which entries might be trimmed: the stream is read anew. */
void bp_hands_forget(struct bp_hands *hands);

/** Whether entries are under way. What was read ahead is not, until bp_hands_turn(). */
bool bp_hands_busy(const struct bp_hands *hands);

/** Take up what was read ahead; nothing is under way before. Returns false when there is none. */
bool bp_hands_turn(struct bp_hands *hands);

/**
 * Take new entries from the group, waiting for them as long as the configuration says. What was
 * under way is dropped. Nothing is under way when none came.
 * Errors: BP_ENOTFOUND stream or group is gone, else as bp_stream_read().
 */
BP_MUSTUSE enum bp_rc bp_hands_read(struct bp_hands *hands, struct bp_err *err);

/**
 * Take entries that were delivered before: those after `after`, up to last_delivered. What was
 * under way is dropped. Nothing is under way when there are no more.
 * Shape:  after: "" from the start of the stream; becomes the last entry taken.
 * Errors: as bp_stream_range(); after is untouched.
 */
BP_MUSTUSE enum bp_rc bp_hands_read_again(struct bp_hands *hands, char after[BP_STREAM_ID_BYTES],
					  const char *last_delivered, struct bp_err *err);

/** Take entries that a dead consumer left; nothing is under way before.
 *  Errors: as bp_stream_claim(). */
BP_MUSTUSE enum bp_rc bp_hands_claim(struct bp_hands *hands, struct bp_err *err);

/**
 * Bring what is under way through the stages that are left; with `ahead`, fill the other hand while
 * storing when more seems to be there.
 * Errors: with ends->failed BP_SIDE_STORE as bp_batch_store(), nothing is stored; BP_SIDE_REDIS:
 *         BP_ELIMIT Redis is full and refused dead letters, else as bp_stream_read(). The entries
 *         stay under way, at the stage they reached.
 */
BP_MUSTUSE enum bp_rc bp_hands_finish(struct bp_hands *hands, bool ahead, struct bp_err *err);

/** Trim from the stream what may go, never what is in a hand. Errors: as bp_retention_trim(). */
BP_MUSTUSE enum bp_rc bp_hands_trim(struct bp_hands *hands, bool idle, struct bp_err *err);

#endif

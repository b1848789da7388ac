/* SPDX-License-Identifier: MIT */
/**
 * batch.h - what one read of the queue brought becomes one transaction.
 *
 * Why:     rows and the checkpoints that speak of them are stored together or not at all.
 * Contract: an entry that cannot be a row is a dead letter and hurts no other.
 * Place:   inside src/fastpath: stream -> [batch] -> store. Sends nothing to Redis.
 * Threads: one thread owns a batch and its write connection; storing needs the writer lock.
 */
#ifndef BP_FASTPATH_BATCH_H
#define BP_FASTPATH_BATCH_H

#include "base/arena.h"
#include "base/err.h"
#include "event/event.h"
#include "store/raw.h"
#include "stream/stream.h"

/** What became of one entry. */
enum bp_outcome_kind {
	BP_OUTCOME_ROW,
	BP_OUTCOME_DUPLICATE, /* a row with its id is there */
	BP_OUTCOME_PURGED,    /* a tombstone covers it */
	BP_OUTCOME_DEAD,      /* it cannot be a row */
	BP_OUTCOME_GAP        /* something before it is missing: the monitor reads it again */
};

struct bp_outcome {
	enum bp_outcome_kind kind;
	struct bp_str reason; /* DEAD: why, static or in the entry */
	struct bp_str detail; /* DEAD: what the store said, in the arena; may be absent */
	/* ROW: for its CDC entry; views into the entry or the arena. */
	enum bp_raw_table table;
	int64_t sequence;
	int64_t ts_us;
	uint8_t id[BP_EVENT_ID_BYTES];
	struct bp_str platform, session_id, event_type;
};

struct bp_batch;

/** Open the write connection. Errors: as bp_sql_open(), and BP_EIO a table is missing. */
BP_MUSTUSE enum bp_rc bp_batch_open(const char *database_path, int64_t cache_bytes,
				    struct bp_batch **out, struct bp_err *err);
void bp_batch_close(struct bp_batch *batch);

/** Read tombstones and checkpoints again, after a purge. Errors: BP_EIO, BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_batch_reload(struct bp_batch *batch, struct bp_err *err);

/**
 * Store n entries in one transaction, in order. again: they were delivered before. Of others, a
 * line that was counted before and is dead was read again after a rewind and has its letter: it
 * counts as a duplicate.
 * Shape:  out[n], one outcome for each entry; texts live in the arena or in the entries.
 * Errors: BP_ELIMIT the disk is full, BP_EBUSY another program holds the lock, BP_EIO,
 *         BP_ECORRUPT: nothing of this call is stored; try again with the same entries.
 */
BP_MUSTUSE enum bp_rc bp_batch_store(struct bp_batch *batch, const struct bp_entry *entries,
				     size_t n, bool again, int64_t now_us, struct bp_arena *arena,
				     struct bp_outcome *out, struct bp_err *err);

/** Its write connection, borrowed: to be used under the writer lock. */
struct bp_sql *bp_batch_sql(struct bp_batch *batch);

#endif

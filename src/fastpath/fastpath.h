/* SPDX-License-Identifier: MIT */
/**
 * fastpath.h - from the queue to rows: take what is there, one transaction, CDC and ack.
 *
 * Why:     a transaction per event costs one commit each; a batch is whatever XREADGROUP returned,
 *          committed at once, so a lone event is stored in half a millisecond and a burst in
 *          large batches.
 * Contract: rows and checkpoints in one transaction; after the commit CDC entries, dead letters
 *          and XACK in one pipeline. A crash anywhere in between is repaired by redelivery. At
 *          start the whole untrimmed stream is read again up to the group's last delivered id
 *          (idempotent), which also finds what a power cut took from the WAL.
 *          Entry forms: an event (id p t e, ck cv for sources that can be read again); a line that
 *          never became an event (t "_dead", reason, off, len, ck, cv): dead letter, reason
 *          "oversize" is counted apart; it never carries text.
 * Place:   stream -> [fastpath] -> store. Knows nothing of monitors and facts.
 * Threads: one thread runs it and owns its Redis connection, its write connection, the batch.
 */
#ifndef BP_FASTPATH_FASTPATH_H
#define BP_FASTPATH_FASTPATH_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/config.h"
#include "base/err.h"
#include "base/stop.h"
#include "store/store.h"

struct bp_fastpath_config {
	int64_t batch_events; /* COUNT of XREADGROUP */
	int64_t block_us;     /* BLOCK */
	int64_t cache_bytes;  /* SQLite page cache of the write connection */
};
extern const struct bp_option bp_fastpath_options[];

/** What it did since it started; written by its thread, read by any. */
struct bp_fastpath_counters {
	atomic_int_fast64_t events, rows, duplicates, dead_letters, purged, gaps, batches;
	atomic_int_fast64_t last_batch_us; /* read to commit */
	atomic_int_fast64_t paused;        /* 1 while it holds still for a purge */
	atomic_int_fast64_t store_rc;      /* enum bp_rc why the database takes nothing; BP_OK */
};

struct bp_fastpath; /* fastpath.c */

struct bp_fastpath_deps {
	const char *redis_address;
	const char *database_path;
	struct bp_writer_lock *lock;
	struct bp_checkpointer *checkpointer;
	struct bp_stop *stop;
	struct bp_fastpath_config config;
};

/** Owns: bp_fastpath_free() after its thread ended. Copies the strings, borrows the rest. */
struct bp_fastpath *bp_fastpath_new(const struct bp_fastpath_deps *deps);
void bp_fastpath_free(struct bp_fastpath *fastpath);

/** The thread: runs until stop, then finishes the batch in hand. arg is a struct bp_fastpath. */
void bp_fastpath_run(void *arg);

const struct bp_fastpath_counters *bp_fastpath_counters(const struct bp_fastpath *fastpath);

/** Ask it to hold still between two batches (or to go on) and wait until it does.
 *  Going on makes it read tombstones and streams anew. Threads: any but its own. */
void bp_fastpath_pause(struct bp_fastpath *fastpath, bool pause);

#endif

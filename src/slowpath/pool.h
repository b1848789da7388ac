/* SPDX-License-Identifier: MIT */
/**
 * pool.h - what reader, workers and metrics share.
 *
 * Why:     a session has one worker: the reader hands each chunk of rows to the workers that have a
 *          row in it, and each takes the rows whose session hashes to it.
 * Threads: chunks are handed over by queues and counted by an atomic; `done` is read and written
 *          only under the writer lock; the rest is set before the threads start, or atomic.
 */
#ifndef BP_SLOWPATH_POOL_H
#define BP_SLOWPATH_POOL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/bell.h"
#include "base/queue.h"
#include "base/stop.h"
#include "base/thread.h"
#include "slowpath/slowpath.h"
#include "store/raw.h"

enum {
	BP_WORKERS_MAX = 8,
	BP_CHUNK_ROWS = 500,
	BP_CHUNK_FEW_ROWS = 16,
	BP_CHUNKS_QUEUED = 4,    /* per worker: bounds the memory of a long catch-up */
	BP_HOLD_US = 3000,       /* a slow transaction ends after about 3 ms ... */
	BP_HOLD_WANTED_US = 300, /* ... and after this when the fast path waits for the lock */
	BP_REST_US = 2000000     /* without work: memory that was needed goes back */
};

#define BP_POOL_CONVERSATIONS "conversations"

/** Rows handed to their workers; the last one to let go frees it. */
struct bp_chunk {
	atomic_int users;
	enum bp_raw_table table;
	int64_t last; /* the table is read up to here */
	struct bp_arena arena;
	struct bp_raw_row *rows;
	unsigned char *owners; /* of each row: the number of its worker */
	size_t n;
};

void bp_chunk_release(struct bp_chunk *chunk);

struct bp_worker; /* worker.c */

struct bp_slowpath {
	/* as given */
	char *redis_address;
	char *database_path;
	struct bp_writer_lock *lock;
	struct bp_slowpath_config config;
	const struct bp_prices *prices;
	struct bp_prices *own_prices; /* where none were given */
	/* threads */
	struct bp_stop stop;
	struct bp_thread reader, metrics;
	struct bp_thread worker_threads[BP_WORKERS_MAX];
	struct bp_worker *workers[BP_WORKERS_MAX];
	struct bp_queue *queues[BP_WORKERS_MAX];
	int n_workers;
	/* how far each worker has committed; under the writer lock */
	int64_t done[BP_WORKERS_MAX][BP_RAW_TABLES];
	/* up to where the reader has given each worker its rows: before it gives them */
	atomic_int_fast64_t given[BP_WORKERS_MAX][BP_RAW_TABLES];
	/* signals; who waits is woken by a bell or by its queue */
	struct bp_bell reader_bell, metrics_bell;
	atomic_bool metrics_idle;           /* it sleeps until a commit: ring */
	atomic_int_fast64_t hurry_until_us; /* monotonic: no debounce before */
	atomic_uint poke;                   /* grows when dirty sessions were passed to others */
	atomic_uint commits;                /* grows with each commit of facts */
	atomic_uint rewind;                 /* grows when progress was set back (rebuild) */
	/* pause: guarded by pause_mutex, every change is broadcast */
	pthread_mutex_t pause_mutex;
	pthread_cond_t pause_changed;
	int pausing; /* > 0: hold still */
	int holding; /* threads that hold still now */
};

/** True when a transaction begun at opened_us (monotonic) should be committed now. Threads: the
 *  holder of the lock. */
bool bp_slowpath_held_long(const struct bp_writer_lock *lock, int64_t opened_us);

/** Write down which prices are computed with, and mark the sessions that have calls without a price
 *  whose model has one now. Nothing else is computed anew: that is a person's wish. For
 *  bp_slowpath_start(). Errors: those of bp_sql_exec(). */
BP_MUSTUSE enum bp_rc bp_slowpath_note_prices(struct bp_slowpath *slowpath, struct bp_err *err);

/** Give way: what is urgent runs on the fast path. For the calling thread. */
void bp_slowpath_give_way(void);

/** True while the debounce is off. */
bool bp_slowpath_hurrying(struct bp_slowpath *slowpath);

/** Facts were committed: rollups and live values may follow. Any thread. */
void bp_slowpath_committed(struct bp_slowpath *slowpath);

/** Dirty sessions may be another worker's: have all of them look. Any thread. */
void bp_slowpath_poke(struct bp_slowpath *slowpath);

/** Hold still while a pause is asked for. Called by every thread between two pieces of work. */
void bp_slowpath_hold(struct bp_slowpath *slowpath);

/** The threads. */
void bp_reader_run(void *arg);  /* struct bp_slowpath */
void bp_worker_run(void *arg);  /* struct bp_worker */
void bp_metrics_run(void *arg); /* struct bp_slowpath */

/** Make worker i of a pool. Errors: those of bp_sql_open(). */
BP_MUSTUSE enum bp_rc bp_worker_new(struct bp_slowpath *slowpath, int i, struct bp_worker **out,
				    struct bp_err *err);
void bp_worker_free(struct bp_worker *worker);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * slowpath.h - from rows to facts and rollups.
 *
 * Why:     layer 2's slow half. Facts come in two stages: evidence (one commutative, idempotent
 *          upsert per raw row) and the finaliser (a pure function of a session's evidence, run
 *          250 ms after its last change). Rollups are recomputed from facts by dirty buckets.
 * Place:   store -> [slowpath] -> store; woken by cdc:events. Never calls capture or fastpath.
 * Threads: reader + workers + metrics; bp_slowpath_start() makes them, _stop() joins them.
 */
#ifndef BP_SLOWPATH_SLOWPATH_H
#define BP_SLOWPATH_SLOWPATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/err.h"
#include "price/price.h"
#include "store/store.h"

struct bp_slowpath_config {
	int64_t workers;         /* conversation workers */
	int64_t debounce_us;     /* finaliser: quiet time of a session before it runs */
	int64_t debounce_max_us; /* ... and the longest a changing session waits */
	int64_t cache_bytes;     /* SQLite page cache of each connection */
};
extern const struct bp_option bp_slowpath_options[];

struct bp_slowpath;

struct bp_slowpath_deps {
	const char *redis_address;
	const char *database_path;
	struct bp_writer_lock *lock;
	const struct bp_prices *prices; /* must outlive it; NULL: what is built in */
	struct bp_slowpath_config config;
};

/** Start all threads. Errors: BP_EIO; nothing runs then. */
BP_MUSTUSE enum bp_rc bp_slowpath_start(const struct bp_slowpath_deps *deps,
					struct bp_slowpath **out, struct bp_err *err);

/** Finish or drop what is in hand, join all threads, free. NULL is fine. */
void bp_slowpath_stop(struct bp_slowpath *slowpath);

/** Work not yet finished; all 0 means every number is final for the rows that are there. */
struct bp_slowpath_lag {
	int64_t rows;     /* raw rows above the low water */
	int64_t sessions; /* that wait for the finaliser */
	int64_t buckets;  /* dirty quarters of an hour, days and months */
};
/** Read it from the database; any thread with any connection. Errors: those of
 *  bp_statement_step(); *out is untouched. */
BP_MUSTUSE enum bp_rc bp_slowpath_lag(struct bp_sql *sql, struct bp_slowpath_lag *out,
				      struct bp_err *err);

/** Skip the debounce for what is dirty now (import, status --wait). Any thread. */
void bp_slowpath_hurry(struct bp_slowpath *slowpath);

/** What the rebuild job wants. */
struct bp_rebuild_wish {
	/** Its rows are read as well; NULL: sessions with archived rows keep their facts. */
	const char *archive_folder;
	/** So many of total are done in this step (a few words); NULL: nobody wants to know. */
	void (*progress)(const char *step, int64_t done, int64_t total, void *arg);
	void *arg;
};

/**
 * Drop every fact and rollup that rows can make again and start from sequence 0 (the rebuild job).
 * Returns when all is done or stop is requested. *out_rows were read. Any thread.
 * Errors: BP_ESTOPPED it goes on at the next start; those of bp_sql_exec() and bp_archive_rows()
 *         (a file that cannot be read is found before anything is dropped).
 */
BP_MUSTUSE enum bp_rc bp_slowpath_rebuild(struct bp_slowpath *slowpath,
					  const struct bp_rebuild_wish *wish, int64_t *out_rows,
					  struct bp_err *err);

/** What the reprice job wants. */
struct bp_reprice_wish {
	bool all;         /* also what the present prices computed */
	int64_t since_us; /* only sessions that have such a call since then; BP_SQL_NULL: all */

	/** So many of total calls are computed anew. */
	void (*progress)(int64_t done, int64_t total, void *arg);
	void *arg;
};

/** What it did. Units: pico-USD, of calls that were not cut. */
struct bp_repriced {
	int64_t calls;   /* looked at */
	int64_t changed; /* by our rules or by ccusage's */
	int64_t before_pusd, after_pusd;
};

/**
 * Compute anew the calls that other prices computed (or none): their sessions are marked, and the
 * finaliser and the rollups follow. Returns when both are done. Any thread.
 * Errors: BP_ESTOPPED it goes on at the next start; those of bp_sql_exec().
 */
BP_MUSTUSE enum bp_rc bp_slowpath_reprice(struct bp_slowpath *slowpath,
					  const struct bp_reprice_wish *wish,
					  struct bp_repriced *out, struct bp_err *err);

/** Hold still (or go on), waiting until it does (purge). Any thread. */
void bp_slowpath_pause(struct bp_slowpath *slowpath, bool pause);

#endif

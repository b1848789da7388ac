/* SPDX-License-Identifier: MIT */
/**
 * live.h - live values in Redis: latest hashes, short series, change notices.
 *
 * Why:     a dashboard wants to be told, not to ask. Rebuilt from facts at start: losing Redis
 *          loses nothing.
 * Shape:   metric:latest:<category> hash; metric:<category>:<name> sorted set of "<ms>:<value>"
 *          (1 h at 1 s); pub/sub metrics:updates, sessions:active.
 * Threads: the metrics thread.
 */
#ifndef BP_SLOWPATH_LIVE_H
#define BP_SLOWPATH_LIVE_H

#include "base/err.h"
#include "store/sqlite.h"

struct bp_live;

/** Connects when it has something to say. Owns: bp_live_free(). */
struct bp_live *bp_live_new(const char *redis_address);
void bp_live_free(struct bp_live *live);

/**
 * Publish when facts changed (commits grew), at most every 50 ms; sample the series once a second.
 * Redis being away is no error: the next tick tries again. Errors: those of bp_statement_step().
 */
BP_MUSTUSE enum bp_rc bp_live_tick(struct bp_live *live, struct bp_sql *sql, unsigned commits,
				   struct bp_err *err);

#endif

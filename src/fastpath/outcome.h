/* SPDX-License-Identifier: MIT */
/**
 * outcome.h - what is told to Redis after a commit: wake-ups for the slow path, dead letters.
 *
 * Place:   inside src/fastpath: [outcome] -> stream.
 * Threads: the owner of the connection.
 */
#ifndef BP_FASTPATH_OUTCOME_H
#define BP_FASTPATH_OUTCOME_H

#include "fastpath/batch.h"
#include "stream/stream.h"

/** Append one cdc:events entry for each new row; returns how many. */
size_t bp_outcome_add_cdc(struct bp_redis *redis, const struct bp_outcome *outcomes, size_t n);

/** Append a dead letter for each dead entry, under the entry's own id, so that twice is once;
 *  returns how many. deliveries may be NULL: each was delivered once. */
size_t bp_outcome_add_letters(struct bp_redis *redis, const struct bp_entry *entries,
			      const int64_t *deliveries, const struct bp_outcome *outcomes,
			      size_t n, int64_t now_us);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * blocks.h - 5-hour blocks, as Claude's plans count use: an estimate from what was recorded here.
 *
 * Rule:    a block begins with its first model call, floored to the hour of UTC, and lasts 5 h; the
 *          next begins with the first call at or after its end. More than 5 h without a call is a
 *          gap. (A call that is more than 5 h after the one before it is past the end as well.)
 * Units:   pico-USD, microseconds of UTC.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_BLOCKS_H
#define BP_QUERY_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/costs.h"
#include "query/period.h"
#include "store/sqlite.h"

#define BP_BLOCK_US INT64_C(18000000000)

struct bp_block {
	int64_t from_us, until_us; /* of a gap: 5 h after the last call, the next call */
	int64_t first_us, last_us; /* of its calls */
	bool gap;
	bool active; /* now lies in it */
	struct bp_cost cost;
	char *models; /* '\n' between them, dearest first; "" in a gap */
};

struct bp_blocks {
	struct bp_block *items; /* by time */
	size_t n;
	int64_t most_tokens; /* of a block that is over; 0: there is none */
};

/** How fast a block goes. Of an active one with calls more than no time apart. */
struct bp_burn {
	double tokens_per_min, usd_per_h;
	double projected_tokens, projected_usd; /* at the block's end, if it goes on so */
};

/** Blocks that have a call in the period. One moment. Owns: the caller, bp_blocks_done(), also after
 *  an error. Errors: as bp_costs_read(). */
BP_MUSTUSE enum bp_rc bp_blocks_read(struct bp_sql *sql, const struct bp_period *period,
				     bool compat_ccusage, int64_t now_us, struct bp_blocks *out,
				     struct bp_err *err);
/** The same inside the caller's moment. Owns, Errors: the same. */
BP_MUSTUSE enum bp_rc bp_blocks_collect(struct bp_sql *sql, const struct bp_period *period,
					bool compat_ccusage, int64_t now_us, struct bp_blocks *out,
					struct bp_err *err);
void bp_blocks_done(struct bp_blocks *blocks);

/** The active one, or NULL. Borrowed. */
const struct bp_block *bp_blocks_active(const struct bp_blocks *blocks);

/** False when the block is not active, or had no time to burn. */
bool bp_block_burn(const struct bp_block *block, int64_t now_us, struct bp_burn *out);

struct cJSON;

/** One of them as documented. token_limit 0: none. Owns: the caller. */
struct cJSON *bp_block_json(const struct bp_block *block, int64_t now_us, int64_t token_limit);

/** The documented array. token_limit 0: none. Owns: the caller. */
struct cJSON *bp_blocks_json(const struct bp_blocks *blocks, int64_t now_us, int64_t token_limit);

#endif

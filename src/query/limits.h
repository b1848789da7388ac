/* SPDX-License-Identifier: MIT */
/**
 * limits.h - what the client says of the plan's limits, as it says it.
 *
 * Why:     only the provider knows them. Claude Code tells its status line; `blueplane statusline`
 *          keeps the last word in <home>/run/limits.json, which the service takes into limit_status.
 * Place:   status line input -> run/limits.json -> [service] -> limit_status -> here.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_LIMITS_H
#define BP_QUERY_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/sqlite.h"

struct cJSON;

enum { BP_LIMITS_MAX = 8, BP_LIMIT_NAME_BYTES = 32 };

struct bp_limit {
	char platform[BP_LIMIT_NAME_BYTES];
	char window[BP_LIMIT_NAME_BYTES]; /* five_hour, seven_day, ... as reported */
	int64_t ts_us;                    /* when it was said */
	double used_percent;              /* 0..100, more when it is overdrawn */
	int64_t resets_us;                /* when the window begins anew; BP_SQL_NULL: not said */
};

struct bp_limits {
	struct bp_limit items[BP_LIMITS_MAX]; /* by platform and window */
	size_t n;
};

/**
 * The newest word on each window: of the table, or of the home's sample when that is newer. What was
 * said of a window that has begun anew since is left out.
 * Shape:  sql NULL: no database; home NULL: no sample.
 * Errors: those of bp_statement_step(). A sample that is missing or spoilt is none.
 */
BP_MUSTUSE enum bp_rc bp_limits_read(struct bp_sql *sql, const char *home, int64_t now_us,
				     struct bp_limits *out, struct bp_err *err);

/** The home's sample alone, whatever its age. Errors: BP_ENOTFOUND none, BP_ECORRUPT spoilt. */
BP_MUSTUSE enum bp_rc bp_limits_sample_read(const char *home, struct bp_limits *out,
					    struct bp_err *err);

/**
 * Make limits the home's sample, atomically, unless it says the same already. Not synced: the next
 * one is never far. Errors: BP_EIO.
 */
BP_MUSTUSE enum bp_rc bp_limits_sample_write(const char *home, const struct bp_limits *limits,
					     struct bp_err *err);

/** Add or replace the word on a window. A ninth window is not kept. */
void bp_limits_put(struct bp_limits *limits, const struct bp_limit *limit);

/** The word on a window, or NULL. Borrowed. */
const struct bp_limit *bp_limits_find(const struct bp_limits *limits, const char *platform,
				      const char *window);

/** [{"platform","window","used_percent","resets_at","as_of","source":"official"}]. Owns: the
 *  caller. */
struct cJSON *bp_limits_json(const struct bp_limits *limits);

#endif

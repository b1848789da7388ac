/* SPDX-License-Identifier: MIT */
/**
 * buckets.h - one row of `rollups`: facts by (bucket, platform, project, model, tool).
 *
 * Why:     the slow path stores these sums, a question adds up stored ones and reads the rest from
 *          facts; both are this one definition.
 * Place:   facts -> [buckets] -> rollups (slowpath) and rollups.c.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_BUCKETS_H
#define BP_QUERY_BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "query/rules.h"
#include "query/sketch.h"
#include "store/sqlite.h"

/** The sums of `rollups` in the order of its columns (between tool and sketch). Money is of
 *  model_calls.*_pusd: calls without a price add nothing and are counted as unpriced (by our rules,
 *  by ccusage's); aborted ones stand apart. */
#define BP_BUCKET_SUMS(X)                                                                          \
	X(prompts)                                                                                 \
	X(model_calls)                                                                             \
	X(input)                                                                                   \
	X(output)                                                                                  \
	X(cache_write_5m)                                                                          \
	X(cache_write_1h)                                                                          \
	X(cache_read)                                                                              \
	X(reasoning)                                                                               \
	X(web_searches)                                                                            \
	X(cost_pusd)                                                                               \
	X(compat_pusd)                                                                             \
	X(reported_pusd)                                                                           \
	X(reported_calls)                                                                          \
	X(unpriced_calls)                                                                          \
	X(compat_unpriced_calls)                                                                   \
	X(aborted_calls)                                                                           \
	X(aborted_input)                                                                           \
	X(aborted_output)                                                                          \
	X(aborted_cache_write_5m)                                                                  \
	X(aborted_cache_write_1h)                                                                  \
	X(aborted_cache_read)                                                                      \
	X(aborted_cost_pusd)                                                                       \
	X(aborted_compat_pusd)                                                                     \
	X(tools_ok)                                                                                \
	X(tools_error)                                                                             \
	X(tools_denied)                                                                            \
	X(tools_rejected)                                                                          \
	X(tools_interrupted)                                                                       \
	X(tools_pending)                                                                           \
	X(edits_ok)                                                                                \
	X(edits_rejected)                                                                          \
	X(lines_added)                                                                             \
	X(lines_removed)                                                                           \
	X(api_errors)                                                                              \
	X(compactions)

/** One field per sum, all int64_t, so that BP_BUCKET_SUM_COUNT of them lie in a row. */
struct bp_bucket_sums {
#define BP_BUCKET_FIELD(name) int64_t name;
	BP_BUCKET_SUMS(BP_BUCKET_FIELD)
#undef BP_BUCKET_FIELD
};

enum { BP_BUCKET_SUM_COUNT = sizeof(struct bp_bucket_sums) / sizeof(int64_t) };

/** The columns of `rollups` in order: key, sums, sketch. For INSERT and SELECT. */
#define BP_BUCKET_COLUMN(name) #name ", "
#define BP_BUCKET_COLUMNS                                                                          \
	"bucket_us, platform, project_hash, model, tool, " BP_BUCKET_SUMS(BP_BUCKET_COLUMN) "sket" \
											    "ch"
enum { BP_BUCKET_COLUMN_COUNT = BP_BUCKET_SUM_COUNT + 6 };

struct bp_bucket {
	int64_t bucket_us; /* start, a multiple of BP_BUCKET_US */
	struct bp_str platform, project_hash, model,
		tool; /* "" where there is none, never absent */
	struct bp_bucket_sums sums;
	struct bp_sketch latency; /* of executed tool calls; count 0: stored as NULL */
};

/** Called with each bucket, in the order of its key; borrowed for the call. Anything but BP_OK
 *  ends the reading and is returned. */
typedef enum bp_rc (*bp_bucket_each)(const struct bp_bucket *bucket, void *arg, struct bp_err *err);

/**
 * Aggregate the facts with from_us <= ts_us < until_us. Bounds need not be bucket bounds: a bucket
 * that is cut has what lies inside.
 * Errors: those of bp_statement_step(), and each's.
 */
BP_MUSTUSE enum bp_rc bp_buckets_read(struct bp_sql *sql, int64_t from_us, int64_t until_us,
				      bp_bucket_each each, void *arg, struct bp_err *err);

/** The same with its statements prepared once, for who asks often. */
struct bp_bucket_reader;

/** Borrows sql. Owns: bp_bucket_reader_free(). Errors: those of bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_bucket_reader_new(struct bp_sql *sql, struct bp_bucket_reader **out,
					   struct bp_err *err);
void bp_bucket_reader_free(struct bp_bucket_reader *reader);

/** As bp_buckets_read(). Errors: there. */
BP_MUSTUSE enum bp_rc bp_bucket_reader_read(struct bp_bucket_reader *reader, int64_t from_us,
					    int64_t until_us, bp_bucket_each each, void *arg,
					    struct bp_err *err);

/** The same for the facts of one conversation (conversations.id). Errors: the same. */
BP_MUSTUSE enum bp_rc bp_buckets_read_session(struct bp_sql *sql, int64_t conversation,
					      int64_t from_us, int64_t until_us,
					      bp_bucket_each each, void *arg, struct bp_err *err);

/** into += more, sums only. */
void bp_bucket_sums_add(struct bp_bucket_sums *into, const struct bp_bucket_sums *more);

#endif

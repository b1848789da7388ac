/* SPDX-License-Identifier: MIT */
/**
 * distributions.h - how facts of a period or a session are spread: file types, error classes,
 * session sources, gaps between prompts, hours of the day.
 *
 * Source:  metrics.md 2.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_DISTRIBUTIONS_H
#define BP_QUERY_DISTRIBUTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/buckets.h"
#include "query/habits.h"
#include "query/scope.h"
#include "query/sketch.h"

struct cJSON;

/** Edits of files with one extension. */
struct bp_file_type {
	const char *extension; /* "" when not known; borrowed from the habits */
	int64_t proposed, accepted, rejected, created;
	int64_t lines_added, lines_removed; /* of accepted ones */
};

/** Most accepted edits first, then by extension. */
struct bp_file_types {
	struct bp_file_type *items;
	size_t n;
};

/** Borrows the habits. Owns: bp_file_types_done(). */
struct bp_file_types bp_file_types_of(const struct bp_habits *habits);
void bp_file_types_done(struct bp_file_types *types);
struct cJSON *bp_file_types_json(const struct bp_file_types *types);

/** A label and how often; the label is static. */
struct bp_share {
	const char *label;
	int64_t count;
};

enum { BP_SHARES_MAX = 32 };

/** Most frequent first, then by label; what is beyond the last is not there. */
struct bp_shares {
	struct bp_share items[BP_SHARES_MAX];
	size_t n;
	int64_t total;
};

/** Classes of failed calls ("other" where none is known). */
struct bp_shares bp_error_classes_of(const struct bp_bucket_sums *sums);

/** Gaps between prompts: "iterating" < 10 s, "reviewing" to 30 s, "moved_on" above, in this order
 *  with zeros. */
struct bp_shares bp_gap_classes_of(const struct bp_bucket_sums *sums);

/** How sessions that began in the scope were started: startup resume clear compact fork; "unknown"
 *  without a hook. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_session_sources_read(struct bp_sql *sql, const struct bp_scope *scope,
					      struct bp_shares *out, struct bp_err *err);

/** [{name:label,"count","share"}]. Owns: the caller. */
struct cJSON *bp_shares_json(const struct bp_shares *shares, const char *name);

/** What happened in one hour of the day, on all days. */
struct bp_hour {
	int64_t calls, errors;
	int64_t edits_ok, edits_rejected;
	const struct bp_sketch *latency; /* of executed calls, borrowed; NULL: no call */
};

enum { BP_HOURS = 24 };

struct bp_hours {
	struct bp_hour items[BP_HOURS];
};

/** Borrows the habits. */
struct bp_hours bp_hours_of(const struct bp_habits *habits);

/** A quantile of the hour's latencies; NAN without any. */
double bp_hour_latency_ms(const struct bp_hour *hour, double q);

/** [{"hour","tool_calls","errors","acceptance_rate","latency_ms":{"p50","p95"}}], 24 of them. */
struct cJSON *bp_hours_json(const struct bp_hours *hours);

#endif

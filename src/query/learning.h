/* SPDX-License-Identifier: MIT */
/**
 * learning.h - does it get better: errors by day, this week against the week before.
 *
 * Source:  metrics.md 2, learning. Days are of the period's zone; the slope is that of a least
 *          squares line through (day, error rate) of the days on which a tool ran. The two weeks
 *          are the last 7 x 24 h of the period and the 7 before.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_LEARNING_H
#define BP_QUERY_LEARNING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/habits.h"
#include "query/scope.h"
#include "store/sqlite.h"

struct cJSON;

/** Days with tool calls that a slope needs. */
enum { BP_LEARNING_DAYS_MIN = 3 };

/** The slope of a least squares line through n points; NAN when n < 2 or all x are the same. */
double bp_learning_slope(const double *x, const double *y, size_t n);

struct bp_learning_tool {
	char *tool;
	int64_t before_calls, before_errors, now_calls, now_errors; /* executed ones */
};

struct bp_learning {
	size_t days;        /* with executed calls */
	double error_slope; /* error rate per day; NAN: too few days */
	double score_before, score_now;
	double latency_before_ms, latency_now_ms; /* p50 of tools */
	double similarity; /* cosine of the tool sequences of both weeks; NAN: one has none */
	struct bp_learning_tool *tools; /* called in both weeks, most called first */
	size_t n_tools;
};

/**
 * Of a period that ends at until_us (its end, or now) and has these habits. Inside the caller's
 * moment.
 * Owns:   the caller, bp_learning_done(), also after an error.
 * Errors: those of bp_totals_collect().
 */
BP_MUSTUSE enum bp_rc bp_learning_read(struct bp_sql *sql, const struct bp_scope *scope,
				       int64_t until_us, const struct bp_habits *habits,
				       struct bp_learning *out, struct bp_err *err);
void bp_learning_done(struct bp_learning *learning);

/** {"error_slope_per_day","score":{"before","now"},...}. Owns: the caller. */
struct cJSON *bp_learning_json(const struct bp_learning *learning);

#endif

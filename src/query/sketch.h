/* SPDX-License-Identifier: MIT */
/**
 * sketch.h - many durations in few bytes: mergeable, percentiles within 1 %.
 *
 * Why:     a percentile over any window comes from merging; averaging percentiles is wrong.
 * Shape:   logarithmic bins (bounds gamma^i, gamma = 1.01 / 0.99) with counts, sparse, sorted;
 *          count, sum, min and max are exact. A function of the values alone, in any order.
 * Threads: one thread owns a sketch, also for asking.
 */
#ifndef BP_QUERY_SKETCH_H
#define BP_QUERY_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { BP_SKETCH_BYTES_MAX = 16384 }; /* serialised, more than all bins need */

struct bp_sketch_bin {
	int32_t index; /* values in (gamma^(index-1), gamma^index] */
	int64_t count;
};

/** Start with `struct bp_sketch sketch = {0};`. */
struct bp_sketch {
	int64_t count;
	int64_t sum_us;
	int64_t min_us, max_us; /* when count > 0 */
	int64_t zeros;          /* values of 0 */
	struct bp_sketch_bin *bins;
	size_t n, cap;
	size_t sorted; /* bins before are sorted and unique; the rest was added since and is put in
			  order when it is asked for: merging thousands is appending */
};

void bp_sketch_done(struct bp_sketch *sketch);

/** Add one duration; a negative one counts as 0, one over 2^50 us as that. */
void bp_sketch_add(struct bp_sketch *sketch, int64_t value_us);

void bp_sketch_merge(struct bp_sketch *into, const struct bp_sketch *more);

/** The value of rank floor(q * (count - 1)), 0 <= q <= 1, within 1 %; NAN when empty. */
double bp_sketch_quantile(const struct bp_sketch *sketch, double q);

/** The mean, exact; NAN when empty. */
double bp_sketch_mean(const struct bp_sketch *sketch);

/** Append the stored form (rollups.sketch) to out. */
void bp_sketch_encode(const struct bp_sketch *sketch, struct bp_buf *out);

/** Merge a stored form. Errors: BP_ECORRUPT it is none; *into is untouched. */
BP_MUSTUSE enum bp_rc bp_sketch_decode(struct bp_sketch *into, struct bp_str bytes);

#endif

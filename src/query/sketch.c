/* SPDX-License-Identifier: MIT */
#include "query/sketch.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/varint.h"

enum { FORMAT = 1, INDEX_MAX = 4096, FEW = 64, MANY = 512 };

#define VALUE_MAX (INT64_C(1) << 50)
/* Of one stored sketch. A thousand billion durations are more than there will be, and adding up
   millions of such sketches, which somebody else may have written, still does not wrap. */
#define COUNT_MAX (INT64_C(1) << 40)
#define GAMMA (1.01 / 0.99)

void bp_sketch_done(struct bp_sketch *sketch)
{
	free(sketch->bins);
	memset(sketch, 0, sizeof(*sketch));
}

static int32_t index_of(int64_t value)
{
	return (int32_t)ceil(log((double)value) / log(GAMMA));
}

/* The value in the middle of a bin, at most 1 % from any value in it. */
static double value_of(int32_t index)
{
	return 2 * pow(GAMMA, index) / (1 + GAMMA);
}

/* By insertion: most sketches have a few bins. */
static void sort_few(struct bp_sketch *sketch)
{
	for (size_t i = sketch->sorted ? sketch->sorted : 1; i < sketch->n; i++) {
		struct bp_sketch_bin bin = sketch->bins[i];
		size_t at = i;
		for (; at > 0 && sketch->bins[at - 1].index > bin.index; at--) {
			sketch->bins[at] = sketch->bins[at - 1];
		}
		sketch->bins[at] = bin;
	}
	size_t n = 0;
	for (size_t i = 0; i < sketch->n; i++) {
		if (n > 0 && sketch->bins[n - 1].index == sketch->bins[i].index) {
			sketch->bins[n - 1].count += sketch->bins[i].count;
		} else {
			sketch->bins[n++] = sketch->bins[i];
		}
	}
	sketch->n = n;
}

/* By counting: of all bins that can be, only those between the ends are looked at. */
static void sort_many(struct bp_sketch *sketch)
{
	int64_t counts[INDEX_MAX + 1];
	int32_t low = INDEX_MAX, high = 0;
	size_t n = 0;

	for (size_t i = 0; i < sketch->n; i++) {
		low = sketch->bins[i].index < low ? sketch->bins[i].index : low;
		high = sketch->bins[i].index > high ? sketch->bins[i].index : high;
	}
	for (int32_t index = low; index <= high; index++) {
		counts[index] = 0;
	}
	for (size_t i = 0; i < sketch->n; i++) {
		counts[sketch->bins[i].index] += sketch->bins[i].count;
	}
	for (int32_t index = low; index <= high; index++) {
		if (counts[index] > 0) {
			sketch->bins[n++] = (struct bp_sketch_bin){index, counts[index]};
		}
	}
	sketch->n = n;
}

/* Put what was added in order. Nothing that can be asked for changes. */
static void settle(const struct bp_sketch *asked)
{
	struct bp_sketch *sketch = (struct bp_sketch *)(uintptr_t)asked;

	if (sketch->sorted == sketch->n) {
		return;
	}
	if (sketch->n <= FEW) {
		sort_few(sketch);
	} else {
		sort_many(sketch);
	}
	sketch->sorted = sketch->n;
}

/* Room for n bins more. What was added is put in order when that is likely to make room: seldom,
 * as each time costs as much as there are bins that can be. */
static struct bp_sketch_bin *reserve(struct bp_sketch *sketch, size_t n)
{
	if (sketch->n + n > sketch->cap && sketch->n - sketch->sorted >= MANY &&
	    sketch->n - sketch->sorted >= sketch->n / 2) {
		settle(sketch);
	}
	if (sketch->n + n > sketch->cap || !sketch->bins) {
		size_t cap = sketch->cap ? 2 * sketch->cap : 16;
		sketch->cap = cap < sketch->n + n ? sketch->n + n : cap;
		sketch->bins = bp_realloc(sketch->bins, sketch->cap, sizeof(sketch->bins[0]));
	}
	return sketch->bins + sketch->n;
}

static void widen(struct bp_sketch *sketch, int64_t min_us, int64_t max_us)
{
	if (sketch->count == 0 || min_us < sketch->min_us) {
		sketch->min_us = min_us;
	}
	if (sketch->count == 0 || max_us > sketch->max_us) {
		sketch->max_us = max_us;
	}
}

static int64_t add_capped(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

void bp_sketch_add(struct bp_sketch *sketch, int64_t value_us)
{
	int64_t value = value_us < 0 ? 0 : value_us > VALUE_MAX ? VALUE_MAX : value_us;

	widen(sketch, value, value);
	if (value == 0) {
		sketch->zeros++;
	} else {
		*reserve(sketch, 1) = (struct bp_sketch_bin){.index = index_of(value), .count = 1};
		sketch->n++;
	}
	sketch->count++;
	sketch->sum_us = add_capped(sketch->sum_us, value);
}

void bp_sketch_merge(struct bp_sketch *into, const struct bp_sketch *more)
{
	if (more->count == 0) {
		return;
	}
	widen(into, more->min_us, more->max_us);
	if (more->n > 0) {
		memcpy(reserve(into, more->n), more->bins, more->n * sizeof(more->bins[0]));
		into->n += more->n;
	}
	into->zeros += more->zeros;
	into->count += more->count;
	into->sum_us = add_capped(into->sum_us, more->sum_us);
}

double bp_sketch_quantile(const struct bp_sketch *sketch, double q)
{
	if (sketch->count == 0) {
		return (double)NAN;
	}
	int64_t rank = (int64_t)floor(q * (double)(sketch->count - 1));
	int64_t seen = sketch->zeros;
	double value = 0;

	settle(sketch);
	/* The ends are known exactly. */
	if (rank == 0 || rank == sketch->count - 1) {
		return (double)(rank == 0 ? sketch->min_us : sketch->max_us);
	}
	for (size_t i = 0; i < sketch->n && seen <= rank; i++) {
		seen += sketch->bins[i].count;
		value = value_of(sketch->bins[i].index);
	}
	value = value < (double)sketch->min_us ? (double)sketch->min_us : value;
	return value > (double)sketch->max_us ? (double)sketch->max_us : value;
}

double bp_sketch_mean(const struct bp_sketch *sketch)
{
	return sketch->count ? (double)sketch->sum_us / (double)sketch->count : (double)NAN;
}

static void put(struct bp_buf *out, int64_t value)
{
	bp_varint_put(out, (uint64_t)value);
}

void bp_sketch_encode(const struct bp_sketch *sketch, struct bp_buf *out)
{
	int32_t before = 0;

	settle(sketch);
	bp_buf_add_char(out, FORMAT);
	put(out, sketch->count);
	put(out, sketch->sum_us);
	put(out, sketch->count ? sketch->min_us : 0);
	put(out, sketch->count ? sketch->max_us : 0);
	put(out, sketch->zeros);
	put(out, (int64_t)sketch->n);
	for (size_t i = 0; i < sketch->n; i++) {
		put(out, sketch->bins[i].index - before);
		put(out, sketch->bins[i].count);
		before = sketch->bins[i].index;
	}
}

/* False at the end and for a number that is not one of ours. */
static bool take(struct bp_str *rest, int64_t *out)
{
	uint64_t value;

	if (!bp_varint_take(rest, &value) || value > INT64_MAX) {
		return false;
	}
	*out = (int64_t)value;
	return true;
}

/* n bins of what is read, checked. */
static bool take_bins(struct bp_str rest, const struct bp_sketch *head, int64_t n,
		      struct bp_sketch_bin *bins)
{
	int64_t index = 0, total = head->zeros;

	for (int64_t i = 0; i < n; i++) {
		int64_t step, count;
		const unsigned char *at = (const unsigned char *)rest.ptr;
		if (rest.len >= 2 && at[0] < 0x80 && at[1] < 0x80) { /* most of them */
			step = at[0];
			count = at[1];
			rest.ptr += 2;
			rest.len -= 2;
		} else if (!take(&rest, &step) || !take(&rest, &count)) {
			return false;
		}
		if (step > INDEX_MAX || (i > 0 && step == 0) || count == 0 ||
		    count > head->count - total) {
			return false;
		}
		index += step;
		total += count;
		if (index > INDEX_MAX) {
			return false;
		}
		bins[i] = (struct bp_sketch_bin){.index = (int32_t)index, .count = count};
	}
	return total == head->count && rest.len == 0;
}

static bool take_head(struct bp_str *rest, struct bp_sketch *head, int64_t *n)
{
	return take(rest, &head->count) && head->count <= COUNT_MAX && take(rest, &head->sum_us) &&
	       take(rest, &head->min_us) && take(rest, &head->max_us) &&
	       head->min_us <= head->max_us && head->max_us <= VALUE_MAX &&
	       take(rest, &head->zeros) && head->zeros <= head->count && take(rest, n) &&
	       *n <= INDEX_MAX;
}

enum bp_rc bp_sketch_decode(struct bp_sketch *into, struct bp_str bytes)
{
	struct bp_sketch head = {0};
	struct bp_str rest = bytes;
	int64_t n = 0;

	if (rest.len == 0 || rest.ptr[0] != FORMAT) {
		return BP_ECORRUPT;
	}
	rest = bp_str_make(rest.ptr + 1, rest.len - 1);
	/* A bin has two bytes or more. Bins of what is none stay behind the end, unseen. */
	if (!take_head(&rest, &head, &n) || (size_t)n > rest.len / 2 ||
	    !take_bins(rest, &head, n, reserve(into, (size_t)n))) {
		return BP_ECORRUPT;
	}
	if (head.count > 0) {
		into->sorted = into->n == 0 ? (size_t)n : into->sorted;
		into->n += (size_t)n;
		widen(into, head.min_us, head.max_us);
		into->zeros += head.zeros;
		into->count += head.count;
		into->sum_us = add_capped(into->sum_us, head.sum_us);
	}
	return BP_OK;
}

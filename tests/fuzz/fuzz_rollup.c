/* SPDX-License-Identifier: MIT */
/* The stored forms of a rollup (sums, durations, files, habits) of a database that somebody else wrote:
 * refused, or what is read is stored as something that is read as the same, can be added to itself
 * and asked. The first byte chooses the form.
 * Seen to fail: a step counted from the sum itself; a sketch whose least is above its most; a key
 * of habits that shares more bytes than the one before has. */
#include <stdint.h>
#include <string.h>

#include "query/bucket_code.h"
#include "query/file_set.h"
#include "query/habits.h"
#include "query/sketch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 1 << 20 };

static void check_sums(struct bp_str bytes)
{
	struct bp_bucket_sums sums, again;
	struct bp_buf stored;

	bp_buf_init(&stored, BYTES_MAX);
	if (bp_bucket_sums_decode(&sums, bytes, NULL) == BP_OK) {
		bp_bucket_sums_encode(&sums, &stored);
		BP_ASSERT(bp_bucket_sums_decode(&again, bp_buf_str(&stored), NULL) == BP_OK);
		BP_ASSERT(memcmp(&sums, &again, sizeof(sums)) == 0);
	}
	bp_buf_done(&stored);
}

/* Percentiles are in order and between the ends. */
static void ask(const struct bp_sketch *sketch)
{
	static const double ranks[] = {0, 0.5, 0.95, 0.99, 1};
	double before = 0;

	for (size_t i = 0; sketch->count > 0 && i < sizeof(ranks) / sizeof(ranks[0]); i++) {
		double value = bp_sketch_quantile(sketch, ranks[i]);
		BP_ASSERT(value >= before && value <= (double)sketch->max_us);
		before = value;
	}
	(void)bp_sketch_mean(sketch);
}

static void check_sketch(struct bp_str bytes)
{
	struct bp_sketch sketch = {0}, again = {0};
	struct bp_buf stored, twice;

	bp_buf_init(&stored, BYTES_MAX);
	bp_buf_init(&twice, BYTES_MAX);
	if (bp_sketch_decode(&sketch, bytes) == BP_OK) {
		bp_sketch_encode(&sketch, &stored);
		BP_ASSERT(stored.len <= BP_SKETCH_BYTES_MAX);
		BP_ASSERT(bp_sketch_decode(&again, bp_buf_str(&stored)) == BP_OK);
		bp_sketch_encode(&again, &twice);
		BP_ASSERT(bp_str_eq(bp_buf_str(&stored), bp_buf_str(&twice)));
		ask(&sketch);
		/* Two rows of it are one row of both. */
		BP_ASSERT(bp_sketch_decode(&again, bp_buf_str(&stored)) == BP_OK);
		bp_sketch_merge(&sketch, &again);
		ask(&sketch);
	} else {
		BP_ASSERT(sketch.count == 0 && sketch.n == 0);
	}
	bp_sketch_done(&sketch);
	bp_sketch_done(&again);
	bp_buf_done(&stored);
	bp_buf_done(&twice);
}

static void check_sketches(struct bp_str bytes)
{
	struct bp_bucket_sketches sketches = {0}, again = {0};
	struct bp_buf stored, twice;

	bp_buf_init(&stored, BYTES_MAX);
	bp_buf_init(&twice, BYTES_MAX);
	if (bp_bucket_sketches_decode(&sketches, bytes, NULL) == BP_OK) {
		bp_bucket_sketches_encode(&sketches, &stored);
		BP_ASSERT(bp_bucket_sketches_decode(&again, bp_buf_str(&stored), NULL) == BP_OK);
		bp_bucket_sketches_encode(&again, &twice);
		BP_ASSERT(bp_str_eq(bp_buf_str(&stored), bp_buf_str(&twice)));
	}
#define DONE(name)                                                                                 \
	bp_sketch_done(&sketches.name);                                                            \
	bp_sketch_done(&again.name);
	BP_BUCKET_SKETCHES(DONE)
#undef DONE
	bp_buf_done(&stored);
	bp_buf_done(&twice);
}

static void check_files(struct bp_str bytes)
{
	struct bp_file_set set = {0}, again = {0};
	struct bp_buf stored;

	bp_buf_init(&stored, BYTES_MAX);
	if (bp_file_set_decode(&set, bytes) == BP_OK) {
		bp_file_set_encode(&set, &stored);
		BP_ASSERT(stored.len == 8 * set.n && stored.len <= bytes.len);
		BP_ASSERT(bp_file_set_decode(&again, bp_buf_str(&stored)) == BP_OK);
		bp_file_set_merge(&again, &set);
		BP_ASSERT(again.n == set.n);
	} else {
		BP_ASSERT(set.n == 0);
	}
	bp_file_set_done(&set);
	bp_file_set_done(&again);
	bp_buf_done(&stored);
}

static void check_habits(struct bp_str bytes)
{
	static const struct bp_habit_view as_it_is = {.settle = BP_HABITS_OPEN},
					  over = {.settle = BP_HABITS_OVER};
	struct bp_habits habits = {0}, again = {0};
	struct bp_buf stored, twice;

	bp_buf_init(&stored, 4 * BYTES_MAX);
	bp_buf_init(&twice, 4 * BYTES_MAX);
	if (bp_habits_decode(&habits, bytes, &as_it_is, NULL) == BP_OK) {
		bp_habits_encode(&habits, &stored);
		BP_ASSERT(bp_habits_decode(&again, bp_buf_str(&stored), &as_it_is, NULL) == BP_OK);
		bp_habits_encode(&again, &twice);
		BP_ASSERT(bp_str_eq(bp_buf_str(&stored), bp_buf_str(&twice)));
		bp_habits_merge(&again, &habits, &over);
		BP_ASSERT(again.n == habits.n);
	}
	bp_habits_done(&habits);
	bp_habits_done(&again);
	bp_buf_done(&stored);
	bp_buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const forms[])(struct bp_str) = {check_sums, check_sketch, check_sketches,
						       check_files};

	if (size > 0 && size < BYTES_MAX) {
		struct bp_str bytes = bp_str_make((const char *)data + 1, size - 1);
		if (data[0] == 'h') {
			check_habits(bytes);
		} else {
			forms[data[0] % 4](bytes);
		}
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "query/bucket_code.h"

#include <stdbool.h>
#include <string.h>

#include "query/varint.h"

_Static_assert(BP_BUCKET_SUM_COUNT <= 0x80, "a step is one byte");

static enum bp_rc corrupt(struct bp_err *err)
{
	return bp_err_set(err, BP_ECORRUPT, "a rollup cannot be read: run \"blueplane rebuild\"");
}

/* The sums as the array that they are. */
static int64_t *sum_at(const struct bp_bucket_sums *sums, size_t i)
{
	return (int64_t *)(uintptr_t)sums + i;
}

void bp_bucket_sums_encode(const struct bp_bucket_sums *sums, struct bp_buf *out)
{
	size_t next = 0;

	for (size_t i = 0; i < BP_BUCKET_SUM_COUNT; i++) {
		if (*sum_at(sums, i) != 0) {
			bp_varint_put(out, i - next);
			bp_varint_put(out, (uint64_t)*sum_at(sums, i));
			next = i + 1;
		}
	}
}

enum bp_rc bp_bucket_sums_decode(struct bp_bucket_sums *out, struct bp_str bytes,
				 struct bp_err *err)
{
	struct bp_str rest = bytes;
	int64_t *sums = sum_at(out, 0);
	size_t next = 0;

	memset(out, 0, sizeof(*out));
	while (rest.len > 0) {
		uint64_t step, value;
		const unsigned char *at = (const unsigned char *)rest.ptr;
		/* Both in a byte: more than half of all. Rows are thousands. */
		if (rest.len >= 2 && at[0] < BP_BUCKET_SUM_COUNT - next && at[1] < 0x80) {
			next += at[0];
			sums[next++] = at[1];
			rest.ptr += 2;
			rest.len -= 2;
			continue;
		}
		if (!bp_varint_take(&rest, &step) || !bp_varint_take(&rest, &value) ||
		    step >= BP_BUCKET_SUM_COUNT - next) {
			return corrupt(err);
		}
		sums[next + step] = (int64_t)value;
		next += step + 1;
	}
	return BP_OK;
}

static struct bp_sketch *sketch_at(const struct bp_bucket_sketches *sketches, size_t i)
{
	return (struct bp_sketch *)(uintptr_t)sketches + i;
}

void bp_bucket_sketches_encode(const struct bp_bucket_sketches *sketches, struct bp_buf *out)
{
	struct bp_buf one;

	bp_buf_init(&one, BP_SKETCH_BYTES_MAX);
	for (size_t i = 0; i < BP_BUCKET_SKETCH_COUNT; i++) {
		if (sketch_at(sketches, i)->count > 0) {
			bp_buf_clear(&one);
			bp_sketch_encode(sketch_at(sketches, i), &one);
			bp_varint_put(out, i);
			bp_varint_put(out, bp_buf_str(&one).len);
			bp_buf_add_str(out, bp_buf_str(&one));
		}
	}
	bp_buf_done(&one);
}

enum bp_rc bp_bucket_sketches_decode(struct bp_bucket_sketches *into, struct bp_str bytes,
				     struct bp_err *err)
{
	struct bp_str rest = bytes;

	while (rest.len > 0) {
		uint64_t i, len;
		if (!bp_varint_take(&rest, &i) || !bp_varint_take(&rest, &len) ||
		    i >= BP_BUCKET_SKETCH_COUNT || len > rest.len ||
		    bp_sketch_decode(sketch_at(into, i), bp_str_make(rest.ptr, len)) != BP_OK) {
			return corrupt(err);
		}
		rest = bp_str_make(rest.ptr + len, rest.len - len);
	}
	return BP_OK;
}

/* SPDX-License-Identifier: MIT */
/**
 * bucket_code.h - the stored form of a bucket's sums and durations.
 *
 * Shape:   sums: for each that is not 0 its distance from the last one (varint, the first from -1)
 *          and its value (varint of 64 bits). Sketches: for each that is not empty its place in
 *          the list, its length and its own stored form.
 * Why:     a row has a dozen of 60 sums: one column each made a reading of a year three times slower
 *          (docs/design/rollups.md).
 * Threads: pure functions.
 */
#ifndef BP_QUERY_BUCKET_CODE_H
#define BP_QUERY_BUCKET_CODE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "query/buckets.h"

/** Append the stored form. */
void bp_bucket_sums_encode(const struct bp_bucket_sums *sums, struct bp_buf *out);

/** Set *out. Errors: BP_ECORRUPT it is none; *out holds what was read. */
BP_MUSTUSE enum bp_rc bp_bucket_sums_decode(struct bp_bucket_sums *out, struct bp_str bytes,
					    struct bp_err *err);

/** Append the stored form; nothing when all are empty. */
void bp_bucket_sketches_encode(const struct bp_bucket_sketches *sketches, struct bp_buf *out);

/** Merge a stored form. Errors: BP_ECORRUPT it is none; *into holds what was read. */
BP_MUSTUSE enum bp_rc bp_bucket_sketches_decode(struct bp_bucket_sketches *into,
						struct bp_str bytes, struct bp_err *err);

#endif

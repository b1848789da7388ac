/* SPDX-License-Identifier: MIT */
/**
 * levels.h - definition levels of an optional column: 1 a value, 0 null; as Parquet's hybrid of
 * runs (RLE) and bit-packed groups of eight, width 1, behind a length of four bytes.
 *
 * Place: inside src/parquet.
 */
#ifndef BP_PARQUET_LEVELS_H
#define BP_PARQUET_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/** Append the n levels, one byte each, encoded. */
void bp_levels_encode(const unsigned char *levels, size_t n, struct bp_buf *out);

/**
 * Read exactly n levels from the front of bytes.
 * Shape:  out has room for n; *out_used is how many bytes they were, *out_values how many are 1.
 * Returns: false when they are not such levels; out may hold some then.
 */
bool bp_levels_decode(struct bp_str bytes, size_t n, unsigned char *out, size_t *out_used,
		      size_t *out_values);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * page.h - the inside of a data page, inflated: definition levels, then PLAIN values.
 *
 * Place:   inside src/parquet.
 * Threads: one thread owns a page.
 */
#ifndef BP_PARQUET_PAGE_H
#define BP_PARQUET_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"
#include "parquet/parquet.h"

/** Append one value to PLAIN values. A BOOL takes a byte here. */
void bp_page_add_value(struct bp_buf *values, enum bp_parquet_type type,
		       const struct bp_parquet_value *value);

/** Append a whole page. levels: one byte per row, for optional columns; values: as added. */
void bp_page_encode(const struct bp_parquet_column *column, const struct bp_buf *levels,
		    const struct bp_buf *values, struct bp_buf *out);

/** A page while it is read. */
struct bp_page {
	struct bp_parquet_column column; /* whose page */
	unsigned char *levels;           /* one per row; NULL: all 1. Owned */
	size_t n;                        /* rows */
	size_t i;                        /* the next one */
	struct bp_str rest;              /* PLAIN values not yet given, borrowed */
	size_t bit;                      /* BOOL: bits of rest that were given */
};

/** Open a page of n rows; bytes are borrowed. False when it is not such a page.
 *  Owns: bp_page_done(), which may be called on a zeroed one and again, in either case. */
bool bp_page_open(struct bp_page *page, const struct bp_parquet_column *column, size_t n,
		  struct bp_str bytes);
void bp_page_done(struct bp_page *page);

/** The next row's value (page->i < page->n), borrowed from the bytes. False when it is not there,
 *  or when the last row leaves bytes. */
bool bp_page_next(struct bp_page *page, struct bp_parquet_value *out);

#endif

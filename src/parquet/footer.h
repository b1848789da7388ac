/* SPDX-License-Identifier: MIT */
/**
 * footer.h - Parquet's metadata as structs, to and from Thrift: the footer and the page headers.
 *
 * Place:     inside src/parquet.
 * Threads:   values of their caller.
 */
#ifndef BP_PARQUET_FOOTER_H
#define BP_PARQUET_FOOTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "parquet/parquet.h"

/** One column of one row group, as the footer has it. */
struct bp_parquet_chunk {
	int64_t offset;         /* of its first page in the file */
	int64_t bytes;          /* of its pages with their headers */
	int64_t inflated_bytes; /* the same if nothing were compressed */
	int64_t rows;           /* of the group */
	int64_t nulls;          /* among them; not read back */
	struct bp_str min;      /* as PLAIN without length, absent: unknown; not read back */
	struct bp_str max;      /* the same */
};

struct bp_parquet_group {
	int64_t rows;                    /* in it */
	struct bp_parquet_chunk *chunks; /* one per column */
};

struct bp_parquet_pair {
	const char *key;   /* of the file's metadata */
	const char *value; /* "" when there was none */
};

struct bp_parquet_footer {
	int64_t rows;                      /* of the file */
	struct bp_parquet_column *columns; /* names are NUL-terminated */
	size_t n_columns;                  /* of them */
	struct bp_parquet_group *groups;   /* in the order of the file */
	size_t n_groups;                   /* of them */
	struct bp_parquet_pair *metadata;  /* of the file */
	size_t n_metadata;                 /* of them */
};

/** Append one RowGroup, an element of the footer's list. */
void bp_parquet_put_group(struct bp_buf *out, const struct bp_parquet_column *columns,
			  size_t n_columns, const struct bp_parquet_group *group);

/** Append the FileMetaData around n_groups groups, which were appended to groups. */
void bp_parquet_put_footer(struct bp_buf *out, const struct bp_parquet_column *columns,
			   size_t n_columns, int64_t rows, struct bp_str groups, size_t n_groups,
			   const char *const *metadata);

/**
 * Read a FileMetaData. Everything lives in the arena.
 * Errors: BP_ECORRUPT not one, or one of a file that bp_parquet_writer does not write.
 */
BP_MUSTUSE enum bp_rc bp_parquet_read_footer(struct bp_str bytes, struct bp_arena *arena,
					     struct bp_parquet_footer *out, struct bp_err *err);

/** The header of a data page. */
struct bp_parquet_page_head {
	int32_t rows;           /* values and nulls */
	int32_t inflated_bytes; /* of the page */
	int32_t bytes;          /* in the file, behind this header */
	uint32_t crc;           /* of those bytes */
};

void bp_parquet_put_page_head(struct bp_buf *out, const struct bp_parquet_page_head *head);

/** Read one from the front of bytes; *out_used is its length. False when it is none of ours. */
bool bp_parquet_read_page_head(struct bp_str bytes, struct bp_parquet_page_head *out,
			       size_t *out_used);

#endif

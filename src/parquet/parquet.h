/* SPDX-License-Identifier: MIT */
/**
 * parquet.h - write and read Parquet files: flat schema, PLAIN values, RLE levels, zstd pages.
 *
 * Why:     the archive and `export` need a format that DuckDB, Spark and ClickHouse read; no C
 *          library for it is in Debian 12. What is written here is the smallest part of the format
 *          that all of them read.
 * Place:   rows -> [parquet] -> a file; archive and export are its users.
 * Threads: one thread owns a writer or reader.
 * Source:  Apache Parquet format 2.10: file layout, Thrift compact protocol, data page v1.
 */
#ifndef BP_PARQUET_PARQUET_H
#define BP_PARQUET_PARQUET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum bp_parquet_type {
	BP_PARQUET_BOOL,
	BP_PARQUET_INT64,
	BP_PARQUET_DOUBLE,
	BP_PARQUET_TEXT, /* UTF-8 */
	BP_PARQUET_BYTES,
	BP_PARQUET_TIMESTAMP_US /* UTC */
};

enum {
	BP_PARQUET_COLUMNS_MAX = 1024,
	BP_PARQUET_TEXT_BYTES_MAX = 64 * 1024 * 1024 /* of one value */
};

struct bp_parquet_column {
	const char *name;          /* not empty */
	enum bp_parquet_type type; /* of its values */
	bool optional;             /* may be null */
};

/** A value: what the column's type says is looked at. */
struct bp_parquet_value {
	bool null;          /* only in an optional column */
	int64_t number;     /* BOOL (0 or 1), INT64, TIMESTAMP_US */
	double real;        /* DOUBLE */
	struct bp_str text; /* TEXT (valid UTF-8, which is not looked at), BYTES; absent is empty */
};

struct bp_parquet_writer;

/**
 * Begin a file that write() receives in order. columns are borrowed until _finish.
 * rows_per_group: memory is that of one row group, which also ends at about 64 MiB.
 * Owns:   bp_parquet_writer_free(). Errors: BP_EINVAL no columns or too many of them; whatever
 *         write returns.
 */
BP_MUSTUSE enum bp_rc bp_parquet_writer_new(
	const struct bp_parquet_column *columns, size_t n_columns, size_t rows_per_group,
	enum bp_rc (*write)(void *arg, const void *bytes, size_t n, struct bp_err *err), void *arg,
	struct bp_parquet_writer **out, struct bp_err *err);

/** Add a row of n_columns values; texts are copied. Errors: BP_EINVAL null in a required column,
 *  BP_ELIMIT a text too long: nothing of the row is in the file, which can go on; those of write:
 *  the writer is then of no use but to be freed. */
BP_MUSTUSE enum bp_rc bp_parquet_writer_row(struct bp_parquet_writer *writer,
					    const struct bp_parquet_value *values,
					    struct bp_err *err);

/** Write the last group and the footer. metadata: pairs of key and value, NULL-terminated, or NULL.
 *  Errors: those of write. */
BP_MUSTUSE enum bp_rc bp_parquet_writer_finish(struct bp_parquet_writer *writer,
					       const char *const *metadata, struct bp_err *err);
void bp_parquet_writer_free(struct bp_parquet_writer *writer);

struct bp_parquet_reader;

/**
 * Open a file that a bp_parquet_writer wrote; those of others are more than this reads.
 * Every byte of the file is covered by a checksum or a check: one changed bit is BP_ECORRUPT, here
 * or at the row that has it.
 * Owns:   bp_parquet_reader_free(). Errors: BP_ENOTFOUND, BP_EIO, BP_ECORRUPT not such a file.
 */
BP_MUSTUSE enum bp_rc bp_parquet_reader_open(const char *path, struct bp_parquet_reader **out,
					     struct bp_err *err);
void bp_parquet_reader_free(struct bp_parquet_reader *reader);

/** The number of rows in the file. */
int64_t bp_parquet_reader_rows(const struct bp_parquet_reader *reader);

/** Its columns, borrowed; *out_n how many. */
const struct bp_parquet_column *bp_parquet_reader_columns(const struct bp_parquet_reader *reader,
							  size_t *out_n);

/** The value of that key of the metadata, or NULL. Borrowed. */
const char *bp_parquet_reader_metadata(const struct bp_parquet_reader *reader, const char *key);

/** The next row into values (one per column, borrowed until the next call).
 *  Errors: BP_ENOTFOUND no more; BP_EIO; BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_parquet_reader_next(struct bp_parquet_reader *reader,
					     struct bp_parquet_value *values, struct bp_err *err);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * sample.h - rows that are a function of (seed, row, column), and a file of them: what was written
 * can be asked for again without keeping it.
 */
#ifndef BP_TESTS_UNIT_PARQUET_SAMPLE_H
#define BP_TESTS_UNIT_PARQUET_SAMPLE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "parquet/parquet.h"
#include "support/run.h"
#include "support/tmpdir.h"

enum { SAMPLE_COLUMNS_MAX = 24, SAMPLE_TEXT_MAX = 2 * 1024 * 1024 };

struct sample {
	uint64_t seed;                                        /* of everything below */
	struct bp_parquet_column columns[SAMPLE_COLUMNS_MAX]; /* the schema */
	char names[SAMPLE_COLUMNS_MAX][32];                   /* of columns */
	unsigned null_of_8[SAMPLE_COLUMNS_MAX];               /* so many of 8 values are null */
	size_t n_columns;                                     /* of them */
	size_t n_rows;                                        /* of the file */
	size_t huge_row;                                      /* has a huge text; n_rows: none */
	char *huge;                                           /* that text */
};

/** A number that looks random (splitmix64). */
static inline uint64_t sample_mix(uint64_t x)
{
	x += 0x9E3779B97F4A7C15U;
	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
	x = (x ^ x >> 27) * 0x94D049BB133111EBU;
	return x ^ x >> 31;
}

static inline void sample_make(struct sample *sample, uint64_t seed)
{
	uint64_t random = sample_mix(seed);

	*sample = (struct sample){.seed = seed};
	sample->n_columns = 1 + random % (SAMPLE_COLUMNS_MAX - 1);
	/* Some empty, some one row, some many. */
	sample->n_rows = seed % 7 == 0 ? seed % 2 : random >> 8 & 0x7FF;
	sample->huge_row = seed % 5 == 1 ? sample->n_rows / 2 : sample->n_rows;
	sample->huge = bp_calloc(SAMPLE_TEXT_MAX, 1);
	for (size_t i = 0; i < SAMPLE_TEXT_MAX; i++) {
		sample->huge[i] = (char)('a' + (i * i >> 7) % 26);
	}
	for (size_t i = 0; i < sample->n_columns; i++) {
		random = sample_mix(random);
		(void)snprintf(sample->names[i], sizeof(sample->names[i]), "c%zu \xC3\xA4", i);
		sample->columns[i] = (struct bp_parquet_column){
			.name = sample->names[i],
			.type = (enum bp_parquet_type)(random % 6),
			.optional = random >> 8 & 1,
		};
		sample->null_of_8[i] = (unsigned)(random >> 16 & 0xF) % 9;
	}
}

static inline void sample_done(struct sample *sample)
{
	free(sample->huge);
}

static inline struct bp_str sample_text(const struct sample *sample, uint64_t random, size_t row)
{
	static const char *const texts[] = {
		"",
		"claude-opus-4-5",
		"\xE6\xBC\xA2\xE5\xAD\x97",
		"\xF0\x9F\xA6\x80 crab",
		"{\"a\":[1,2,3],\"b\":\"\\u0000\"}",
		"\xEF\xBF\xBF",
		"0123456789012345678901234567890123456789012345678901234567890123456789"};

	if (row == sample->huge_row) {
		return bp_str_make(sample->huge, SAMPLE_TEXT_MAX - random % 100);
	}
	return bp_str_from(texts[random % 7]);
}

/** The value of that place. */
static inline struct bp_parquet_value sample_value(const struct sample *sample, size_t row,
						   size_t column)
{
	static const char bytes[] = "\0a\0\xFF\xFE\0";
	uint64_t random = sample_mix(sample->seed ^ row << 8 ^ column << 48);
	struct bp_parquet_value value = {0};

	if (sample->columns[column].optional && random % 8 < sample->null_of_8[column]) {
		value.null = true;
		return value;
	}
	random = sample_mix(random);
	switch (sample->columns[column].type) {
	case BP_PARQUET_BOOL:
		value.number = random & 1;
		break;
	case BP_PARQUET_INT64:
		value.number = random % 3 ? (int64_t)(random % 1000) : (int64_t)random;
		break;
	case BP_PARQUET_TIMESTAMP_US:
		value.number = 1767225600000000 + (int64_t)(random % 1000000000000);
		break;
	case BP_PARQUET_DOUBLE:
		value.real = (double)(int64_t)random / 1024.0;
		break;
	case BP_PARQUET_TEXT:
		value.text = sample_text(sample, random, row);
		break;
	case BP_PARQUET_BYTES:
		value.text = bp_str_make(bytes, random % sizeof(bytes));
		break;
	}
	return value;
}

static inline enum bp_rc sample_write(void *arg, const void *bytes, size_t n, struct bp_err *err)
{
	struct bp_buf *out = arg;

	bp_buf_add(out, bytes, n);
	return bp_buf_ok(out) ? BP_OK : bp_err_set(err, BP_EIO, "no room");
}

/** Append the file to out. */
static inline void sample_encode(const struct sample *sample, size_t rows_per_group,
				 struct bp_buf *out)
{
	static const char *const metadata[] = {"blueplane.seed", "7", "empty", "", NULL};
	struct bp_parquet_value values[SAMPLE_COLUMNS_MAX];
	struct bp_parquet_writer *writer = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_parquet_writer_new(sample->columns, sample->n_columns, rows_per_group,
					   sample_write, out, &writer, &err),
		     err);
	for (size_t row = 0; row < sample->n_rows; row++) {
		for (size_t i = 0; i < sample->n_columns; i++) {
			values[i] = sample_value(sample, row, i);
		}
		ck_assert_ok(bp_parquet_writer_row(writer, values, &err), err);
	}
	ck_assert_ok(bp_parquet_writer_finish(writer, metadata, &err), err);
	bp_parquet_writer_free(writer);
}

/** Write bytes to the file "x" of the test's folder and return its path. */
static inline const char *sample_file(struct bp_str bytes)
{
	const char *path = bp_test_tmpdir("x");
	FILE *file = fopen(path, "wbe");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
	ck_assert_int_eq(fclose(file), 0);
	return path;
}

static inline bool sample_same(enum bp_parquet_type type, const struct bp_parquet_value *a,
			       const struct bp_parquet_value *b)
{
	if (a->null || b->null) {
		return a->null == b->null;
	}
	if (type == BP_PARQUET_TEXT || type == BP_PARQUET_BYTES) {
		return bp_str_eq(a->text, b->text);
	}
	return type == BP_PARQUET_DOUBLE ? memcmp(&a->real, &b->real, sizeof(a->real)) == 0
					 : a->number == b->number;
}

#endif

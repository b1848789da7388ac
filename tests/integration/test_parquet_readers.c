/* SPDX-License-Identifier: MIT */
/*
 * Parquet files of ours, read by DuckDB and by hyparquet: every value, every type, the statistics.
 * tests/npm/read_parquet.mjs compares; this writes the files and, beside each, what is in them.
 */
#include <inttypes.h>

#include "parquet/parquet.h"
#include "support/npm.h"
#include "support/service.h"
#include "unit/parquet/sample.h"

enum { FILES = 40 };

static const char *const type_names[] = {"bool", "int64", "double", "text", "bytes", "timestamp"};

static struct bp_buf buf;

static void setup(void)
{
	bp_test_tmpdir_make();
	bp_buf_init(&buf, 512 * 1024 * 1024);
}

static void teardown(void)
{
	bp_buf_done(&buf);
	bp_test_tmpdir_remove();
}

static void add_hex(const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bp_buf_printf(&buf, "%02x", ((const unsigned char *)bytes)[i]);
	}
}

static void add_value(enum bp_parquet_type type, const struct bp_parquet_value *value)
{
	if (value->null) {
		bp_buf_add_str(&buf, BP_STR("null"));
		return;
	}
	if (type == BP_PARQUET_BOOL) {
		bp_buf_printf(&buf, "%s", value->number ? "true" : "false");
		return;
	}
	bp_buf_add_char(&buf, '"');
	if (type == BP_PARQUET_TEXT) {
		for (size_t i = 0; i < value->text.len; i++) {
			char c = value->text.ptr[i];

			if (c == '"' || c == '\\') {
				bp_buf_add_char(&buf, '\\');
			}
			bp_buf_add_char(&buf, c);
		}
	} else if (type == BP_PARQUET_BYTES) {
		add_hex(value->text.ptr, value->text.len);
	} else if (type == BP_PARQUET_DOUBLE) {
		uint64_t bits = 0;

		memcpy(&bits, &value->real, sizeof(bits));
		bp_buf_printf(&buf, "%016" PRIx64, bits);
	} else {
		bp_buf_printf(&buf, "%" PRId64, value->number);
	}
	bp_buf_add_char(&buf, '"');
}

static void write_truth(const struct sample *sample, const char *path)
{
	bp_buf_clear(&buf);
	bp_buf_add_char(&buf, '[');
	for (size_t i = 0; i < sample->n_columns; i++) {
		bp_buf_printf(&buf, "%s[\"%s\",\"%s\",%s]", i ? "," : "", sample->columns[i].name,
			      type_names[sample->columns[i].type],
			      sample->columns[i].optional ? "true" : "false");
	}
	bp_buf_add_str(&buf, BP_STR("]\n"));
	for (size_t row = 0; row < sample->n_rows; row++) {
		for (size_t i = 0; i < sample->n_columns; i++) {
			struct bp_parquet_value value = sample_value(sample, row, i);

			bp_buf_add_char(&buf, i ? ',' : '[');
			add_value(sample->columns[i].type, &value);
		}
		bp_buf_add_str(&buf, BP_STR("]\n"));
	}
	ck_assert(bp_buf_ok(&buf));
	bp_test_write_file(path, buf.ptr, buf.len);
}

START_TEST(duckdb_and_hyparquet_read_what_was_written)
{
	const char *args[] = {bp_test_tmpdir("files"), NULL};

	if (!bp_test_npm(BP_TEST_SOURCE_DIR, BP_TEST_BIN_DIR)) {
		return;
	}
	for (uint64_t seed = 0; seed < FILES; seed++) {
		struct sample sample;
		char *name = bp_asprintf("files/%02d.parquet", (int)seed);
		char *truth = bp_asprintf("files/%02d.jsonl", (int)seed);

		sample_make(&sample, seed + 1000);
		write_truth(&sample, bp_test_tmpdir(truth));
		bp_buf_clear(&buf);
		sample_encode(&sample, 1 + sample_mix(seed) % 700, &buf);
		bp_test_write_file(bp_test_tmpdir(name), buf.ptr, buf.len);
		sample_done(&sample);
		free(name);
		free(truth);
	}
	args[0] = bp_test_tmpdir("files");
	ck_assert_int_eq(bp_test_npm_run("read_parquet.mjs", args, NULL), 0);
}
END_TEST

BP_TEST_MAIN(setup, teardown, duckdb_and_hyparquet_read_what_was_written)

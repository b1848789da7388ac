/* SPDX-License-Identifier: MIT */
#include "parquet/parquet.h"

#include "parquet/format.h"
#include "unit/parquet/sample.h"

static struct bp_buf file;
static struct bp_err err;

static void setup(void)
{
	bp_test_tmpdir_make();
	bp_buf_init(&file, 256 * 1024 * 1024);
	err = (struct bp_err){0};
}

static void teardown(void)
{
	bp_buf_done(&file);
	bp_test_tmpdir_remove();
}

static void check_schema(const struct sample *sample, const struct bp_parquet_reader *reader)
{
	size_t n = 0;
	const struct bp_parquet_column *columns = bp_parquet_reader_columns(reader, &n);

	ck_assert_uint_eq(n, sample->n_columns);
	for (size_t i = 0; i < n; i++) {
		ck_assert_str_eq(columns[i].name, sample->columns[i].name);
		ck_assert_int_eq(columns[i].type, sample->columns[i].type);
		ck_assert_int_eq(columns[i].optional, sample->columns[i].optional);
	}
	ck_assert_int_eq(bp_parquet_reader_rows(reader), (int64_t)sample->n_rows);
	ck_assert_str_eq(bp_parquet_reader_metadata(reader, "blueplane.seed"), "7");
	ck_assert_str_eq(bp_parquet_reader_metadata(reader, "empty"), "");
	ck_assert_ptr_null(bp_parquet_reader_metadata(reader, "other"));
}

static void check_round_trip(uint64_t seed)
{
	struct bp_parquet_value values[SAMPLE_COLUMNS_MAX];
	struct bp_parquet_reader *reader = NULL;
	struct sample sample;

	sample_make(&sample, seed);
	bp_buf_clear(&file);
	sample_encode(&sample, 1 + sample_mix(seed) % 700, &file);
	ck_assert_ok(bp_parquet_reader_open(sample_file(bp_buf_str(&file)), &reader, &err), err);
	check_schema(&sample, reader);
	for (size_t row = 0; row < sample.n_rows; row++) {
		ck_assert_ok(bp_parquet_reader_next(reader, values, &err), err);
		for (size_t i = 0; i < sample.n_columns; i++) {
			struct bp_parquet_value want = sample_value(&sample, row, i);

			ck_assert_msg(sample_same(sample.columns[i].type, &values[i], &want),
				      "seed %d, row %zu, column %zu", (int)seed, row, i);
		}
	}
	ck_assert_rc(bp_parquet_reader_next(reader, values, &err), BP_ENOTFOUND);
	bp_parquet_reader_free(reader);
	sample_done(&sample);
}

START_TEST(every_file_reads_back_as_it_was_written)
{
	for (uint64_t seed = 0; seed < 60; seed++) {
		check_round_trip(seed);
	}
}
END_TEST

START_TEST(a_column_of_more_than_a_page_has_several)
{
	const struct bp_parquet_column column = {"n", BP_PARQUET_INT64, true};
	const int64_t n = 300000;
	struct bp_parquet_writer *writer = NULL;
	struct bp_parquet_reader *reader = NULL;
	struct bp_parquet_value value = {0};

	ck_assert_ok(bp_parquet_writer_new(&column, 1, 1000000, sample_write, &file, &writer, &err),
		     err);
	for (int64_t i = 0; i < n; i++) {
		value = (struct bp_parquet_value){.number = i * i, .null = i % 1000 == 999};
		ck_assert_ok(bp_parquet_writer_row(writer, &value, &err), err);
	}
	ck_assert_ok(bp_parquet_writer_finish(writer, NULL, &err), err);
	bp_parquet_writer_free(writer);
	ck_assert_ok(bp_parquet_reader_open(sample_file(bp_buf_str(&file)), &reader, &err), err);
	for (int64_t i = 0; i < n; i++) {
		ck_assert_ok(bp_parquet_reader_next(reader, &value, &err), err);
		ck_assert_int_eq(value.null, i % 1000 == 999);
		ck_assert_int_eq(value.number, value.null ? 0 : i * i);
	}
	bp_parquet_reader_free(reader);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_and_the_file_goes_on)
{
	const struct bp_parquet_column columns[] = {{"a", BP_PARQUET_INT64, false},
						    {"b", BP_PARQUET_TEXT, true}};
	struct bp_parquet_value values[2] = {{.number = 1}, {.text = BP_STR("x")}};
	struct bp_parquet_writer *writer = NULL;
	struct bp_parquet_reader *reader = NULL;

	ck_assert_ok(bp_parquet_writer_new(columns, 2, 10, sample_write, &file, &writer, &err),
		     err);
	ck_assert_ok(bp_parquet_writer_row(writer, values, &err), err);
	values[0].null = true;
	ck_assert_rc(bp_parquet_writer_row(writer, values, &err), BP_EINVAL);
	ck_assert_str_eq(err.msg, "null in the required column \"a\"");
	values[0].null = false;
	values[1].text.len = (size_t)BP_PARQUET_TEXT_BYTES_MAX + 1;
	ck_assert_rc(bp_parquet_writer_row(writer, values, &err), BP_ELIMIT);
	ck_assert_ok(bp_parquet_writer_finish(writer, NULL, &err), err);
	ck_assert_rc(bp_parquet_writer_row(writer, values, &err), BP_EINVAL);
	bp_parquet_writer_free(writer);
	ck_assert_ok(bp_parquet_reader_open(sample_file(bp_buf_str(&file)), &reader, &err), err);
	ck_assert_int_eq(bp_parquet_reader_rows(reader), 1);
	bp_parquet_reader_free(reader);
	ck_assert_rc(bp_parquet_writer_new(columns, 0, 10, sample_write, &file, &writer, &err),
		     BP_EINVAL);
}
END_TEST

START_TEST(a_write_that_fails_is_said_and_stays_said)
{
	const struct bp_parquet_column column = {"a", BP_PARQUET_INT64, false};
	struct bp_parquet_value value = {.number = 1};
	struct bp_parquet_writer *writer = NULL;
	struct bp_buf small;

	bp_buf_init(&small, 3);
	ck_assert_rc(bp_parquet_writer_new(&column, 1, 1, sample_write, &small, &writer, &err),
		     BP_EIO);
	ck_assert_str_eq(err.msg, "no room");
	bp_buf_done(&small);
	bp_buf_init(&small, 20);
	ck_assert_ok(bp_parquet_writer_new(&column, 1, 1, sample_write, &small, &writer, &err),
		     err);
	ck_assert_rc(bp_parquet_writer_row(writer, &value, &err), BP_EIO);
	ck_assert_str_eq(err.msg, "no room");
	small.max = 1000000;
	ck_assert_rc(bp_parquet_writer_row(writer, &value, &err), BP_EIO);
	ck_assert_rc(bp_parquet_writer_finish(writer, NULL, &err), BP_EIO);
	bp_parquet_writer_free(writer);
	bp_buf_done(&small);
}
END_TEST

/* Groups of many rows end by their bytes: what is held does not grow with the file. */
START_TEST(a_group_ends_by_bytes_too)
{
	const struct bp_parquet_column column = {"a", BP_PARQUET_BYTES, false};
	struct bp_parquet_writer *writer = NULL;
	size_t n = 1024 * 1024;
	char *text = bp_calloc(n, 1);
	uint64_t random = 1;

	ck_assert_ok(
		bp_parquet_writer_new(&column, 1, SIZE_MAX, sample_write, &file, &writer, &err),
		err);
	for (int i = 0; i < 70; i++) {
		for (size_t k = 0; k + sizeof(random) <= n; k += sizeof(random)) {
			random = sample_mix(random);
			memcpy(text + k, &random, sizeof(random));
		}
		struct bp_parquet_value value = {.text = bp_str_make(text, n)};
		ck_assert_ok(bp_parquet_writer_row(writer, &value, &err), err);
	}
	ck_assert_uint_gt(file.len, BP_PARQUET_GROUP_BYTES_MAX);
	bp_parquet_writer_free(writer);
	free(text);
}
END_TEST

BP_TEST_MAIN(setup, teardown, every_file_reads_back_as_it_was_written,
	     a_column_of_more_than_a_page_has_several,
	     what_does_not_fit_is_refused_and_the_file_goes_on,
	     a_write_that_fails_is_said_and_stays_said, a_group_ends_by_bytes_too)

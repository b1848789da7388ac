/* SPDX-License-Identifier: MIT */
#include "parquet/parquet.h"

#include <fcntl.h>
#include <unistd.h>

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

/* A small file of every type, with nulls, in several groups. */
static void make_file(void)
{
	struct sample sample = {.seed = 3, .n_columns = 12, .n_rows = 7, .huge_row = 7};

	for (size_t i = 0; i < sample.n_columns; i++) {
		(void)snprintf(sample.names[i], sizeof(sample.names[i]), "c%zu", i);
		sample.columns[i] = (struct bp_parquet_column){
			sample.names[i], (enum bp_parquet_type)(i % 6), i >= 6};
		sample.null_of_8[i] = 3;
	}
	sample_encode(&sample, 4, &file);
}

/* Read all of it. */
static enum bp_rc read_path(const char *path)
{
	struct bp_parquet_value values[SAMPLE_COLUMNS_MAX];
	struct bp_parquet_reader *reader = NULL;
	enum bp_rc rc = bp_parquet_reader_open(path, &reader, &err);

	while (rc == BP_OK) {
		rc = bp_parquet_reader_next(reader, values, &err);
	}
	bp_parquet_reader_free(reader);
	return rc;
}

static enum bp_rc read_all(struct bp_str bytes)
{
	return read_path(sample_file(bytes));
}

START_TEST(a_whole_file_is_read_to_its_end)
{
	make_file();
	ck_assert_rc(read_all(bp_buf_str(&file)), BP_ENOTFOUND);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_corrupt)
{
	make_file();
	const char *path = sample_file(bp_buf_str(&file));
	for (size_t n = file.len; n-- > 0;) {
		ck_assert_int_eq(truncate(path, (off_t)n), 0);
		enum bp_rc rc = read_path(path);
		ck_assert_msg(rc == BP_ECORRUPT, "%zu bytes: %s", n, bp_rc_text(rc));
	}
}
END_TEST

START_TEST(one_bit_changed_anywhere_is_corrupt)
{
	make_file();
	const char *path = sample_file(bp_buf_str(&file));
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	for (size_t i = 0; i < file.len * 8; i++) {
		char byte = (char)(file.ptr[i / 8] ^ 1 << i % 8);

		ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)(i / 8)), 1);
		enum bp_rc rc = read_path(path);
		ck_assert_msg(rc == BP_ECORRUPT, "bit %zu of byte %zu: %s", i % 8, i / 8,
			      bp_rc_text(rc));
		if (i % 8 == 7) {
			ck_assert_int_eq(pwrite(fd, file.ptr + i / 8, 1, (off_t)(i / 8)), 1);
		}
	}
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(a_piece_too_much_is_corrupt)
{
	make_file();
	bp_buf_add(&file, "PAR1", 4);
	ck_assert_rc(read_all(bp_buf_str(&file)), BP_ECORRUPT);
	ck_assert_rc(read_all(BP_STR("PAR1PAR1PAR1PAR1PAR1PAR1PAR1")), BP_ECORRUPT);
	ck_assert_rc(read_all(BP_STR("")), BP_ECORRUPT);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_not_found)
{
	struct bp_parquet_reader *reader = NULL;

	ck_assert_rc(bp_parquet_reader_open(bp_test_tmpdir("none"), &reader, &err), BP_ENOTFOUND);
	ck_assert_rc(bp_parquet_reader_open(bp_test_tmpdir(NULL), &reader, &err), BP_EIO);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_whole_file_is_read_to_its_end, a_file_cut_anywhere_is_corrupt,
	     one_bit_changed_anywhere_is_corrupt, a_piece_too_much_is_corrupt,
	     a_file_that_is_not_there_is_not_found)

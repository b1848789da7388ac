/* SPDX-License-Identifier: MIT */
#include "store/sqlite.h"

#include <sys/stat.h>

#include "support/run.h"
#include "unit/store/scratch.h"

START_TEST(reading_what_is_not_there_is_not_found)
{
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};

	ck_assert_rc(bp_sql_open(scratch_path(""), BP_SQL_READ, 0, &sql, &err), BP_ENOTFOUND);
	ck_assert_int_ne(access(scratch_path(""), F_OK), 0);
}
END_TEST

START_TEST(a_file_that_is_no_database_is_corrupt)
{
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};
	FILE *file = fopen(scratch_path(""), "w");

	for (int i = 0; i < 1000; i++) {
		ck_assert_int_ge(fputs("this is not a database\n", file), 0);
	}
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_rc(bp_sql_open(scratch_path(""), BP_SQL_WRITE, 0, &sql, &err), BP_ECORRUPT);
	ck_assert_rc(bp_sql_open(scratch_path(""), BP_SQL_READ, 0, &sql, &err), BP_ECORRUPT);
}
END_TEST

START_TEST(absent_values_are_null_and_empty_ones_are_not)
{
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);
	struct bp_statement *s = NULL;

	ck_assert_ok(bp_statement_new(sql, "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7", &s, &err), err);
	bp_bind_text(s, 1, bp_str_from(NULL));
	bp_bind_text(s, 2, BP_STR(""));
	bp_bind_int(s, 3, BP_SQL_NULL);
	bp_bind_int(s, 4, INT64_MAX);
	bp_bind_blob(s, 5, "", 0);
	bp_bind_blob(s, 6, "a\0b", 3);
	bp_bind_real(s, 7, 0.5);
	ck_assert_ok(bp_statement_step(s, &err), err);
	ck_assert_int_eq(bp_column_count(s), 7);
	ck_assert_ptr_null(bp_column_text(s, 0).ptr);
	ck_assert_ptr_nonnull(bp_column_text(s, 1).ptr);
	ck_assert_uint_eq(bp_column_text(s, 1).len, 0);
	ck_assert_int_eq(bp_column_int(s, 2), BP_SQL_NULL);
	ck_assert_int_eq(bp_column_int(s, 3), INT64_MAX);
	ck_assert_ptr_nonnull(bp_column_blob(s, 4).ptr);
	ck_assert_uint_eq(bp_column_blob(s, 5).len, 3);
	ck_assert(bp_column_real(s, 6) == 0.5);
	ck_assert_rc(bp_statement_step(s, &err), BP_ENOTFOUND);
	/* It is reset: it may be bound and stepped again. */
	bp_bind_null(s, 4);
	ck_assert_ok(bp_statement_step(s, &err), err);
	ck_assert(bp_column_is_null(s, 3));
	bp_statement_free(s);
	bp_sql_close(sql);
}
END_TEST

START_TEST(errors_have_their_codes)
{
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);

	ck_assert_ok(
		bp_sql_exec(sql, "CREATE TABLE t (x INTEGER NOT NULL CHECK (x > 0)) STRICT", &err),
		err);
	ck_assert_rc(bp_sql_exec(sql, "INSERT INTO t VALUES (0)", &err), BP_EINVAL);
	ck_assert_rc(bp_sql_exec(sql, "INSERT INTO t VALUES ('x')", &err), BP_EINVAL);
	ck_assert_rc(bp_sql_exec(sql, "SELECT nothing", &err), BP_EIO);
	ck_assert_rc(bp_sql_exec(sql, "SELECT \"text\"", &err), BP_EIO);
	ck_assert_ok(bp_sql_exec(sql, "PRAGMA max_page_count = 3", &err), err);
	ck_assert_rc(bp_sql_exec(sql,
				 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
				 "LIMIT 9999) INSERT INTO t SELECT i FROM n",
				 &err),
		     BP_ELIMIT);
	bp_sql_close(sql);
}
END_TEST

START_TEST(a_database_locked_by_another_program_is_busy)
{
	struct bp_err err = {0};
	struct bp_sql *one = scratch_open(BP_SQL_WRITE);
	struct bp_sql *two = scratch_open(BP_SQL_WRITE);

	ck_assert_ok(bp_sql_exec(two, "PRAGMA busy_timeout = 1", &err), err);
	ck_assert_ok(bp_sql_begin(one, &err), err);
	ck_assert_rc(bp_sql_begin(two, &err), BP_EBUSY);
	bp_sql_rollback(one);
	ck_assert_ok(bp_sql_begin(two, &err), err);
	ck_assert_ok(bp_sql_commit(two, &err), err);
	bp_sql_close(two);
	bp_sql_close(one);
}
END_TEST

START_TEST(a_read_connection_cannot_write)
{
	struct bp_err err = {0};
	struct bp_sql *one = scratch_open(BP_SQL_WRITE);

	ck_assert_ok(bp_sql_exec(one, "CREATE TABLE t (x)", &err), err);
	struct bp_sql *two = scratch_open(BP_SQL_READ);
	ck_assert_rc(bp_sql_exec(two, "INSERT INTO t VALUES (1)", &err), BP_EIO);
	bp_sql_close(two);
	bp_sql_close(one);
}
END_TEST

START_TEST(rolling_back_twice_is_fine)
{
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);

	bp_sql_rollback(sql);
	ck_assert_ok(bp_sql_begin(sql, &err), err);
	bp_sql_rollback(sql);
	bp_sql_rollback(sql);
	bp_sql_close(sql);
}
END_TEST

BP_TEST_MAIN(scratch_set_up, scratch_tear_down, reading_what_is_not_there_is_not_found,
	     a_file_that_is_no_database_is_corrupt, absent_values_are_null_and_empty_ones_are_not,
	     errors_have_their_codes, a_database_locked_by_another_program_is_busy,
	     a_read_connection_cannot_write, rolling_back_twice_is_fine)

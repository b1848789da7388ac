/* SPDX-License-Identifier: MIT */
#include "store/sqlite.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/connection.h"
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

static int cache_used(struct bp_sql *sql)
{
	int used = 0;
	int most = 0;

	ck_assert_int_eq(sqlite3_db_status(sql->db, SQLITE_DBSTATUS_CACHE_USED, &used, &most, 0),
			 SQLITE_OK);
	return used;
}

/* Seen to fail: a bp_sql_rest() that does nothing. */
START_TEST(a_connection_at_rest_holds_no_pages_and_still_works)
{
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);
	struct bp_statement *count = NULL;

	ck_assert_ok(bp_sql_exec(sql,
				 "CREATE TABLE t (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
				 " SELECT i + 1 FROM n WHERE i < 2000)"
				 " INSERT INTO t SELECT zeroblob(1000) FROM n",
				 &err),
		     err);
	ck_assert_ok(bp_statement_new(sql, "SELECT count(*) FROM t", &count, &err), err);
	ck_assert_ok(bp_statement_step(count, &err), err);
	bp_statement_reset(count);
	ck_assert_int_gt(cache_used(sql), 1000000);
	bp_sql_rest(sql);
	ck_assert_int_lt(cache_used(sql), 100000);
	ck_assert_ok(bp_statement_step(count, &err), err);
	ck_assert_int_eq(bp_column_int(count, 0), 2000);
	bp_statement_free(count);
	bp_sql_close(sql);
	bp_sql_rest(NULL);
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

/** Whether this process holds a lock on the database file, as another one sees it. */
static bool is_locked(void)
{
	/* SQLite's shared lock: 510 bytes behind the first two of the lock page. */
	enum { SHARED_FIRST = 0x40000002, SHARED_SIZE = 510 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct flock lock = {.l_type = F_WRLCK,
				     .l_whence = SEEK_SET,
				     .l_start = SHARED_FIRST,
				     .l_len = SHARED_SIZE};
		int fd = open(scratch_path(""), O_RDWR | O_CLOEXEC);
		int code = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 ? lock.l_type : -1;

		_exit(code == F_RDLCK ? 1 : code == F_UNLCK ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

/* Seen to fail: with make_file() opening and closing the file the lock is gone. */
START_TEST(a_second_connection_leaves_the_locks_of_the_first_one)
{
	struct bp_err err = {0};
	struct bp_sql *first = scratch_open(BP_SQL_WRITE);

	ck_assert_ok(bp_sql_exec(first, "CREATE TABLE t (a)", &err), err);
	ck_assert(is_locked());
	struct bp_sql *second = scratch_open(BP_SQL_WRITE);
	ck_assert(is_locked());
	bp_sql_close(second);
	ck_assert(is_locked());
	bp_sql_close(first);
	ck_assert(!is_locked());
}
END_TEST

/* Seen to fail: with the log not asked for, or with offsets not obeyed. */
START_TEST(the_bytes_of_file_and_log_are_read_through_the_connection)
{
	static char bytes[1 << 20];
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);

	ck_assert_ok(bp_sql_exec(sql,
				 "CREATE TABLE t (a); INSERT INTO t VALUES ('in the file');"
				 "PRAGMA wal_checkpoint(TRUNCATE);"
				 "INSERT INTO t VALUES ('in the log')",
				 &err),
		     err);
	size_t n = bp_sql_read_bytes(sql, BP_SQL_FILE_DATABASE, 0, bytes, sizeof(bytes));
	ck_assert_uint_gt(n, 4096);
	ck_assert_ptr_nonnull(memmem(bytes, n, "in the file", 11));
	ck_assert_ptr_null(memmem(bytes, n, "in the log", 10));
	ck_assert_uint_eq(
		bp_sql_read_bytes(sql, BP_SQL_FILE_DATABASE, (int64_t)n - 10, bytes, sizeof(bytes)),
		10);
	ck_assert_uint_eq(
		bp_sql_read_bytes(sql, BP_SQL_FILE_DATABASE, (int64_t)n, bytes, sizeof(bytes)), 0);
	n = bp_sql_read_bytes(sql, BP_SQL_FILE_LOG, 0, bytes, sizeof(bytes));
	ck_assert_ptr_nonnull(memmem(bytes, n, "in the log", 10));
	ck_assert(is_locked());
	bp_sql_close(sql);
}
END_TEST

BP_TEST_MAIN(scratch_set_up, scratch_tear_down, reading_what_is_not_there_is_not_found,
	     a_file_that_is_no_database_is_corrupt, absent_values_are_null_and_empty_ones_are_not,
	     errors_have_their_codes, a_database_locked_by_another_program_is_busy,
	     a_read_connection_cannot_write, a_connection_at_rest_holds_no_pages_and_still_works,
	     rolling_back_twice_is_fine, a_second_connection_leaves_the_locks_of_the_first_one,
	     the_bytes_of_file_and_log_are_read_through_the_connection)

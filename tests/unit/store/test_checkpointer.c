/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <poll.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "store/wal_watch.h"
#include "support/run.h"
#include "unit/store/scratch.h"

static struct bp_sql *sql;
static struct bp_checkpointer *checkpointer;

static void set_up(void)
{
	struct bp_err err = {0};

	scratch_set_up();
	sql = scratch_open(BP_SQL_WRITE);
	ck_assert_ok(bp_sql_exec(sql, "CREATE TABLE t (x)", &err), err);
	ck_assert_ok(bp_checkpointer_start(scratch_path(""), &checkpointer, &err), err);
}

static void tear_down(void)
{
	bp_checkpointer_stop(checkpointer);
	bp_sql_close(sql);
	scratch_tear_down();
}

static void write_kib(int n)
{
	struct bp_err err = {0};

	for (int i = 0; i < n; i++) {
		ck_assert_ok(bp_sql_exec(sql, "INSERT INTO t VALUES (randomblob(1024))", &err),
			     err);
	}
}

static bool covered_within(uint64_t mark, int64_t limit_us)
{
	int64_t end_us = bp_clock_mono_us() + limit_us;

	while (bp_checkpointer_covered(checkpointer) < mark) {
		if (bp_clock_mono_us() > end_us) {
			return false;
		}
		(void)poll(NULL, 0, 1);
	}
	return true;
}

/* Rows that somebody who opens a copy of the main file alone would see. */
static int64_t rows_in_main_file(void)
{
	struct bp_statement *count = NULL;
	struct bp_err err = {0};
	struct bp_sql *copy = NULL;
	char buffer[65536];
	char path[128];
	size_t n;

	(void)snprintf(path, sizeof(path), "%s", scratch_path(".copy"));
	FILE *in = fopen(scratch_path(""), "r");
	FILE *out = fopen(path, "w");
	while ((n = fread(buffer, 1, sizeof(buffer), in)) > 0) {
		ck_assert_uint_eq(fwrite(buffer, 1, n, out), n);
	}
	ck_assert_int_eq(fclose(in), 0);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_ok(bp_sql_open(path, BP_SQL_WRITE, 0, &copy, &err), err);
	ck_assert_ok(bp_statement_new(copy, "SELECT count(*) FROM t", &count, &err), err);
	ck_assert_ok(bp_statement_step(count, &err), err);
	int64_t rows = bp_column_int(count, 0);
	bp_statement_free(count);
	bp_sql_close(copy);
	return rows;
}

START_TEST(a_quiet_log_is_checkpointed)
{
	write_kib(3);
	bp_checkpointer_note(checkpointer, 3);
	ck_assert(covered_within(3, 5000000));
	ck_assert_int_eq(rows_in_main_file(), 3);
}
END_TEST

START_TEST(who_waits_for_coverage_need_not_wait_for_quiet)
{
	write_kib(3);
	bp_checkpointer_note(checkpointer, 3);
	int64_t start_us = bp_clock_mono_us();
	bp_checkpointer_hurry(checkpointer);
	ck_assert(covered_within(3, 5000000));
	ck_assert_int_lt(bp_clock_mono_us() - start_us, 900000);
	ck_assert_int_eq(rows_in_main_file(), 3);
}
END_TEST

START_TEST(a_mark_is_not_covered_while_a_reader_is_in_the_way)
{
	struct bp_err err = {0};
	struct bp_statement *read = NULL;
	struct bp_sql *reader = scratch_open(BP_SQL_READ);

	write_kib(2);
	ck_assert_ok(bp_statement_new(reader, "SELECT x FROM t", &read, &err), err);
	ck_assert_ok(bp_statement_step(read, &err), err);
	write_kib(2);
	bp_checkpointer_note(checkpointer, 4);
	bp_checkpointer_hurry(checkpointer);
	ck_assert(!covered_within(4, 300000));
	bp_statement_free(read);
	bp_sql_close(reader);
	bp_checkpointer_hurry(checkpointer);
	ck_assert(covered_within(4, 5000000));
	ck_assert_int_eq(rows_in_main_file(), 4);
}
END_TEST

START_TEST(the_log_stays_bounded_under_steady_load)
{
	struct bp_err err = {0};
	struct stat st;

	for (int i = 0; i < 400; i++) {
		ck_assert_ok(bp_sql_begin(sql, &err), err);
		write_kib(800);
		ck_assert_ok(bp_sql_commit(sql, &err), err);
		bp_store_cap_wal(sql);
	}
	ck_assert_int_eq(stat(scratch_path("-wal"), &st), 0);
	/* Without the writer it would be all of the 330 MB. */
	ck_assert_int_lt(st.st_size, 200LL << 20);
}
END_TEST

BP_TEST_MAIN(set_up, tear_down, a_quiet_log_is_checkpointed,
	     who_waits_for_coverage_need_not_wait_for_quiet,
	     a_mark_is_not_covered_while_a_reader_is_in_the_way,
	     the_log_stays_bounded_under_steady_load)

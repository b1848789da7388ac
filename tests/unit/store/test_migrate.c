/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <sys/stat.h>

#include "store/schema.h"
#include "support/run.h"
#include "unit/store/scratch.h"

static int64_t ask(struct bp_sql *sql, const char *text)
{
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_statement_new(sql, text, &statement, &err), err);
	ck_assert_ok(bp_statement_step(statement, &err), err);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return value;
}

START_TEST(a_new_database_gets_the_newest_schema)
{
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);

	ck_assert_ok(bp_store_migrate(sql, &err), err);
	ck_assert_int_eq(ask(sql, "PRAGMA user_version"), bp_store_version());
	ck_assert_int_eq(ask(sql, "SELECT count(*) FROM claude_row"), 0);
	ck_assert_int_eq(ask(sql, "SELECT count(*) FROM claude_raw_traces"), 0);
	ck_assert_int_eq(ask(sql, "SELECT count(*) FROM raw_traces"), 0);
	bp_sql_close(sql);
}
END_TEST

START_TEST(migrating_twice_changes_nothing)
{
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);

	ck_assert_ok(bp_store_migrate(sql, &err), err);
	int64_t version = ask(sql, "PRAGMA schema_version");
	ck_assert_ok(bp_store_migrate(sql, &err), err);
	ck_assert_int_eq(ask(sql, "PRAGMA schema_version"), version);
	bp_sql_close(sql);
}
END_TEST

START_TEST(a_newer_database_is_refused_untouched)
{
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);

	ck_assert_ok(bp_sql_exec(sql, "PRAGMA user_version = 9999", &err), err);
	ck_assert_rc(bp_store_migrate(sql, &err), BP_EVERSION);
	ck_assert_int_eq(ask(sql, "PRAGMA user_version"), 9999);
	ck_assert_int_eq(ask(sql, "SELECT count(*) FROM sqlite_schema"), 0);
	bp_sql_close(sql);
}
END_TEST

START_TEST(a_failing_migration_leaves_the_last_good_version)
{
	struct bp_err err = {0};
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);

	/* In the way of schema 0001. */
	ck_assert_ok(bp_sql_exec(sql, "CREATE TABLE tombstone (x)", &err), err);
	ck_assert_rc(bp_store_migrate(sql, &err), BP_EIO);
	ck_assert_msg(strstr(err.msg, "schema 0001"), "%s", err.msg);
	ck_assert_int_eq(ask(sql, "PRAGMA user_version"), 0);
	ck_assert_int_eq(ask(sql, "SELECT count(*) FROM sqlite_schema"), 1);
	bp_sql_close(sql);
}
END_TEST

static void copy_file(const char *from, const char *to)
{
	static char bytes[1 << 20];
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");

	ck_assert_ptr_nonnull(in);
	ck_assert_ptr_nonnull(out);
	size_t n = fread(bytes, 1, sizeof(bytes), in);
	ck_assert_uint_lt(n, sizeof(bytes));
	ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
	ck_assert_int_eq(fclose(in), 0);
	ck_assert_int_eq(fclose(out), 0);
}

/* Its rollups have another form, and more is summed: everything is to be made again. */
START_TEST(an_old_database_is_migrated_and_all_its_rollups_are_to_be_made)
{
	struct bp_err err = {0};

	copy_file(BP_TEST_SOURCE_DIR "/tests/data/db/0002.db", scratch_path(""));
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);
	ck_assert_int_eq(ask(sql, "PRAGMA user_version"), 2);
	ck_assert_int_eq(ask(sql, "SELECT count(*) > 0 FROM rollups"), 1);
	ck_assert_ok(bp_store_migrate(sql, &err), err);
	ck_assert_int_eq(ask(sql, "PRAGMA user_version"), bp_store_version());
	ck_assert_int_eq(ask(sql, "SELECT count(*) FROM rollups"), 0);
	ck_assert_int_gt(ask(sql, "SELECT count(*) FROM dirty_bucket"), 1);
	ck_assert_int_eq(
		ask(sql,
		    "SELECT count(*) FROM (SELECT ts_us / 900000000 AS q FROM tool_calls UNION "
		    "SELECT ts_us / 900000000 FROM model_calls UNION SELECT ts_us / 900000000 "
		    "FROM conversation_turns UNION SELECT started_us / 900000000 FROM subagents "
		    "UNION SELECT minute / 15 FROM activity) WHERE q * 900000000 NOT IN (SELECT "
		    "bucket_us FROM dirty_bucket)"),
		0);
	ck_assert_int_eq(ask(sql, "SELECT (SELECT count(*) FROM dirty_session) = (SELECT count(*) "
				  "FROM conversations)"),
			 1);
	bp_sql_close(sql);
}
END_TEST

START_TEST(a_new_file_is_private_and_can_shrink)
{
	struct bp_err err = {0};
	struct stat st;
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);

	ck_assert_ok(bp_store_migrate(sql, &err), err);
	ck_assert_int_eq(ask(sql, "PRAGMA auto_vacuum"), 2);
	ck_assert_int_eq(ask(sql, "PRAGMA page_size"), 4096);
	ck_assert_int_eq(ask(sql, "PRAGMA wal_autocheckpoint"), 0);
	ck_assert_int_eq(ask(sql, "PRAGMA synchronous"), 1);
	ck_assert_int_eq(stat(scratch_path("-wal"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(scratch_path(""), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	bp_sql_close(sql);
}
END_TEST

BP_TEST_MAIN(scratch_set_up, scratch_tear_down, a_new_database_gets_the_newest_schema,
	     migrating_twice_changes_nothing, a_newer_database_is_refused_untouched,
	     a_failing_migration_leaves_the_last_good_version,
	     an_old_database_is_migrated_and_all_its_rollups_are_to_be_made,
	     a_new_file_is_private_and_can_shrink)

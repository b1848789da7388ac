/* SPDX-License-Identifier: MIT */
#include "store/sqlite.h"

#include "store/store.h"
#include "support/run.h"
#include "unit/store/scratch.h"

static struct bp_sql *reader;

static void set_up(void)
{
	struct bp_err err = {0};

	scratch_set_up();
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);
	ck_assert_ok(bp_store_migrate(sql, &err), err);
	bp_sql_close(sql);
	reader = scratch_open(BP_SQL_READ);
}

static void tear_down(void)
{
	bp_sql_close(reader);
	scratch_tear_down();
}

static bool may(const char *text)
{
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};
	enum bp_rc rc = bp_statement_new(reader, text, &statement, &err);

	bp_statement_free(statement);
	ck_assert_msg(rc == BP_OK || strstr(err.msg, "prohibited") || strstr(err.msg, "authorized"),
		      "%s: %s", text, err.msg);
	return rc == BP_OK;
}

START_TEST(facts_may_be_read_and_the_log_not)
{
	bp_sql_restrict(reader, BP_SQL_FACTS);
	ck_assert(may("SELECT * FROM pool_progress"));
	ck_assert(may("SELECT count(*), max(updated_us) FROM capture_checkpoint"));
	ck_assert(may("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3) "
		      "SELECT i FROM n"));
	ck_assert(may("PRAGMA user_version"));
	ck_assert(may("PRAGMA table_info(pool_progress)"));
	ck_assert(!may("SELECT * FROM claude_row"));
	ck_assert(!may("SELECT count(*) FROM other_row"));
	ck_assert(!may("SELECT text FROM name"));
	ck_assert(!may("SELECT data FROM blob"));
	ck_assert(!may("SELECT * FROM claude_raw_traces"));
	ck_assert(!may("SELECT count(*) FROM raw_traces"));
	ck_assert(!may("SELECT (SELECT event_data FROM claude_row LIMIT 1)"));
	ck_assert(!may("SELECT 1 FROM pool_progress WHERE EXISTS (SELECT text FROM name)"));
	ck_assert(!may("WITH claude_raw_traces AS (SELECT event_data FROM claude_row) "
		       "SELECT * FROM claude_raw_traces"));
}
END_TEST

START_TEST(facts_may_be_searched_and_the_index_not_changed)
{
	static const char *const bad[] = {
		"INSERT INTO session_search (session_search) VALUES ('rebuild')",
		"INSERT INTO session_text VALUES (1, '', '', '', '', '', '', '')",
		"DELETE FROM session_search",
		"UPDATE sqlite_master SET sql = ''",
		"CREATE VIRTUAL TABLE temp.v USING fts5vocab (main, session_search, row)",
		"DROP TABLE session_search",
	};

	bp_sql_restrict(reader, BP_SQL_FACTS);
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};
	ck_assert_ok(bp_statement_new(reader,
				      "SELECT snippet(session_search, 0, '', '', '', 3), "
				      "bm25(session_search) FROM session_search WHERE "
				      "session_search MATCH 'x' ORDER BY rank",
				      &statement, &err),
		     err);
	ck_assert_ok(bp_statement_run(statement, &err), err);
	bp_statement_free(statement);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		statement = NULL;
		enum bp_rc rc = bp_statement_new(reader, bad[i], &statement, &err);
		if (rc == BP_OK) {
			rc = bp_statement_run(statement, &err);
		}
		bp_statement_free(statement);
		ck_assert_msg(rc != BP_OK, "%s", bad[i]);
	}
}
END_TEST

START_TEST(the_event_log_may_read_the_views_only)
{
	bp_sql_restrict(reader, BP_SQL_RAW_VIEWS);
	ck_assert(may("SELECT * FROM claude_raw_traces"));
	ck_assert(may("SELECT event_data FROM raw_traces WHERE sequence > 3"));
	ck_assert(may("SELECT v.event_type FROM claude_raw_traces v JOIN pool_progress p "
		      "ON v.sequence > p.low_water"));
	ck_assert(!may("SELECT event_data FROM claude_row"));
	ck_assert(!may("SELECT text FROM name"));
	ck_assert(!may("SELECT data FROM blob"));
	ck_assert(!may("SELECT title FROM session_text"));
	ck_assert(!may("WITH claude_raw_traces AS (SELECT data FROM blob) "
		       "SELECT * FROM claude_raw_traces"));
}
END_TEST

START_TEST(the_reader_of_the_log_sees_the_log_alone)
{
	bp_sql_restrict(reader, BP_SQL_LOG);
	ck_assert(may("SELECT event_data FROM claude_row"));
	ck_assert(may("SELECT text FROM name"));
	ck_assert(may("SELECT dict FROM zlib_dictionary"));
	ck_assert(may("SELECT * FROM raw_traces"));
	ck_assert(!may("SELECT data FROM blob"));
	ck_assert(!may("SELECT * FROM conversations"));
	ck_assert(!may("SELECT cost_pusd FROM model_calls"));
	ck_assert(!may("SELECT key_hash FROM tombstone"));
	ck_assert(!may("WITH claude_row AS (SELECT data FROM blob) SELECT * FROM claude_row"));
	ck_assert(!may("DELETE FROM claude_row"));
}
END_TEST

START_TEST(nothing_is_changed_attached_or_loaded)
{
	static const char *const bad[] = {
		"ATTACH 'x.db' AS x",
		"DETACH main",
		"INSERT INTO pool_progress VALUES ('p', 't', 1)",
		"UPDATE pool_progress SET low_water = 0",
		"DELETE FROM tombstone",
		"CREATE TABLE t (x)",
		"CREATE TEMP TABLE t (x)",
		"DROP TABLE tombstone",
		"PRAGMA query_only = 0",
		"PRAGMA user_version = 3",
		"PRAGMA wal_checkpoint",
		"PRAGMA journal_mode = DELETE",
		"PRAGMA writable_schema = 1",
		"SELECT load_extension('x')",
		"VACUUM INTO 'x.db'",
		"REINDEX",
		"ANALYZE",
	};

	bp_sql_restrict(reader, BP_SQL_RAW_VIEWS);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bp_statement *statement = NULL;
		struct bp_err err = {0};

		/* VACUUM INTO is asked for when it runs. */
		enum bp_rc rc = bp_statement_new(reader, bad[i], &statement, &err);
		if (rc == BP_OK) {
			rc = bp_statement_run(statement, &err);
		}
		bp_statement_free(statement);
		ck_assert_msg(rc != BP_OK, "%s", bad[i]);
	}
	ck_assert_int_ne(access("x.db", F_OK), 0);
}
END_TEST

BP_TEST_MAIN(set_up, tear_down, facts_may_be_read_and_the_log_not,
	     facts_may_be_searched_and_the_index_not_changed, the_event_log_may_read_the_views_only,
	     the_reader_of_the_log_sees_the_log_alone, nothing_is_changed_attached_or_loaded)

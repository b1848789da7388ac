/* SPDX-License-Identifier: MIT */
#include "query/database.h"

#include "query/schema.h"
#include "unit/query/facts.h"

static struct bp_err err;
static struct bp_sql *sql;

static void close_all(void)
{
	bp_sql_close(sql);
	sql = NULL;
	facts_close();
}

static void refused(const char *text)
{
	struct bp_statement *statement = NULL;

	ck_assert_msg(bp_statement_new(sql, text, &statement, &err) != BP_OK, "\"%s\"", text);
}

START_TEST(facts_can_be_read_and_nothing_else_can_be_done)
{
	struct bp_statement *statement = NULL;

	ck_assert_ok(bp_query_open(facts_path, &sql, &err), err);
	ck_assert_ok(bp_statement_new(sql, "SELECT count(*) FROM tool_calls", &statement, &err),
		     err);
	bp_statement_free(statement);
	refused("SELECT event_data FROM claude_row");
	refused("SELECT * FROM claude_raw_traces");
	refused("SELECT data FROM blob");
	refused("SELECT text FROM name");
	refused("DELETE FROM tool_calls");
	refused("ATTACH '/tmp/x' AS x");
}
END_TEST

START_TEST(a_missing_file_is_not_found)
{
	ck_assert_rc(bp_query_open("/tmp/bp_query_none/telemetry.db", &sql, &err), BP_ENOTFOUND);
}
END_TEST

START_TEST(a_newer_database_is_refused)
{
	facts_put("PRAGMA user_version = 9999");
	ck_assert_rc(bp_query_open(facts_path, &sql, &err), BP_EVERSION);
	ck_assert_ptr_nonnull(strstr(err.msg, "newer"));
}
END_TEST

START_TEST(an_older_database_is_refused_until_a_service_migrates_it)
{
	facts_put("PRAGMA user_version = 1");
	ck_assert_rc(bp_query_open(facts_path, &sql, &err), BP_EVERSION);
	ck_assert_ptr_nonnull(strstr(err.msg, "blueplane restart"));
}
END_TEST

static void count_tables(struct bp_str type, struct bp_str name, struct bp_str text, void *arg)
{
	int *n = arg;

	ck_assert(name.len > 0 && text.len > 0);
	*n += bp_str_is(type, "table");
}

START_TEST(the_schema_can_be_read)
{
	int64_t version = 0;
	int n = 0;

	ck_assert_ok(bp_query_open(facts_path, &sql, &err), err);
	ck_assert_ok(bp_schema_read(sql, &version, count_tables, &n, &err), err);
	ck_assert_int_eq(version, bp_store_version());
	ck_assert_int_gt(n, 10);
}
END_TEST

BP_TEST_MAIN(facts_open, close_all, facts_can_be_read_and_nothing_else_can_be_done,
	     a_missing_file_is_not_found, a_newer_database_is_refused,
	     an_older_database_is_refused_until_a_service_migrates_it, the_schema_can_be_read)

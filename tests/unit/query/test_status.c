/* SPDX-License-Identifier: MIT */
#include "query/status.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "store/store.h"
#include "support/run.h"
#include "support/tmpdir.h"

static struct bp_sql *sql;
static struct bp_err err;

static void setup(void)
{
	memset(&err, 0, sizeof(err));
	bp_test_tmpdir_make();
	ck_assert_ok(bp_sql_open(bp_test_tmpdir("t.db"), BP_SQL_WRITE, 0, &sql, &err), err);
	ck_assert_ok(bp_store_migrate(sql, &err), err);
}

static void teardown(void)
{
	bp_sql_close(sql);
	bp_test_tmpdir_remove();
}

static void exec(const char *text)
{
	ck_assert_ok(bp_sql_exec(sql, text, &err), err);
}

/** n rows from a source; the names 1..4 are there. */
static void add_rows(int first, int n, const char *source)
{
	for (int i = first; i < first + n; i++) {
		char text[512];
		(void)snprintf(text, sizeof(text),
			       "INSERT INTO claude_row (ingested_us, event_id, platform, session, "
			       "type, source, ts_us, ts_source, pv, lvl, flags, event_data) VALUES "
			       "(1, x'%032x', 1, 1, 1, (SELECT id FROM name WHERE text = '%s'), "
			       "%d, 0, 1, 0, 0, x'00')",
			       (unsigned)i, source, i);
		exec(text);
	}
}

START_TEST(rows_are_counted_once_and_then_only_the_new_ones)
{
	struct bp_status_rows rows = {0};

	exec("INSERT INTO name (text) VALUES ('hook'), ('transcript')");
	add_rows(1, 3, "transcript");
	add_rows(4, 2, "hook");
	ck_assert_ok(bp_status_count(sql, true, &rows, &err), err);
	ck_assert_int_eq(rows.total, 5);
	ck_assert_int_eq(rows.hooks, 2);
	/* What was counted is not looked at again. */
	exec("DELETE FROM claude_row WHERE sequence = 1");
	add_rows(6, 1, "hook");
	ck_assert_ok(bp_status_count(sql, true, &rows, &err), err);
	ck_assert_int_eq(rows.total, 6);
	ck_assert_int_eq(rows.hooks, 3);
}
END_TEST

START_TEST(lags_are_the_work_that_is_left)
{
	struct bp_status status = {.state = "running"};

	exec("INSERT INTO name (text) VALUES ('hook'), ('transcript')");
	add_rows(1, 5, "transcript");
	exec("INSERT INTO pool_progress VALUES ('conversations', 'claude_row', 3)");
	exec("INSERT INTO dirty_session VALUES (7, 1)");
	exec("INSERT INTO dirty_bucket VALUES (0, 1), (900000000, 1)");
	exec("INSERT INTO capture_checkpoint VALUES ('claude_code:x', '{\"dead_letters\":2,"
	     "\"oversize\":1,\"ts\":5}', 0)");
	ck_assert_ok(bp_status_count(sql, true, &status.rows, &err), err);
	ck_assert_ok(bp_status_read(sql, &status, &err), err);
	ck_assert_int_eq(status.conversations_lag, 3);
	ck_assert_int_eq(status.metrics_lag, 2);
	ck_assert_uint_eq(status.n_sources, 2);
	ck_assert_int_eq(status.sources[0].rows, 5);
	ck_assert_int_eq(status.sources[0].errors, 3);
	ck_assert_int_eq(status.sources[0].last_event_us, 5);
	ck_assert_int_eq(status.sources[1].rows, 0);
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
	struct bp_status status = {.state = "stopped",
				   .version = "x",
				   .redis_state = "stopped",
				   .database_path = "/db",
				   .pid = BP_SQL_NULL,
				   .uptime_s = BP_SQL_NULL,
				   .redis_pid = BP_SQL_NULL,
				   .queue_depth = BP_SQL_NULL,
				   .dead_letters = BP_SQL_NULL};
	cJSON *json = bp_status_json(&status);
	char *text = cJSON_PrintUnformatted(json);

	ck_assert_ptr_nonnull(strstr(text, "\"service\":{\"state\":\"stopped\",\"pid\":null,"
					   "\"uptime_s\":null,"));
	ck_assert_ptr_nonnull(strstr(text, "\"queue\":{\"depth\":null,\"level\":null,"
					   "\"dead_letters\":null,"));
	ck_assert_ptr_nonnull(
		strstr(text, "\"database\":{\"path\":\"/db\",\"bytes\":0,\"rows\":0"));
	cJSON_free(text);
	cJSON_Delete(json);
}
END_TEST

START_TEST(levels_follow_the_depth)
{
	ck_assert_str_eq(bp_status_level(0), "green");
	ck_assert_str_eq(bp_status_level(999), "green");
	ck_assert_str_eq(bp_status_level(1000), "yellow");
	ck_assert_str_eq(bp_status_level(10000), "orange");
	ck_assert_str_eq(bp_status_level(50000), "red");
}
END_TEST

BP_TEST_MAIN(setup, teardown, rows_are_counted_once_and_then_only_the_new_ones,
	     lags_are_the_work_that_is_left, what_is_not_known_is_null, levels_follow_the_depth)

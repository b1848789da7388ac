/* SPDX-License-Identifier: MIT */
/*
 * test_clocks.c - time-stamps that go backwards, are missing or of the future, and the night in
 * which clocks are put forward: every line is a turn, days hold what is theirs. Turns are numbered
 * by their time: after a clock that was put back not in the order in which their lines stand.
 *
 * Seen to fail: when a line without a time gets the present one instead of that of the line before.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "store/sqlite.h"
#include "support/run.h"
#include "support/service.h"

enum { LINE_BYTES = 1024, CACHE_BYTES = 1 << 20 };

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	bp_test_home_env(&home, "TZ=Europe/Berlin");
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

/** Append the n-th prompt of a session, of n words; time NULL: it has none. */
static void prompt(int session, int n, const char *time)
{
	char path[LINE_BYTES];
	struct bp_buf line;

	bp_buf_init(&line, LINE_BYTES);
	bp_buf_printf(
		&line,
		"{\"parentUuid\":null,\"isSidechain\":false,\"userType\":\"external\",\"cwd\":"
		"\"/home/dev/x\",\"sessionId\":\"0f000000-0000-4000-8000-%012d\",\"version\":"
		"\"2.1.0\",\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":\"",
		session);
	for (int i = 0; i < n; i++) {
		bp_buf_printf(&line, "%sword", i ? " " : "");
	}
	bp_buf_printf(&line, "\"},\"uuid\":\"0e00000%d-0000-4000-8000-%012d\"", session, 900 - n);
	if (time) {
		bp_buf_printf(&line, ",\"timestamp\":\"%s\"", time);
	}
	bp_buf_printf(&line, "}\n");
	ck_assert(bp_buf_ok(&line));
	(void)snprintf(path, sizeof(path), "%s/-home-dev-x/0f000000-0000-4000-8000-%012d.jsonl",
		       home.projects, session);
	if (n == 1) {
		bp_test_write_file(path, line.ptr, line.len);
	} else {
		bp_test_append_file(path, line.ptr, line.len);
	}
	bp_buf_done(&line);
}

/** The words of a session's turns, in the order of their numbers, which go from 1: "1,2,3". */
static void check_order(int session, const char *wanted)
{
	struct bp_sql *sql = NULL;
	struct bp_statement *select = NULL;
	struct bp_err err = {0};
	struct bp_buf got;
	char id[64];

	bp_buf_init(&got, LINE_BYTES);
	(void)snprintf(id, sizeof(id), "0f000000-0000-4000-8000-%012d", session);
	ck_assert_ok(bp_sql_open(bp_test_home_file(&home, "telemetry.db"), BP_SQL_READ, CACHE_BYTES,
				 &sql, &err),
		     err);
	ck_assert_ok(bp_statement_new(sql,
				      "SELECT t.words, t.turn_number FROM conversation_turns AS t"
				      " JOIN conversations AS c ON c.id = t.conversation_id"
				      " WHERE c.external_id = ?1 ORDER BY t.turn_number",
				      &select, &err),
		     err);
	bp_bind_text(select, 1, bp_str_from(id));
	for (int n = 1; bp_statement_step(select, &err) == BP_OK; n++) {
		bp_buf_printf(&got, "%s%d", n > 1 ? "," : "", (int)bp_column_int(select, 0));
		ck_assert_int_eq(bp_column_int(select, 1), n);
	}
	bp_statement_free(select);
	bp_sql_close(sql);
	ck_assert_str_eq(got.ptr ? got.ptr : "", wanted);
	bp_buf_done(&got);
}

/** Prompts of all time by day, or by hour: "2026-03-29=4 ...". */
static void check_groups(const char *by, const char *wanted)
{
	struct bp_buf got;
	const cJSON *group;
	cJSON *json = bp_test_cli_json(&home, "metrics", "-p", "all", "--group-by", by, NULL);

	bp_buf_init(&got, LINE_BYTES);
	cJSON_ArrayForEach (group, bp_test_json_at(json, "groups")) {
		bp_buf_printf(&got, "%s%s=%d", got.len ? " " : "", bp_test_json_text(group, "key"),
			      (int)bp_test_json_number(group, "metrics.prompts"));
	}
	cJSON_Delete(json);
	ck_assert_str_eq(got.ptr ? got.ptr : "", wanted);
	bp_buf_done(&got);
}

START_TEST(no_line_is_lost_and_days_hold_what_is_theirs)
{
	bp_test_service_start(&home);
	prompt(1, 1, "2026-02-10T10:00:00.000Z");
	prompt(1, 2, "2026-02-10T09:50:00.000Z"); /* the clock was put back */
	prompt(1, 3, NULL);                       /* has the time of the one before */
	prompt(1, 4, "2030-01-01T12:00:00.000Z"); /* of a clock that is years ahead */
	prompt(1, 5, "2026-02-11T10:05:00.000Z");
	/* Berlin puts its clocks from 2:00 to 3:00 at 1:00 UTC. */
	prompt(2, 1, "2026-03-28T22:59:59.000Z");
	prompt(2, 2, "2026-03-28T23:00:00.000Z");
	prompt(2, 3, "2026-03-29T00:59:59.000Z");
	prompt(2, 4, "2026-03-29T01:00:00.000Z");
	prompt(2, 5, "2026-03-29T21:59:59.000Z");
	prompt(2, 6, "2026-03-29T22:00:00.000Z");
	cJSON_Delete(bp_test_cli_json(&home, "import", NULL)); /* until every line is read */
	bp_test_wait_final(&home);
	check_order(1, "2,3,1,5,4");
	check_order(2, "1,2,3,4,5,6");
	check_groups("day", "2026-02-10=3 2026-02-11=1 2026-03-28=1 2026-03-29=4 2026-03-30=1 "
			    "2030-01-01=1");
	bp_test_service_stop(&home);
}
END_TEST

BP_TEST_MAIN(setup, teardown, no_line_is_lost_and_days_hold_what_is_theirs)

/* SPDX-License-Identifier: MIT */
/*
 * test_stop_drains.c - SIGTERM in the middle of an import: what was queued is stored before the
 * service ends, nothing is left running, and the rest follows at the next start.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "support/run.h"
#include "support/service.h"

enum { LINES = 20000, POLL_MS = 2, LINE_BYTES = 400 };

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static void write_history(void)
{
	struct bp_buf text;
	char path[512];

	bp_buf_init(&text, (size_t)LINES * LINE_BYTES);
	for (int i = 0; i < LINES; i++) {
		bp_buf_printf(&text,
			      "{\"parentUuid\":null,\"isSidechain\":false,\"cwd\":\"/home/dev/x\","
			      "\"sessionId\":\"0f000000-0000-4000-8000-000000000001\",\"version\":"
			      "\"2.1.0\",\"type\":\"user\",\"message\":{\"role\":\"user\","
			      "\"content\":\"hello %d\"},\"uuid\":"
			      "\"0e000000-0000-4000-8000-%012d\",\"timestamp\":"
			      "\"2026-01-02T%02d:%02d:%02d.000Z\"}\n",
			      i, i, i / 3600 % 24, i / 60 % 60, i % 60);
	}
	ck_assert(bp_buf_ok(&text));
	(void)snprintf(path, sizeof(path), "%s/x/0f000000-0000-4000-8000-000000000001.jsonl",
		       home.projects);
	bp_test_write_file(path, text.ptr, text.len);
	bp_buf_done(&text);
}

static int rows(void)
{
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	int n = (int)bp_test_json_number(status, "database.rows");

	cJSON_Delete(status);
	return n;
}

START_TEST(stopping_in_the_middle_loses_nothing)
{
	bp_test_service_start(&home);
	write_history();
	while (rows() == 0) {
		(void)poll(NULL, 0, POLL_MS);
	}
	bp_test_service_stop(&home);
	ck_assert_int_eq(bp_test_service_redis(&home), 0);
	ck_assert_int_ne(access(bp_test_home_file(&home, "run/pid"), F_OK), 0);
	ck_assert_int_ne(access(bp_test_home_file(&home, "run/control.sock"), F_OK), 0);
	int stored = rows();
	ck_assert_int_gt(stored, 0);

	bp_test_service_start(&home);
	/* What was in the queue is stored: at a new start nothing of it waits. */
	cJSON *result = bp_test_cli_json(&home, "import", NULL);
	ck_assert_int_eq((int)bp_test_json_number(result, "lines"), LINES);
	ck_assert_int_eq((int)bp_test_json_number(result, "dead_letters"), 0);
	ck_assert_int_eq(rows(), LINES);
	cJSON_Delete(result);
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(the_queue_is_empty_after_a_stop)
{
	bp_test_service_start(&home);
	write_history();
	while (rows() == 0) {
		(void)poll(NULL, 0, POLL_MS);
	}
	bp_test_service_stop(&home);
	int stored = rows();

	/* With no source to read, new rows could only come from what was left in the queue. */
	bp_test_home_env(&home, "BLUEPLANE_SOURCES_CLAUDE_CODE_ENABLED=false");
	bp_test_service_start(&home);
	bp_test_wait_final(&home);
	ck_assert_int_eq(rows(), stored);
	bp_test_service_stop(&home);
}
END_TEST

BP_TEST_MAIN(setup, teardown, stopping_in_the_middle_loses_nothing, the_queue_is_empty_after_a_stop)

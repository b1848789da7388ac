/* SPDX-License-Identifier: MIT */
/*
 * test_kill_recovers.c - service and Redis are killed in turn while files grow; in the end every
 * line is a row, once.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "support/run.h"
#include "support/service.h"

enum { FILES = 6, ROUNDS = 8, LINES_PER_ROUND = 60 };

static struct bp_test_home home;
static int lines_written;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	lines_written = 0;
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

/** Append one prompt to one of the files. */
static void write_line(int file)
{
	char path[512];
	char line[512];
	int i = lines_written++;

	(void)snprintf(path, sizeof(path), "%s/-home-dev-x/0f000000-0000-4000-8000-%012d.jsonl",
		       home.projects, file);
	int n = snprintf(line, sizeof(line),
			 "{\"parentUuid\":null,\"isSidechain\":false,\"userType\":\"external\","
			 "\"cwd\":\"/home/dev/x\",\"sessionId\":\"0f000000-0000-4000-8000-%012d\","
			 "\"version\":\"2.1.0\",\"type\":\"user\",\"message\":{\"role\":\"user\","
			 "\"content\":\"hello %d\"},\"uuid\":\"0e000000-0000-4000-8000-%012d\","
			 "\"timestamp\":\"2026-01-02T03:%02d:%02d.%03dZ\"}\n",
			 file, i, i, i / 60 % 60, i % 60, i % 1000);
	if (lines_written <= FILES) {
		bp_test_write_file(path, line, (size_t)n);
	} else {
		bp_test_append_file(path, line, (size_t)n);
	}
}

static void check_counts(void)
{
	bp_test_wait_final(&home);
	cJSON *result = bp_test_cli_json(&home, "import", NULL); /* until every file is read */
	ck_assert_int_eq((int)bp_test_json_number(result, "lines"), lines_written);
	ck_assert_int_eq((int)bp_test_json_number(result, "dead_letters"), 0);
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_int_eq((int)bp_test_json_number(status, "database.rows"), lines_written);
	cJSON *metrics = bp_test_cli_json(&home, "metrics", "-p", "all", NULL);
	ck_assert_int_eq((int)bp_test_json_number(metrics, "metrics.prompts"), lines_written);
	ck_assert_int_eq((int)bp_test_json_number(metrics, "metrics.sessions"), FILES);
	cJSON_Delete(metrics);
	cJSON_Delete(status);
	cJSON_Delete(result);
}

START_TEST(every_line_is_a_row_once_whatever_is_killed)
{
	bp_test_service_start(&home);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < LINES_PER_ROUND; i++) {
			write_line(i % FILES);
		}
		if (round % 2 == 0) {
			bp_test_service_kill(&home, round % 4 == 0);
			bp_test_service_start(&home);
		} else {
			pid_t redis = bp_test_service_redis(&home);
			if (redis > 0) {
				(void)kill(redis, SIGKILL);
			}
		}
	}
	check_counts();
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(losing_all_of_redis_loses_no_line)
{
	struct bp_test_output out;
	char path[512];

	bp_test_service_start(&home);
	for (int i = 0; i < LINES_PER_ROUND; i++) {
		write_line(i % FILES);
	}
	bp_test_service_kill(&home, true);
	/* The append-only file goes, with all that was queued. */
	(void)snprintf(path, sizeof(path), "%s/redis.gone", home.home);
	ck_assert_int_eq(rename(bp_test_home_file(&home, "redis"), path), 0);
	for (int i = 0; i < LINES_PER_ROUND; i++) {
		write_line(i % FILES);
	}
	bp_test_service_start(&home);
	check_counts();
	bp_test_cli(&home, &out, "db", "verify", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
	bp_test_service_stop(&home);
}
END_TEST

BP_TEST_MAIN(setup, teardown, every_line_is_a_row_once_whatever_is_killed,
	     losing_all_of_redis_loses_no_line)

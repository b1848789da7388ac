/* SPDX-License-Identifier: MIT */
/*
 * test_bad_input.c - what is wrong is said in a sentence that tells what to do, and nothing is lost
 * meanwhile. Broken configs, second services and missing programs: test_bad_config.c,
 * test_second_service.c.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unix_socket.h"
#include "store/sqlite.h"
#include "support/journey.h"
#include "support/number.h"
#include "support/run.h"
#include "support/service.h"

enum { DISK_MB = 24 };

static struct bp_test_home home;
static int lines_written;

static void setup(void)
{
	lines_written = 0;
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	bp_test_write_file(bp_test_transcript(&home), "", 0);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static void has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part, text);
}

/** `blueplane ARG [ARG]` ends with this code and says this. */
static void says(int code, const char *part, const char *a, const char *b, const char *c)
{
	struct bp_test_output out;

	bp_test_cli(&home, &out, a, b, c, NULL);
	ck_assert_msg(out.code == code, "exit code %d, not %d: %s", out.code, code, out.err);
	has(out.err, part);
	ck_assert_msg(strchr(out.err, '\n') == out.err + out.err_bytes - 1, "not one line: %s",
		      out.err);
	bp_test_output_done(&out);
}

/** Add n prompts to the transcript. */
static void add_lines(int n)
{
	bp_test_add_prompts(&home, lines_written, n);
	lines_written += n;
}

START_TEST(a_wrong_word_names_the_nearest)
{
	says(2, "\"metrics\"", "metrcs", NULL, NULL);
	says(2, "\"--json\"", "metrics", "--jsn", NULL);
	says(2, "\"list\"", "dlq", "lst", NULL);
}
END_TEST

START_TEST(an_unknown_session_is_said_to_be_unknown)
{
	bp_test_service_start(&home);
	add_lines(3);
	bp_test_wait_number(&home, "database.rows", 3);
	bp_test_wait_final(&home);
	says(1, "5e551000-0000-4000-a000-000000000001", "analyze",
	     "5e551000-0000-4000-a000-000000000002", NULL);
	says(1, "deadbeef", "analyze", "deadbeef", NULL);
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(a_home_that_cannot_be_written_says_chmod)
{
	ck_assert_int_eq(chmod(home.home, 0500), 0);
	says(1, "chmod 700", "start", NULL, NULL);
	ck_assert_int_eq(chmod(home.home, 0700), 0);
}
END_TEST

START_TEST(a_home_where_none_can_be_says_so)
{
	bp_test_home_env(&home, "BLUEPLANE_HOME=/dev/null/blueplane");
	says(1, "\"/dev/null\"", "start", NULL, NULL);
}
END_TEST

/** Listen on a file of the home as somebody else, and see that no service starts there. */
static void take_socket(const char *folder, const char *name, const char *words)
{
	struct bp_test_output out;
	struct bp_err err = {0};
	int listener = -1;

	ck_assert_int_eq(mkdir(bp_test_home_file(&home, folder), 0700), 0);
	ck_assert_ok(bp_unix_listen(bp_test_home_file(&home, name), &listener, &err), err);
	bp_test_run_program(&home, "blueplaned", NULL, NULL, 0, &out);
	ck_assert_int_eq(out.code, 1);
	has(out.err, words);
	has(out.err, name);
	has(out.err, "BLUEPLANE_HOME");
	bp_test_output_done(&out);
	/* Nothing of ours is left running, and theirs was not touched. */
	ck_assert_int_eq(bp_test_service_redis(&home), 0);
	int client = -1;
	ck_assert_ok(bp_unix_connect(bp_test_home_file(&home, name), &client, &err), err);
	(void)close(client);
	says(1, words, "start", NULL, NULL);
	(void)close(listener);
	bp_test_service_start(&home);
	bp_test_service_stop(&home);
}

START_TEST(a_socket_that_is_taken_names_who_has_it)
{
	char words[64];

	(void)snprintf(words, sizeof(words), "another program (pid %ld)", (long)getpid());
	take_socket("redis", "redis/redis.sock", words);
}
END_TEST

START_TEST(a_control_socket_that_is_taken_is_left_alone)
{
	take_socket("run", "run/control.sock", "another program");
}
END_TEST

START_TEST(a_malformed_line_is_a_dead_letter_and_the_file_goes_on)
{
	static const char bad[] = "{\"type\":\"user\",\"message\":\"SECRETWORD\n";
	struct bp_test_output out;
	struct stat st;

	add_lines(2);
	ck_assert_int_eq(stat(bp_test_transcript(&home), &st), 0);
	bp_test_append_file(bp_test_transcript(&home), bad, sizeof(bad) - 1);
	add_lines(3);
	bp_test_service_start(&home);
	bp_test_wait_number(&home, "database.rows", 5);
	bp_test_wait_final(&home);
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_int_eq((int)bp_test_json_number(status, "queue.dead_letters"), 1);
	ck_assert_int_eq((int)bp_test_json_number(status, "sources.0.errors"), 1);
	cJSON_Delete(status);
	cJSON *list = bp_test_cli_json(&home, "dlq", "list", NULL);
	ck_assert_int_eq((int)bp_test_json_number(list, "total"), 1);
	ck_assert_str_eq(bp_test_json_text(list, "dead_letters.0.reason"), "malformed");
	const char *source = bp_test_json_text(list, "dead_letters.0.source");
	ck_assert_int_eq(strncmp(source, "claude_code:", 12), 0);
	ck_assert_uint_eq(strspn(source + 12, "0123456789abcdef"), 16);
	ck_assert_int_eq((int)bp_test_number(bp_test_json_text(list, "dead_letters.0.offset"), -1),
			 (int)st.st_size);
	char *text = cJSON_PrintUnformatted(list);
	ck_assert_ptr_null(strstr(text, "SECRETWORD"));
	ck_assert_ptr_null(strstr(text, home.projects));
	free(text);
	cJSON_Delete(list);
	bp_test_cli(&home, &out, "status", NULL);
	has(out.out, "1 letters (see: blueplane dlq list)");
	has(out.out, "lines not stored: 1");
	bp_test_output_done(&out);
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(a_database_of_a_newer_program_is_refused_untouched)
{
	const char *path = bp_test_home_file(&home, "telemetry.db");
	struct bp_test_output out;
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};
	size_t n = 0;
	size_t m = 0;

	bp_test_service_start(&home);
	bp_test_service_stop(&home);
	ck_assert_ok(bp_sql_open(path, BP_SQL_WRITE, 65536, &sql, &err), err);
	ck_assert_ok(bp_sql_exec(sql, "PRAGMA user_version = 99", &err), err);
	bp_sql_close(sql);
	char *before = bp_test_read_file(path, &n);
	bp_test_run_program(&home, "blueplaned", NULL, NULL, 0, &out);
	ck_assert_int_eq(out.code, 1);
	has(out.err, "99");
	has(out.err, "use a newer blueplane");
	bp_test_output_done(&out);
	says(1, "use a newer blueplane", "start", NULL, NULL);
	says(1, "newer", "metrics", NULL, NULL);
	char *after = bp_test_read_file(path, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_int_eq(memcmp(before, after, n), 0);
	free(before);
	free(after);
	ck_assert_int_eq(bp_test_service_redis(&home), 0);
}
END_TEST

START_TEST(what_comes_while_redis_hangs_is_stored_when_it_goes_on)
{
	enum { HOOKS = 10, LINES = 500 };
	static const char payload[] =
		"{\"session_id\":\"hooked\",\"cwd\":\"/home/dev/x\",\"hook_event_name\":"
		"\"UserPromptSubmit\",\"prompt\":\"hello\"}";

	bp_test_service_start(&home);
	add_lines(5);
	bp_test_wait_number(&home, "database.rows", 5);
	pid_t redis = bp_test_service_redis(&home);
	ck_assert_int_eq(kill(redis, SIGSTOP), 0);
	add_lines(LINES);
	for (int i = 0; i < HOOKS; i++) {
		bp_test_hook(&home, payload, sizeof(payload) - 1);
	}
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_str_eq(bp_test_json_text(status, "redis.state"), "down");
	ck_assert_int_eq((int)bp_test_json_number(status, "queue.spool_files"), HOOKS);
	cJSON_Delete(status);
	/* Long enough for every connection's patience, as the service says itself. */
	bp_test_wait_log(&home, "fastpath: ");
	ck_assert_int_eq(kill(redis, SIGCONT), 0);
	bp_test_wait_number(&home, "database.rows", 5 + LINES + HOOKS);
	bp_test_wait_final(&home);
	status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_str_eq(bp_test_json_text(status, "redis.state"), "running");
	ck_assert_int_eq((int)bp_test_json_number(status, "queue.spool_files"), 0);
	ck_assert_int_eq((int)bp_test_json_number(status, "queue.spool_lost"), 0);
	ck_assert_int_eq((int)bp_test_json_number(status, "redis.restarts"), 0);
	/* Nothing of it is a line that was not stored. */
	ck_assert_int_eq((int)bp_test_json_number(status, "sources.0.errors"), 0);
	cJSON_Delete(status);
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(a_full_disk_is_said_and_costs_nothing_once_there_is_room)
{
	enum { LINES = 4000 };
	struct bp_test_output out;

	if (!bp_test_own_mounts()) {
		return;
	}
	bp_test_mount_small(&home, DISK_MB);
	bp_test_service_start(&home);
	add_lines(100);
	bp_test_wait_number(&home, "database.rows", 100);
	bp_test_fill_disk(&home);
	add_lines(LINES);
	bp_test_wait_log(&home, "cannot store events");
	bp_test_cli(&home, &out, "status", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	has(out.out, "disk is full");
	has(out.out, "not final");
	bp_test_output_done(&out);
	ck_assert_int_eq(unlink(bp_test_home_file(&home, "ballast")), 0);
	bp_test_wait_number(&home, "database.rows", 100 + LINES);
	bp_test_wait_final(&home);
	bp_test_cli(&home, &out, "status", NULL);
	ck_assert_ptr_null(strstr(out.out, "disk is full"));
	bp_test_output_done(&out);
	cJSON *metrics = bp_test_cli_json(&home, "metrics", "--period=all", NULL);
	ck_assert_int_eq((int)bp_test_json_number(metrics, "metrics.prompts"), 100 + LINES);
	cJSON_Delete(metrics);
	bp_test_service_stop(&home);
	bp_test_unmount(&home);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_wrong_word_names_the_nearest,
	     an_unknown_session_is_said_to_be_unknown, a_home_that_cannot_be_written_says_chmod,
	     a_home_where_none_can_be_says_so, a_socket_that_is_taken_names_who_has_it,
	     a_control_socket_that_is_taken_is_left_alone,
	     a_malformed_line_is_a_dead_letter_and_the_file_goes_on,
	     a_database_of_a_newer_program_is_refused_untouched,
	     what_comes_while_redis_hangs_is_stored_when_it_goes_on,
	     a_full_disk_is_said_and_costs_nothing_once_there_is_room)

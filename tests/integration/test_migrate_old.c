/* SPDX-License-Identifier: MIT */
/*
 * test_migrate_old.c - a database of an old version is brought up to date when the service starts,
 * and then says the same as one that was made new of the same files; a newer one is left alone.
 *
 * Seen to fail: without the statements of 0003 and 0006 that have every session worked out again.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store/sqlite.h"
#include "support/run.h"
#include "support/service.h"

#define SAMPLE BP_TEST_SOURCE_DIR "/examples/claude-code"
#define OLD BP_TEST_SOURCE_DIR "/tests/data/db/0002.db"

static struct bp_test_home old, fresh;

static void setup(void)
{
	bp_test_home_make(&old, BP_TEST_BIN_DIR);
	bp_test_home_make(&fresh, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&old);
	bp_test_home_remove(&fresh);
}

/* Metrics of all time, as text; with a grouping "groups" alone. Owns: free(). */
static char *numbers(const struct bp_test_home *home, const char *by)
{
	cJSON *json = by ? bp_test_cli_json(home, "metrics", "-p", "all", "--group-by", by, NULL)
			 : bp_test_cli_json(home, "metrics", "-p", "all", NULL);
	char *text = cJSON_PrintUnformatted(cJSON_GetObjectItem(json, by ? "groups" : "metrics"));

	ck_assert_ptr_nonnull(text);
	cJSON_Delete(json);
	return text;
}

/* What `stats` makes of habits, which came with schema 9. Owns: free(). */
static char *habits(const struct bp_test_home *home)
{
	static const char *const parts[] = {"sequences", "patterns", "phases", "hours"};
	cJSON *json = bp_test_cli_json(home, "stats", "-p", "all", NULL);
	cJSON *kept = cJSON_CreateObject();

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		cJSON_AddItemToObject(kept, parts[i], cJSON_DetachItemFromObject(json, parts[i]));
	}
	char *text = cJSON_PrintUnformatted(kept);
	cJSON_Delete(kept);
	cJSON_Delete(json);
	return text;
}

START_TEST(an_old_database_says_the_same_as_a_new_one)
{
	static const char *const groups[] = {NULL, "tool", "model", "day", "hour", "platform"};
	const char *path = bp_test_home_file(&old, "telemetry.db");

	/* Its project's hash is of another home's key, and all else is the same. */
	bp_test_copy(OLD, path);
	ck_assert_int_eq(chmod(path, 0600), 0);
	bp_test_service_start(&old);
	bp_test_wait_final(&old);
	bp_test_service_start(&fresh);
	cJSON_Delete(bp_test_cli_json(&fresh, "import", SAMPLE, NULL));
	bp_test_wait_final(&fresh);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		char *was = numbers(&old, groups[i]);
		char *is = numbers(&fresh, groups[i]);
		ck_assert_msg(strlen(is) > 500, "%s", is);
		ck_assert_msg(strcmp(was, is) == 0, "%s\nmigrated %.1500s\nnew %.1500s",
			      groups[i] ? groups[i] : "all", was, is);
		free(was);
		free(is);
	}
	char *was = habits(&old), *is = habits(&fresh);
	ck_assert_ptr_nonnull(strstr(is, "\"Bash\""));
	ck_assert_str_eq(was, is);
	free(was);
	free(is);
}
END_TEST

/* Seen to fail: with a store that takes a newer version for its own. */
START_TEST(a_newer_database_is_refused_and_left_as_it_is)
{
	static const char *const no_args[] = {NULL};
	const char *path = bp_test_home_file(&old, "telemetry.db");
	struct bp_test_output service;
	struct bp_test_output question;
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};
	size_t before_bytes = 0;
	size_t after_bytes = 0;

	bp_test_copy(OLD, path);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_ok(bp_sql_open(path, BP_SQL_WRITE, 1 << 20, &sql, &err), err);
	ck_assert_ok(bp_sql_exec(sql,
				 "PRAGMA user_version = 9999;"
				 "PRAGMA wal_checkpoint(TRUNCATE)",
				 &err),
		     err);
	bp_sql_close(sql);
	char *before = bp_test_read_file(path, &before_bytes);
	bp_test_run_program(&old, "blueplaned", no_args, NULL, 0, &service);
	bp_test_cli(&old, &question, "metrics", NULL);
	char *after = bp_test_read_file(path, &after_bytes);
	ck_assert_int_eq(service.code, 1);
	ck_assert_int_eq(question.code, 1);
	ck_assert_msg(strstr(service.err, "9999") && strstr(service.err, "newer"), "%s",
		      service.err);
	ck_assert_msg(strstr(question.err, "9999") && strstr(question.err, "newer"), "%s",
		      question.err);
	ck_assert_uint_eq(before_bytes, after_bytes);
	ck_assert_mem_eq(before, after, before_bytes);
	free(before);
	free(after);
	bp_test_output_done(&service);
	bp_test_output_done(&question);
}
END_TEST

BP_TEST_MAIN(setup, teardown, an_old_database_says_the_same_as_a_new_one,
	     a_newer_database_is_refused_and_left_as_it_is)

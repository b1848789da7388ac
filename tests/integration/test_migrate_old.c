/* SPDX-License-Identifier: MIT */
/*
 * test_migrate_old.c - a database of an old version is brought up to date when the service starts,
 * and then says the same as one that was made new of the same files.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
		ck_assert_msg(strcmp(was, is) == 0, "%s\nmigrated %s\nnew %s",
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

BP_TEST_MAIN(setup, teardown, an_old_database_says_the_same_as_a_new_one)

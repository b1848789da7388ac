/* SPDX-License-Identifier: MIT */
/*
 * test_import_twice.c - every line is accounted for, whatever is imported how often: lines = rows +
 * duplicates + dead letters + oversize, per file; and a second time changes no number.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "support/run.h"
#include "support/service.h"

#define SAMPLE BP_TEST_SOURCE_DIR "/examples/claude-code"

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static int number(const cJSON *json, const char *name)
{
	return (int)bp_test_json_number(json, name);
}

static void check_equation(const cJSON *result)
{
	const cJSON *file = NULL;
	int lines = 0;

	cJSON_ArrayForEach (file, cJSON_GetObjectItemCaseSensitive(result, "by_file")) {
		ck_assert_int_eq(number(file, "lines"),
				 number(file, "rows") + number(file, "duplicates") +
					 number(file, "dead_letters") + number(file, "oversize"));
		lines += number(file, "lines");
	}
	ck_assert_int_eq(number(result, "lines"), lines);
	ck_assert_int_eq(number(result, "files"),
			 cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(result, "by_file")));
}

/** What `metrics` says of all time, as text. Owns: free(). */
static char *all_numbers(void)
{
	cJSON *json = bp_test_cli_json(&home, "metrics", "-p", "all", NULL);
	char *text = cJSON_PrintUnformatted(json);

	cJSON_Delete(json);
	return text;
}

START_TEST(a_second_import_finds_only_duplicates)
{
	cJSON *first = bp_test_cli_json(&home, "import", SAMPLE, NULL);
	check_equation(first);
	ck_assert_int_gt(number(first, "rows"), 40);
	ck_assert_int_eq(number(first, "rows"), number(first, "lines"));
	char *before = all_numbers();

	cJSON *second = bp_test_cli_json(&home, "import", SAMPLE, NULL);
	check_equation(second);
	ck_assert_int_eq(number(second, "lines"), number(first, "lines"));
	ck_assert_int_eq(number(second, "rows"), 0);
	ck_assert_int_eq(number(second, "duplicates"), number(first, "lines"));
	char *after = all_numbers();
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	cJSON_Delete(first);
	cJSON_Delete(second);
}
END_TEST

START_TEST(a_copy_elsewhere_is_duplicates_too)
{
	char copy[256];

	(void)snprintf(copy, sizeof(copy), "%s/backup", home.root);
	bp_test_copy(SAMPLE, copy);
	cJSON *first = bp_test_cli_json(&home, "import", SAMPLE, NULL);
	cJSON *second = bp_test_cli_json(&home, "import", copy, NULL);
	check_equation(second);
	ck_assert_int_eq(number(second, "lines"), number(first, "lines"));
	ck_assert_int_eq(number(second, "duplicates"), number(first, "lines"));
	cJSON_Delete(first);
	cJSON_Delete(second);
}
END_TEST

/** The types of agents that costs are grouped by, as text. Owns: free(). */
static char *agents(void)
{
	cJSON *json = bp_test_cli_json(&home, "costs", "-p", "all", "--by", "agent", NULL);
	char *text = cJSON_PrintUnformatted(bp_test_json_at(json, "rows"));

	ck_assert_ptr_nonnull(text);
	cJSON_Delete(json);
	return text;
}

/* Seen to fail: with the entries sent without their mark; with the file read from its checkpoint. */
START_TEST(a_refresh_replaces_what_an_older_version_made)
{
	const char *path = bp_test_home_file(&home, "telemetry.db");

	/* Rows of version 1 of the projection, which knew no agent's type. */
	bp_test_copy(BP_TEST_SOURCE_DIR "/tests/data/db/0002.db", path);
	ck_assert_int_eq(chmod(path, 0600), 0);
	bp_test_service_start(&home);
	bp_test_wait_final(&home);
	cJSON *import = bp_test_cli_json(&home, "import", SAMPLE, NULL);
	check_equation(import);
	int lines = number(import, "lines");
	char *before = all_numbers();
	char *types = agents();
	ck_assert_msg(strstr(types, "\"unknown\"") != NULL, "%s", types);
	free(types);
	cJSON_Delete(import);

	import = bp_test_cli_json(&home, "import", "--refresh", SAMPLE, NULL);
	check_equation(import);
	ck_assert_int_eq(number(import, "lines"), lines);
	ck_assert_int_gt(number(import, "rows"), 40);
	types = agents();
	ck_assert_msg(strstr(types, "\"Explore\"") && !strstr(types, "\"unknown\""), "%s", types);
	free(types);
	char *after = all_numbers();
	ck_assert_str_eq(before, after);
	free(after);
	free(before);
	cJSON_Delete(import);

	/* Now every row is of this version. */
	import = bp_test_cli_json(&home, "import", "--refresh", SAMPLE, NULL);
	check_equation(import);
	ck_assert_int_eq(number(import, "rows"), 0);
	ck_assert_int_eq(number(import, "duplicates"), lines);
	cJSON_Delete(import);
}
END_TEST

START_TEST(a_malformed_line_is_a_dead_letter_and_the_file_goes_on)
{
	static const char bad[] = "{\"type\":\"user\",\"secret-canary\":\n";
	char file[512];

	(void)snprintf(file, sizeof(file), "%s/x/5a3b1e01-0000-4000-8000-000000000001.jsonl",
		       home.projects);
	bp_test_copy(SAMPLE "/projects/-home-sample-harbour-sample/"
			    "5a3b1e01-0000-4000-8000-000000000001.jsonl",
		     file);
	size_t bytes = 0;
	char *text = bp_test_read_file(file, &bytes);
	char *middle = strchr(text, '\n') + 1;
	bp_test_write_file(file, text, (size_t)(middle - text));
	bp_test_append_file(file, bad, sizeof(bad) - 1);
	bp_test_append_file(file, middle, bytes - (size_t)(middle - text));
	free(text);

	bp_test_service_start(&home);
	cJSON *result = bp_test_cli_json(&home, "import", home.projects, NULL);
	check_equation(result);
	ck_assert_int_eq(number(result, "dead_letters"), 1);
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_int_eq(number(status, "queue.dead_letters"), 1);
	ck_assert_int_eq(number(status, "sources.0.errors"), 1);
	ck_assert_int_eq(number(status, "database.rows"), number(result, "lines") - 1);
	/* Where it stands, and never what it says. */
	cJSON *letters = bp_test_cli_json(&home, "dlq", "list", NULL);
	ck_assert_int_eq(number(letters, "total"), 1);
	ck_assert_str_eq(bp_test_json_text(letters, "dead_letters.0.reason"), "malformed");
	ck_assert_ptr_nonnull(bp_test_json_at(letters, "dead_letters.0.offset"));
	char *shown = cJSON_PrintUnformatted(letters);
	ck_assert_ptr_null(strstr(shown, "canary"));
	free(shown);
	cJSON_Delete(letters);
	/* Tried again, it is the same letter again, and no row comes twice. */
	struct bp_test_output out;
	bp_test_cli(&home, &out, "dlq", "replay", "--all", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
	cJSON *again = bp_test_cli_json(&home, "import", home.projects, NULL);
	check_equation(again);
	ck_assert_int_eq(number(again, "dead_letters"), 1);
	ck_assert_int_eq(number(again, "rows"), 0);
	cJSON_Delete(again);
	cJSON_Delete(status);
	cJSON_Delete(result);
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(a_path_that_is_not_there_is_named)
{
	struct bp_test_output out;

	bp_test_cli(&home, &out, "import", "/nonexistent/history", "--json", NULL);
	ck_assert_int_eq(out.code, 1);
	ck_assert_uint_eq(out.out_bytes, 0);
	ck_assert_ptr_nonnull(strstr(out.err, "/nonexistent/history"));
	bp_test_output_done(&out);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_second_import_finds_only_duplicates,
	     a_copy_elsewhere_is_duplicates_too, a_refresh_replaces_what_an_older_version_made,
	     a_malformed_line_is_a_dead_letter_and_the_file_goes_on,
	     a_path_that_is_not_there_is_named)

/* SPDX-License-Identifier: MIT */
/*
 * test_dlq_replay.c - a replay reads the file again: a line that still cannot be read is a dead
 * letter again, once; one that was mended is a row.
 *
 * Seen to fail: without trimming what was delivered, the letters of the first read came back beside
 * those of the second, or a second replay left none.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "support/run.h"
#include "support/service.h"

#define GOOD                                                                                       \
	"{\"type\":\"user\",\"isSidechain\":false,\"uuid\":\"00000000-0000-4000-8000-"             \
	"000000000011\",\"sessionId\":\"aaaaaaaa-0000-4000-8000-000000000001\",\"timestamp\":"     \
	"\"2026-01-02T03:04:05.000Z\",\"cwd\":\"/w\",\"message\":{\"role\":\"user\","              \
	"\"content\":\"hello\"}}\n"
#define BAD "{\"type\":\"user\", broken\n"
/* As long as BAD, so that the file's other lines stay where they are. */
#define MENDED "{\"type\":\"mode\",\"a\":12}\n"

static struct bp_test_home home;
static char path[512];

static void setup(void)
{
	struct bp_err err = {0};
	char folder[400];

	_Static_assert(sizeof(BAD) == sizeof(MENDED), "one takes the other's place");
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	(void)snprintf(folder, sizeof(folder), "%s/.claude/projects/-w", home.user);
	ck_assert_ok(bp_file_make_dirs(folder, 0700, &err), err);
	(void)snprintf(path, sizeof(path), "%s/aaaaaaaa-0000-4000-8000-000000000001.jsonl", folder);
	bp_test_write_file(path, GOOD BAD BAD, strlen(GOOD BAD BAD));
	bp_test_service_start(&home);
	bp_test_wait_final(&home);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

/** Replay one letter (NULL: all) and wait until everything is read. */
static void replay(const char *id)
{
	struct bp_test_output out;

	bp_test_cli(&home, &out, "dlq", "replay", id ? id : "--all", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
	bp_test_wait_final(&home);
}

static void check(int letters, int rows)
{
	cJSON *list = bp_test_cli_json(&home, "dlq", "list", NULL);
	ck_assert_int_eq((int)bp_test_json_number(list, "total"), letters);
	cJSON_Delete(list);
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_int_eq((int)bp_test_json_number(status, "database.rows"), rows);
	cJSON_Delete(status);
	cJSON *import = bp_test_cli_json(&home, "import", path, NULL);
	ck_assert_int_eq((int)bp_test_json_number(import, "dead_letters"), letters);
	ck_assert_int_eq((int)bp_test_json_number(import, "lines"), 3);
	cJSON_Delete(import);
}

START_TEST(replaying_what_is_still_broken_changes_nothing)
{
	check(2, 1);
	for (int round = 0; round < 3; round++) {
		cJSON *list = bp_test_cli_json(&home, "dlq", "list", NULL);
		char id[64];
		(void)snprintf(id, sizeof(id), "%s", bp_test_json_text(list, "dead_letters.0.id"));
		cJSON_Delete(list);
		replay(id);
		check(2, 1);
		replay(NULL);
		check(2, 1);
	}
}
END_TEST

START_TEST(a_mended_line_becomes_a_row)
{
	check(2, 1);
	bp_test_write_file(path, GOOD MENDED BAD, strlen(GOOD MENDED BAD));
	replay(NULL);
	check(1, 2);
}
END_TEST

BP_TEST_MAIN(setup, teardown, replaying_what_is_still_broken_changes_nothing,
	     a_mended_line_becomes_a_row)

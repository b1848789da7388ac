/* SPDX-License-Identifier: MIT */
/*
 * test_hostile_entries.c - entries of the queue that cannot be a row, one among ten good ones each:
 * all good ones are stored, each bad one is a dead letter with its reason and without its text, and a
 * replay of what is still broken changes nothing. More of them: tests/unit/fastpath, tests/fuzz.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/stream.h"
#include "support/journey.h"
#include "support/run.h"

enum { GOOD_EACH = 10, HUGE_BYTES = (1 << 20) + 100, DEEP = 10000 };

#define EVENT(rest)                                                                                \
	"{\"v\":1,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":"                      \
	"\"2026-01-02T12:34:56Z\",\"secret\":\"SECRETWORD\"," rest "}"

#define TEXT(literal)                                                                              \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

static char huge[HUGE_BYTES];
static char deep[DEEP];

static const struct {
	struct bp_str text;
	const char *reason;
} HOSTILE[] = {
	{TEXT("not json SECRETWORD"), "not_json"},
	{TEXT("null"), "not_json"},
	{TEXT("[\"SECRETWORD\"]"), "not_json"},
	{TEXT("{"), "not_json"},
	{TEXT("{}"), "bad_version"},
	{TEXT("\0\0\0"), "not_json"},
	{TEXT(EVENT("\"platform\":\"app\",\"session_id\":null,\"event_type\":\"t\"")),
	 "bad_session_id"},
	{TEXT(EVENT("\"platform\":\"app\",\"session_id\":\"s\",\"event_type\":7")),
	 "bad_event_type"},
	{TEXT(EVENT("\"platform\":\"A B\",\"session_id\":\"s\",\"event_type\":\"t\"")),
	 "bad_platform"},
	{TEXT(EVENT("\"platform\":\"app\",\"session_id\":\"\xff\",\"event_type\":\"t\"")),
	 "not_utf8"},
	{TEXT(EVENT("\"platform\":\"app\",\"session_id\":\"s\\u0000\",\"event_type\":\"t\"")),
	 "nul_byte"},
	{TEXT(EVENT("\"platform\":\"app\",\"session_id\":\"s\",\"event_type\":\"t\","
		    "\"payload\":[]")),
	 "bad_payload"},
	{TEXT(EVENT("\"platform\":\"app\",\"session_id\":\"s\",\"event_type\":\"t\"")),
	 "constraint"},
	{{huge, HUGE_BYTES}, "too_large"},
	{{deep, DEEP}, "not_json"},
};

enum { N = sizeof(HOSTILE) / sizeof(HOSTILE[0]) };

static struct bp_test_home home;

static void setup(void)
{
	memset(huge, 'x', sizeof(huge));
	memset(deep, '[', sizeof(deep));
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	bp_test_write_file(bp_test_transcript(&home), "", 0);
	bp_test_service_start(&home);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static void check_letters(int rows)
{
	cJSON *list = bp_test_cli_json(&home, "dlq", "list", NULL);
	char *text = cJSON_PrintUnformatted(list);
	int seen[N + 1] = {0};

	ck_assert_int_eq((int)bp_test_json_number(list, "total"), N + 1);
	for (int i = 0; i < N + 1; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "dead_letters.%d.reason", i);
		const char *reason = bp_test_json_text(list, path);
		bool known = strcmp(reason, "no_event") == 0;
		for (int k = 0; k < N && !known; k++) {
			known = !seen[k] && strcmp(reason, HOSTILE[k].reason) == 0;
			seen[k] = seen[k] || known;
		}
		ck_assert_msg(known, "letter %d: %s", i, reason);
	}
	ck_assert_ptr_null(strstr(text, "SECRETWORD"));
	cJSON_free(text);
	cJSON_Delete(list);
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_int_eq((int)bp_test_json_number(status, "database.rows"), rows);
	cJSON_Delete(status);
}

/* Seen to fail: with a letter deleted whose entry left nothing to replay 14 of 16 are left. */
START_TEST(each_is_a_letter_with_its_reason_and_the_others_are_rows)
{
	const struct bp_field other[] = {{BP_STR("x"), BP_STR("SECRETWORD")}};
	struct bp_redis *redis = NULL;
	struct bp_err err = {0};

	ck_assert_ok(
		bp_redis_open(bp_test_home_file(&home, "redis/redis.sock"), 2000, &redis, &err),
		err);
	bp_redis_xadd(redis, BP_STREAM_EVENTS, NULL, other, 1);
	for (int i = 0; i < N; i++) {
		const struct bp_field fields[] = {{BP_STR("e"), HOSTILE[i].text}};

		bp_redis_xadd(redis, BP_STREAM_EVENTS, NULL, fields, 1);
		ck_assert_ok(bp_redis_flush(redis, NULL, &err), err);
		bp_test_add_prompts(&home, i * GOOD_EACH, GOOD_EACH);
	}
	bp_redis_close(redis);
	bp_test_wait_number(&home, "database.rows", N * GOOD_EACH);
	bp_test_wait_final(&home);
	check_letters(N * GOOD_EACH);
	/* All but the entry without any field and the one that is too large to be kept. */
	cJSON *replayed = bp_test_cli_json(&home, "dlq", "replay", "--all", NULL);
	ck_assert_int_eq((int)bp_test_json_number(replayed, "events"), N - 1);
	cJSON_Delete(replayed);
	bp_test_wait_final(&home);
	check_letters(N * GOOD_EACH);
	bp_test_service_stop(&home);
}
END_TEST

BP_TEST_MAIN(setup, teardown, each_is_a_letter_with_its_reason_and_the_others_are_rows)

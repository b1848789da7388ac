/* SPDX-License-Identifier: MIT */
/*
 * test_guard.c - the hook that stops a session over a cap: only when it is on, only where it can, and
 * never when anything is in doubt.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/run.h"
#include "support/service.h"

#define LAST_ID "5a3b1e03-0000-4000-8000-000000000003"

static struct bp_test_home home;
static struct bp_test_output out;

static void setup(void)
{
	memset(&out, 0, sizeof(out));
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_output_done(&out);
	bp_test_home_remove(&home);
}

static const char *guard(const char *input)
{
	const char *args[] = {"guard", NULL};

	bp_test_output_done(&out);
	bp_test_run_program(&home, "blueplane", args, input, strlen(input), &out);
	ck_assert_msg(out.code == 0, "%d: %s", out.code, out.err);
	ck_assert_str_eq(out.err, "");
	return out.out;
}

static const char *asks(const char *event, const char *session)
{
	static char text[256];

	(void)snprintf(text, sizeof(text),
		       "{\"session_id\":\"%s\",\"hook_event_name\":\"%s\",\"prompt\":\"x\"}",
		       session, event);
	return text;
}

static void config(const char *text)
{
	bp_test_write_file(bp_test_home_file(&home, "config.yaml"), text, strlen(text));
}

static void import_sample(void)
{
	bp_test_copy(BP_TEST_SOURCE_DIR "/examples/claude-code/projects", home.projects);
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "import", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
}

static void stops(const char *input)
{
	cJSON *json = cJSON_Parse(guard(input));

	ck_assert_msg(json != NULL, "it went on: \"%s\"", out.out);
	ck_assert(cJSON_IsFalse(bp_test_json_at(json, "continue")));
	ck_assert_ptr_nonnull(strstr(bp_test_json_text(json, "stopReason"),
				     "this session has cost $0.09, and you set a cap of $0.05"));
	cJSON_Delete(json);
}

/* The session cost $0.089925 (test_screens.c). */
START_TEST(a_cap_stops_at_prompts_and_tools)
{
	import_sample();
	config("guard:\n  enabled: true\n  session_usd: 0.05\n");
	stops(asks("UserPromptSubmit", LAST_ID));
	stops(asks("PreToolUse", LAST_ID));
	ck_assert_str_eq(guard(asks("PostToolUse", LAST_ID)), "");
	ck_assert_str_eq(guard(asks("PreToolUse", "another")), "");
	config("guard:\n  enabled: true\n  session_usd: 0.09\n");
	ck_assert_str_eq(guard(asks("PreToolUse", LAST_ID)), "");
}
END_TEST

START_TEST(off_is_off)
{
	import_sample();
	ck_assert_str_eq(guard(asks("PreToolUse", LAST_ID)), "");
	config("guard:\n  session_usd: 0.05\n");
	ck_assert_str_eq(guard(asks("PreToolUse", LAST_ID)), "");
	/* On without a cap. */
	config("guard.enabled: true\n");
	ck_assert_str_eq(guard(asks("PreToolUse", LAST_ID)), "");
}
END_TEST

/* Seen to fail: with a database that cannot be read, or wrong words in the config, as an exit code or
   as a stop. */
START_TEST(in_doubt_it_goes_on)
{
	static const char *const inputs[] = {"", "x", "{", "[]", "null", "{\"hook_event_name\":3}"};

	/* No home at all. */
	ck_assert_str_eq(guard(asks("PreToolUse", LAST_ID)), "");
	ck_assert_int_ne(access(bp_test_home_file(&home, "salt"), F_OK), 0);
	import_sample();
	config("guard:\n  enabled: true\n  session_usd: 0.05\n");
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		ck_assert_str_eq(guard(inputs[i]), "");
	}
	/* A config that cannot be read. */
	config("guard:\n  enabled: true\n  session_usd: much\n");
	ck_assert_str_eq(guard(asks("PreToolUse", LAST_ID)), "");
	/* A database that is none. */
	config("guard:\n  enabled: true\n  session_usd: 0.05\n");
	bp_test_write_file(bp_test_home_file(&home, "telemetry.db"), "no database", 11);
	ck_assert_str_eq(guard(asks("PreToolUse", LAST_ID)), "");
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_cap_stops_at_prompts_and_tools, off_is_off, in_doubt_it_goes_on)

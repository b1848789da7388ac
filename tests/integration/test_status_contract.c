/* SPDX-License-Identifier: MIT */
/*
 * test_status_contract.c - the shape of `status --json` (docs: interfaces, JSON contract): before
 * anything was recorded, with the service up, and with it down again.
 */
#include <string.h>

#include "support/run.h"
#include "support/service.h"

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static void is_null(const cJSON *root, const char *path)
{
	ck_assert_msg(cJSON_IsNull(bp_test_json_at(root, path)), "%s is not null", path);
}

/** What holds in every state. */
static void check_shape(const cJSON *status)
{
	static const char *const members[] = {
		"service.state",
		"service.pid",
		"service.uptime_s",
		"redis",
		"database.path",
		"database.bytes",
		"database.rows",
		"queue.depth",
		"queue.dead_letters",
		"queue.spool_bytes",
		"pools.0.name",
		"pools.0.lag",
		"pools.1.name",
		"pools.1.lag",
		"sources.0.name",
		"sources.0.enabled",
		"sources.0.last_event_at",
		"sources.0.lag_ms",
		"sources.0.rows",
		"sources.0.errors",
		"sources.1.name",
	};

	ck_assert_int_eq((int)bp_test_json_number(status, "schema_version"), 1);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		ck_assert_msg(bp_test_json_at(status, members[i]) != NULL, "no %s", members[i]);
	}
	ck_assert_str_eq(bp_test_json_text(status, "pools.0.name"), "conversations");
	ck_assert_str_eq(bp_test_json_text(status, "pools.1.name"), "metrics");
	ck_assert_str_eq(bp_test_json_text(status, "sources.0.name"), "claude_code");
	ck_assert_str_eq(bp_test_json_text(status, "sources.1.name"), "hooks");
	ck_assert_str_eq(bp_test_json_text(status, "database.path"),
			 bp_test_home_file(&home, "telemetry.db"));
}

START_TEST(shape_before_anything_was_recorded)
{
	cJSON *status = NULL;

	/* Not even the sources are known without a database. */
	status = bp_test_cli_json(&home, "status", NULL);
	ck_assert_str_eq(bp_test_json_text(status, "service.state"), "stopped");
	is_null(status, "service.pid");
	ck_assert_int_eq((int)bp_test_json_number(status, "database.rows"), 0);
	cJSON_Delete(status);
}
END_TEST

START_TEST(shape_and_values_up_and_down)
{
	bp_test_copy(BP_TEST_SOURCE_DIR "/examples/claude-code/projects", home.projects);
	bp_test_service_start(&home);
	bp_test_wait_final(&home);
	cJSON *up = bp_test_cli_json(&home, "status", NULL);
	check_shape(up);
	ck_assert_str_eq(bp_test_json_text(up, "service.state"), "running");
	ck_assert_int_eq((int)bp_test_json_number(up, "service.pid"), (int)home.service);
	ck_assert_int_gt((int)bp_test_json_number(up, "database.rows"), 0);
	ck_assert_int_eq((int)bp_test_json_number(up, "queue.depth"), 0);
	ck_assert_int_eq((int)bp_test_json_number(up, "pools.0.lag"), 0);
	ck_assert_int_eq((int)bp_test_json_number(up, "pools.1.lag"), 0);
	ck_assert_str_eq(bp_test_json_text(up, "redis.state"), "running");
	bp_test_service_stop(&home);

	cJSON *down = bp_test_cli_json(&home, "status", NULL);
	check_shape(down);
	ck_assert_str_eq(bp_test_json_text(down, "service.state"), "stopped");
	is_null(down, "service.pid");
	is_null(down, "service.uptime_s");
	ck_assert_int_eq((int)bp_test_json_number(down, "database.rows"),
			 (int)bp_test_json_number(up, "database.rows"));
	ck_assert_int_eq((int)bp_test_json_number(down, "sources.0.rows"),
			 (int)bp_test_json_number(up, "sources.0.rows"));
	cJSON_Delete(up);
	cJSON_Delete(down);
}
END_TEST

START_TEST(waiting_without_a_service_says_so)
{
	struct bp_test_output out;

	bp_test_cli(&home, &out, "status", "--wait", NULL);
	ck_assert_int_eq(out.code, 3);
	ck_assert_ptr_nonnull(strstr(out.err, "blueplane start"));
	bp_test_output_done(&out);
}
END_TEST

BP_TEST_MAIN(setup, teardown, shape_before_anything_was_recorded, shape_and_values_up_and_down,
	     waiting_without_a_service_says_so)

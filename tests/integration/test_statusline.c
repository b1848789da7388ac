/* SPDX-License-Identifier: MIT */
/*
 * test_statusline.c - the line below Claude Code's prompt: with and without data, with input that is
 * none, with official limits, which the service then keeps.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite.h"
#include "support/run.h"
#include "support/service.h"

#define LAST_ID "5a3b1e03-0000-4000-8000-000000000003"
/* In the year 2065: no window of the tests begins anew. */
#define RESETS "3000000000"

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

/** The line for this input; always exit code 0 and nothing on stderr. */
static const char *line(const char *input, const char *option)
{
	const char *args[] = {"statusline", option, NULL};

	bp_test_output_done(&out);
	bp_test_run_program(&home, "blueplane", args, input, strlen(input), &out);
	ck_assert_msg(out.code == 0, "%d: %s", out.code, out.err);
	ck_assert_str_eq(out.err, "");
	ck_assert_msg(out.out_bytes > 1 && out.out[out.out_bytes - 1] == '\n' &&
			      strchr(out.out, '\n') == out.out + out.out_bytes - 1,
		      "not one line: %s", out.out);
	return out.out;
}

static void import_sample(void)
{
	bp_test_copy(BP_TEST_SOURCE_DIR "/examples/claude-code/projects", home.projects);
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "import", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
}

START_TEST(without_anything_it_still_has_a_line)
{
	static const char *const inputs[] = {
		"",     "x", "{", "[]", "null", "{\"model\":7,\"cost\":[],\"rate_limits\":\"x\"}",
		"\xff",
	};

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		ck_assert_str_eq(line(inputs[i], NULL), "blueplane: no data yet\n");
	}
	/* Nothing was made: looking is not touching. */
	ck_assert_int_ne(access(bp_test_home_file(&home, "salt"), F_OK), 0);
	ck_assert_str_eq(
		line("{\"model\":{\"display_name\":\"Opus \\u001b[31m\"},"
		     "\"cost\":{\"total_cost_usd\":0.5}}",
		     NULL),
		"Opus \xEF\xBF\xBD[31m | $0.50 session (client) | blueplane: no data yet\n");
}
END_TEST

START_TEST(the_session_costs_what_was_recorded_of_it)
{
	import_sample();
	/* As test_screens.c has it: $0.089925. */
	ck_assert_str_eq(line("{\"session_id\":\"" LAST_ID "\",\"model\":{\"id\":\"m\","
			      "\"display_name\":\"Sonnet 4.5\"},\"cost\":{\"total_cost_usd\":"
			      "0.0899250000001}}",
			      NULL),
			 "Sonnet 4.5 | $0.09 session | $0.00 today\n");
	/* The client's own figure stands beside it where it is another. */
	ck_assert_str_eq(
		line("{\"session_id\":\"" LAST_ID "\",\"cost\":{\"total_cost_usd\":0.2}}", NULL),
		"$0.09 session (client: $0.20) | $0.00 today\n");
	ck_assert_str_eq(line("{\"session_id\":\"unknown\"}", NULL), "$0.00 today\n");
	cJSON *json = cJSON_Parse(line("{\"session_id\":\"" LAST_ID "\"}", "--json"));
	ck_assert_double_eq_tol(bp_test_json_number(json, "session_usd"), 0.089925, 1e-12);
	ck_assert(cJSON_IsNull(bp_test_json_at(json, "client_usd")));
	cJSON_Delete(json);
}
END_TEST

static int64_t count_limits(void)
{
	struct bp_sql *sql = NULL;
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};
	int64_t n = 0;

	ck_assert_ok(bp_sql_open(bp_test_home_file(&home, "telemetry.db"), BP_SQL_READ, 1 << 20,
				 &sql, &err),
		     err);
	ck_assert_ok(bp_statement_new(sql, "SELECT count(*) FROM limit_status", &statement, &err),
		     err);
	ck_assert_ok(bp_statement_step(statement, &err), err);
	n = bp_column_int(statement, 0);
	bp_statement_free(statement);
	bp_sql_close(sql);
	return n;
}

/** A service looks when it starts, and ends only after that. */
static void take_in(int64_t n)
{
	bp_test_service_start(&home);
	bp_test_service_stop(&home);
	ck_assert_int_eq(count_limits(), n);
}

static const char *limits(const char *five, const char *seven)
{
	static char text[512];

	(void)snprintf(
		text, sizeof(text),
		"{\"rate_limits\":{\"five_hour\":{\"used_percentage\":%s,\"resets_at\":" RESETS
		"},\"seven_day\":{\"used_percentage\":%s,\"resets_at\":" RESETS "}}}",
		five, seven);
	return text;
}

START_TEST(official_limits_are_kept_when_they_change)
{
	import_sample();
	ck_assert_str_eq(line(limits("42.4", "18"), NULL),
			 "$0.00 today | 5h 42 % \xC2\xB7 7d 18 % official\n");
	/* A session that was told nothing shows what another one was told. */
	ck_assert_str_eq(line("{}", NULL), "$0.00 today | 5h 42 % \xC2\xB7 7d 18 % official\n");
	/* With the service down `costs` has them from the sample. */
	cJSON *costs = bp_test_cli_json(&home, "costs", "-p", "all", NULL);
	ck_assert_double_eq(bp_test_json_number(costs, "limits.0.used_percent"), 42.4);
	ck_assert_str_eq(bp_test_json_text(costs, "limits.0.window"), "five_hour");
	ck_assert_str_eq(bp_test_json_text(costs, "limits.0.source"), "official");
	cJSON_Delete(costs);
	take_in(2);
	(void)line(limits("42.4", "18"), NULL);
	(void)line(limits("50", "18"), NULL);
	/* Only the five hours changed. */
	take_in(3);
	/* Purging everything takes the table and the sample. */
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "purge", "--all", "--yes", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	ck_assert_int_eq(count_limits(), 0);
	ck_assert_int_ne(access(bp_test_home_file(&home, "run/limits.json"), F_OK), 0);
}
END_TEST

/* Seen to fail: without the defaults for wrong words; with numbers shown that nobody read. */
START_TEST(a_spoilt_home_is_no_reason_to_fail)
{
	import_sample();
	bp_test_write_file(bp_test_home_file(&home, "config.yaml"), "budget: [\n", 10);
	ck_assert_str_eq(line("{}", NULL), "$0.00 today\n");
	bp_test_write_file(bp_test_home_file(&home, "telemetry.db"), "no database", 11);
	ck_assert_str_eq(line("{}", NULL), "blueplane: no data yet\n");
}
END_TEST

BP_TEST_MAIN(setup, teardown, without_anything_it_still_has_a_line,
	     the_session_costs_what_was_recorded_of_it, official_limits_are_kept_when_they_change,
	     a_spoilt_home_is_no_reason_to_fail)

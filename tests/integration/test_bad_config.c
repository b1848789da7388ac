/* SPDX-License-Identifier: MIT */
/*
 * test_bad_config.c - a broken configuration is named by file, line and key, with what is allowed,
 * and nothing runs.
 */
#include <stdio.h>
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

static void write_config(const char *text)
{
	bp_test_write_file(bp_test_home_file(&home, "config.yaml"), text, strlen(text));
}

static void has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part, text);
}

START_TEST(an_unknown_key_is_named_with_the_nearest)
{
	struct bp_test_output out;

	write_config("log:\n  level: info\nprivacy:\n  levle: strict\n");
	bp_test_run_program(&home, "blueplaned", NULL, NULL, 0, &out);
	ck_assert_int_eq(out.code, 2);
	has(out.err, "config.yaml");
	has(out.err, "4");
	has(out.err, "levle");
	has(out.err, "privacy.level");
	bp_test_output_done(&out);
}
END_TEST

START_TEST(a_bad_value_is_named_with_what_is_allowed)
{
	struct bp_test_output out;

	write_config("privacy:\n  level: paranoid\n");
	bp_test_cli(&home, &out, "config", "validate", NULL);
	ck_assert_int_eq(out.code, 2);
	has(out.err, "config.yaml");
	has(out.err, "privacy.level");
	has(out.err, "strict");
	has(out.err, "full");
	bp_test_output_done(&out);
	/* `start` gives the same sentence, from the service it tried to start. */
	bp_test_cli(&home, &out, "start", NULL);
	ck_assert_int_eq(out.code, 1);
	has(out.err, "privacy.level");
	has(out.err, "strict");
	bp_test_output_done(&out);
}
END_TEST

START_TEST(setting_a_bad_value_changes_nothing)
{
	struct bp_test_output out;

	bp_test_cli(&home, &out, "config", "set", "fastpath.batch_events", "many", NULL);
	ck_assert_int_eq(out.code, 2);
	has(out.err, "fastpath.batch_events");
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "config", "set", "fastpath.batch_event", "50", NULL);
	ck_assert_int_eq(out.code, 2);
	has(out.err, "fastpath.batch_events");
	bp_test_output_done(&out);
	ck_assert_ptr_null(bp_test_read_file(bp_test_home_file(&home, "config.yaml"), NULL));
}
END_TEST

START_TEST(a_bad_price_is_named_wherever_it_comes_from)
{
	struct bp_test_output out;

	bp_test_cli(&home, &out, "config", "set", "costs.prices", "m input=1.5 outptu=6", NULL);
	ck_assert_int_eq(out.code, 2);
	has(out.err, "costs.prices: \"m\": unknown \"outptu\": did you mean output?");
	bp_test_output_done(&out);
	ck_assert_ptr_null(bp_test_read_file(bp_test_home_file(&home, "config.yaml"), NULL));
	write_config("costs:\n  prices:\n    - m input=1.5\n");
	bp_test_cli(&home, &out, "config", "validate", NULL);
	ck_assert_int_eq(out.code, 2);
	has(out.err, "costs.prices: \"m\": the model is not built in: it needs input= and output=");
	bp_test_output_done(&out);
	write_config("costs:\n  prices:\n    - m input=1.5 output=6\n    - claude-opus-5 "
		     "cache_read=0.4\n");
	bp_test_cli(&home, &out, "config", "validate", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
}
END_TEST

START_TEST(a_good_value_reaches_the_hook_at_once)
{
	struct bp_test_output out;

	bp_test_service_start(&home);
	bp_test_cli(&home, &out, "config", "set", "hooks.enabled", "false", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "config", "get", "hooks.enabled", NULL);
	ck_assert_str_eq(out.out, "false\n");
	bp_test_output_done(&out);
	char *conf = bp_test_read_file(bp_test_home_file(&home, "run/hook.conf"), NULL);
	ck_assert_ptr_nonnull(conf);
	has(conf, "\nenabled=0\n");
	free(conf);
	bp_test_cli(&home, &out, "config", "reset", "hooks.enabled", NULL);
	ck_assert_int_eq(out.code, 0);
	bp_test_output_done(&out);
	conf = bp_test_read_file(bp_test_home_file(&home, "run/hook.conf"), NULL);
	ck_assert_ptr_nonnull(conf);
	has(conf, "\nenabled=1\n");
	free(conf);
	bp_test_service_stop(&home);
}
END_TEST

BP_TEST_MAIN(setup, teardown, an_unknown_key_is_named_with_the_nearest,
	     a_bad_value_is_named_with_what_is_allowed, setting_a_bad_value_changes_nothing,
	     a_bad_price_is_named_wherever_it_comes_from, a_good_value_reaches_the_hook_at_once)

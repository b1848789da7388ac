/* SPDX-License-Identifier: MIT */
#include "query/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/money.h"
#include "support/run.h"

static char home[64];
static char file[96];

static void setup(void)
{
	(void)snprintf(home, sizeof(home), "/tmp/bp_options_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	(void)snprintf(file, sizeof(file), "%s/config.yaml", home);
	(void)setenv("HOME", home, 1);
	(void)unsetenv("XDG_CONFIG_HOME");
	(void)unsetenv("BLUEPLANE_COSTS_COMPAT");
}

static void teardown(void)
{
	(void)unlink(file);
	(void)rmdir(home);
}

static void write_file(const char *text)
{
	FILE *out = fopen(file, "we");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
}

START_TEST(without_a_file_there_are_defaults)
{
	struct bp_query_config config;
	struct bp_err err = {0};

	ck_assert_ok(bp_query_config_load(home, &config, &err), err);
	ck_assert_int_eq(config.compat, BP_COMPAT_OURS);
	ck_assert_int_eq(config.budget_daily_pusd, 0);
	ck_assert(!config.guard_enabled);
}
END_TEST

START_TEST(only_known_names_are_taken)
{
	struct bp_query_config config;
	struct bp_err err = {0};

	write_file("fastpath:\n  batch_events: 7\nlog: {level: debug}\nempty: {}\nnonsense: [1]\n"
		   "budget:\n  daily_usd: 12.50\n  other: 3\n  monthly_usd: $200\n"
		   "guard.enabled: yes\nguard.session_usd: 0.000001\n");
	ck_assert_ok(bp_query_config_load(home, &config, &err), err);
	ck_assert_int_eq(config.budget_daily_pusd, 25 * BP_USD / 2);
	ck_assert_int_eq(config.budget_monthly_pusd, 200 * BP_USD);
	ck_assert_int_eq(config.budget_session_pusd, 0);
	ck_assert(config.guard_enabled);
	ck_assert_int_eq(config.guard_session_pusd, 1000000);
}
END_TEST

START_TEST(the_environment_is_stronger)
{
	struct bp_query_config config;
	struct bp_err err = {0};

	write_file("costs.compat: ours\n");
	(void)setenv("BLUEPLANE_COSTS_COMPAT", "ccusage", 1);
	(void)setenv("BLUEPLANE_COSTS_OTHER", "x", 1);
	ck_assert_ok(bp_query_config_load(home, &config, &err), err);
	ck_assert_int_eq(config.compat, BP_COMPAT_CCUSAGE);
	(void)unsetenv("BLUEPLANE_COSTS_OTHER");
}
END_TEST

START_TEST(a_wrong_value_names_its_line_and_leaves_defaults)
{
	struct bp_query_config config = {.guard_enabled = true};
	struct bp_err err = {0};

	write_file("guard.enabled: true\nbudget:\n  daily_usd: lots\n");
	ck_assert_int_eq(bp_query_config_load(home, &config, &err), BP_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "config.yaml:3: budget.daily_usd: \"lots\" is no sum "
					      "of dollars; allowed: 0.00 to 9000000.00"));
	ck_assert(!config.guard_enabled);
}
END_TEST

BP_TEST_MAIN(setup, teardown, without_a_file_there_are_defaults, only_known_names_are_taken,
	     the_environment_is_stronger, a_wrong_value_names_its_line_and_leaves_defaults)

/* SPDX-License-Identifier: MIT */
#include "base/config.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "support/run.h"
#include "unit/base/sample_options.h"

static char *words(const char *text)
{
	return (char *)(uintptr_t)text; /* environ is not const */
}

START_TEST(defaults_fill_every_target)
{
	ck_assert(sample.on);
	ck_assert_int_eq(sample.count, 500);
	ck_assert_int_eq(sample.wait_us, 250000);
	ck_assert_str_eq(sample.path, "");
	ck_assert_ptr_null(sample.roots[0]);
	ck_assert_int_eq(sample.other, -1);
}
END_TEST

START_TEST(an_unknown_name_is_answered_with_the_nearest)
{
	ck_assert_rc(bp_config_set(config, "one.bach_events", "1", &err), BP_ENOTFOUND);
	ck_assert_str_eq(err.msg,
			 "no option \"one.bach_events\"; did you mean \"one.batch_events\"?");
	ck_assert_rc(bp_config_set(config, "quite.different", "1", &err), BP_ENOTFOUND);
	ck_assert_ptr_null(strstr(err.msg, "mean"));
	ck_assert_ptr_null(bp_config_get(config, "quite.different"));
	ck_assert_ptr_null(bp_config_option(config, "one"));
}
END_TEST

START_TEST(the_environment_sets_and_leaves_strangers_alone)
{
	char *const environment[] = {words("BLUEPLANE_HOME=/x"),
				     words("PATH=/bin"),
				     words("BLUEPLANE_ONE_BATCH_EVENTS=7"),
				     words("BLUEPLANE_THREE_DEEP_OTHER=3"),
				     words("BLUEPLANE_TWO_PATH=a=b"),
				     NULL};

	ck_assert_ok(bp_config_read_env(config, environment, &err), err);
	ck_assert_int_eq(sample.count, 7);
	ck_assert_int_eq(sample.other, 3);
	ck_assert_str_eq(sample.path, "a=b");
}
END_TEST

START_TEST(a_wrong_variable_is_named_and_nothing_is_set)
{
	char *const bad_value[] = {words("BLUEPLANE_ONE_WAIT=1s"),
				   words("BLUEPLANE_ONE_BATCH_EVENTS=no"), NULL};
	char *const bad_name[] = {words("BLUEPLANE_ONE_BACH_EVENTS=1"), NULL};

	ck_assert_rc(bp_config_read_env(config, bad_value, &err), BP_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "BLUEPLANE_ONE_BATCH_EVENTS: \"no\" is no whole"));
	ck_assert_int_eq(sample.wait_us, 250000);
	ck_assert_rc(bp_config_read_env(config, bad_name, &err), BP_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "did you mean BLUEPLANE_ONE_BATCH_EVENTS?"));
}
END_TEST

START_TEST(a_stronger_origin_stays)
{
	char *const environment[] = {words("BLUEPLANE_ONE_BATCH_EVENTS=7"), NULL};

	ck_assert_ok(bp_config_set(config, "one.batch_events", "9", &err), err);
	ck_assert_ok(bp_config_read_env(config, environment, &err), err);
	ck_assert_int_eq(sample.count, 9);
}
END_TEST

static void list(const struct bp_option *option, const char *value, enum bp_config_origin origin,
		 void *arg)
{
	bp_buf_printf(arg, "%s=%s/%d ", option->name, value, (int)origin);
}

START_TEST(each_comes_sorted_with_value_and_origin)
{
	struct bp_buf buf;

	ck_assert_ok(bp_config_set(config, "two.parts", "b,a", &err), err);
	bp_buf_init(&buf, 1000);
	bp_config_each(config, list, &buf);
	ck_assert_str_eq(buf.ptr,
			 "one.batch_events=500/0 one.bytes=64KiB/0 one.on=true/0 one.wait=250ms/0 "
			 "three.deep.other=-1/0 two.colour=green/0 two.parts=a,b/3 two.path=/0 "
			 "two.roots=/0 ");
	bp_buf_done(&buf);
}
END_TEST

START_TEST(no_tables_is_a_config_too)
{
	struct bp_config *empty = bp_config_new(NULL, 0);

	ck_assert_rc(bp_config_set(empty, "x", "1", NULL), BP_ENOTFOUND);
	bp_config_free(empty);
	bp_config_free(NULL);
}
END_TEST

BP_TEST_MAIN(sample_setup, sample_teardown, defaults_fill_every_target,
	     an_unknown_name_is_answered_with_the_nearest,
	     the_environment_sets_and_leaves_strangers_alone,
	     a_wrong_variable_is_named_and_nothing_is_set, a_stronger_origin_stays,
	     each_comes_sorted_with_value_and_origin, no_tables_is_a_config_too)

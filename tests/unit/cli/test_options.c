/* SPDX-License-Identifier: MIT */
/* Seen to fail: with each condition of options.c turned round, one at a time (32 of 32). */
#include "cli/options.h"

#include <stdint.h>
#include <string.h>

#include "support/run.h"

static const char *const COLORS[] = {"red", "green", NULL};

static const struct bp_option_row OWN[] = {
	{.name = "limit", .letter = 'n', .value = "N", .help = "how many"},
	{.name = "color", .value = "COLOR", .choices = COLORS, .help = "which"},
	{.name = "all", .letter = 'a', .help = "everything"},
	{.name = NULL},
};

static struct bp_options options;
static struct bp_err err;
static size_t used;

static void clear(void)
{
	memset(&options, 0, sizeof(options));
	err = (struct bp_err){0};
	options.own = OWN;
	options.common = bp_common_options;
}

/* Words end at the first NULL. */
static enum bp_rc parse(const char *const *words)
{
	char *argv[16];
	size_t n = 0;

	clear();
	for (; words[n]; n++) {
		argv[n] = (char *)(uintptr_t)words[n]; /* argv is not const */
	}
	return bp_options_parse(&options, argv, n, false, &used, &err);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static int64_t limit(void)
{
	int64_t value = -1;

	ck_assert_ok(bp_options_int(&options, "limit", 0, 100, 20, &value, &err), err);
	return value;
}

START_TEST(every_way_to_write_an_option_is_understood)
{
	ck_assert_ok(PARSE("--limit", "5"), err);
	ck_assert_int_eq(limit(), 5);
	ck_assert_ok(PARSE("--limit=6"), err);
	ck_assert_int_eq(limit(), 6);
	ck_assert_ok(PARSE("-n", "7"), err);
	ck_assert_int_eq(limit(), 7);
	ck_assert_ok(PARSE("-n8"), err);
	ck_assert_int_eq(limit(), 8);
	ck_assert_ok(PARSE("-an9"), err);
	ck_assert_int_eq(limit(), 9);
	ck_assert(bp_options_given(&options, "all"));
	ck_assert_ok(PARSE("--all", "--limit", "1", "--limit", "2"), err);
	ck_assert_int_eq(limit(), 2);
	ck_assert_ok(PARSE("x"), err);
	ck_assert_int_eq(limit(), 20);
	ck_assert(!bp_options_given(&options, "all"));
}
END_TEST

START_TEST(arguments_stand_anywhere_and_two_dashes_end_the_options)
{
	ck_assert_ok(PARSE("one", "--all", "two", "-", "--", "--limit"), err);
	ck_assert_uint_eq(options.n_args, 4);
	ck_assert_str_eq(options.args[0], "one");
	ck_assert_str_eq(options.args[1], "two");
	ck_assert_str_eq(options.args[2], "-");
	ck_assert_str_eq(options.args[3], "--limit");
	ck_assert_ptr_null(options.args[4]);
}
END_TEST

START_TEST(an_unknown_option_names_the_nearest)
{
	ck_assert_rc(PARSE("--limti"), BP_EINVAL);
	ck_assert_str_eq(err.msg, "unknown option \"--limti\"; did you mean \"--limit\"?");
	ck_assert_rc(PARSE("--jsn"), BP_EINVAL);
	ck_assert_str_eq(err.msg, "unknown option \"--jsn\"; did you mean \"--json\"?");
	ck_assert_rc(PARSE("--completely-else"), BP_EINVAL);
	ck_assert_str_eq(err.msg, "unknown option \"--completely-else\"");
	ck_assert_rc(PARSE("-x"), BP_EINVAL);
	ck_assert_str_eq(err.msg, "unknown option \"-x\"");
	ck_assert_rc(PARSE("-\x1b"), BP_EINVAL);
	ck_assert_str_eq(err.msg, "unknown option");
}
END_TEST

START_TEST(values_that_are_missing_unwanted_or_wrong_are_refused)
{
	int64_t value = 77;

	ck_assert_rc(PARSE("--limit"), BP_EINVAL);
	ck_assert_str_eq(err.msg, "--limit needs a value: --limit N");
	ck_assert_rc(PARSE("--all=yes"), BP_EINVAL);
	ck_assert_str_eq(err.msg, "--all takes no value");
	ck_assert_rc(PARSE("--color", "grene"), BP_EINVAL);
	ck_assert_str_eq(err.msg,
			 "--color cannot be \"grene\"; did you mean \"green\"? (red, green)");
	static const char *const bad[] = {"", "x", "1x", "101", "-1", "99999999999999999999", " 1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_ok(PARSE("--limit", bad[i]), err);
		ck_assert_msg(bp_options_int(&options, "limit", 0, 100, 20, &value, &err) ==
				      BP_EINVAL,
			      "\"%s\"", bad[i]);
	}
	ck_assert_int_eq(value, 77);
}
END_TEST

START_TEST(fractions_have_a_point_whatever_the_locale)
{
	double value = 0;

	ck_assert_ok(PARSE("--limit", "0.25"), err);
	ck_assert_ok(bp_options_real(&options, "limit", 0, 1, 0, &value, &err), err);
	ck_assert_double_eq(value, 0.25);
	ck_assert_ok(PARSE("--limit", "0,25"), err);
	ck_assert_rc(bp_options_real(&options, "limit", 0, 1, 0, &value, &err), BP_EINVAL);
	ck_assert_ok(PARSE("--limit", "."), err);
	ck_assert_rc(bp_options_real(&options, "limit", 0, 1, 0, &value, &err), BP_EINVAL);
	ck_assert_ok(PARSE("--limit", "nan"), err);
	ck_assert_rc(bp_options_real(&options, "limit", 0, 1, 0, &value, &err), BP_EINVAL);
}
END_TEST

START_TEST(parsing_can_stop_at_the_command)
{
	char *argv[] = {(char *)(uintptr_t) "--json", (char *)(uintptr_t) "metrics",
			(char *)(uintptr_t) "--nonsense"};

	clear();
	ck_assert_ok(bp_options_parse(&options, argv, 3, true, &used, &err), err);
	ck_assert_uint_eq(used, 1);
	ck_assert(bp_options_given(&options, "json"));
}
END_TEST

BP_TEST_MAIN(clear, NULL, every_way_to_write_an_option_is_understood,
	     arguments_stand_anywhere_and_two_dashes_end_the_options,
	     an_unknown_option_names_the_nearest,
	     values_that_are_missing_unwanted_or_wrong_are_refused,
	     fractions_have_a_point_whatever_the_locale, parsing_can_stop_at_the_command)

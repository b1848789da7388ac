/* SPDX-License-Identifier: MIT */
#include "query/limits.h"

#include <sys/stat.h>

#include "unit/query/facts.h"

#define NOW INT64_C(1773144000000000)

static char run_dir[96], sample[128];

static void setup(void)
{
	facts_open();
	(void)snprintf(run_dir, sizeof(run_dir), "%s/run", facts_dir);
	(void)snprintf(sample, sizeof(sample), "%s/limits.json", run_dir);
	ck_assert_int_eq(mkdir(run_dir, 0700), 0);
}

static void teardown(void)
{
	(void)unlink(sample);
	(void)rmdir(run_dir);
	facts_close();
}

static struct bp_limit limit(const char *window, int64_t ts_us, double used, int64_t resets_us)
{
	struct bp_limit out = {.ts_us = ts_us, .used_percent = used, .resets_us = resets_us};

	(void)snprintf(out.platform, sizeof(out.platform), "claude_code");
	(void)snprintf(out.window, sizeof(out.window), "%s", window);
	return out;
}

static void write_one(const char *window, int64_t ts_us, double used, int64_t resets_us)
{
	struct bp_limit one = limit(window, ts_us, used, resets_us);
	struct bp_limits limits = {0};
	struct bp_err err = {0};

	bp_limits_put(&limits, &one);
	ck_assert_ok(bp_limits_sample_write(facts_dir, &limits, &err), err);
}

static double used(const char *window, bool table, bool file)
{
	struct bp_limits limits;
	struct bp_err err = {0};

	ck_assert_ok(
		bp_limits_read(table ? facts : NULL, file ? facts_dir : NULL, NOW, &limits, &err),
		err);
	const struct bp_limit *found = bp_limits_find(&limits, "claude_code", window);
	return found ? found->used_percent : -1;
}

START_TEST(the_newest_word_counts_wherever_it_stands)
{
	char text[512];

	(void)snprintf(
		text, sizeof(text),
		"INSERT INTO limit_status VALUES ('claude_code', 'five_hour', %lld, 10, NULL),"
		" ('claude_code', 'five_hour', %lld, 20.5, %lld),"
		" ('claude_code', 'seven_day', %lld, 3, NULL), ('other', 'x', 1, 1, NULL)",
		(long long)NOW - 300, (long long)NOW - 200, (long long)NOW + 1,
		(long long)NOW - 100);
	facts_put(text);
	ck_assert_double_eq(used("five_hour", true, true), 20.5);
	write_one("five_hour", NOW - 150, 30, BP_SQL_NULL);
	write_one("seven_day", NOW - 150, 2, BP_SQL_NULL);
	ck_assert_double_eq(used("five_hour", true, true), 30);
	ck_assert_double_eq(used("seven_day", true, true), 3);
	/* No database, no sample. */
	ck_assert_double_eq(used("seven_day", false, true), 2);
	ck_assert_double_eq(used("five_hour", true, false), 20.5);
	ck_assert_double_eq(used("five_hour", false, false), -1);
}
END_TEST

START_TEST(a_window_that_began_anew_is_not_told)
{
	write_one("five_hour", NOW - 150, 30, NOW);
	ck_assert_double_eq(used("five_hour", false, true), -1);
	write_one("five_hour", NOW - 150, 30, NOW + 1);
	ck_assert_double_eq(used("five_hour", false, true), 30);
}
END_TEST

START_TEST(the_same_word_is_not_written_again)
{
	struct stat before, same, after;

	write_one("five_hour", NOW - 150, 30, NOW + 1);
	ck_assert_int_eq(stat(sample, &before), 0);
	ck_assert_uint_eq(before.st_mode & 07777, 0600);
	write_one("five_hour", NOW - 100, 30, NOW + 1);
	ck_assert_int_eq(stat(sample, &same), 0);
	ck_assert_uint_eq(before.st_ino, same.st_ino);
	write_one("five_hour", NOW - 100, 31, NOW + 1);
	ck_assert_int_eq(stat(sample, &after), 0);
	ck_assert_double_eq(used("five_hour", false, true), 31);
}
END_TEST

static void spoil(const char *text)
{
	FILE *file = fopen(sample, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_spoilt_sample_is_none_and_is_replaced)
{
	static const char *const texts[] = {
		"",
		"[",
		"{}",
		"[1,null,\"x\"]",
		"[{\"platform\":\"claude_code\",\"window\":\"five_hour\",\"ts_us\":1e99,"
		"\"used_percent\":1}]",
		"[{\"platform\":\"claude_code\",\"window\":\"a name that is longer than any "
		"window's "
		"name\",\"ts_us\":1,\"used_percent\":1}]",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		spoil(texts[i]);
		ck_assert_double_eq(used("five_hour", false, true), -1);
	}
	write_one("five_hour", NOW - 150, 30, BP_SQL_NULL);
	ck_assert_double_eq(used("five_hour", false, true), 30);
}
END_TEST

BP_TEST_MAIN(setup, teardown, the_newest_word_counts_wherever_it_stands,
	     a_window_that_began_anew_is_not_told, the_same_word_is_not_written_again,
	     a_spoilt_sample_is_none_and_is_replaced)

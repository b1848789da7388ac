/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/run.h"

static int saved = -1;
static int ends[2];

/** stderr into a pipe: what one read(2) gives was one write(2). */
static void setup(void)
{
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	ck_assert_int_eq(pipe(ends), 0);
	saved = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(close(ends[1]), 0);
	bp_log_set_level(BP_LOG_INFO);
}

static void restore(void)
{
	if (saved >= 0) {
		(void)dup2(saved, STDERR_FILENO);
		(void)close(saved);
		saved = -1;
	}
}

static void teardown(void)
{
	restore();
	(void)close(ends[0]);
}

/** Everything that was written, with stderr put back first so that a failure can be read. */
static const char *written(void)
{
	static char text[16384];
	size_t n = 0;

	restore();
	for (;;) {
		ssize_t got = read(ends[0], text + n, sizeof(text) - 1 - n);

		if (got <= 0) {
			break;
		}
		n += (size_t)got;
	}
	text[n] = '\0';
	return text;
}

START_TEST(a_line_has_time_level_folder_and_text)
{
	bp_log_write(BP_LOG_WARN, "stream", "no answer; retrying in %d s", 2);
	const char *text = written();
	ck_assert_str_eq(text + strlen("2026-01-01T00:00:00.000Z"),
			 " warn  stream: no answer; retrying in 2 s\n");
	ck_assert_int_eq(text[10], 'T');
	ck_assert_int_eq(text[23], 'Z');
}
END_TEST

START_TEST(under_journald_the_priority_replaces_the_time)
{
	ck_assert_int_eq(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	bp_log_write(BP_LOG_ERROR, "store", "x");
	bp_log_write(BP_LOG_INFO, "store", "y");
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	ck_assert_str_eq(written(), "<3>store: x\n<6>store: y\n");
}
END_TEST

START_TEST(what_is_below_the_level_is_silent)
{
	bp_log_debug("never");
	bp_log_set_level(BP_LOG_ERROR);
	bp_log_warn("nor this");
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(a_message_is_one_line_whatever_a_name_contains)
{
	bp_log_info("\"%s\"", "a\nb\x1b[2J");
	const char *text = written();
	ck_assert_ptr_nonnull(strstr(text, "\"a?b?[2J\"\n"));
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

START_TEST(a_message_that_is_too_long_is_cut)
{
	static char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	bp_log_info("%s", text);
	size_t len = strlen(written());
	ck_assert_uint_le(len, 2048);
	ck_assert_uint_ge(len, 2000);
}
END_TEST

START_TEST(a_gate_counts_what_it_holds_back)
{
	struct bp_log_gate gate = {0};

	for (int i = 0; i < 4; i++) {
		bp_log_every(&gate, INT64_C(3600000000), BP_LOG_WARN, "x", "again %d", i);
	}
	ck_assert_uint_eq(gate.held, 3);
	gate.next_mono_us = 0; /* an hour later */
	bp_log_every(&gate, INT64_C(3600000000), BP_LOG_WARN, "x", "again %d", 4);
	ck_assert_uint_eq(gate.held, 0);
	const char *text = written();
	ck_assert_ptr_nonnull(strstr(text, "x: again 0\n"));
	ck_assert_ptr_null(strstr(text, "again 1"));
	ck_assert_ptr_nonnull(strstr(text, "x: again 4 (3 more)\n"));
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_line_has_time_level_folder_and_text,
	     under_journald_the_priority_replaces_the_time, what_is_below_the_level_is_silent,
	     a_message_is_one_line_whatever_a_name_contains, a_message_that_is_too_long_is_cut,
	     a_gate_counts_what_it_holds_back)

/* SPDX-License-Identifier: MIT */
/*
 * test_pager.c - what is longer than a real terminal is read in a pager, what is not is printed,
 * and nothing is lost when there is no pager or it does not work.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/run.h"
#include "support/service.h"
#include "support/terminal.h"

/* Of the prompt of less as we ask for it. */
#define PROMPT "q: leave"

static struct bp_test_home home;
static struct bp_test_terminal terminal;
static bool opened;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	opened = false;
}

static void teardown(void)
{
	if (opened) {
		bp_test_terminal_close(&terminal);
	}
	bp_test_home_remove(&home);
}

static void import_sample(void)
{
	struct bp_test_output out;

	bp_test_copy(BP_TEST_SOURCE_DIR "/examples/claude-code/projects", home.projects);
	bp_test_cli(&home, &out, "import", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
}

/** A terminal in which `LINE; echo code $?` runs, and then waits for a key. */
static void type(int rows, const char *line)
{
	char command[512];

	if (opened) {
		bp_test_terminal_close(&terminal);
	}
	(void)snprintf(command, sizeof(command), "%s; echo code $?; read key", line);
	bp_test_terminal_open(&terminal, &home, 80, rows, command);
	opened = true;
}

static void shows(const char *part)
{
	free(bp_test_terminal_wait(&terminal, part, true));
}

/** It ends by itself with this line; the screen then. */
static void ends(const char *code, const char *with, const char *without)
{
	char *screen = bp_test_terminal_wait(&terminal, code, true);

	ck_assert_msg(!with || strstr(screen, with), "\"%s\" is not on: %s", with, screen);
	ck_assert_msg(!without || !strstr(screen, without), "\"%s\" is on: %s", without, screen);
	free(screen);
}

START_TEST(a_long_screen_is_read_in_less_with_its_colours)
{
	if (!bp_test_terminal_there() || access("/usr/bin/less", X_OK) != 0) {
		return;
	}
	import_sample();
	type(12, "blueplane metrics -p all");
	shows(PROMPT);
	char *screen = bp_test_terminal_screen(&terminal, true);
	ck_assert_msg(strstr(screen, "\033[1mAll time") != NULL, "%s", screen);
	ck_assert_msg(strstr(screen, "Sub-agents") == NULL, "%s", screen);
	free(screen);
	bp_test_terminal_keys(&terminal, "Space");
	shows("Tokens");
	bp_test_terminal_keys(&terminal, "q");
	ends("code 0", NULL, PROMPT);
	/* Also help, and less as somebody else asked for it: its own prompt. */
	bp_test_home_env(&home, "PAGER=less");
	type(12, "CLICOLOR_FORCE=1 blueplane help");
	shows("usage: blueplane COMMAND");
	screen = bp_test_terminal_screen(&terminal, true);
	ck_assert_msg(strstr(screen, "ESC[") == NULL, "%s", screen);
	free(screen);
	bp_test_terminal_keys(&terminal, "q");
	shows("code 0");
}
END_TEST

START_TEST(a_short_screen_is_printed)
{
	if (!bp_test_terminal_there()) {
		return;
	}
	import_sample();
	/* Five lines, and one for the prompt after them. */
	bp_test_home_env(&home, "BLUEPLANE_PAGER=sed s/^/paged:/");
	type(6, "blueplane sessions");
	ends("code 0", "Showing 1-3 of 3", "paged:");
	type(5, "blueplane sessions");
	ends("code 0", "paged:Showing 1-3 of 3", NULL);
}
END_TEST

START_TEST(nothing_is_lost_without_a_pager)
{
	static const char *const lines[] = {
		"blueplane sessions --no-pager",
		"PAGER=cat blueplane sessions",
		"BLUEPLANE_PAGER= blueplane sessions",
		"TERM=dumb blueplane sessions",
		/* Not there, not a program. */
		"BLUEPLANE_PAGER=/no/such/pager blueplane sessions 2>/dev/null",
		"BLUEPLANE_PAGER=/etc/passwd blueplane sessions 2>/dev/null",
	};

	if (!bp_test_terminal_there()) {
		return;
	}
	import_sample();
	bp_test_home_env(&home, "PAGER=sed s/^/paged:/");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		type(4, lines[i]);
		ends("code 0", "\nShowing 1-3 of 3", "paged:");
	}
	type(4, "blueplane sessions --json");
	ends("code 0", "\"total\":3}", "paged:");
	/* The one of our own comes first. */
	type(4, "BLUEPLANE_PAGER='sed s/^/ours:/' blueplane sessions");
	ends("code 0", "ours:Showing 1-3 of 3", NULL);
}
END_TEST

START_TEST(exit_codes_are_the_command_s)
{
	if (!bp_test_terminal_there()) {
		return;
	}
	/* The pager's own end does not matter, and who has no data has that to say. */
	bp_test_home_env(&home, "BLUEPLANE_PAGER=sed s/^/paged:/; exit 3");
	type(8, "blueplane help");
	ends("code 0", "paged:", NULL);
	type(8, "blueplane sessions");
	ends("code 1", "blueplane: no data yet", "paged:");
	type(8, "blueplane doctor");
	ends("code 1", "paged:", NULL);
}
END_TEST

START_TEST(a_pager_that_is_left_early_leaves_no_message)
{
	struct bp_test_output out;

	if (!bp_test_terminal_there()) {
		return;
	}
	import_sample();
	bp_test_home_env(&home, "BLUEPLANE_PAGER=head -n 2");
	type(8, "blueplane help");
	ends("code 0", "usage: blueplane COMMAND", "ipe");
	bp_test_terminal_close(&terminal);
	opened = false;
	/* And so does a pipe of the user's own. */
	bp_test_terminal_open(&terminal, &home, 80, 8,
			      "(blueplane help metrics; echo ended $? >&2) | head -n 1; read key");
	opened = true;
	ends("ended", "usage: blueplane metrics", "ipe");
	/* What is no terminal has no pager. */
	bp_test_cli(&home, &out, "help", NULL);
	ck_assert_ptr_nonnull(strstr(out.out, "\nblueplane help COMMAND "));
	bp_test_output_done(&out);
}
END_TEST

START_TEST(ctrl_c_in_the_pager_is_the_pager_s)
{
	if (!bp_test_terminal_there() || access("/usr/bin/less", X_OK) != 0) {
		return;
	}
	import_sample();
	/* The shell between is not to end of it. */
	type(12, "trap : INT; blueplane metrics -p all");
	shows(PROMPT);
	bp_test_terminal_keys(&terminal, "C-c");
	bp_test_terminal_keys(&terminal, "Space");
	shows("Tokens");
	bp_test_terminal_keys(&terminal, "q");
	shows("code 0");
}
END_TEST

START_TEST(a_log_that_is_followed_is_not_held_back)
{
	if (!bp_test_terminal_there()) {
		return;
	}
	bp_test_service_start(&home);
	bp_test_home_env(&home, "BLUEPLANE_PAGER=sed s/^/paged:/");
	type(24, "blueplane logs -f");
	shows("blueplaned ");
	bp_test_terminal_keys(&terminal, "C-c");
	bp_test_service_stop(&home);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_long_screen_is_read_in_less_with_its_colours,
	     a_short_screen_is_printed, nothing_is_lost_without_a_pager,
	     exit_codes_are_the_command_s, a_pager_that_is_left_early_leaves_no_message,
	     ctrl_c_in_the_pager_is_the_pager_s, a_log_that_is_followed_is_not_held_back)

/* SPDX-License-Identifier: MIT */
/*
 * test_docs.c - what the program says of itself: completions in the shells they are for, the manual
 * page in the programs that read it; both know every command.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/run.h"
#include "support/service.h"
#include "support/terminal.h"

enum { COMMANDS_MAX = 64 };

static struct bp_test_home home;
static struct bp_test_output out;
static char commands[COMMANDS_MAX][32];
static size_t n_commands;

/** What help lists: two blanks, a name, its summary. */
static void read_commands(void)
{
	bp_test_cli(&home, &out, "help", NULL);
	ck_assert_int_eq(out.code, 0);
	n_commands = 0;
	for (const char *at = strstr(out.out, "\n  "); at; at = strstr(at + 1, "\n  ")) {
		size_t n = strcspn(at + 3, " \n");
		if (n == 0) {
			continue; /* a summary goes on */
		}
		ck_assert_uint_lt(n, sizeof(commands[0]));
		ck_assert_uint_lt(n_commands, COMMANDS_MAX);
		(void)snprintf(commands[n_commands++], sizeof(commands[0]), "%.*s", (int)n, at + 3);
	}
	ck_assert_uint_gt(n_commands, 20);
	bp_test_output_done(&out);
}

static void setup(void)
{
	memset(&out, 0, sizeof(out));
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	read_commands();
}

static void teardown(void)
{
	bp_test_output_done(&out);
	bp_test_home_remove(&home);
}

/** The output of `blueplane WORD WORD` as a file of the home. */
static const char *keep(const char *first, const char *second, const char *name)
{
	const char *path = bp_test_home_file(&home, name);

	bp_test_output_done(&out);
	bp_test_cli(&home, &out, first, second, NULL);
	ck_assert_msg(out.code == 0 && out.err_bytes == 0, "%s", out.err);
	bp_test_write_file(path, out.out, out.out_bytes);
	return path;
}

/** What program says for its arguments; it must like them. */
static const char *say(const char *program, const char *first, const char *second,
		       const char *third)
{
	const char *const args[] = {first, second, third, NULL};

	bp_test_output_done(&out);
	bp_test_run_program(&home, program, args, NULL, 0, &out);
	ck_assert_msg(out.code == 0, "%s %s %s: %d, %s", program, first, second, out.code, out.err);
	ck_assert_msg(out.err_bytes == 0, "%s: %s", program, out.err);
	return out.out;
}

static bool is_there(const char *program)
{
	bool there = access(program, X_OK) == 0;

	if (!there) {
		(void)printf("skipped: there is no %s\n", program);
	}
	return there;
}

/* --- bash --- */

/** What bash offers for `blueplane WORDS`, the last word unfinished; one a line. */
static const char *bash(const char *words)
{
	char script[2048];

	(void)snprintf(script, sizeof(script),
		       "set -u; . \"$BLUEPLANE_HOME/c.bash\"; COMP_WORDS=(blueplane %s); "
		       "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _blueplane; "
		       "for word in \"${COMPREPLY[@]}\"; do echo \"<$word>\"; done",
		       words);
	return say("/bin/bash", "--norc", "-c", script);
}

START_TEST(bash_completes_commands_verbs_options_values_and_files)
{
	(void)keep("completion", "bash", "c.bash");
	ck_assert_str_eq(bash("met"), "<metrics>\n");
	bash("''");
	for (size_t i = 0; i < n_commands; i++) {
		char word[40];
		(void)snprintf(word, sizeof(word), "<%s>\n", commands[i]);
		ck_assert_msg(strstr(out.out, word), "%s not in %s", word, out.out);
	}
	ck_assert_str_eq(bash("dlq re"), "<replay>\n");
	ck_assert_str_eq(bash("help doc"), "<doctor>\n");
	ck_assert_str_eq(bash("metrics --gr"), "<--group-by>\n");
	ck_assert_str_eq(bash("metrics --group-by pr"), "<project>\n");
	ck_assert_str_eq(bash("metrics -p 2"), "<24h>\n");
	/* The words of --format=js, as readline divides them. */
	ck_assert_str_eq(bash("metrics --format = js"), "<json>\n");
	ck_assert_str_eq(bash("metrics --format ="),
			 "<table>\n<json>\n<csv>\n<markdown>\n<chart>\n");
	/* Only what the command can. */
	ck_assert_str_eq(bash("sessions --format ch"), "");
	ck_assert_str_eq(bash("import --format c"), "");
	ck_assert_str_eq(bash("logs -f"), "<-f>\n");
	/* A common option before the command has a value of its own. */
	ck_assert_str_eq(bash("--format json sess"), "<sessions>\n");
	ck_assert_str_eq(bash("--format = json sess"), "<sessions>\n");
	/* Free text has no choices, and a second argument is no verb. */
	ck_assert_str_eq(bash("metrics --session ''"), "");
	ck_assert_str_eq(bash("config get ''"), "");
	bp_test_write_file(bp_test_home_file(&home, "a b/x.jsonl"), "", 0);
	ck_assert_ptr_nonnull(strstr(bash("import $BLUEPLANE_HOME/a\\ b/"), "/bp/a b/x.jsonl>\n"));
}
END_TEST

/* --- zsh, fish --- */

START_TEST(zsh_completes_in_a_terminal)
{
	struct bp_test_terminal terminal;

	if (!is_there("/usr/bin/zsh") || !bp_test_terminal_there()) {
		return;
	}
	(void)keep("completion", "zsh", "zsh/_blueplane");
	bp_test_terminal_open(&terminal, &home, 100, 24,
			      "cd \"$BLUEPLANE_HOME\"; export PS1='> '; exec zsh -f -i");
	bp_test_terminal_keys(&terminal,
			      "fpath=($BLUEPLANE_HOME/zsh $fpath); autoload -U compinit; "
			      "compinit -D -u; clear; echo go");
	bp_test_terminal_keys(&terminal, "Enter");
	free(bp_test_terminal_wait(&terminal, "go\n>", true));
	bp_test_terminal_keys(&terminal, "blueplane metr");
	bp_test_terminal_keys(&terminal, "Tab");
	free(bp_test_terminal_wait(&terminal, "> blueplane metrics", true));
	bp_test_terminal_keys(&terminal, " --gro");
	bp_test_terminal_keys(&terminal, "Tab");
	free(bp_test_terminal_wait(&terminal, " --group-by=", true));
	bp_test_terminal_keys(&terminal, "pla");
	bp_test_terminal_keys(&terminal, "Tab");
	free(bp_test_terminal_wait(&terminal, "--group-by=platform", true));
	bp_test_terminal_keys(&terminal, "C-u");
	bp_test_terminal_keys(&terminal, "blueplane dlq rep");
	bp_test_terminal_keys(&terminal, "Tab");
	free(bp_test_terminal_wait(&terminal, "> blueplane dlq replay", true));
	bp_test_terminal_close(&terminal);
}
END_TEST

/** What fish offers, one a line with its description. */
static const char *fish(const char *words)
{
	char script[512];

	(void)snprintf(script, sizeof(script),
		       "source $BLUEPLANE_HOME/c.fish; complete -C 'blueplane %s'", words);
	return say("/usr/bin/fish", "--no-config", "-c", script);
}

START_TEST(fish_completes_with_descriptions)
{
	if (!is_there("/usr/bin/fish")) {
		return;
	}
	(void)keep("completion", "fish", "c.fish");
	ck_assert_ptr_nonnull(strstr(fish("metr"), "metrics\thow it goes"));
	ck_assert_str_eq(fish("metrics --group-by pl"),
			 "platform\tone row per platform, project, model, tool, hour or day\n");
	ck_assert_ptr_nonnull(strstr(fish("dlq rep"), "replay"));
	ck_assert_ptr_nonnull(strstr(fish("metrics --tre"), "--trends\t"));
	ck_assert_str_eq(fish("dlq --tre"), "");
	/* An apostrophe in a text of help did not end it early. */
	say("/usr/bin/fish", "--no-config", "-n", bp_test_home_file(&home, "c.fish"));
}
END_TEST

/* --- the manual page --- */

START_TEST(the_manual_has_a_section_of_every_command_and_reads_well)
{
	const char *page = keep("help", "--man", "blueplane.1");

	for (size_t i = 0; i < n_commands; i++) {
		char part[128];
		(void)snprintf(part, sizeof(part), "\n.SS %s\n.B blueplane %s", commands[i],
			       commands[i]);
		const char *at = strstr(out.out, part);
		ck_assert_msg(at != NULL, "no section \"%s\"", commands[i]);
		const char *end = strstr(at + 1, "\n.SS ");
		const char *example = strstr(at, "\n.PP\nExample:\n");
		ck_assert_msg(example && (!end || example < end), "%s: no example", commands[i]);
	}
	ck_assert_ptr_nonnull(strstr(out.out, "\n.SH FILES\n"));
	ck_assert_ptr_nonnull(strstr(out.out, "\n.SH ENVIRONMENT\n"));
	ck_assert_ptr_nonnull(strstr(out.out, "\n.SH EXIT STATUS\n"));
	if (is_there("/usr/bin/groff")) {
		const char *const args[] = {"-man", "-ww", "-Tascii", page, NULL};
		bp_test_output_done(&out);
		bp_test_run_program(&home, "/usr/bin/groff", args, NULL, 0, &out);
		ck_assert_msg(out.code == 0 && out.err_bytes == 0, "%s", out.err);
	}
	if (is_there("/usr/bin/mandoc")) {
		/* A date would be another one at each build: it is the one thing missing. */
		const char *const args[] = {"-Tlint", "-Wwarning", page, NULL};
		bp_test_output_done(&out);
		bp_test_run_program(&home, "/usr/bin/mandoc", args, NULL, 0, &out);
		ck_assert_ptr_nonnull(strstr(out.out, "missing date"));
		ck_assert_msg(strchr(out.out, '\n') == strrchr(out.out, '\n'), "%s", out.out);
	}
}
END_TEST

BP_TEST_MAIN(setup, teardown, bash_completes_commands_verbs_options_values_and_files,
	     zsh_completes_in_a_terminal, fish_completes_with_descriptions,
	     the_manual_has_a_section_of_every_command_and_reads_well)

/* SPDX-License-Identifier: MIT */
/*
 * blueplane: what was recorded, for people and for scripts. This file finds the command and its
 * options; each command is a file of its own (cmd_<name>.c).
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cli/cmd.h"
#include "cli/cmds.h"

static const struct bp_option_row MAIN_OPTIONS[] = {
	{.name = "version", .letter = 'V', .help = "show the version"},
	{.name = NULL},
};

static int usage(const struct bp_cli *cli, const struct bp_err *err)
{
	return bp_cli_fail_usage(cli, "%s", err->msg);
}

/* An unknown verb ("dlq lst") is a usage error that names the nearest. */
static int check_args(const struct bp_cli *cli)
{
	const struct bp_command *command = cli->command;
	size_t n = cli->options.n_args;

	if (n < (size_t)command->args_min) {
		return bp_cli_fail_usage(cli, "\"%s\" needs %s", command->name,
					 command->args_min == 1 ? "an argument" : "more arguments");
	}
	if (command->args_max >= 0 && n > (size_t)command->args_max) {
		return bp_cli_fail_usage(cli, "\"%s\" takes no argument \"%.60s\"", command->name,
					 cli->options.args[command->args_max]);
	}
	if (!command->verbs || n == 0) {
		return BP_EXIT_OK;
	}
	for (const char *const *verb = command->verbs; *verb; verb++) {
		if (strcmp(*verb, cli->options.args[0]) == 0) {
			return BP_EXIT_OK;
		}
	}
	return bp_cli_fail_verb(cli);
}

static enum bp_format format_of(const struct bp_options *options, const char *environment)
{
	static const char *const names[] = {"table", "json", "csv", "markdown"};
	const char *text = bp_options_text(options, "format");
	enum bp_format format = BP_FORMAT_TABLE;

	text = text ? text : environment;
	for (size_t i = 0; text && i < 4; i++) {
		if (strcmp(names[i], text) == 0) {
			format = (enum bp_format)i;
		}
	}
	return bp_options_given(options, "json") ? BP_FORMAT_JSON : format;
}

static int finish(const struct bp_cli *cli, int code)
{
	/* A full disk behind a redirection must not look like success. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		return bp_cli_fail(cli, BP_EXIT_FAILED, "cannot write the output: %s",
				   strerrordesc_np(errno));
	}
	return code;
}

/* The command's words: options of its own beside the common ones. */
static int run_command(struct bp_cli *cli, char *const *words, size_t n)
{
	struct bp_err err = {0};
	size_t used;

	cli->options.own = cli->command->options;
	if (cli->command->raw) {
		if (n > 0 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) {
			bp_command_help(cli->command);
			return finish(cli, BP_EXIT_OK);
		}
		for (size_t i = 0; i < n && i + 1 < BP_OPTION_ARGS_MAX; i++) {
			cli->options.args[cli->options.n_args++] = words[i];
		}
	} else if (bp_options_parse(&cli->options, words, n, false, &used, &err) != BP_OK) {
		return usage(cli, &err);
	}
	if (!cli->command->raw && bp_options_given(&cli->options, "help")) {
		bp_command_help(cli->command);
		return finish(cli, BP_EXIT_OK);
	}
	int code = check_args(cli);
	if (code != BP_EXIT_OK) {
		return code;
	}
	bp_print_init(&cli->print, format_of(&cli->options, getenv("BLUEPLANE_FORMAT")),
		      bp_options_given(&cli->options, "no-color"));
	return finish(cli, cli->command->run(cli));
}

static int no_such_command(const struct bp_cli *cli, const char *name)
{
	const char *nearest = bp_command_nearest(name);

	if (nearest) {
		return bp_cli_fail_usage(cli, "unknown command \"%.60s\"; did you mean \"%s\"?",
					 name, nearest);
	}
	return bp_cli_fail_usage(cli, "unknown command \"%.60s\"", name);
}

int main(int argc, char **argv)
{
	static struct bp_cli cli;
	struct bp_err err = {0};
	size_t n = argc > 0 ? (size_t)argc - 1 : 0;
	char **words = argv + (argc > 0);
	size_t used;

	/* LC_NUMERIC stays "C": numbers are data. */
	(void)setlocale(LC_CTYPE, "");
	(void)umask(077);
	cli.now_us = bp_clock_wall_us();
	cli.options.own = MAIN_OPTIONS;
	cli.options.common = bp_common_options;
	bp_print_init(&cli.print, BP_FORMAT_TABLE, false);

	if (bp_options_parse(&cli.options, words, n, true, &used, &err) != BP_OK) {
		return usage(&cli, &err);
	}
	if (bp_options_given(&cli.options, "version")) {
		cli.command = &bp_cmd_version;
	} else if (used == n || bp_options_given(&cli.options, "help")) {
		cli.command = &bp_cmd_help;
	} else {
		cli.command = bp_command_find(words[used]);
		if (!cli.command) {
			return no_such_command(&cli, words[used]);
		}
		used++;
	}
	if (cli.command == &bp_cmd_help && used == n) {
		cli.options.n_given = 0; /* `blueplane --help` is help, not help's help */
	}
	return run_command(&cli, words + used, n - used);
}

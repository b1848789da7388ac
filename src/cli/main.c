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
#include "cli/llm_telemetry.h"

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
		return bp_cli_fail_usage(cli, "\"%s\" needs more: blueplane %s", command->name,
					 command->usage);
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

/* --json, --format, BLUEPLANE_FORMAT, in this order. A command that has no tables takes the first
 * two as a mistake, and what the environment wants as long as it has it. */
static int take_format(const struct bp_cli *cli, enum bp_format *out)
{
	static const char *const names[] = {"table", "json", "csv", "markdown", "chart", NULL};
	const struct bp_command *command = cli->command;
	const char *option = bp_options_text(&cli->options, "format");
	const char *environment = getenv("BLUEPLANE_FORMAT");
	const char *text = option ? option : environment;
	size_t i = 0;

	*out = BP_FORMAT_TABLE;
	if (command->own_format) {
		return BP_EXIT_OK;
	}
	if (command->no_output) {
		const char *given = option ? "--format" : "--json";
		return option || bp_options_given(&cli->options, "json")
			       ? bp_cli_fail_usage(cli, "\"%s\" takes no %s", command->name, given)
			       : BP_EXIT_OK;
	}
	if (bp_options_given(&cli->options, "json")) {
		*out = BP_FORMAT_JSON;
		return BP_EXIT_OK;
	}
	while (text && *text && names[i] && strcmp(names[i], text) != 0) {
		i++;
	}
	if (!names[i]) { /* an option was checked already */
		return bp_cli_fail_usage(cli,
					 "BLUEPLANE_FORMAT cannot be \"%.60s\"; it is one of: "
					 "table, json, csv, markdown, chart",
					 text);
	}
	bool table = i == BP_FORMAT_CSV || i == BP_FORMAT_MARKDOWN;
	bool lacking = table ? command->words_only : i == BP_FORMAT_CHART && !command->charts;
	if (lacking && option) {
		return bp_cli_fail_usage(cli,
					 table ? "\"%s\" has no table, so no %s; --json is there"
					       : "\"%s\" has no %s; --json is there",
					 command->name, text);
	}
	*out = lacking ? BP_FORMAT_TABLE : (enum bp_format)i;
	return BP_EXIT_OK;
}

static void hold_pages(struct bp_cli *cli)
{
	if (cli->print.format != BP_FORMAT_JSON && !bp_options_given(&cli->options, "no-pager")) {
		bp_pager_hold(&cli->pager);
	}
}

static int finish(struct bp_cli *cli, int code)
{
	/* A full disk behind a redirection must not look like success. */
	bool written = fflush(stdout) == 0 && !ferror(stdout);

	if (!bp_pager_show(&cli->pager) || !written) {
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
	if (bp_options_parse(&cli->options, words, n, false, &used, &err) != BP_OK) {
		return usage(cli, &err);
	}
	if (bp_options_given(&cli->options, "help")) {
		hold_pages(cli);
		bp_command_help(&cli->print, cli->command);
		return finish(cli, BP_EXIT_OK);
	}
	int code = check_args(cli);
	enum bp_format format = BP_FORMAT_TABLE;
	if (code == BP_EXIT_OK) {
		code = take_format(cli, &format);
	}
	if (code != BP_EXIT_OK) {
		return code;
	}
	bp_print_init(&cli->print, format, bp_options_given(&cli->options, "no-color"));
	if (cli->command->pages) {
		hold_pages(cli);
	}
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
	bool old_name = bp_llm_telemetry_called(argc > 0 ? argv[0] : NULL);
	size_t used;

	/* LC_NUMERIC stays "C": numbers are data. */
	(void)setlocale(LC_CTYPE, "");
	(void)umask(077);
	cli.now_us = bp_clock_wall_us();
	cli.options.own = bp_main_options;
	cli.options.common = bp_common_options;
	bp_print_init(&cli.print, BP_FORMAT_TABLE, false);

	if (bp_options_parse(&cli.options, words, n, true, &used, &err) != BP_OK) {
		return usage(&cli, &err);
	}
	if (bp_options_given(&cli.options, "version")) {
		cli.command = &bp_cmd_version;
	} else if (old_name && (used == n || bp_options_given(&cli.options, "help") ||
				strcmp(words[used], "help") == 0)) {
		bp_llm_telemetry_help(&cli.print);
		return finish(&cli, BP_EXIT_OK);
	} else if (old_name && !bp_llm_telemetry_offers(words[used])) {
		return bp_cli_fail_usage(&cli,
					 "llm-telemetry has no \"%.60s\"; there is: stats, costs",
					 words[used]);
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

/* SPDX-License-Identifier: MIT */
#include "cli/cmds.h"

#include <stdio.h>

enum { NAME_COLUMNS = 15 };

/* The most wanted first. A command that is in no group is listed at the end. */
static const struct {
	const char *title;
	const struct bp_command *commands[8];
} GROUPS[] = {
	{"begin", {&bp_cmd_up, &bp_cmd_install, &bp_cmd_uninstall, &bp_cmd_import}},
	{"look", {&bp_cmd_metrics, &bp_cmd_sessions, &bp_cmd_analyze, &bp_cmd_stats}},
	{"background service",
	 {&bp_cmd_status, &bp_cmd_start, &bp_cmd_stop, &bp_cmd_restart, &bp_cmd_logs,
	  &bp_cmd_doctor}},
	{"data and options",
	 {&bp_cmd_config, &bp_cmd_purge, &bp_cmd_dlq, &bp_cmd_rebuild, &bp_cmd_db}},
};

static bool is_grouped(const struct bp_command *command)
{
	for (size_t i = 0; i < sizeof(GROUPS) / sizeof(GROUPS[0]); i++) {
		for (size_t k = 0; GROUPS[i].commands[k]; k++) {
			if (GROUPS[i].commands[k] == command) {
				return true;
			}
		}
	}
	return false;
}

static void print_command(const struct bp_cli *cli, const struct bp_command *command)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "  %s", command->name);
	bp_print_field(&cli->print, BP_PAINT_NONE, NAME_COLUMNS, name, "%s", command->summary);
}

static void print_all(const struct bp_cli *cli)
{
	bp_print_line(&cli->print, "usage: blueplane COMMAND [OPTIONS]");
	bp_print_line(&cli->print, "%s", "");
	bp_print_line(&cli->print, "What AI coding assistants did on this machine.");
	for (size_t i = 0; i < sizeof(GROUPS) / sizeof(GROUPS[0]); i++) {
		bp_print_line(&cli->print, "%s", "");
		bp_print_title(&cli->print, "%s:", GROUPS[i].title);
		for (size_t k = 0; GROUPS[i].commands[k]; k++) {
			print_command(cli, GROUPS[i].commands[k]);
		}
	}
	bp_print_line(&cli->print, "%s", "");
	bp_print_title(&cli->print, "other:");
	for (size_t i = 0; bp_commands[i]; i++) {
		if (!is_grouped(bp_commands[i])) {
			print_command(cli, bp_commands[i]);
		}
	}
	bp_print_line(&cli->print, "%s", "");
	bp_print_line(&cli->print, "blueplane help COMMAND shows a command's options.");
}

static int run(struct bp_cli *cli)
{
	if (cli->options.n_args == 0) {
		print_all(cli);
		return BP_EXIT_OK;
	}
	const char *name = cli->options.args[0];
	const struct bp_command *command = bp_command_find(name);
	const char *nearest = bp_command_nearest(name);
	if (command) {
		bp_command_help(&cli->print, command);
		return BP_EXIT_OK;
	}
	return nearest ? bp_cli_fail_usage(cli, "unknown command \"%.60s\"; did you mean \"%s\"?",
					   name, nearest)
		       : bp_cli_fail_usage(cli, "unknown command \"%.60s\"", name);
}

const struct bp_command bp_cmd_help = {
	.name = "help",
	.summary = "show the commands, or one command's options",
	.usage = "help [COMMAND]",
	.help = "Show all commands, or what one of them takes.\n\nexample: blueplane help "
		"metrics\n",
	.args_max = 1,
	.no_output = true,
	.pages = true,
	.run = run,
};

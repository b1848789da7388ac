/* SPDX-License-Identifier: MIT */
#include "cli/cmds.h"

static int run(struct bp_cli *cli)
{
	if (cli->options.n_args == 1) {
		const char *name = cli->options.args[0];
		const struct bp_command *command = bp_command_find(name);
		const char *nearest = bp_command_nearest(name);
		if (command) {
			bp_command_help(command);
			return BP_EXIT_OK;
		}
		return nearest ? bp_cli_fail_usage(cli,
						   "no command \"%.60s\"; did you mean \"%s\"?",
						   name, nearest)
			       : bp_cli_fail_usage(cli, "no command \"%.60s\"", name);
	}
	bp_print_line(&cli->print, "usage: blueplane COMMAND [OPTIONS]");
	bp_print_line(&cli->print, "%s", "");
	bp_print_line(&cli->print, "What AI coding assistants did on this machine.");
	bp_print_line(&cli->print, "%s", "");
	for (size_t i = 0; bp_commands[i]; i++) {
		bp_print_line(&cli->print, "  %-12s %s", bp_commands[i]->name,
			      bp_commands[i]->summary);
	}
	bp_print_line(&cli->print, "%s", "");
	bp_print_line(&cli->print, "blueplane help COMMAND shows a command's options.");
	return BP_EXIT_OK;
}

const struct bp_command bp_cmd_help = {
	.name = "help",
	.summary = "show the commands, or one command's options",
	.usage = "help [COMMAND]",
	.help = "Show all commands, or what one of them takes.\n\nexample: blueplane help "
		"metrics\n",
	.args_max = 1,
	.no_output = true,
	.run = run,
};

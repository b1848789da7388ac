/* SPDX-License-Identifier: MIT */
#include "cli/cmds.h"

#include <stdio.h>
#include <string.h>

#include "cli/man.h"

enum { NAME_COLUMNS = 15 };

/* The most wanted first. A name without a command is passed over; a command that is in no group is
 * listed at the end. */
static const struct {
	const char *title;
	const char *names[12];
} GROUPS[] = {
	{"set up", {"up", "install", "uninstall", "import", "statusline", "guard", "completion"}},
	{"see what was done and what it cost",
	 {"metrics", "sessions", "analyze", "costs", "stats", "insights", "search", "top", "watch",
	  "dashboard"}},
	{"take data along", {"export", "team", "archive"}},
	{"look after the background service",
	 {"status", "start", "stop", "restart", "logs", "doctor"}},
	{"options, privacy and care", {"config", "privacy", "purge", "dlq", "rebuild", "db"}},
	{"talk to other programs", {"mcp", "emit", "run"}},
};

static bool is_grouped(const struct bp_command *command)
{
	for (size_t i = 0; i < sizeof(GROUPS) / sizeof(GROUPS[0]); i++) {
		for (size_t k = 0; GROUPS[i].names[k]; k++) {
			if (strcmp(GROUPS[i].names[k], command->name) == 0) {
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
		bool titled = false;
		for (size_t k = 0; GROUPS[i].names[k]; k++) {
			const struct bp_command *command = bp_command_find(GROUPS[i].names[k]);
			if (command && !titled) {
				bp_print_line(&cli->print, "%s", "");
				bp_print_title(&cli->print, "%s:", GROUPS[i].title);
				titled = true;
			}
			if (command) {
				print_command(cli, command);
			}
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

static int print_man(void)
{
	struct bp_buf page;

	bp_buf_init(&page, BP_MAN_BYTES_MAX);
	bp_man_page(&page);
	BP_ASSERT(bp_buf_ok(&page));
	(void)fwrite(page.ptr, 1, page.len, stdout);
	bp_buf_done(&page);
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	if (bp_options_given(&cli->options, "man")) {
		return print_man();
	}
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

/* For the build: nobody needs to be told. */
static const struct bp_option_row OPTIONS[] = {
	{.name = "man", .help = NULL},
	{.name = NULL},
};

const struct bp_command bp_cmd_help = {
	.name = "help",
	.summary = "show the commands, or one command's options",
	.usage = "help [COMMAND]",
	.help = "Show all commands, or what one of them takes.\n\nexample: blueplane help "
		"metrics\n",
	.options = OPTIONS,
	.args_max = 1,
	.no_output = true,
	.pages = true,
	.run = run,
};

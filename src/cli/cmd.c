/* SPDX-License-Identifier: MIT */
#include "cli/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"

enum { MESSAGE_BYTES = 2048 };

static void talk(const struct bp_cli *cli, const char *before, const char *fmt, va_list args)
{
	char text[MESSAGE_BYTES];
	struct bp_buf safe;

	(void)vsnprintf(text, sizeof(text), fmt, args);
	bp_buf_init(&safe, 4 * sizeof(text));
	bp_print_clean(&safe, bp_str_from(text), cli->print.utf8);
	(void)fflush(stdout);
	(void)fprintf(stderr, "%s%s\n", before, safe.ptr ? safe.ptr : "");
	bp_buf_done(&safe);
}

int bp_cli_fail(const struct bp_cli *cli, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	talk(cli, "blueplane: ", fmt, args);
	va_end(args);
	return code;
}

int bp_cli_fail_err(const struct bp_cli *cli, const struct bp_err *err)
{
	return bp_cli_fail(cli, BP_EXIT_FAILED, "%s", err->msg);
}

int bp_cli_fail_usage(const struct bp_cli *cli, const char *fmt, ...)
{
	char text[MESSAGE_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return bp_cli_fail(cli, BP_EXIT_USAGE, "%s (see: blueplane help%s%s)", text,
			   cli->command ? " " : "", cli->command ? cli->command->name : "");
}

int bp_cli_fail_verb(const struct bp_cli *cli)
{
	const char *verb = cli->options.args[0];
	const char *nearest = bp_nearest(verb, cli->command->verbs);

	if (nearest) {
		return bp_cli_fail_usage(cli, "\"%s\" has no \"%.60s\"; did you mean \"%s\"?",
					 cli->command->name, verb, nearest);
	}
	return bp_cli_fail_usage(cli, "\"%s\" has no \"%.60s\"", cli->command->name, verb);
}

void bp_cli_say(const struct bp_cli *cli, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	talk(cli, "", fmt, args);
	va_end(args);
}

static void print_options(const char *title, const struct bp_option_row *rows)
{
	if (!rows || !rows->name) {
		return;
	}
	(void)printf("\n%s:\n", title);
	for (const struct bp_option_row *row = rows; row->name; row++) {
		char left[64];
		char letter[5] = "    ";
		if (row->letter) {
			(void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		}
		(void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name,
			       row->value ? " " : "", row->value ? row->value : "");
		(void)printf("  %-24s  %s\n", left, row->help);
	}
}

void bp_command_help(const struct bp_command *command)
{
	(void)printf("usage: blueplane %s\n\n%s", command->usage, command->help);
	print_options("options", command->options);
	if (!command->no_output && !command->raw) {
		print_options("options of every command", bp_common_options);
	}
}

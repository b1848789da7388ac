/* SPDX-License-Identifier: MIT */
#include "cli/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "cli/wrap.h"

enum { MESSAGE_BYTES = 2048, HELP_WIDTH = 80, HELP_COLUMN = 28 };

/* Of a command without data. */
static const struct bp_option_row HELP_OPTION[] = {
	{.name = "help", .letter = 'h', .help = "show this help"},
	{.name = NULL},
};

static void talk(const struct bp_cli *cli, const char *before, const char *fmt, va_list args)
{
	char text[MESSAGE_BYTES];
	struct bp_buf safe, lines;
	/* One line for a program that reads it, whatever COLUMNS says. */
	int width = isatty(STDERR_FILENO) == 1 ? bp_print_width(STDERR_FILENO) : 0;

	(void)vsnprintf(text, sizeof(text), fmt, args);
	bp_buf_init(&safe, 5 * sizeof(text));
	bp_buf_init(&lines, 16 * sizeof(text));
	bp_buf_add_str(&safe, bp_str_from(before));
	bp_print_clean(&safe, bp_str_from(text), cli->print.utf8);
	bp_wrap(&lines, bp_buf_str(&safe), width, 0);
	(void)fflush(stdout);
	(void)fprintf(stderr, "%s\n", lines.ptr ? lines.ptr : "");
	bp_buf_done(&lines);
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
	const char *name = cli->command ? cli->command->name : "help";
	bool help = strcmp(name, "help") == 0; /* `help help` is no help */
	return bp_cli_fail(cli, BP_EXIT_USAGE, "%s (see: blueplane help%s%s)", text,
			   help ? "" : " ", help ? "" : name);
}

int bp_cli_fail_verb(const struct bp_cli *cli)
{
	const char *verb = cli->options.args[0];
	const char *nearest = bp_nearest(verb, cli->command->verbs);

	if (nearest) {
		return bp_cli_fail_usage(cli, "\"%s\" has no \"%.60s\"; did you mean \"%s\"?",
					 cli->command->name, verb, nearest);
	}
	char all[128] = "";
	for (const char *const *other = cli->command->verbs; *other; other++) {
		size_t len = strlen(all);
		(void)snprintf(all + len, sizeof(all) - len, "%s%s", len ? ", " : "", *other);
	}
	return bp_cli_fail_usage(cli, "\"%s\" has no \"%.60s\"; there is: %s", cli->command->name,
				 verb, all);
}

void bp_cli_say(const struct bp_cli *cli, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	talk(cli, "", fmt, args);
	va_end(args);
}

static void print_options(const struct bp_print *print, const char *title,
			  const struct bp_option_row *rows)
{
	if (!rows || !rows->name) {
		return;
	}
	bp_print_line(print, "%s", "");
	bp_print_line(print, "%s:", title);
	for (const struct bp_option_row *row = rows; row->name; row++) {
		char left[64];
		char letter[5] = "    ";
		if (row->letter) {
			(void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		}
		(void)snprintf(left, sizeof(left), "  %s--%s%s%s", letter, row->name,
			       row->value ? " " : "", row->value ? row->value : "");
		bp_print_field(print, BP_PAINT_NONE, HELP_COLUMN, left, "%s", row->help);
	}
}

/* The text's own line ends are the editor's: only an empty line divides. */
static void print_paragraphs(const struct bp_print *print, const char *text)
{
	struct bp_buf line;

	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text) - 1;
		bp_buf_init(&line, n + 1);
		bp_buf_add(&line, text, n);
		for (size_t i = 0; i < n; i++) {
			line.ptr[i] = line.ptr[i] == '\n' ? ' ' : line.ptr[i];
		}
		bp_print_line(print, "%s", "");
		bp_print_line(print, "%s", line.ptr);
		bp_buf_done(&line);
		text += n + (end ? 2 : 1);
	}
}

void bp_command_help(const struct bp_print *screen, const struct bp_command *command)
{
	struct bp_print print = *screen;

	print.width = print.width && print.width < HELP_WIDTH ? print.width : HELP_WIDTH;
	bp_print_field(&print, BP_PAINT_NONE, (int)strlen("usage: "), "usage:", "blueplane %s",
		       command->usage);
	print_paragraphs(&print, command->help);
	print_options(&print, "options", command->options);
	print_options(&print, "options of every command",
		      command->no_output ? HELP_OPTION : bp_common_options);
}

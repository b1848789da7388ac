/* SPDX-License-Identifier: MIT */
#include "cli/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "cli/wrap.h"

enum { MESSAGE_BYTES = 2048, HELP_WIDTH = 80, HELP_COLUMN = 28 };

static void talk(const struct bp_cli *cli, const char *before, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

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

static bool has_row(const struct bp_option_row *rows, size_t n, const char *name, char letter)
{
	for (size_t i = 0; i < n; i++) {
		if (name ? strcmp(rows[i].name, name) == 0 : rows[i].letter == letter) {
			return true;
		}
	}
	return false;
}

size_t bp_command_options(const struct bp_command *command,
			  struct bp_option_row out[BP_COMMAND_OPTIONS_MAX], size_t *out_own)
{
	size_t n = 0;

	for (const struct bp_option_row *row = command->options; row && row->name; row++) {
		BP_ASSERT(n < BP_COMMAND_OPTIONS_MAX);
		if (row->help) {
			out[n++] = *row;
		}
	}
	size_t own = n;
	for (const struct bp_option_row *row = bp_common_options; row->name; row++) {
		bool data = strcmp(row->name, "help") != 0 && strcmp(row->name, "no-pager") != 0;
		if ((data && command->no_output) || has_row(out, own, row->name, 0)) {
			continue;
		}
		BP_ASSERT(n < BP_COMMAND_OPTIONS_MAX);
		out[n] = *row;
		if (row->letter && has_row(out, own, NULL, row->letter)) {
			out[n].letter = 0;
		}
		n++;
	}
	*out_own = own;
	return n;
}

bool bp_command_choice(const struct bp_command *command, const struct bp_option_row *row,
		       const char *choice)
{
	if (strcmp(row->name, "format") != 0 || command->own_format) {
		return true;
	}
	if (strcmp(choice, "chart") == 0) {
		return command->charts;
	}
	return !command->words_only ||
	       (strcmp(choice, "csv") != 0 && strcmp(choice, "markdown") != 0);
}

/* Of --format only what the command can. */
static const char *help_of(const struct bp_command *command, const struct bp_option_row *row,
			   char *text, size_t cap)
{
	size_t len = 0;

	if (strcmp(row->name, "format") != 0 || command->own_format) {
		return row->help;
	}
	for (const char *const *choice = row->choices; *choice; choice++) {
		if (len < cap && bp_command_choice(command, row, *choice)) {
			len += (size_t)snprintf(text + len, cap - len, "%s%s%s", len ? ", " : "",
						*choice, len ? "" : " (default)");
		}
	}
	return text;
}

static void print_options(const struct bp_print *print, const struct bp_command *command,
			  const char *title, const struct bp_option_row *rows, size_t n)
{
	if (n == 0) {
		return;
	}
	bp_print_line(print, "%s", "");
	bp_print_line(print, "%s:", title);
	for (const struct bp_option_row *row = rows; row < rows + n; row++) {
		char left[64], formats[128];
		char letter[5] = "    ";
		if (row->letter) {
			(void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
		}
		(void)snprintf(left, sizeof(left), "  %s--%s%s%s", letter, row->name,
			       row->value ? " " : "", row->value ? row->value : "");
		bp_print_field(print, BP_PAINT_NONE, HELP_COLUMN, left, "%s",
			       help_of(command, row, formats, sizeof(formats)));
	}
}

/* The text's own line ends are the editor's: only an empty line divides. An example is as it is. */
static void print_paragraphs(const struct bp_print *print, const char *text)
{
	static const char EXAMPLE[] = "example: ";
	struct bp_buf line;

	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text) - 1;
		bool example = strncmp(text, EXAMPLE, strlen(EXAMPLE)) == 0;
		bp_buf_init(&line, n + 1);
		bp_buf_add(&line, text, n);
		bp_print_line(print, "%s", "");
		for (char *at = line.ptr, *next; at; at = next) {
			next = strchr(at, '\n');
			if (next && example) {
				*next++ = '\0';
			}
			for (; next && !example; next = strchr(next, '\n')) {
				*next = ' ';
			}
			bp_print_line(print, "%s", at);
		}
		bp_buf_done(&line);
		text += n + (end ? 2 : 1);
	}
}

void bp_command_help(const struct bp_print *screen, const struct bp_command *command)
{
	struct bp_option_row rows[BP_COMMAND_OPTIONS_MAX];
	struct bp_print print = *screen;
	size_t own, n = bp_command_options(command, rows, &own);

	print.width = print.width && print.width < HELP_WIDTH ? print.width : HELP_WIDTH;
	bp_print_field(&print, BP_PAINT_NONE, (int)strlen("usage: "), "usage:", "blueplane %s",
		       command->usage);
	print_paragraphs(&print, command->help);
	print_options(&print, command, "options", rows, own);
	print_options(&print, command, "options of every command", rows + own, n - own);
}

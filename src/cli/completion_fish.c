/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/completion.h"

/* condition NULL: before there is a command. */
static void add_option(struct bp_buf *out, const struct bp_command *command,
		       const struct bp_option_row *row)
{
	struct bp_buf words;

	bp_buf_init(&words, BP_COMPLETION_BYTES_MAX);
	if (command) {
		bp_buf_printf(out, "complete -c blueplane -n '__fish_seen_subcommand_from %s'",
			      command->name);
	} else {
		bp_buf_add_str(out, BP_STR("complete -c blueplane -n __fish_use_subcommand"));
	}
	bp_buf_printf(out, " -l %s", row->name);
	if (row->letter) {
		bp_buf_printf(out, " -s %c", row->letter);
	}
	if (bp_completion_choices(&words, command, row)) {
		bp_buf_printf(out, " -x -a '%s'", words.ptr);
	} else if (bp_completion_is_path(row)) {
		bp_buf_add_str(out, BP_STR(" -r -F"));
	} else if (row->value) {
		bp_buf_add_str(out, BP_STR(" -x"));
	}
	bp_buf_add_str(out, BP_STR(" -d "));
	bp_completion_quote(out, row->help);
	bp_buf_add_char(out, '\n');
	bp_buf_done(&words);
}

static void add_command(struct bp_buf *out, const struct bp_command *command)
{
	bp_buf_printf(out, "complete -c blueplane -n __fish_use_subcommand -a %s -d ",
		      command->name);
	bp_completion_quote(out, command->summary);
	bp_buf_add_char(out, '\n');
}

static void add_arguments(struct bp_buf *out, const struct bp_command *command)
{
	struct bp_option_row rows[BP_COMMAND_OPTIONS_MAX];
	size_t own, n = bp_command_options(command, rows, &own);
	struct bp_buf verbs;

	bp_buf_init(&verbs, BP_COMPLETION_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		add_option(out, command, &rows[i]);
	}
	for (const char *const *verb = command->verbs; verb && *verb; verb++) {
		bp_buf_printf(&verbs, "%s%s", verbs.len ? " " : "", *verb);
	}
	if (strcmp(command->name, "help") == 0) {
		for (size_t i = 0; bp_commands[i]; i++) {
			bp_buf_printf(&verbs, "%s%s", i ? " " : "", bp_commands[i]->name);
		}
	}
	if (verbs.len) {
		bp_buf_printf(out,
			      "complete -c blueplane -n '__fish_seen_subcommand_from %s; and test "
			      "(count (commandline -opc)) -eq 2' -a '%s'\n",
			      command->name, verbs.ptr);
	}
	if (command->paths) {
		bp_buf_printf(out, "complete -c blueplane -n '__fish_seen_subcommand_from %s' -F\n",
			      command->name);
	}
	bp_buf_done(&verbs);
}

void bp_completion_fish(struct bp_buf *out)
{
	bp_buf_add_str(out, BP_STR("# fish completion for blueplane; made by: blueplane completion "
				   "fish\ncomplete -c blueplane -f\n"));
	for (size_t i = 0; bp_commands[i]; i++) {
		add_command(out, bp_commands[i]);
	}
	add_option(out, NULL, &bp_main_options[0]);
	for (const struct bp_option_row *row = bp_common_options; row->name; row++) {
		add_option(out, NULL, row);
	}
	for (size_t i = 0; bp_commands[i]; i++) {
		add_arguments(out, bp_commands[i]);
	}
}

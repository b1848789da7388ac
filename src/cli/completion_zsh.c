/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/completion.h"

static const char BEGIN[] = "#compdef blueplane\n"
			    "# zsh completion for blueplane; made by: blueplane completion zsh\n"
			    "_blueplane()\n"
			    "{\n"
			    "\tlocal curcontext=$curcontext state line ret=1\n"
			    "\tlocal -a commands\n"
			    "\ttypeset -A opt_args\n"
			    "\tcommands=(\n";
static const char END[] = ""
			  "\t\t;;\n"
			  "\tesac\n"
			  "\treturn ret\n"
			  "}\n"
			  "if [[ $funcstack[1] == _blueplane ]]; then\n"
			  "\t_blueplane \"$@\"\n"
			  "else\n"
			  "\tcompdef _blueplane blueplane\n"
			  "fi\n";

/* For _arguments and _describe: what would end a part is escaped. */
static void add_escaped(struct bp_buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text)) {
			bp_buf_add_char(out, '\\');
		}
		bp_buf_add_char(out, *text);
	}
}

/* [help]:VALUE:(a b) without its quotes. */
static void add_rest(struct bp_buf *out, const struct bp_command *command,
		     const struct bp_option_row *row)
{
	struct bp_buf words;

	bp_buf_add_char(out, '[');
	add_escaped(out, row->help);
	bp_buf_add_char(out, ']');
	if (!row->value) {
		return;
	}
	bp_buf_init(&words, BP_COMPLETION_BYTES_MAX);
	bp_buf_printf(out, ":%s:", row->value);
	if (bp_completion_choices(&words, command, row)) {
		bp_buf_printf(out, "(%s)", words.ptr);
	} else if (bp_completion_is_path(row)) {
		bp_buf_add_str(out, BP_STR("_files"));
	} else {
		bp_buf_add_char(out, ' ');
	}
	bp_buf_done(&words);
}

static void add_option(struct bp_buf *out, const struct bp_command *command,
		       const struct bp_option_row *row)
{
	struct bp_buf rest;

	bp_buf_init(&rest, BP_COMPLETION_BYTES_MAX);
	add_rest(&rest, command, row);
	bp_buf_add_str(out, BP_STR(" \\\n\t\t\t\t"));
	if (row->letter) {
		bp_buf_printf(out, "'(-%c --%s)'{-%c%s,--%s%s}", row->letter, row->name,
			      row->letter, row->value ? "+" : "", row->name, row->value ? "=" : "");
	} else {
		bp_buf_printf(out, "--%s%s", row->name, row->value ? "=" : "");
	}
	bp_completion_quote(out, rest.ptr);
	bp_buf_done(&rest);
}

static void add_arguments(struct bp_buf *out, const struct bp_command *command)
{
	if (strcmp(command->name, "help") == 0) {
		bp_buf_add_str(out, BP_STR(" \\\n\t\t\t\t'1:command:->commands'"));
	}
	if (command->verbs) {
		bp_buf_add_str(out, BP_STR(" \\\n\t\t\t\t'1:what:("));
		for (const char *const *verb = command->verbs; *verb; verb++) {
			bp_buf_printf(out, "%s%s", verb == command->verbs ? "" : " ", *verb);
		}
		bp_buf_add_str(out, BP_STR(")'"));
	}
	if (command->paths) {
		bp_buf_add_str(out, BP_STR(" \\\n\t\t\t\t'*:file:_files'"));
	}
}

void bp_completion_zsh(struct bp_buf *out)
{
	struct bp_buf text;

	bp_buf_init(&text, BP_COMPLETION_BYTES_MAX);
	bp_buf_add_str(out, bp_str_from(BEGIN));
	for (size_t i = 0; bp_commands[i]; i++) {
		bp_buf_clear(&text);
		bp_buf_printf(&text, "%s:", bp_commands[i]->name);
		add_escaped(&text, bp_commands[i]->summary);
		bp_buf_add_str(out, BP_STR("\t\t"));
		bp_completion_quote(out, text.ptr);
		bp_buf_add_char(out, '\n');
	}
	bp_buf_add_str(out, BP_STR("\t)\n\t_arguments -C"));
	add_option(out, NULL, &bp_main_options[0]);
	for (const struct bp_option_row *row = bp_common_options; row->name; row++) {
		add_option(out, NULL, row);
	}
	bp_buf_add_str(out, BP_STR(" \\\n\t\t\t\t'1:command:->commands' '*:: :->words' && ret=0\n"
				   "\tif [[ $state == words ]]; then\n"
				   "\t\tcurcontext=${curcontext%:*:*}:blueplane-$words[1]:\n"
				   "\t\tcase $words[1] in\n"));
	for (size_t i = 0; bp_commands[i]; i++) {
		struct bp_option_row rows[BP_COMMAND_OPTIONS_MAX];
		size_t own, n = bp_command_options(bp_commands[i], rows, &own);
		bp_buf_printf(out, "\t\t%s) _arguments -C -s", bp_commands[i]->name);
		for (size_t k = 0; k < n; k++) {
			add_option(out, bp_commands[i], &rows[k]);
		}
		add_arguments(out, bp_commands[i]);
		bp_buf_add_str(out, BP_STR(" && ret=0 ;;\n"));
	}
	bp_buf_add_str(out, BP_STR("\t\tesac\n\tfi\n\tcase $state in\n\tcommands)\n"
				   "\t\t_describe -t commands command commands && ret=0\n"));
	bp_buf_add_str(out, bp_str_from(END));
	bp_buf_done(&text);
}

/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/completion.h"

/* What stands before the cursor, and the command. "--name=value" comes as three words. */
static const char BEGIN[] =
	"# bash completion for blueplane; made by: blueplane completion bash\n"
	"_blueplane()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur=\n"
	"\telif [[ $prev == = && $COMP_CWORD -gt 1 ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n";
static const char COMMAND[] = "\t\t-* | =) ;;\n"
			      "\t\t*)\n"
			      "\t\t\tcommand=${COMP_WORDS[i]}\n"
			      "\t\t\tbreak\n"
			      "\t\t\t;;\n"
			      "\t\tesac\n"
			      "\tdone\n"
			      "\tcase \"$command $prev\" in\n";
static const char END[] = "\tesac\n"
			  "}\n"
			  "complete -F _blueplane blueplane\n";

static const char FILES[] = "compopt -o filenames 2>/dev/null; "
			    "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";

static void add_words(struct bp_buf *out, const char *words)
{
	bp_buf_add_str(out, BP_STR("mapfile -t COMPREPLY < <(compgen -W "));
	bp_completion_quote(out, words);
	bp_buf_add_str(out, BP_STR(" -- \"$cur\")"));
}

static void add_names(struct bp_buf *out, const struct bp_option_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bp_buf_printf(out, "%s--%s", i ? " " : "", rows[i].name);
		if (rows[i].letter) {
			bp_buf_printf(out, " -%c", rows[i].letter);
		}
	}
}

/* 'metrics --period' | 'metrics -p') what may follow ;; */
static void add_value(struct bp_buf *out, const struct bp_command *command,
		      const struct bp_option_row *row)
{
	const char *name = command ? command->name : "";
	struct bp_buf words;

	bp_buf_init(&words, BP_COMPLETION_BYTES_MAX);
	bp_buf_printf(out, "\t'%s --%s'", name, row->name);
	if (row->letter) {
		bp_buf_printf(out, " | '%s -%c'", name, row->letter);
	}
	bp_buf_add_str(out, BP_STR(") "));
	if (bp_completion_choices(&words, command, row)) {
		add_words(out, words.ptr);
		bp_buf_add_str(out, BP_STR("; return ;;\n"));
	} else if (bp_completion_is_path(row)) {
		bp_buf_printf(out, "%s; return ;;\n", FILES);
	} else {
		bp_buf_add_str(out, BP_STR("return ;;\n"));
	}
	bp_buf_done(&words);
}

static void add_values(struct bp_buf *out, const struct bp_command *command,
		       const struct bp_option_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rows[i].value) {
			add_value(out, command, &rows[i]);
		}
	}
}

static void add_all_commands(struct bp_buf *out)
{
	for (size_t i = 0; bp_commands[i]; i++) {
		bp_buf_printf(out, "%s%s", i ? " " : "", bp_commands[i]->name);
	}
}

/* Verbs are for the place behind the command, files for any. */
static void add_arguments(struct bp_buf *out, const struct bp_command *command)
{
	struct bp_buf words;

	bp_buf_init(&words, BP_COMPLETION_BYTES_MAX);
	for (const char *const *verb = command->verbs; verb && *verb; verb++) {
		bp_buf_printf(&words, "%s%s", words.len ? " " : "", *verb);
	}
	if (strcmp(command->name, "help") == 0) {
		add_all_commands(&words);
	}
	if (words.len) {
		bp_buf_add_str(out,
			       BP_STR("\t\telif [[ $i -eq $((COMP_CWORD - 1)) ]]; then\n\t\t\t"));
		add_words(out, words.ptr);
		bp_buf_add_char(out, '\n');
	}
	if (command->paths) {
		bp_buf_printf(out, "\t\telse\n\t\t\t%s\n", FILES);
	}
	bp_buf_done(&words);
}

static void add_command(struct bp_buf *out, const struct bp_command *command)
{
	struct bp_option_row rows[BP_COMMAND_OPTIONS_MAX];
	size_t own, n = bp_command_options(command, rows, &own);
	struct bp_buf names;

	bp_buf_init(&names, BP_COMPLETION_BYTES_MAX);
	add_names(&names, rows, n);
	bp_buf_printf(out, "\t%s)\n\t\tif [[ $cur == -* ]]; then\n\t\t\t", command->name);
	add_words(out, names.ptr);
	bp_buf_add_char(out, '\n');
	add_arguments(out, command);
	bp_buf_add_str(out, BP_STR("\t\tfi\n\t\t;;\n"));
	bp_buf_done(&names);
}

static size_t count(const struct bp_option_row *rows)
{
	size_t n = 0;

	while (rows[n].name) {
		n++;
	}
	return n;
}

void bp_completion_bash(struct bp_buf *out)
{
	struct bp_buf words;

	bp_buf_init(&words, BP_COMPLETION_BYTES_MAX);
	bp_buf_add_str(out, bp_str_from(BEGIN));
	for (const struct bp_option_row *row = bp_common_options; row->name; row++) {
		if (row->value) { /* before the command: its value is no command */
			bp_buf_printf(out,
				      "\t\t--%s | -%c) [[ ${COMP_WORDS[i+1]} == = ]] && ((i++)); "
				      "((i++)) ;;\n",
				      row->name, row->letter);
		}
	}
	bp_buf_add_str(out, bp_str_from(COMMAND));
	add_values(out, NULL, bp_common_options, count(bp_common_options));
	for (size_t i = 0; bp_commands[i]; i++) {
		struct bp_option_row rows[BP_COMMAND_OPTIONS_MAX];
		size_t own, n = bp_command_options(bp_commands[i], rows, &own);
		add_values(out, bp_commands[i], rows, n);
	}
	bp_buf_add_str(out, BP_STR("\tesac\n\tcase $command in\n\t'')\n\t\t"));
	add_all_commands(&words);
	bp_buf_add_char(&words, ' ');
	add_names(&words, bp_main_options, count(bp_main_options));
	bp_buf_add_char(&words, ' ');
	add_names(&words, bp_common_options, count(bp_common_options));
	add_words(out, words.ptr);
	bp_buf_add_str(out, BP_STR("\n\t\t;;\n"));
	for (size_t i = 0; bp_commands[i]; i++) {
		add_command(out, bp_commands[i]);
	}
	bp_buf_add_str(out, bp_str_from(END));
	bp_buf_done(&words);
}

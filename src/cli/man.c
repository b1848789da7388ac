/* SPDX-License-Identifier: MIT */
#include "cli/man.h"

#include <string.h>

#include "cli/cmd.h"

/* A name and what it is for. */
struct entry {
	const char *name, *text;
};

static const struct entry FILES[] = {
	{"~/.blueplane", "the home: everything that is recorded, for your eyes only; "
			 "$BLUEPLANE_HOME names another"},
	{"~/.blueplane/config.yaml", "options; see blueplane config"},
	{"~/.blueplane/telemetry.db", "the database (SQLite): recorded rows, and the facts made of "
				      "them"},
	{"~/.blueplane/archive", "old rows as Parquet files"},
	{"~/.blueplane/log/blueplaned.log", "what the background service says; it never holds "
					    "prompts, paths of yours or code"},
	{"~/.blueplane/run", "the lock and the control socket of the service"},
};

static const struct entry ENVIRONMENT[] = {
	{"BLUEPLANE_HOME", "the home"},
	{"BLUEPLANE_FORMAT", "the format of commands that have it, when no option says another: "
			     "table, json, csv, markdown, chart"},
	{"BLUEPLANE_PAGER, PAGER", "what shows an output that is longer than the screen; cat or "
				   "nothing: no pager; else less"},
	{"BLUEPLANE_OPTION", "any option of the configuration, as BLUEPLANE_LOG_LEVEL for "
			     "log.level; it wins over the file"},
	{"NO_COLOR, CLICOLOR_FORCE", "no colours; colours also where the output is no terminal"},
	{"COLUMNS", "the width of the output where it is no terminal"},
	{"VISUAL, EDITOR", "what blueplane config edit opens"},
	{"TZ", "the time zone of days and shown times"},
	{"CLAUDE_CONFIG_DIR", "where Claude Code keeps its files"},
};

static const struct entry CODES[] = {
	{"0", "done"},
	{"1", "failed; the reason and what mends it are on standard error"},
	{"2", "wrong command, option or argument"},
	{"3", "the background service is needed and does not answer"},
};

/* As roff reads it: no line is a request, a hyphen is the one that was typed. */
static void add_text(struct bp_buf *out, const char *text, size_t n)
{
	bool begins = true;

	for (size_t i = 0; i < n; i++) {
		if (begins && (text[i] == '.' || text[i] == '\'')) {
			bp_buf_add_str(out, BP_STR("\\&"));
		}
		if (text[i] == '\\') {
			bp_buf_add_str(out, BP_STR("\\e"));
		} else if (text[i] == '-') {
			bp_buf_add_str(out, BP_STR("\\-"));
		} else if (text[i] == '~') {
			bp_buf_add_str(out, BP_STR("\\(ti"));
		} else if (text[i] == '^') {
			bp_buf_add_str(out, BP_STR("\\(ha"));
		} else {
			bp_buf_add_char(out, text[i]);
		}
		begins = text[i] == '\n';
	}
}

static void add(struct bp_buf *out, const char *text)
{
	add_text(out, text, strlen(text));
}

static void add_entries(struct bp_buf *out, const char *title, const struct entry *entries,
			size_t n)
{
	bp_buf_printf(out, ".SH %s\n", title);
	for (size_t i = 0; i < n; i++) {
		bp_buf_add_str(out, BP_STR(".TP\n.B "));
		add(out, entries[i].name);
		bp_buf_add_char(out, '\n');
		add(out, entries[i].text);
		bp_buf_add_str(out, BP_STR(".\n"));
	}
}

static void add_option(struct bp_buf *out, const struct bp_option_row *row)
{
	bp_buf_add_str(out, BP_STR(".TP\n"));
	if (row->letter) {
		bp_buf_printf(out, "\\fB\\-%c\\fR, ", row->letter);
	}
	bp_buf_add_str(out, BP_STR("\\fB\\-\\-"));
	add(out, row->name);
	bp_buf_add_str(out, BP_STR("\\fR"));
	if (row->value) {
		bp_buf_printf(out, " \\fI%s\\fR", row->value);
	}
	bp_buf_add_char(out, '\n');
	add(out, row->help);
	bp_buf_add_char(out, '\n');
}

/* Its paragraphs; the example is shown as it is typed. */
static void add_help(struct bp_buf *out, const char *text)
{
	static const char EXAMPLE[] = "example: ";

	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text) - 1;
		size_t skip = strncmp(text, EXAMPLE, strlen(EXAMPLE)) == 0 ? strlen(EXAMPLE) : 0;

		bp_buf_add_str(out,
			       skip ? BP_STR(".PP\nExample:\n.PP\n.nf\n.RS\n") : BP_STR(".PP\n"));
		add_text(out, text + skip, n - skip);
		bp_buf_add_str(out, skip ? BP_STR("\n.RE\n.fi\n") : BP_STR("\n"));
		text += n + (end ? 2 : 1);
	}
}

static void add_command(struct bp_buf *out, const struct bp_command *command)
{
	struct bp_option_row rows[BP_COMMAND_OPTIONS_MAX];
	size_t own;

	(void)bp_command_options(command, rows, &own);
	bp_buf_printf(out, ".SS %s\n.B blueplane ", command->name);
	add(out, command->usage);
	bp_buf_add_char(out, '\n');
	add_help(out, command->help);
	for (size_t i = 0; i < own; i++) {
		add_option(out, &rows[i]);
	}
}

void bp_man_page(struct bp_buf *out)
{
	bp_buf_add_str(out,
		       BP_STR(".\\\" Made from the tables of blueplane: do not edit.\n"
			      ".TH BLUEPLANE 1 \"\" \"blueplane " BP_VERSION "\" "
			      "\"User Commands\"\n"
			      ".SH NAME\n"
			      "blueplane \\- what AI coding assistants did on this machine\n"
			      ".SH SYNOPSIS\n"
			      ".B blueplane\n.I COMMAND\n[\\fIOPTIONS\\fR]\n"
			      ".SH DESCRIPTION\n"
			      "Records what AI coding assistants do locally, and answers: how it "
			      "goes, what it costs, what became of each session.\n"
			      "Everything stays on this machine.\n"
			      "Data goes to standard output, talk to standard error.\n"
			      ".SH COMMANDS\n"));
	for (size_t i = 0; bp_commands[i]; i++) {
		add_command(out, bp_commands[i]);
	}
	bp_buf_add_str(out, BP_STR(".SH OPTIONS OF EVERY COMMAND\n"));
	for (const struct bp_option_row *row = bp_common_options; row->name; row++) {
		add_option(out, row);
	}
	add_entries(out, "FILES", FILES, sizeof(FILES) / sizeof(FILES[0]));
	add_entries(out, "ENVIRONMENT", ENVIRONMENT, sizeof(ENVIRONMENT) / sizeof(ENVIRONMENT[0]));
	add_entries(out, "EXIT STATUS", CODES, sizeof(CODES) / sizeof(CODES[0]));
}

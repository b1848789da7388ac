/* SPDX-License-Identifier: MIT */
/* install, uninstall: our hook in an assistant's settings. */
#include <cjson/cJSON.h>
#include <string.h>

#include "base/home.h"
#include "base/line.h"
#include "cli/cmds.h"
#include "cli/install.h"

enum { DIFF_BYTES_MAX = 32 * 1024 * 1024 };

static const char *const VERBS[] = {"claude-code", "all", NULL};

static void print_diff(const struct bp_cli *cli, const struct bp_buf *diff)
{
	struct bp_str rest = bp_buf_str(diff);
	struct bp_str line;

	while (bp_line_next(&rest, &line)) {
		bp_print_verbatim(&cli->print, line);
	}
	if (rest.len > 0) {
		bp_print_verbatim(&cli->print, rest);
	}
}

static int print_json(const struct bp_cli *cli, const char *path, bool changed, bool dry_run)
{
	struct bp_err err = {0};
	cJSON *root = cJSON_CreateObject();

	cJSON_AddNumberToObject(root, "schema_version", 1);
	cJSON_AddStringToObject(root, "assistant", "claude-code");
	cJSON_AddStringToObject(root, "settings", path);
	cJSON_AddBoolToObject(root, "changed", changed);
	cJSON_AddBoolToObject(root, "dry_run", dry_run);
	return bp_print_json(root, &err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
}

static int change(struct bp_cli *cli, bool install)
{
	bool dry_run = bp_options_given(&cli->options, "dry-run");
	char home[BP_HOME_PATH_BYTES];
	char path[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	struct bp_buf diff;
	bool changed = false;
	int code = BP_EXIT_OK;
	unsigned extras = 0;

	if (install && bp_options_given(&cli->options, "statusline")) {
		extras |= BP_INSTALL_STATUSLINE;
	}
	if (install && bp_options_given(&cli->options, "guard")) {
		extras |= BP_INSTALL_GUARD;
	}

	bp_buf_init(&diff, DIFF_BYTES_MAX);
	enum bp_rc rc = bp_home_path(home, sizeof(home), &err);
	if (rc == BP_OK && !dry_run) {
		rc = bp_home_make(home, &err); /* what the settings were is remembered there */
	}
	if (rc == BP_OK) {
		rc = bp_claude_settings_path(path, sizeof(path), &err);
	}
	if (rc == BP_OK) {
		rc = bp_claude_install(home, install, extras, dry_run, &diff, &changed, &err);
	}
	if (rc != BP_OK) {
		code = bp_cli_fail_err(cli, &err);
	} else if (cli->print.format == BP_FORMAT_JSON) {
		code = print_json(cli, path, changed, dry_run);
	} else if (dry_run) {
		print_diff(cli, &diff);
	} else if (!changed) {
		bp_cli_say(cli, install ? "Claude Code reports to blueplane already."
					: "Claude Code does not report to blueplane.");
	} else {
		bp_cli_say(cli,
			   install ? "Claude Code reports to blueplane from its next session on "
				     "(%s; undo with: blueplane uninstall)."
				   : "Claude Code no longer reports to blueplane (%s).",
			   path);
	}
	bp_buf_done(&diff);
	return code;
}

static int run_install(struct bp_cli *cli)
{
	return change(cli, true);
}

static int run_uninstall(struct bp_cli *cli)
{
	return change(cli, false);
}

static const struct bp_option_row INSTALL_OPTIONS[] = {
	{.name = "dry-run", .help = "show the change, write nothing"},
	{.name = "statusline",
	 .help = "also show costs and limits in its status line (blueplane help statusline); one "
		 "that is there stays"},
	{.name = "guard",
	 .help = "also let it be stopped over a cap (blueplane help guard); off until switched on"},
	{.name = NULL},
};

static const struct bp_option_row UNINSTALL_OPTIONS[] = {
	{.name = "dry-run", .help = "show the change, write nothing"},
	{.name = NULL},
};

const struct bp_command bp_cmd_install = {
	.name = "install",
	.summary = "let an assistant report to blueplane",
	.usage = "install [claude-code|all] [--statusline] [--guard] [--dry-run]",
	.help = "Register blueplane-hook in Claude Code's settings ($CLAUDE_CONFIG_DIR, else "
		"~/.claude). What else is in there\nkeeps its every byte, and a dated copy of the "
		"old file stays beside it. Safe to run again.\n\nexample: blueplane install "
		"claude-code --dry-run\n",
	.options = INSTALL_OPTIONS,
	.verbs = VERBS,
	.args_max = 1,
	.words_only = true,
	.run = run_install,
};

const struct bp_command bp_cmd_uninstall = {
	.name = "uninstall",
	.summary = "take blueplane out of an assistant's settings",
	.usage = "uninstall [claude-code|all] [--dry-run]",
	.help = "Give Claude Code's settings back as they were, or, when they were changed since, "
		"take "
		"out only our entries.\nWhat was recorded stays (see: blueplane help purge).\n\n"
		"example: blueplane uninstall claude-code\n",
	.options = UNINSTALL_OPTIONS,
	.verbs = VERBS,
	.args_max = 1,
	.words_only = true,
	.run = run_uninstall,
};

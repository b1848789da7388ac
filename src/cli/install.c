/* SPDX-License-Identifier: MIT */
#include "cli/install.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "capture/install.h"
#include "cli/process.h"

enum { COMMAND_BYTES_MAX = 8192 };

static enum bp_rc claude_folder(char *out, size_t cap, struct bp_err *err)
{
	const char *own = getenv("CLAUDE_CONFIG_DIR"); /* NOLINT(concurrency-mt-unsafe) */
	const char *user = getenv("HOME");             /* NOLINT(concurrency-mt-unsafe) */
	int n = 0;

	if (own && own[0]) {
		n = snprintf(out, cap, "%s", own);
	} else if (user && user[0]) {
		n = snprintf(out, cap, "%s/.claude", user);
	} else {
		return bp_err_set(err, BP_ENOTFOUND, "HOME is not set");
	}
	return n < 0 || (size_t)n >= cap ? bp_err_set(err, BP_ELIMIT, "a path is too long") : BP_OK;
}

enum bp_rc bp_claude_settings_path(char *out, size_t cap, struct bp_err *err)
{
	char folder[BP_HOME_PATH_BYTES];
	enum bp_rc rc = claude_folder(folder, sizeof(folder), err);

	return rc == BP_OK ? bp_home_file(folder, "settings.json", out, cap, err) : rc;
}

bool bp_claude_present(void)
{
	char folder[BP_HOME_PATH_BYTES];

	return claude_folder(folder, sizeof(folder), NULL) == BP_OK && access(folder, F_OK) == 0;
}

/** The home when it is not where a hook looks by itself, else NULL. */
static const char *other_home(const char *home)
{
	const char *user = getenv("HOME"); /* NOLINT(concurrency-mt-unsafe): one thread */
	char usual[BP_HOME_PATH_BYTES];
	int n = snprintf(usual, sizeof(usual), "%s/.blueplane", user ? user : "");

	return n > 0 && (size_t)n < sizeof(usual) && strcmp(usual, home) == 0 ? NULL : home;
}

enum bp_rc bp_claude_install(const char *home, bool install, unsigned extras, bool dry_run,
			     struct bp_buf *out_diff, bool *out_changed, struct bp_err *err)
{
	char settings[BP_HOME_PATH_BYTES];
	char hook[BP_HOME_PATH_BYTES], program[BP_HOME_PATH_BYTES];
	struct bp_buf command, guard, statusline;
	struct bp_install_options options = {
		.settings_path = settings, .home = home, .dry_run = dry_run};
	enum bp_rc rc = bp_claude_settings_path(settings, sizeof(settings), err);

	bp_buf_init(&command, COMMAND_BYTES_MAX);
	bp_buf_init(&guard, COMMAND_BYTES_MAX);
	bp_buf_init(&statusline, COMMAND_BYTES_MAX);
	if (rc == BP_OK && install) {
		rc = bp_process_find("blueplane-hook", hook, sizeof(hook), err);
	}
	if (rc == BP_OK && install && extras) {
		rc = bp_process_find("blueplane", program, sizeof(program), err);
	}
	if (rc == BP_OK && (extras & BP_INSTALL_GUARD)) {
		bp_install_verb_command(program, other_home(home), "guard", &guard);
		options.guard_command = guard.ptr;
	}
	if (rc == BP_OK && (extras & BP_INSTALL_STATUSLINE)) {
		bp_install_verb_command(program, other_home(home), "statusline", &statusline);
		options.statusline_command = statusline.ptr;
	}
	if (rc == BP_OK && install) {
		bp_install_command(hook, other_home(home), &command);
		options.hook_command = command.ptr;
		rc = bp_install_claude(&options, out_diff, out_changed, err);
	} else if (rc == BP_OK) {
		rc = bp_uninstall_claude(&options, out_diff, out_changed, err);
	}
	bp_buf_done(&command);
	bp_buf_done(&guard);
	bp_buf_done(&statusline);
	return rc;
}

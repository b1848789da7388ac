/* SPDX-License-Identifier: MIT */
#include "cli/config_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "cli/process.h"

enum { FILE_BYTES_MAX = 1024 * 1024, PATH_BYTES = 4096 };

static const char EMPTY[] = "# Options of blueplane. All there are: blueplane config list\n"
			    "#\n"
			    "# log:\n"
			    "#   level: debug\n";

struct edit {
	char file[BP_HOME_PATH_BYTES];  /* config.yaml */
	char draft[BP_HOME_PATH_BYTES]; /* what the editor gets */
	bool kept;                      /* the draft is left from a try before */
	struct bp_buf before;
};

static enum bp_rc begin(struct edit *edit, struct bp_err *err)
{
	char home[BP_HOME_PATH_BYTES];
	enum bp_rc rc = bp_home_path(home, sizeof(home), err);

	if (rc == BP_OK) {
		rc = bp_home_make(home, err);
	}
	if (rc == BP_OK) {
		rc = bp_home_file(home, "config.yaml", edit->file, sizeof(edit->file), err);
	}
	if (rc == BP_OK) {
		rc = bp_home_file(home, "config.edit.yaml", edit->draft, sizeof(edit->draft), err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	edit->kept = access(edit->draft, F_OK) == 0;
	rc = bp_file_read(edit->file, &edit->before, err);
	if (rc == BP_ENOTFOUND) {
		bp_buf_add_str(&edit->before, bp_str_from(EMPTY));
		rc = BP_OK;
	}
	if (rc == BP_OK && !edit->kept) {
		rc = bp_file_replace(edit->draft, bp_buf_str(&edit->before), 0600, err);
	}
	return rc;
}

static const char *editor(void)
{
	const char *visual = getenv("VISUAL");
	const char *plain = getenv("EDITOR");

	return visual && *visual ? visual : plain && *plain ? plain : "editor";
}

/* Words of $EDITOR may have arguments ("code --wait"), so a shell divides them. */
static int run_editor(const char *draft)
{
	char *line = bp_asprintf("%s \"$1\"", editor());
	char *path = bp_strdup(bp_str_from(draft));
	char *const argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, line,
			      (char[]){"sh"},      path,           NULL};
	int code = bp_process_run(argv);

	free(line);
	free(path);
	return code;
}

static bool is_changed(const struct edit *edit)
{
	struct bp_buf after;

	bp_buf_init(&after, FILE_BYTES_MAX);
	bool same = bp_file_read(edit->draft, &after, NULL) == BP_OK &&
		    after.len == edit->before.len &&
		    (after.len == 0 || memcmp(after.ptr, edit->before.ptr, after.len) == 0);
	bp_buf_done(&after);
	return !same;
}

static int replace(const struct bp_cli *cli, const struct edit *edit)
{
	char path[PATH_BYTES];
	struct bp_err err = {0};

	if (bp_process_find("blueplaned", path, sizeof(path), &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	char *draft = bp_strdup(bp_str_from(edit->draft));
	char *const argv[] = {path, (char[]){"--config"}, (char[]){"replace"}, draft, NULL};
	int code = bp_process_run(argv);
	free(draft);
	if (code != 0) {
		return bp_cli_fail(
			cli, BP_EXIT_FAILED,
			"config.yaml is as it was; \"blueplane config edit\" goes on with "
			"your text, which is kept in \"%s\"",
			edit->draft);
	}
	(void)unlink(edit->draft);
	bp_cli_say(cli, "\"%s\" is changed.", edit->file);
	return BP_EXIT_OK;
}

int bp_config_edit(struct bp_cli *cli)
{
	struct edit edit = {.kept = false};
	struct bp_err err = {0};
	int code = BP_EXIT_OK;

	bp_buf_init(&edit.before, FILE_BYTES_MAX);
	bp_pager_release(&cli->pager);
	if (begin(&edit, &err) != BP_OK) {
		bp_buf_done(&edit.before);
		return bp_cli_fail_err(cli, &err);
	}
	if (edit.kept) {
		bp_cli_say(cli, "This is the text of your last try.");
	}
	int ended = run_editor(edit.draft);
	if (ended != 0) {
		code = bp_cli_fail(
			cli, BP_EXIT_FAILED,
			"the editor \"%.60s\" ended with code %d, so nothing is changed; "
			"$VISUAL or $EDITOR names another",
			editor(), ended);
		if (!edit.kept) {
			(void)unlink(edit.draft);
		}
	} else if (!is_changed(&edit)) {
		(void)unlink(edit.draft);
		bp_cli_say(cli, "Nothing is changed.");
	} else {
		code = replace(cli, &edit);
	}
	bp_buf_done(&edit.before);
	return code;
}

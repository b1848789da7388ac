/* SPDX-License-Identifier: MIT */
/*
 * test_config_edit.c - `config edit` takes over what would do, keeps both texts when it would not;
 * docs/configuration.md is what the tables of options say.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/run.h"
#include "support/service.h"

static struct bp_test_home home;
static struct bp_test_output out;
static char variable[512];

static void setup(void)
{
	memset(&out, 0, sizeof(out));
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_output_done(&out);
	bp_test_home_remove(&home);
}

/** `blueplane config edit` with an editor that is a command of the shell, its file as "$1". */
static void edit(const char *editor)
{
	(void)snprintf(variable, sizeof(variable), "EDITOR=%s", editor);
	bp_test_home_env(&home, variable);
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "config", "edit", NULL);
}

static void says(const char *part)
{
	ck_assert_msg(strstr(out.err, part), "\"%s\" is not in: %s", part, out.err);
}

static bool is_there(const char *name)
{
	return access(bp_test_home_file(&home, name), F_OK) == 0;
}

static void holds(const char *name, const char *text)
{
	size_t n = 0;
	char *bytes = bp_test_read_file(bp_test_home_file(&home, name), &n);

	ck_assert_msg(bytes && strcmp(bytes, text) == 0, "%s: %s", name, bytes ? bytes : "none");
	free(bytes);
}

START_TEST(what_would_do_is_taken_over)
{
	struct stat st;

	edit("printf 'log:\\n  level: debug # mine\\n' >");
	ck_assert_msg(out.code == 0, "%s", out.err);
	says("config.yaml\" is changed.");
	holds("config.yaml", "log:\n  level: debug # mine\n");
	ck_assert(!is_there("config.edit.yaml"));
	ck_assert_int_eq(stat(bp_test_home_file(&home, "config.yaml"), &st), 0);
	ck_assert_int_eq((int)(st.st_mode & 0777), 0600);
	/* The editor sees what holds. */
	edit("sed -i 's/debug # mine/warn/'");
	ck_assert_msg(out.code == 0, "%s", out.err);
	holds("config.yaml", "log:\n  level: warn\n");
	/* The hook reads a file of its own, which follows. */
	edit("printf 'hooks:\\n  enabled: false\\n' >");
	ck_assert_msg(out.code == 0, "%s", out.err);
	cJSON *json = bp_test_cli_json(&home, "config", "get", "hooks.enabled", NULL);
	ck_assert_str_eq(bp_test_json_text(json, "value"), "false");
	ck_assert_str_eq(bp_test_json_text(json, "from"), "file");
	cJSON_Delete(json);
}
END_TEST

START_TEST(what_would_not_do_is_kept_beside_the_old_file)
{
	edit("printf 'log:\\n  level: info\\n' >");
	ck_assert_msg(out.code == 0, "%s", out.err);
	edit("printf 'log:\\n  levle: debug\\n' >");
	ck_assert_int_eq(out.code, 1);
	says("log.levle");
	says("log.level");
	says("config.yaml is as it was");
	holds("config.yaml", "log:\n  level: info\n");
	holds("config.edit.yaml", "log:\n  levle: debug\n");
	/* The next try goes on from there. */
	edit("sed -i s/levle/level/");
	ck_assert_msg(out.code == 0, "%s", out.err);
	says("your last try");
	holds("config.yaml", "log:\n  level: debug\n");
	ck_assert(!is_there("config.edit.yaml"));
}
END_TEST

START_TEST(an_editor_that_fails_or_changes_nothing_changes_nothing)
{
	edit("printf 'log:\\n  level: info\\n' >");
	edit("false");
	ck_assert_int_eq(out.code, 1);
	says("\"false\" ended with code 1");
	says("$EDITOR");
	holds("config.yaml", "log:\n  level: info\n");
	ck_assert(!is_there("config.edit.yaml"));
	edit("true");
	ck_assert_int_eq(out.code, 0);
	says("Nothing is changed.");
	/* $VISUAL comes first. */
	bp_test_home_env(&home, "VISUAL=printf 'log:\\n  level: error\\n' >");
	edit("false");
	ck_assert_msg(out.code == 0, "%s", out.err);
	holds("config.yaml", "log:\n  level: error\n");
}
END_TEST

START_TEST(the_first_file_begins_with_comments_and_has_no_options)
{
	edit("grep -q 'blueplane config list'");
	ck_assert_msg(out.code == 0, "%s", out.err);
	ck_assert(!is_there("config.yaml"));
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "config", "edit", "--json", NULL);
	ck_assert_int_eq(out.code, 2);
}
END_TEST

START_TEST(the_document_is_what_the_tables_say)
{
	const char *const args[] = {"--config", "document", NULL};
	size_t n = 0;
	char *document = bp_test_read_file(BP_TEST_SOURCE_DIR "/docs/configuration.md", &n);

	bp_test_run_program(&home, "blueplaned", args, NULL, 0, &out);
	ck_assert_msg(out.code == 0, "%s", out.err);
	ck_assert_msg(document && strcmp(document, out.out) == 0,
		      "docs/configuration.md is old: blueplaned --config document > "
		      "docs/configuration.md");
	free(document);
}
END_TEST

BP_TEST_MAIN(setup, teardown, what_would_do_is_taken_over,
	     what_would_not_do_is_kept_beside_the_old_file,
	     an_editor_that_fails_or_changes_nothing_changes_nothing,
	     the_first_file_begins_with_comments_and_has_no_options,
	     the_document_is_what_the_tables_say)

/* SPDX-License-Identifier: MIT */
/* The first run in one go: home, hooks, service, history, numbers. Safe to run again. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "cli/cmds.h"
#include "cli/import.h"
#include "cli/install.h"
#include "cli/process.h"
#include "cli/service_control.h"
#include "cli/text.h"
#include "query/period.h"
#include "store/sqlite.h"

enum { DIFF_BYTES_MAX = 32 * 1024 * 1024, CACHE_BYTES = 1024 * 1024 };

#define RECENT_US ((int64_t)30 * 86400 * 1000000)

/** Ask on the terminal; an empty answer is yes. */
static bool agree(const char *question)
{
	char answer[16] = "";

	(void)fprintf(stderr, "%s [Y/n] ", question);
	(void)fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) && (strchr("yY\n", answer[0]) != NULL);
}

static int install(struct bp_cli *cli, const char *home)
{
	bool yes = bp_options_given(&cli->options, "yes");
	struct bp_err err = {0};
	struct bp_buf diff;
	bool changed = false;

	if (!bp_claude_present()) {
		return BP_EXIT_OK;
	}
	bp_buf_init(&diff, DIFF_BYTES_MAX);
	enum bp_rc rc = bp_claude_install(home, true, 0, true, &diff, &changed, &err);
	bool needed = diff.len > 0;
	bool ask = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
	bool wanted = needed && (yes || (ask && agree("Let Claude Code report to blueplane "
						      "(hooks in settings.json)?")));

	bp_buf_clear(&diff);
	if (rc == BP_OK && wanted) {
		rc = bp_claude_install(home, true, 0, false, &diff, &changed, &err);
		if (rc == BP_OK) {
			bp_cli_say(cli, "Claude Code reports to blueplane from its next session on "
					"(undo with: blueplane uninstall).");
		}
	} else if (rc == BP_OK && needed) {
		bp_cli_say(cli, "Claude Code's settings are untouched; to record permissions and "
				"session ends too: blueplane install claude-code");
	}
	bp_buf_done(&diff);
	if (rc != BP_OK) {
		/* Its transcripts tell nearly everything: go on. */
		(void)bp_cli_fail_err(cli, &err);
	}
	return BP_EXIT_OK;
}

static double number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/** The folder of the sample: beside the sources this was built from, or installed. */
static bool find_sample(char *out, size_t cap)
{
	char program[BP_HOME_PATH_BYTES];
	static const char *const steps[] = {"/..", "/../..", "/../../..", "/../share/blueplane"};

	if (bp_process_find("blueplane", program, sizeof(program), NULL) != BP_OK) {
		return false;
	}
	*strrchr(program, '/') = '\0';
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char *path = bp_asprintf("%s%s/examples/claude-code", program, steps[i]);
		char *real = realpath(path, NULL);
		int n = real ? snprintf(out, cap, "%s", real) : -1;

		free(real);
		free(path);
		if (n > 0 && (size_t)n < cap) {
			return true;
		}
	}
	return false;
}

/** Import what is here; with no history at all, the sample. */
static int import(struct bp_cli *cli, const char *home)
{
	char sample[BP_HOME_PATH_BYTES];
	const char *paths[] = {sample};
	struct bp_err err = {0};
	cJSON *result = NULL;

	bp_cli_say(cli, "Reading the history of the assistants found here...");
	enum bp_rc rc = bp_import_run(home, NULL, 0, BP_TIME_FIRST, false, &result, &err);
	if (rc == BP_OK && number(result, "files") < 1 && find_sample(sample, sizeof(sample))) {
		cJSON_Delete(result);
		result = NULL;
		bp_cli_say(cli,
			   "No Claude Code history was found, so this is a SAMPLE: invented "
			   "sessions of an invented project (%s). Remove it with: blueplane "
			   "purge --project harbour-sample --yes",
			   sample);
		rc = bp_import_run(home, paths, 1, BP_TIME_FIRST, false, &result, &err);
	}
	if (rc != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	/* Not how many are new: the service has begun to read them by itself. */
	bp_cli_say(cli, "%s of %s are in.",
		   bp_text_of(llround(number(result, "lines")), "line").text,
		   bp_text_of(llround(number(result, "files")), "file").text);
	cJSON_Delete(result);
	return BP_EXIT_OK;
}

/** True when something happened within 30 days. */
static bool is_recent(const struct bp_cli *cli, const char *home)
{
	static const char LAST[] = "SELECT max(last_event_us) FROM conversations";
	char path[BP_HOME_PATH_BYTES];
	struct bp_statement *statement = NULL;
	struct bp_sql *sql = NULL;
	int64_t last_us = BP_SQL_NULL;

	if (bp_home_file(home, "telemetry.db", path, sizeof(path), NULL) == BP_OK &&
	    bp_sql_open(path, BP_SQL_READ, CACHE_BYTES, &sql, NULL) == BP_OK &&
	    bp_statement_new(sql, LAST, &statement, NULL) == BP_OK &&
	    bp_statement_step(statement, NULL) == BP_OK) {
		last_us = bp_column_int(statement, 0);
	}
	bp_statement_free(statement);
	bp_sql_close(sql);
	return last_us != BP_SQL_NULL && last_us > cli->now_us - RECENT_US;
}

/** Run another command of ours, as the user would. */
static int run_self(const char *const *words)
{
	char self[BP_HOME_PATH_BYTES];
	char *argv[8] = {self};
	size_t n = 1;

	if (bp_process_find("blueplane", self, sizeof(self), NULL) != BP_OK) {
		return BP_EXIT_FAILED;
	}
	for (; words[n - 1] && n < 7; n++) {
		argv[n] = bp_strdup(bp_str_from(words[n - 1]));
	}
	int code = bp_process_run(argv);
	for (size_t i = 1; i < n; i++) {
		free(argv[i]);
	}
	return code;
}

static int run(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	bool was_running = false;
	long pid = 0;

	if (bp_home_path(home, sizeof(home), &err) != BP_OK || bp_home_make(home, &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	int code = install(cli, home);
	if (code == BP_EXIT_OK && bp_service_start(home, &pid, &was_running, &err) != BP_OK) {
		code = bp_cli_fail_err(cli, &err);
	}
	if (code == BP_EXIT_OK) {
		bp_cli_say(cli, "The service runs (pid %ld); everything it keeps is in %s.", pid,
			   home);
		code = import(cli, home);
	}
	if (code != BP_EXIT_OK) {
		return code;
	}
	const char *period = is_recent(cli, home) ? "30d" : "all";
	bp_print_line(&cli->print, "%s", "");
	code = run_self((const char *const[]){"metrics", "-p", period, NULL});
	bp_print_line(&cli->print, "%s", "");
	if (code == BP_EXIT_OK) {
		code = run_self((const char *const[]){"sessions", "-n", "10", NULL});
	}
	bp_print_line(&cli->print, "%s", "");
	bp_cli_say(cli, "Next:");
	bp_cli_say(cli, "  blueplane analyze last");
	bp_cli_say(cli, "  blueplane metrics -p %s --group-by project", period);
	bp_cli_say(cli, "  blueplane status");
	bp_cli_say(cli, "  blueplane help");
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "yes", .letter = 'y', .help = "install into the assistants found without asking"},
	{.name = NULL},
};

const struct bp_command bp_cmd_up = {
	.name = "up",
	.summary = "first run in one go: hooks, service, history, numbers",
	.usage = "up [--yes]",
	.help = "Make the home, let the assistants found here report (asks first), start the "
		"service, import the history, and\nshow what came out. Without a terminal and "
		"without --yes nothing is asked and nothing is installed. Safe to\nrun again.\n\n"
		"example: blueplane up --yes\n",
	.options = OPTIONS,
	.no_output = true,
	.run = run,
};

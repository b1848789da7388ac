/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "base/mem.h"
#include "cli/cmds.h"
#include "cli/control_client.h"
#include "cli/import.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "query/period.h"

/** What is drawn while it runs. */
struct drawing {
	struct bp_progress line;
	double left; /* the most that was left to be worked out */
};

static double number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static void draw(const cJSON *progress, void *arg)
{
	struct drawing *drawing = arg;
	const cJSON *step = cJSON_GetObjectItemCaseSensitive(progress, "step");
	double left = number(progress, "left");
	char files[64];

	if (cJSON_IsString(step) && strcmp(step->valuestring, "reading") == 0) {
		(void)snprintf(files, sizeof(files), "%.0f of %.0f files",
			       number(progress, "files_done"), number(progress, "files"));
		bp_progress_show(&drawing->line,
				 &(struct bp_progress_at){.step = "",
							  .done = number(progress, "bytes_done"),
							  .total = number(progress, "bytes"),
							  .bytes = true,
							  .seconds = number(progress, "seconds"),
							  .more = files});
		return;
	}
	drawing->left = left > drawing->left ? left : drawing->left;
	bp_progress_show(&drawing->line, &(struct bp_progress_at){.step = "working out the numbers",
								  .done = drawing->left - left,
								  .total = drawing->left,
								  .seconds = -1});
}

/** The folders of $CLAUDE_CONFIG_DIR that are there: out[max], each to be freed. */
static size_t config_dirs(char **out, size_t max)
{
	const char *rest = getenv("CLAUDE_CONFIG_DIR");
	size_t n = 0;

	while (rest && *rest && n < max) {
		size_t len = strcspn(rest, ",");
		char *path = bp_strdup(bp_str_make(rest, len));
		if (len > 0 && access(path, R_OK) == 0) {
			out[n++] = path;
		} else {
			free(path);
		}
		rest += len + (rest[len] == ',');
	}
	return n;
}

/** The service may have been started without the variable that says where this shell's files are. */
static enum bp_rc import_config_dirs(const char *home, int64_t since_us, bool refresh, cJSON **out,
				     struct bp_err *err)
{
	enum { DIRS_MAX = 16 };
	char *dirs[DIRS_MAX];
	size_t n = config_dirs(dirs, DIRS_MAX);
	enum bp_rc rc = BP_OK;

	if (n > 0) {
		cJSON_Delete(*out);
		*out = NULL;
		rc = bp_import_run(home, (const char *const *)dirs, n, since_us, refresh, out, err);
	}
	for (size_t i = 0; i < n; i++) {
		free(dirs[i]);
	}
	return rc;
}

/* What a person who ends it is told; set before the handler. */
static const char *volatile last_words;

static void end_with_words(int signal_number)
{
	size_t n = strlen(last_words);

	if (write(STDERR_FILENO, last_words, n) != (ssize_t)n) {
		/* Nobody reads: end all the same. */
	}
	(void)raise(signal_number); /* SA_RESETHAND: now it ends */
}

/** Ctrl-C ends our waiting; say what becomes of the work. Only for people. */
static void expect_interrupt(const char *home, struct sigaction *before)
{
	struct sigaction action = {.sa_handler = end_with_words, .sa_flags = (int)SA_RESETHAND};
	long pid = 0;

	last_words = bp_control_ping(home, &pid)
			     ? "\r\033[KThe import goes on in the service: blueplane status\n"
			     : "\r\033[KStopped. What is in stays in; the same command goes on "
			       "from there.\n";
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, before);
}

enum bp_rc bp_import_run(const char *home, const char *const *paths, size_t n, int64_t since_us,
			 bool refresh, cJSON **out, struct bp_err *err)
{
	struct drawing drawing = {.left = 0};
	const struct bp_call call = {
		.home = home, .progress = draw, .arg = &drawing, .timeout_ms = -1};
	cJSON *args = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(args, "paths");

	for (size_t i = 0; i < n; i++) {
		/* The service has another working folder. */
		char *real = realpath(paths[i], NULL);
		if (!real) {
			cJSON_Delete(args);
			return bp_err_set(err, BP_EINVAL, "cannot import \"%.200s\": %s", paths[i],
					  strerrordesc_np(errno));
		}
		cJSON_AddItemToArray(list, cJSON_CreateString(real));
		free(real);
	}
	if (since_us != BP_TIME_FIRST) {
		cJSON_AddNumberToObject(args, "since_us", (double)since_us);
	}
	if (refresh) {
		cJSON_AddTrueToObject(args, "refresh");
	}
	struct sigaction before = {0};
	bp_progress_init(&drawing.line);
	if (drawing.line.draw) {
		expect_interrupt(home, &before);
	}
	enum bp_rc rc = bp_control_run(&call, "import", args, out, err);
	if (drawing.line.draw) {
		(void)sigaction(SIGINT, &before, NULL);
	}
	bp_progress_done(&drawing.line);
	if (rc == BP_OK && n == 0 && number(*out, "files") == 0) {
		rc = import_config_dirs(home, since_us, refresh, out, err);
	}
	return rc;
}

void bp_import_print(const struct bp_cli *cli, const cJSON *result)
{
	double dead = number(result, "dead_letters");
	double oversize = number(result, "oversize");
	double purged = number(result, "purged");
	double seconds = number(result, "seconds");
	char took[64];

	(void)snprintf(took, sizeof(took), "%.1f s", seconds);
	if (seconds >= 60) {
		(void)snprintf(took, sizeof(took), "%s", bp_text_span(seconds).text);
	}

	bool refresh = bp_options_given(&cli->options, "refresh");

	bp_print_line(&cli->print,
		      refresh ? "%s of %s in %s: %s new or made anew, %s as they were."
			      : "%s of %s in %s: %s new, %s known before.",
		      bp_text_of(llround(number(result, "lines")), "line").text,
		      bp_text_of(llround(number(result, "files")), "file").text, took,
		      bp_text_count(llround(number(result, "rows"))).text,
		      bp_text_count(llround(number(result, "duplicates"))).text);
	if (dead + oversize > 0) {
		bp_print_line(&cli->print,
			      "%s lines could not be read and %s were too long (see: blueplane dlq "
			      "list).",
			      bp_text_count(llround(dead)).text,
			      bp_text_count(llround(oversize)).text);
	}
	if (purged > 0) {
		bp_print_line(&cli->print, "%s lines were purged before and stay away.",
			      bp_text_count(llround(purged)).text);
	}
}

static void say_nothing(const struct bp_cli *cli)
{
	bool since = bp_options_given(&cli->options, "since");
	bool paths = cli->options.n_args > 0;

	if (since) {
		bp_cli_say(cli, "No session file changed since then: try an earlier --since.");
	} else if (paths) {
		bp_cli_say(cli,
			   "blueplane: no session files in \"%.200s\"%s: give a file such as "
			   "~/.claude/projects/NAME/ID.jsonl, or a folder above it",
			   cli->options.args[0], cli->options.n_args > 1 ? " and the others" : "");
	} else {
		bp_cli_say(cli, "No session files yet: use an assistant first, or name a folder "
				"(see: blueplane help import).");
	}
}

static int run(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	struct bp_tz *tz = NULL;
	cJSON *result = NULL;
	const char *since = bp_options_text(&cli->options, "since");
	int64_t since_us = BP_TIME_FIRST;

	if (since) {
		enum bp_rc bound = bp_tz_load(NULL, &tz, &err);
		if (bound == BP_OK) {
			bound = bp_period_bound(since, false, tz, cli->now_us, &since_us, &err);
		}
		bp_tz_free(tz);
		if (bound != BP_OK) {
			return bp_cli_fail_usage(cli, "--since: %s", err.msg);
		}
	}
	enum bp_rc rc = bp_home_path(home, sizeof(home), &err);
	if (rc == BP_OK) {
		rc = bp_import_run(home, cli->options.args, cli->options.n_args, since_us,
				   bp_options_given(&cli->options, "refresh"), &result, &err);
	}
	if (rc != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	/* A path that holds nothing is most likely not the one that was meant. */
	bool nothing = number(result, "files") < 1;
	int code = nothing && cli->options.n_args > 0 && !since ? BP_EXIT_FAILED : BP_EXIT_OK;
	if (cli->print.format == BP_FORMAT_JSON) {
		code = bp_print_json(result, &err) == BP_OK ? code : bp_cli_fail_err(cli, &err);
		result = NULL;
	} else if (!nothing) {
		bp_import_print(cli, result);
	}
	cJSON_Delete(result);
	if (nothing) {
		say_nothing(cli);
	}
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "since",
	 .value = "TIME",
	 .help = "only files that changed since then (a date, or 30d)"},
	{.name = "refresh",
	 .help = "read from their start again, and replace what an older version or another "
		 "privacy.level made"},
	{.name = NULL},
};

const struct bp_command bp_cmd_import = {
	.name = "import",
	.summary = "take in history files",
	.usage = "import [PATH...] [--since TIME] [--refresh]",
	.help = "Read history files now and return when every number is final. PATH is a file, a "
		"projects folder, or any\nfolder below which session files lie; without one, "
		"everything the enabled sources have. Safe to run again:\nwhat is known is not "
		"counted twice. Ctrl-C leaves the import running in the service.\n\nAfter an "
		"update "
		"or a change of privacy.level, --refresh brings what was imported before up to "
		"date; after\na lower level also run \"blueplane rebuild\".\n\nexample: "
		"blueplane import ~/backup/.claude/projects\n",
	.options = OPTIONS,
	.args_max = -1,
	.paths = true,
	.words_only = true,
	.run = run,
};

/* SPDX-License-Identifier: MIT */
/* The archive: what is old goes to Parquet files, is listed, checked, brought back. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "cli/cmds.h"
#include "cli/control_client.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "query/period.h"

static int64_t number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? llround(item->valuedouble) : 0;
}

static const char *text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

/** Run a job; takes args. */
static enum bp_rc ask(const char *job, cJSON *args, cJSON **out, struct bp_err *err)
{
	char home[BP_HOME_PATH_BYTES];
	struct bp_progress line;
	const struct bp_call call = {
		.home = home, .progress = bp_progress_draw, .arg = &line, .timeout_ms = -1};
	enum bp_rc rc = bp_cli_home(home, sizeof(home), err);

	if (rc != BP_OK) {
		cJSON_Delete(args);
		return rc;
	}
	bp_progress_init(&line);
	rc = bp_control_run(&call, job, args, out, err);
	bp_progress_done(&line);
	return rc;
}

/** As JSON, when that is asked for: takes result. False: it is to be shown. */
static bool print_as_json(struct bp_cli *cli, cJSON *result, int *out_code)
{
	const cJSON *ok = cJSON_GetObjectItemCaseSensitive(result, "ok");
	int code = cJSON_IsFalse(ok) ? BP_EXIT_FAILED : BP_EXIT_OK;
	struct bp_err err = {0};

	if (cli->print.format != BP_FORMAT_JSON) {
		return false;
	}
	*out_code = bp_print_json(result, &err) == BP_OK ? code : bp_cli_fail_err(cli, &err);
	return true;
}

static cJSON *filters(const struct bp_cli *cli)
{
	static const char *const names[] = {"month", "platform"};
	cJSON *args = cJSON_CreateObject();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = bp_options_text(&cli->options, names[i]);

		if (value) {
			cJSON_AddStringToObject(args, names[i], value);
		}
	}
	return args;
}

/* --- archive --- */

/** The job's arguments. NULL: said on stderr. */
static cJSON *make_args(struct bp_cli *cli)
{
	const char *before = bp_options_text(&cli->options, "before");
	cJSON *args = cJSON_CreateObject();
	struct bp_err err = {0};
	struct bp_tz *tz = NULL;
	int64_t before_us = 0;

	if (!before) {
		return args;
	}
	enum bp_rc rc = bp_tz_load(NULL, &tz, &err);
	if (rc == BP_OK) {
		rc = bp_period_bound(before, false, tz, cli->now_us, &before_us, &err);
	}
	bp_tz_free(tz);
	if (rc != BP_OK) {
		(void)bp_cli_fail_usage(cli, "--before: %s", err.msg);
		cJSON_Delete(args);
		return NULL;
	}
	cJSON_AddNumberToObject(args, "before_us", (double)before_us);
	return args;
}

static void print_plan(const struct bp_cli *cli, const cJSON *plan)
{
	const cJSON *parts = cJSON_GetObjectItemCaseSensitive(plan, "partitions");
	const cJSON *part = NULL;
	struct bp_table *table = bp_table_new();

	bp_table_column(table, "Month", BP_LEFT);
	bp_table_column(table, "Platform", BP_LEFT);
	bp_table_column(table, "Rows", BP_RIGHT);
	cJSON_ArrayForEach (part, parts) {
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", text(part, "month"));
		bp_table_cell(table, BP_PAINT_NONE, "%s", text(part, "platform"));
		bp_table_cell(table, BP_PAINT_NONE, "%s", bp_text_count(number(part, "rows")).text);
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

/** Ask on the terminal. */
static bool is_agreed(const struct bp_cli *cli, const cJSON *plan)
{
	bool keep = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(plan, "keep"));
	char answer[16] = "";

	bp_cli_say(cli, keep ? "The rows go to Parquet files and can be brought back; every number "
			       "stays as it is."
			     : "retention.raw is \"delete\": the rows go for good; every number "
			       "stays as it is.");
	(void)fprintf(stderr, "%s %s? [y/N] ", keep ? "Archive" : "Delete",
		      bp_text_of(number(plan, "rows"), "row").text);
	(void)fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int move(struct bp_cli *cli, cJSON *args)
{
	struct bp_err err = {0};
	cJSON *result = NULL;
	int code = BP_EXIT_OK;

	if (ask("archive", args, &result, &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	if (print_as_json(cli, result, &code)) {
		return code;
	}
	bool keep = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "keep"));
	const cJSON *seconds = cJSON_GetObjectItemCaseSensitive(result, "seconds");
	bp_print_line(&cli->print, "%s %s in %.1f s.", keep ? "Archived" : "Deleted",
		      bp_text_of(number(result, "rows"), "row").text,
		      cJSON_IsNumber(seconds) ? seconds->valuedouble : 0.0);
	cJSON_Delete(result);
	return BP_EXIT_OK;
}

static int run_archive(struct bp_cli *cli)
{
	bool dry = bp_options_given(&cli->options, "dry-run");
	bool yes = bp_options_given(&cli->options, "yes");
	struct bp_err err = {0};
	cJSON *plan = NULL;
	int code = BP_EXIT_OK;

	cJSON *args = make_args(cli);
	if (!args) {
		return BP_EXIT_USAGE;
	}
	if (!dry && !yes && !isatty(STDIN_FILENO)) {
		cJSON_Delete(args);
		return bp_cli_fail_usage(cli, "nobody is here to ask: add --yes, or look first "
					      "with --dry-run");
	}
	if (yes && !dry) {
		return move(cli, args);
	}
	cJSON *look = cJSON_Duplicate(args, true);
	cJSON_AddTrueToObject(look, "dry_run");
	if (ask("archive", look, &plan, &err) != BP_OK) {
		cJSON_Delete(args);
		return bp_cli_fail_err(cli, &err);
	}
	if (dry && print_as_json(cli, plan, &code)) {
		cJSON_Delete(args);
		return code;
	}
	if (number(plan, "rows") == 0) {
		bp_cli_say(cli, "There is nothing that old.");
	} else {
		print_plan(cli, plan);
		if (!dry) {
			code = is_agreed(cli, plan)
				       ? move(cli, cJSON_Duplicate(args, true))
				       : bp_cli_fail(cli, BP_EXIT_FAILED, "nothing was archived");
		}
	}
	cJSON_Delete(plan);
	cJSON_Delete(args);
	return code;
}

/* --- list, restore, verify --- */

static int run_list(struct bp_cli *cli)
{
	struct bp_err err = {0};
	const cJSON *file = NULL;
	cJSON *result = NULL;
	int code = BP_EXIT_OK;

	if (ask("archive_list", filters(cli), &result, &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	if (print_as_json(cli, result, &code)) {
		return code;
	}
	struct bp_table *table = bp_table_new();
	bp_table_column(table, "Month", BP_LEFT);
	bp_table_column(table, "Platform", BP_LEFT);
	bp_table_column(table, "Rows", BP_RIGHT);
	bp_table_column(table, "Size", BP_RIGHT);
	bp_table_column(table, "File", BP_SHRINK);
	cJSON_ArrayForEach (file, cJSON_GetObjectItemCaseSensitive(result, "files")) {
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", text(file, "month"));
		bp_table_cell(table, BP_PAINT_NONE, "%s", text(file, "platform"));
		bp_table_cell(table, BP_PAINT_NONE, "%s", bp_text_count(number(file, "rows")).text);
		bp_table_cell(table, BP_PAINT_NONE, "%s",
			      bp_text_bytes(number(file, "bytes")).text);
		bp_table_cell(table, BP_PAINT_DIM, "%s", text(file, "path"));
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
	bp_cli_say(cli, "%s, %s in the archive.", bp_text_of(number(result, "rows"), "row").text,
		   bp_text_bytes(number(result, "bytes")).text);
	cJSON_Delete(result);
	return BP_EXIT_OK;
}

static int run_restore(struct bp_cli *cli)
{
	struct bp_err err = {0};
	cJSON *result = NULL;
	int code = BP_EXIT_OK;

	if (ask("archive_restore", filters(cli), &result, &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	if (print_as_json(cli, result, &code)) {
		return code;
	}
	bp_print_line(&cli->print, "Brought back %s from %s.",
		      bp_text_of(number(result, "rows"), "row").text,
		      bp_text_of(number(result, "files"), "file").text);
	bp_cli_say(cli, "Rows older than retention.raw_days are archived again at the next look "
			"(daily).");
	cJSON_Delete(result);
	return BP_EXIT_OK;
}

static int run_verify(struct bp_cli *cli)
{
	struct bp_err err = {0};
	const cJSON *problem = NULL;
	cJSON *result = NULL;
	int code = BP_EXIT_OK;

	if (ask("archive_verify", NULL, &result, &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	if (print_as_json(cli, result, &code)) {
		return code;
	}
	const cJSON *problems = cJSON_GetObjectItemCaseSensitive(result, "problems");
	cJSON_ArrayForEach (problem, problems) {
		bp_print_line(&cli->print, "%s: %s", text(problem, "path"),
			      text(problem, "problem"));
	}
	if (cJSON_GetArraySize(problems) > 0) {
		code = bp_cli_fail(cli, BP_EXIT_FAILED,
				   "the archive is damaged: put these files back from a backup");
	} else {
		bp_print_line(&cli->print, "Every file is as it was written.");
	}
	cJSON_Delete(result);
	return code;
}

/** "2026-01", 12 months a year. */
static bool is_month(const char *month)
{
	static const char digits[] = "0123456789";

	return strspn(month, digits) == 4 && month[4] == '-' && strspn(month + 5, digits) == 2 &&
	       !month[7] && strcmp(month + 5, "01") >= 0 && strcmp(month + 5, "12") <= 0;
}

static int run(struct bp_cli *cli)
{
	const char *verb = cli->options.n_args > 0 ? cli->options.args[0] : "";
	const char *month = bp_options_text(&cli->options, "month");

	if (month && !is_month(month)) {
		return bp_cli_fail_usage(cli,
					 "--month cannot be \"%.40s\"; it is a month, as "
					 "2026-01",
					 month);
	}
	return strcmp(verb, "list") == 0      ? run_list(cli)
	       : strcmp(verb, "restore") == 0 ? run_restore(cli)
	       : strcmp(verb, "verify") == 0  ? run_verify(cli)
					      : run_archive(cli);
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "before",
	 .value = "TIME",
	 .help = "archive what is older (a date, or 90d); else retention.raw_days"},
	{.name = "month", .value = "MONTH", .help = "list, restore: of one month, as 2026-01"},
	{.name = "platform", .value = "NAME", .help = "list, restore: of one assistant"},
	{.name = "dry-run", .help = "show what would go, and stop"},
	{.name = "yes", .letter = 'y', .help = "do not ask"},
	{.name = NULL},
};

static const char *const VERBS[] = {"list", "restore", "verify", NULL};

const struct bp_command bp_cmd_archive = {
	.name = "archive",
	.summary = "move old rows to Parquet files, and back",
	.usage = "archive [--before TIME] | list | restore | verify",
	.help = "Move recorded rows that are old to Parquet files below archive/ in the home, one "
		"folder for each assistant\nand month; the service does it daily for what is older "
		"than retention.raw_days. Every number stays as it is.\nlist shows the files, "
		"restore brings rows back, verify reads every file and its checksums.\n\n"
		"example: blueplane archive --before 2026-01-01 --dry-run\n",
	.options = OPTIONS,
	.verbs = VERBS,
	.args_max = 1,
	.pages = true,
	.run = run,
};

/* SPDX-License-Identifier: MIT */
/* Dead letters: entries and lines that could not become rows. */
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "base/home.h"
#include "cli/cmds.h"
#include "cli/control_client.h"
#include "cli/open.h"
#include "cli/text.h"

static const char *text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static int64_t number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? llround(item->valuedouble) : 0;
}

static void print_list(struct bp_cli *cli, const cJSON *result)
{
	const cJSON *letters = cJSON_GetObjectItemCaseSensitive(result, "dead_letters");
	const cJSON *letter = NULL;

	if (cJSON_GetArraySize(letters) == 0 && cli->print.format == BP_FORMAT_TABLE) {
		bp_print_line(&cli->print, "No dead letters.");
		return;
	}
	bool exact = cli->print.format != BP_FORMAT_TABLE;
	struct bp_table *table = bp_table_new();
	bp_table_column(table, exact ? "id" : "ID", BP_LEFT);
	bp_table_column(table, exact ? "failed_at" : "Failed at (UTC)", BP_LEFT);
	bp_table_column(table, exact ? "reason" : "Reason", BP_LEFT);
	bp_table_column(table, exact ? "source" : "Source", exact ? BP_LEFT : BP_SHRINK);
	bp_table_column(table, exact ? "offset" : "Offset", BP_RIGHT);
	bp_table_column(table, exact ? "detail" : "Detail", exact ? BP_LEFT : BP_SHRINK);
	bp_table_optional(table, exact ? 0 : 1);
	cJSON_ArrayForEach (letter, letters) {
		const char *at = text(letter, "failed_at");
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", text(letter, "id"));
		if (exact) {
			bp_table_cell(table, BP_PAINT_NONE, "%s", at);
		} else { /* 2026-01-31T09:30 */
			bp_table_cell(table, BP_PAINT_NONE, "%.10s %.5s", at,
				      strlen(at) > 16 ? at + 11 : "");
		}
		bp_table_cell(table, BP_PAINT_BAD, "%s", text(letter, "reason"));
		bp_table_cell(table, BP_PAINT_NONE, "%s",
			      *text(letter, "source") ? text(letter, "source")
						      : text(letter, "platform"));
		bp_table_cell(table, BP_PAINT_NONE, "%s", text(letter, "offset"));
		bp_table_cell(table, BP_PAINT_DIM, "%s", text(letter, "detail"));
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

static void print_one(struct bp_cli *cli, const cJSON *result)
{
	const cJSON *letters = cJSON_GetObjectItemCaseSensitive(result, "dead_letters");
	const cJSON *item = NULL;

	cJSON_ArrayForEach (item, cJSON_GetArrayItem(letters, 0)) {
		if (cJSON_IsString(item)) {
			bp_print_line(&cli->print, "%-12s %s", item->string, item->valuestring);
		} else if (cJSON_IsNumber(item)) {
			bp_print_line(&cli->print, "%-12s %.0f", item->string, item->valuedouble);
		}
	}
}

static void print_done(struct bp_cli *cli, const char *verb, const cJSON *result)
{
	if (strcmp(verb, "drop") == 0) {
		bp_print_line(&cli->print, "Dropped %s.",
			      bp_text_of(number(result, "dropped"), "dead letter").text);
		return;
	}
	bp_print_line(&cli->print, "Trying again: %s, and %s to be read again.",
		      bp_text_of(number(result, "events"), "event").text,
		      bp_text_of(number(result, "files"), "file").text);
}

static int run(struct bp_cli *cli)
{
	static const struct {
		const char *verb, *job;
	} jobs[] = {{"list", "dlq_list"},
		    {"show", "dlq_list"},
		    {"replay", "dlq_replay"},
		    {"drop", "dlq_drop"}};
	const char *verb = cli->options.n_args > 0 ? cli->options.args[0] : "list";
	const char *id = cli->options.n_args > 1 ? cli->options.args[1] : NULL;
	bool all = bp_options_given(&cli->options, "all");
	char home[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	const struct bp_call call = {.home = home, .timeout_ms = -1};
	cJSON *result = NULL;
	const char *job = NULL;

	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		job = strcmp(jobs[i].verb, verb) == 0 ? jobs[i].job : job;
	}
	bool list = strcmp(verb, "list") == 0;
	if (!job || (list && id)) {
		return bp_cli_fail_usage(cli, "\"dlq list\" takes no id");
	}
	if (!list && !id && (!all || strcmp(verb, "show") == 0)) {
		return bp_cli_fail_usage(cli, "\"dlq %s\" needs an id%s", verb,
					 strcmp(verb, "show") == 0 ? "" : ", or --all");
	}
	cJSON *args = cJSON_CreateObject();
	if (id) {
		cJSON_AddStringToObject(args, "id", id);
	}
	enum bp_rc rc = bp_cli_home(home, sizeof(home), &err);
	if (rc != BP_OK) {
		cJSON_Delete(args);
		return bp_cli_fail_err(cli, &err);
	}
	rc = bp_control_run(&call, job, args, &result, &err);
	if (rc != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	if (cli->print.format == BP_FORMAT_JSON) {
		return bp_print_json(result, &err) == BP_OK ? BP_EXIT_OK
							    : bp_cli_fail_err(cli, &err);
	}
	if (list) {
		print_list(cli, result);
	} else if (strcmp(verb, "show") == 0) {
		print_one(cli, result);
	} else {
		print_done(cli, verb, result);
	}
	cJSON_Delete(result);
	return BP_EXIT_OK;
}

static const char *const VERBS[] = {"list", "show", "replay", "drop", NULL};

static const struct bp_option_row OPTIONS[] = {
	{.name = "all", .help = "replay or drop every one"},
	{.name = NULL},
};

const struct bp_command bp_cmd_dlq = {
	.name = "dlq",
	.summary = "look after what could not be stored",
	.usage = "dlq [list | show ID | replay ID|--all | drop ID|--all]",
	.help = "Lines and events that could not become rows wait here for 7 days, with the "
		"reason, "
		"never with their text.\n`replay` tries again: an event is queued again, and the "
		"file of a line is read again.\n\nexample: blueplane dlq list\n",
	.options = OPTIONS,
	.verbs = VERBS,
	.args_max = 2,
	.pages = true,
	.run = run,
};

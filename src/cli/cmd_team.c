/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmds.h"
#include "cli/export_file.h"
#include "cli/text.h"
#include "query/team.h"

/* --- a screen --- */

static void add_row(struct bp_table *table, const char *name, double total, double mean)
{
	bp_table_row(table);
	bp_table_cell(table, BP_PAINT_NONE, "%s", name);
	bp_table_cell(table, BP_PAINT_NONE, "%.15g", total);
	bp_table_cell(table, BP_PAINT_NONE, "%.15g", mean);
}

static void print_numbers(const struct bp_cli *cli, const cJSON *result)
{
	const cJSON *total = cJSON_GetObjectItemCaseSensitive(result, "total");
	const cJSON *mean = cJSON_GetObjectItemCaseSensitive(result, "mean_per_source");
	struct bp_table *table = bp_table_new();
	const cJSON *one;

	bp_table_column(table, "Metric", BP_LEFT);
	bp_table_column(table, "Sum", BP_RIGHT);
	bp_table_column(table, "Mean", BP_RIGHT);
	cJSON_ArrayForEach (one, mean) {
		const cJSON *sum = cJSON_GetObjectItemCaseSensitive(total, one->string);
		if (cJSON_IsNumber(sum)) {
			add_row(table, one->string, sum->valuedouble, one->valuedouble);
		}
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

static void print_percentiles(const struct bp_cli *cli, const cJSON *result)
{
	static const struct {
		const char *name, *label;
	} sketches[] = {{"response_ms", "First response"}, {"tool_latency_ms", "Tool calls"}};
	static const char *const columns[] = {"mean", "p50", "p95", "p99"};
	const cJSON *total = cJSON_GetObjectItemCaseSensitive(result, "total");
	struct bp_table *table = bp_table_new();

	bp_table_column(table, "Milliseconds", BP_LEFT);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		bp_table_column(table, columns[i], BP_RIGHT);
	}
	for (size_t i = 0; i < sizeof(sketches) / sizeof(sketches[0]); i++) {
		const cJSON *of = cJSON_GetObjectItemCaseSensitive(total, sketches[i].name);
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", sketches[i].label);
		for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
			const cJSON *value = cJSON_GetObjectItemCaseSensitive(of, columns[k]);
			bp_table_cell(table, BP_PAINT_NONE, cJSON_IsNumber(value) ? "%.0f" : "-",
				      value ? value->valuedouble : 0);
		}
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

static void print_screen(const struct bp_cli *cli, const cJSON *result)
{
	const cJSON *sources = cJSON_GetObjectItemCaseSensitive(result, "sources");
	const cJSON *from = cJSON_GetObjectItemCaseSensitive(result, "from");
	const cJSON *until = cJSON_GetObjectItemCaseSensitive(result, "until");

	if (cli->print.format == BP_FORMAT_TABLE) {
		bp_print_title(&cli->print, "%.0f sources, %s to %s", sources->valuedouble,
			       from->valuestring, until->valuestring);
	}
	print_numbers(cli, result);
	if (cli->print.format == BP_FORMAT_TABLE) {
		bp_print_line(&cli->print, "%s", "");
		print_percentiles(cli, result);
	}
}

/* --- a file --- */

static enum bp_rc write_file(const struct bp_cli *cli, const cJSON *result, struct bp_err *err)
{
	const char *path = bp_options_text(&cli->options, "output");
	char *text = cJSON_PrintUnformatted(result);
	struct bp_export_file file;
	enum bp_rc rc =
		bp_export_file_open(path, bp_options_given(&cli->options, "overwrite"), &file, err);

	BP_ASSERT(text != NULL);
	if (rc == BP_OK) {
		rc = bp_export_file_write(&file, text, strlen(text), err);
	}
	if (rc == BP_OK) {
		rc = bp_export_file_write(&file, "\n", 1, err);
	}
	if (rc == BP_OK) {
		rc = bp_export_file_finish(&file, err);
	}
	if (rc == BP_OK && !file.plain) {
		bp_cli_say(cli, "%s: %s", bp_text_bytes(file.bytes).text, path);
	}
	bp_export_file_close(&file);
	free(text);
	return rc;
}

/* Takes result. */
static enum bp_rc answer(const struct bp_cli *cli, cJSON *result, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (bp_options_given(&cli->options, "output")) {
		rc = write_file(cli, result, err);
	} else if (cli->print.format == BP_FORMAT_JSON) {
		return bp_print_json(result, err);
	} else {
		print_screen(cli, result);
	}
	cJSON_Delete(result);
	return rc;
}

static int run(struct bp_cli *cli)
{
	struct bp_team *team = bp_team_new();
	struct bp_err err = {0};
	cJSON *result = NULL;
	enum bp_rc rc = BP_OK;

	for (size_t i = 1; rc == BP_OK && i < cli->options.n_args; i++) {
		rc = bp_team_add(team, cli->options.args[i], &err);
	}
	if (rc == BP_OK) {
		rc = bp_team_json(team, &result, &err);
	}
	if (rc == BP_OK) {
		rc = answer(cli, result, &err);
	}
	bp_team_free(team);
	return rc == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
}

static const char *const VERBS[] = {"aggregate", NULL};

static const struct bp_option_row OPTIONS[] = {
	{.name = "output",
	 .letter = 'o',
	 .value = "FILE",
	 .help = "write the JSON to a file, mode 0600"},
	{.name = "overwrite", .help = "replace the file when it is there"},
	{.name = NULL},
};

const struct bp_command bp_cmd_team = {
	.name = "team",
	.summary = "add up what several people exported, without names",
	.usage = "team aggregate FILE FILE... [--output FILE]",
	.help = "Add up anonymized exports (jsonl, json, csv or parquet): sums, means and\n"
		"percentiles of all of them, by day, platform, model family, tool and extension.\n"
		"Files that are not anonymized are refused, so is the same export twice, and so "
		"is\n"
		"one alone. Nothing is told of a single file. No data of this machine is read.\n\n"
		"Each makes a file with \"blueplane export --anonymize -o me.jsonl\".\n\n"
		"example: blueplane team aggregate me.jsonl you.jsonl -o team.json\n",
	.options = OPTIONS,
	.verbs = VERBS,
	.paths = true,
	.args_min = 2,
	.args_max = -1,
	.run = run,
};

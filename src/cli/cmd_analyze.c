/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmds.h"
#include "cli/open.h"
#include "cli/sections.h"
#include "cli/show.h"
#include "query/analyze.h"
#include "query/metrics.h"

static void cell_count(struct bp_table *table, int64_t value)
{
	char text[BP_SHOW_BYTES];

	bp_show_count(text, (double)value, false);
	bp_table_cell(table, value ? BP_PAINT_NONE : BP_PAINT_DIM, "%s", text);
}

static void cell_ms(struct bp_table *table, double us)
{
	const struct bp_metric ms = {.unit = BP_UNIT_MS};
	char text[BP_SHOW_BYTES];

	bp_show_metric(text, &ms, us / 1000, false);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
}

static void finish(struct bp_table *table, const struct bp_cli *cli)
{
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

static void print_header(const struct bp_analysis *analysis, const struct bp_cli *cli,
			 const struct bp_tz *tz)
{
	const struct bp_session *session = &analysis->session;
	const char *project = bp_session_project(session);
	char from[BP_SHOW_BYTES], until[BP_SHOW_BYTES];

	bp_show_time(from, tz, session->first_us);
	bp_show_time(until, tz, session->last_us);
	bp_print_title(&cli->print, "Session %s", session->id);
	bp_print_line(&cli->print, "%s%s%s%s%s, %s", session->platform,
		      *session->app_version ? " " : "", session->app_version,
		      project ? ", project " : "", project ? project : "",
		      bp_session_status_name(analysis->status));
	bp_print_line(&cli->print, "%s to %s (%s)", from, until, bp_tz_name(tz));
}

static void print_metrics(const struct bp_analysis *analysis, const struct bp_cli *cli)
{
	struct bp_table *table = bp_table_new();
	char text[BP_SHOW_BYTES];

	bp_table_column(table, "Metric", BP_LEFT);
	bp_table_column(table, "Value", BP_RIGHT);
	for (const struct bp_metric *metric = bp_metrics; metric->name; metric++) {
		double value = metric->value(&analysis->all.items[0]->totals);
		if (!metric->main || strcmp(metric->name, "sessions") == 0) {
			continue;
		}
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", metric->label);
		bp_show_metric(text, metric, value, false);
		bp_table_cell(table, BP_PAINT_NONE, "%s", text);
	}
	finish(table, cli);
}

static void cell_cost(struct bp_table *table, struct bp_cost cost)
{
	char text[BP_SHOW_BYTES];

	if (bp_cost_unknown(&cost)) {
		bp_table_cell(table, BP_PAINT_WARN, "no price");
		return;
	}
	bp_show_usd(text, cost.cost_pusd, false);
	bp_table_cell(table, BP_PAINT_NONE, "%s%s", text, cost.unpriced_calls > 0 ? "+" : "");
}

static void print_models(const struct bp_analysis *analysis, const struct bp_cli *cli)
{
	struct bp_table *table = bp_table_new();

	bp_section_title(&cli->print, "Models");
	bp_table_column(table, "Model", BP_SHRINK);
	bp_table_column(table, "Calls", BP_RIGHT);
	bp_table_column(table, "Input", BP_RIGHT);
	bp_table_column(table, "Output", BP_RIGHT);
	bp_table_column(table, "Cache write", BP_RIGHT);
	bp_table_optional(table, 1);
	bp_table_column(table, "Cache read", BP_RIGHT);
	bp_table_column(table, "Total", BP_RIGHT);
	bp_table_column(table, "Cost", BP_RIGHT);
	for (size_t i = 0; i < analysis->by_model.n; i++) {
		const struct bp_bucket_sums *sums = &analysis->by_model.items[i]->totals.sums;
		struct bp_tokens tokens = bp_analysis_tokens(sums);
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", analysis->by_model.items[i]->label);
		cell_count(table, sums->model_calls);
		cell_count(table, tokens.input);
		cell_count(table, tokens.output);
		cell_count(table, tokens.cache_write_5m + tokens.cache_write_1h);
		cell_count(table, tokens.cache_read);
		cell_count(table, bp_tokens_total(&tokens));
		cell_cost(table, bp_analysis_cost(analysis, sums));
	}
	finish(table, cli);
}

static void print_tools(const struct bp_analysis *analysis, const struct bp_cli *cli)
{
	struct bp_table *table = bp_table_new();

	bp_section_title(&cli->print, "Tools");
	bp_table_column(table, "Tool", BP_SHRINK);
	bp_table_column(table, "Calls", BP_RIGHT);
	bp_table_column(table, "Ok", BP_RIGHT);
	bp_table_column(table, "Error", BP_RIGHT);
	bp_table_column(table, "Denied", BP_RIGHT);
	bp_table_column(table, "Rejected", BP_RIGHT);
	bp_table_column(table, "Interrupted", BP_RIGHT);
	bp_table_column(table, "Running", BP_RIGHT);
	bp_table_optional(table, 1);
	bp_table_column(table, "p50", BP_RIGHT);
	bp_table_column(table, "p95", BP_RIGHT);
	for (size_t i = 0; i < analysis->by_tool.n; i++) {
		const struct bp_totals *totals = &analysis->by_tool.items[i]->totals;
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", analysis->by_tool.items[i]->label);
		cell_count(table, bp_totals_calls(&totals->sums));
		cell_count(table, totals->sums.tools_ok);
		cell_count(table, totals->sums.tools_error);
		cell_count(table, totals->sums.tools_denied);
		cell_count(table, totals->sums.tools_rejected);
		cell_count(table, totals->sums.tools_interrupted);
		cell_count(table, totals->sums.tools_pending);
		cell_ms(table, bp_sketch_quantile(&totals->tool_latency, 0.5));
		cell_ms(table, bp_sketch_quantile(&totals->tool_latency, 0.95));
	}
	finish(table, cli);
}

static void print_detail(struct bp_table *table, const struct bp_timeline_entry *entry)
{
	char text[BP_SHOW_BYTES] = "";

	if (entry->lines_added != BP_SQL_NULL || entry->lines_removed != BP_SQL_NULL) {
		int64_t added = entry->lines_added == BP_SQL_NULL ? 0 : entry->lines_added;
		int64_t removed = entry->lines_removed == BP_SQL_NULL ? 0 : entry->lines_removed;
		bp_table_cell(table, BP_PAINT_NONE, "+%" PRId64 " -%" PRId64, added, removed);
	} else if (entry->amount != BP_SQL_NULL) {
		const char *unit = strcmp(entry->kind, "prompt") == 0      ? "words"
				   : strcmp(entry->kind, "api_error") == 0 ? ""
									   : "tokens";
		bp_show_count(text, (double)entry->amount, false);
		bp_table_cell(table, BP_PAINT_NONE, "%s %s", text, unit);
	} else {
		bp_table_cell(table, BP_PAINT_NONE, "%s", "");
	}
}

static enum bp_paint outcome_paint(const char *outcome)
{
	if (!outcome || strcmp(outcome, "ok") == 0) {
		return BP_PAINT_NONE;
	}
	return strcmp(outcome, "error") == 0 ? BP_PAINT_BAD : BP_PAINT_WARN;
}

static void print_timeline(const struct bp_analysis *analysis, const struct bp_cli *cli,
			   const struct bp_tz *tz)
{
	struct bp_table *table = bp_table_new();

	bp_section_title(&cli->print, "Timeline");
	bp_table_column(table, "Time", BP_LEFT);
	bp_table_column(table, "What", BP_LEFT);
	bp_table_column(table, "Name", BP_SHRINK);
	bp_table_column(table, "Outcome", BP_LEFT);
	bp_table_column(table, "Took", BP_RIGHT);
	bp_table_column(table, "Detail", BP_LEFT);
	bp_table_optional(table, 1);
	for (size_t i = 0; i < analysis->timeline.n; i++) {
		const struct bp_timeline_entry *entry = &analysis->timeline.items[i];
		struct bp_civil c = bp_tz_civil(tz, entry->ts_us);
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_DIM, "%02d-%02d %02d:%02d:%02d", c.month, c.day,
			      c.hour, c.minute, c.second);
		bp_table_cell(table, BP_PAINT_NONE, "%s%s", entry->agent_id ? "  " : "",
			      entry->kind);
		bp_table_cell(table, BP_PAINT_NONE, "%s", entry->name ? entry->name : "");
		bp_table_cell(table, outcome_paint(entry->outcome), "%s",
			      entry->outcome ? entry->outcome : "");
		if (entry->duration_us != BP_SQL_NULL) {
			cell_ms(table, (double)entry->duration_us);
		} else {
			bp_table_cell(table, BP_PAINT_NONE, "%s", "");
		}
		print_detail(table, entry);
	}
	finish(table, cli);
}

/* Without asking for a part: everything but the timeline. CSV is one table: the first asked for. */
static void print_parts(const struct bp_analysis *analysis, const struct bp_cli *cli,
			const struct bp_tz *tz)
{
	bool tools = bp_options_given(&cli->options, "tools");
	bool files = bp_options_given(&cli->options, "files");
	bool timeline = bp_options_given(&cli->options, "timeline");
	bool all = !tools && !files && !timeline;

	if (cli->print.format == BP_FORMAT_CSV) {
		if (timeline) {
			print_timeline(analysis, cli, tz);
		} else if (files) {
			bp_section_files(&analysis->parts.files, &cli->print);
		} else {
			print_tools(analysis, cli);
		}
		return;
	}
	print_header(analysis, cli, tz);
	if (all) {
		bp_section_title(&cli->print, "Metrics");
		print_metrics(analysis, cli);
	}
	if (all && analysis->by_model.n > 0) {
		print_models(analysis, cli);
	}
	if ((all || tools) && analysis->by_tool.n > 0) {
		print_tools(analysis, cli);
	}
	if ((all || files) && analysis->parts.files.n > 0) {
		bp_section_files(&analysis->parts.files, &cli->print);
	}
	if (all) {
		bp_section_turns(&analysis->parts.turns, &cli->print, tz);
		bp_section_habits(&analysis->parts.sequences, &analysis->parts.steps, &cli->print);
		bp_section_phases(&analysis->parts.phases, &cli->print);
		bp_section_subagents(&analysis->parts.agents, &cli->print);
		bp_section_context(&analysis->parts.context, &cli->print, tz);
	}
	if (timeline) {
		print_timeline(analysis, cli, tz);
	}
}

static int run(struct bp_cli *cli)
{
	struct bp_analysis analysis = {0};
	struct bp_query_config config;
	struct bp_session session;
	struct bp_sql *sql = NULL;
	struct bp_tz *tz = NULL;
	struct bp_err err = {0};
	bool timeline = bp_options_given(&cli->options, "timeline");
	int code = BP_EXIT_OK;
	enum bp_rc rc = bp_cli_zone(cli, &tz, &err);

	if (rc != BP_OK) {
		return bp_cli_fail_usage(cli, "%s", err.msg);
	}
	rc = bp_cli_config(&config, &err);
	if (rc == BP_OK) {
		rc = bp_cli_open(&sql, &err);
	}
	if (rc == BP_OK) {
		rc = bp_session_find(sql, cli->options.args[0], &session, &err);
	}
	if (rc == BP_OK) {
		rc = bp_analysis_read(sql, &session, timeline, cli->now_us, &analysis, &err);
		analysis.compat_ccusage = config.compat == BP_COMPAT_CCUSAGE;
	}
	if (rc == BP_OK && cli->print.format == BP_FORMAT_JSON) {
		rc = bp_print_json(bp_analysis_json(&analysis), &err);
	} else if (rc == BP_OK) {
		print_parts(&analysis, cli, tz);
	}
	if (rc != BP_OK) {
		code = bp_cli_fail_err(cli, &err);
	}
	bp_analysis_done(&analysis);
	bp_sql_close(sql);
	bp_tz_free(tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "timeline", .help = "everything that happened, in order"},
	{.name = "tools", .help = "only tools with their outcomes and latencies"},
	{.name = "files", .help = "only edits by file type"},
	{.name = "timezone",
	 .value = "ZONE",
	 .help = "times of this zone, as Europe/Berlin; else the system's"},
	{.name = NULL},
};

const struct bp_command bp_cmd_analyze = {
	.name = "analyze",
	.summary = "one session in depth",
	.usage = "analyze SESSION [--timeline] [--tools] [--files]",
	.help = "Show one session: its metrics, tokens by model, tools with outcomes, edits,\n"
		"sub-agents. SESSION is an id, its first letters, or \"last\".\n\n"
		"example: blueplane analyze last --timeline\n",
	.options = OPTIONS,
	.args_min = 1,
	.args_max = 1,
	.pages = true,
	.run = run,
};

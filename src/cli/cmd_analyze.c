/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/analyze_export.h"
#include "cli/cmds.h"
#include "cli/insights_show.h"
#include "cli/open.h"
#include "cli/sections.h"
#include "cli/show.h"
#include "query/analyze.h"
#include "query/insights.h"
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

/* What the words on the command line came to. */
struct answer {
	struct bp_analysis analysis;
	struct bp_insights insights;
	bool has_insights;
	struct bp_tz *tz;
};

static void print_insights(const struct answer *answer, const struct bp_print *print)
{
	bp_section_title(print, "Insights");
	if (print->format == BP_FORMAT_TABLE) {
		bp_insights_show(&answer->insights, print);
	} else {
		bp_insights_table(&answer->insights, print);
	}
}

static void print_csv(const struct answer *answer, const struct bp_cli *cli)
{
	const struct bp_analysis *analysis = &answer->analysis;

	if (bp_options_given(&cli->options, "timeline")) {
		print_timeline(analysis, cli, answer->tz);
	} else if (bp_options_given(&cli->options, "files")) {
		bp_section_files(&analysis->parts.files, &cli->print);
	} else if (answer->has_insights) {
		bp_insights_table(&answer->insights, &cli->print);
	} else {
		print_tools(analysis, cli);
	}
}

static void print_rest(const struct bp_analysis *analysis, const struct bp_cli *cli,
		       const struct bp_tz *tz)
{
	bp_section_turns(&analysis->parts.turns, &cli->print, tz);
	bp_section_habits(&analysis->parts.sequences, &cli->print);
	bp_section_phases(&analysis->parts.phases, &cli->print);
	bp_section_shares("Errors by class", "Class", &analysis->parts.errors, &cli->print);
	bp_section_subagents(&analysis->parts.session.subagents, &cli->print);
	bp_section_context(&analysis->parts.context, &cli->print, tz);
}

/* Without asking for a part: everything but timeline and insights. CSV is one table: the first
 * asked for. A file has everything. */
static void print_parts(const struct bp_cli *cli, const void *arg)
{
	const struct answer *answer = arg;
	const struct bp_analysis *analysis = &answer->analysis;
	bool file = bp_options_given(&cli->options, "export");
	bool tools = bp_options_given(&cli->options, "tools");
	bool files = bp_options_given(&cli->options, "files");
	bool insights = bp_options_given(&cli->options, "insights");
	bool all = file || (!tools && !files && !insights && !analysis->has_timeline);

	if (cli->print.format == BP_FORMAT_CSV) {
		print_csv(answer, cli);
		return;
	}
	print_header(analysis, cli, answer->tz);
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
		print_rest(analysis, cli, answer->tz);
	}
	if (answer->has_insights) {
		print_insights(answer, &cli->print);
	}
	if (analysis->has_timeline) {
		print_timeline(analysis, cli, answer->tz);
	}
}

static cJSON *answer_json(const struct answer *answer)
{
	cJSON *json = bp_analysis_json(&answer->analysis);

	if (answer->has_insights) {
		(void)cJSON_AddItemToObject(json, "insights",
					    bp_insights_list_json(&answer->insights));
	}
	return json;
}

static enum bp_rc read_answer(struct answer *answer, const struct bp_cli *cli,
			      const struct bp_query_config *config, struct bp_err *err)
{
	bool file = bp_options_given(&cli->options, "export");
	bool timeline = file || bp_options_given(&cli->options, "timeline");
	struct bp_filter filter = {.one_session = true};
	struct bp_period period;
	struct bp_session session;
	struct bp_sql *sql = NULL;
	enum bp_rc rc = bp_cli_open(&sql, err);

	answer->has_insights = file || bp_options_given(&cli->options, "insights");
	if (rc == BP_OK) {
		rc = bp_session_find(sql, cli->options.args[0], &session, err);
	}
	if (rc == BP_OK) {
		rc = bp_analysis_read(sql, &session, timeline, cli->now_us, &answer->analysis, err);
		answer->analysis.compat_ccusage = config->compat == BP_COMPAT_CCUSAGE;
	}
	if (rc == BP_OK && answer->has_insights) {
		rc = bp_period_named("all", answer->tz, cli->now_us, &period, err);
	}
	if (rc == BP_OK && answer->has_insights) {
		filter.conversation = session.conversation;
		struct bp_scope scope = {
			.period = &period, .filter = &filter, .as_of_us = cli->now_us};
		struct bp_insights_question question = {.scope = &scope};
		rc = bp_insights_read(sql, &question, &answer->insights, err);
	}
	bp_sql_close(sql);
	return rc;
}

static enum bp_rc write_file(const struct answer *answer, const struct bp_cli *cli,
			     enum bp_format format, struct bp_err *err)
{
	const char *path = bp_options_text(&cli->options, "export");
	bool overwrite = bp_options_given(&cli->options, "overwrite");

	if (format == BP_FORMAT_JSON) {
		return bp_analyze_export_json(path, overwrite, answer_json(answer), err);
	}
	return bp_analyze_export_markdown(path, overwrite, cli, print_parts, answer, err);
}

static int run(struct bp_cli *cli)
{
	const char *path = bp_options_text(&cli->options, "export");
	enum bp_format format = BP_FORMAT_TABLE;
	struct bp_query_config config;
	struct answer answer = {0};
	struct bp_err err = {0};
	int code = BP_EXIT_OK;
	enum bp_rc rc = bp_cli_zone(cli, &answer.tz, &err);

	if (rc == BP_OK && path) {
		rc = bp_analyze_export_format(path, &format, &err);
	}
	if (rc != BP_OK) {
		bp_tz_free(answer.tz);
		return bp_cli_fail_usage(cli, "%s", err.msg);
	}
	rc = bp_cli_config(&config, &err);
	if (rc == BP_OK) {
		rc = read_answer(&answer, cli, &config, &err);
	}
	if (rc == BP_OK && path) {
		rc = write_file(&answer, cli, format, &err);
	} else if (rc == BP_OK && cli->print.format == BP_FORMAT_JSON) {
		rc = bp_print_json(answer_json(&answer), &err);
	} else if (rc == BP_OK) {
		print_parts(cli, &answer);
	}
	if (rc != BP_OK) {
		code = bp_cli_fail_err(cli, &err);
	}
	bp_insights_done(&answer.insights);
	bp_analysis_done(&answer.analysis);
	bp_tz_free(answer.tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "timeline", .help = "everything that happened, in order"},
	{.name = "tools", .help = "only tools with their outcomes and latencies"},
	{.name = "files", .help = "only edits by file type"},
	{.name = "insights", .help = "what stands out in it"},
	{.name = "export",
	 .value = "FILE",
	 .help = "all of it into FILE: JSON (.json) or Markdown (.md)"},
	{.name = "overwrite", .help = "replace the file when it is there"},
	{.name = "timezone",
	 .value = "ZONE",
	 .help = "times of this zone, as Europe/Berlin; else the system's"},
	{.name = NULL},
};

const struct bp_command bp_cmd_analyze = {
	.name = "analyze",
	.summary = "one session in depth",
	.usage = "analyze SESSION [--timeline] [--tools] [--files] [--insights]",
	.help = "Show one session: its metrics, tokens by model, tools with outcomes, edits,\n"
		"turns, phases, sub-agents, context. SESSION is an id, its first letters, or\n"
		"\"last\". A file that is there is kept unless --overwrite says otherwise.\n\n"
		"example: blueplane analyze last --timeline\n",
	.options = OPTIONS,
	.args_min = 1,
	.args_max = 1,
	.pages = true,
	.run = run,
};

/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/chart.h"
#include "cli/cmds.h"
#include "cli/open.h"
#include "cli/sections.h"
#include "cli/show.h"
#include "query/metrics.h"
#include "query/stats.h"

enum { DAYS_MAX = 36500, TOOLS_MAX = 15, FILES_MAX = 12 };

static const char *const WHOLE[] = {"sessions",
				    "prompts",
				    "tool_calls",
				    "model_calls",
				    "tokens_total",
				    "cache_hit_rate",
				    "cost_usd",
				    "active_time_s",
				    "acceptance_rate",
				    "tool_error_rate",
				    "lines_added",
				    "lines_removed",
				    NULL};

static double value_of(const struct bp_totals *totals, const char *name)
{
	return bp_metric_find(name)->value(totals);
}

static void cell(struct bp_table *table, const char *name, double value)
{
	char text[BP_SHOW_BYTES];

	bp_show_metric(text, bp_metric_find(name), value, false);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
}

static void finish(struct bp_table *table, const struct bp_print *print)
{
	bp_table_print(table, print);
	bp_table_free(table);
}

static bool bars(const struct bp_print *print)
{
	return print->format == BP_FORMAT_TABLE;
}

static void print_header(const struct bp_stats *stats, const struct bp_print *print)
{
	const struct bp_period *period = &stats->period;
	char from[BP_SHOW_BYTES], until[BP_SHOW_BYTES];

	if (period->from_us == BP_TIME_FIRST && period->until_us == BP_TIME_LAST) {
		bp_print_title(print, "Usage, all time");
	} else {
		bp_show_time(from, period->tz,
			     period->from_us == BP_TIME_FIRST ? BP_SQL_NULL : period->from_us);
		bp_show_time(until, period->tz,
			     period->until_us == BP_TIME_LAST ? BP_SQL_NULL : period->until_us);
		bp_print_title(print, "Usage, %s to %s (%s)", from, until, bp_tz_name(period->tz));
	}
	if (print->format == BP_FORMAT_MARKDOWN) {
		bp_print_line(print, "%s", "");
	}
}

static void print_totals(const struct bp_stats *stats, const struct bp_print *print)
{
	struct bp_table *table = bp_table_new();

	bp_table_column(table, "Metric", BP_LEFT);
	bp_table_column(table, "Value", BP_RIGHT);
	for (size_t i = 0; WHOLE[i]; i++) {
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", bp_metric_find(WHOLE[i])->label);
		cell(table, WHOLE[i], value_of(&stats->all.items[0]->totals, WHOLE[i]));
	}
	finish(table, print);
}

/* The i-th group by a metric, most first: groups stand by name. */
static const struct bp_group *ranked(const struct bp_groups *groups, const char *metric, size_t i)
{
	BP_ASSERT(i < groups->n);
	for (size_t k = 0; k + 1 < groups->n; k++) {
		double value = value_of(&groups->items[k]->totals, metric);
		size_t before = 0;
		for (size_t j = 0; j < groups->n; j++) {
			double other = value_of(&groups->items[j]->totals, metric);
			before += other > value || (!(other < value) && j < k);
		}
		if (before == i) {
			return groups->items[k];
		}
	}
	return groups->items[groups->n - 1];
}

static void print_models(const struct bp_stats *stats, const struct bp_print *print)
{
	struct bp_table *table = bp_table_new();

	bp_section_title(print, "Models");
	bp_table_column(table, "Model", BP_SHRINK);
	bp_table_column(table, "Calls", BP_RIGHT);
	bp_table_column(table, "Share", BP_RIGHT);
	if (bars(print)) {
		bp_table_column(table, "", BP_LEFT);
		bp_table_optional(table, 1);
	}
	bp_table_column(table, "Tokens", BP_RIGHT);
	bp_table_column(table, "Cost", BP_RIGHT);
	for (size_t i = 0; i < stats->by_model.n; i++) {
		const struct bp_group *model = ranked(&stats->by_model, "model_calls", i);
		double share = bp_stats_share(stats, model);
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", model->label);
		cell(table, "model_calls", value_of(&model->totals, "model_calls"));
		cell(table, "tool_success_rate", share);
		if (bars(print)) {
			bp_section_bar(table, share, print);
		}
		cell(table, "tokens_total", value_of(&model->totals, "tokens_total"));
		cell(table, "cost_usd", bp_stats_cost_usd(&model->totals.sums));
	}
	finish(table, print);
	int64_t switches = stats->all.items[0]->totals.model_switches;
	if (switches > 0 && bars(print)) {
		bp_print_line(print, "The model was switched %" PRId64 " time%s inside sessions.",
			      switches, switches == 1 ? "" : "s");
	}
}

static void print_tools(const struct bp_stats *stats, const struct bp_print *print)
{
	struct bp_table *table = bp_table_new();
	double all = (double)bp_totals_calls(&stats->all.items[0]->totals.sums);

	bp_section_title(print, "Tools");
	bp_table_column(table, "Tool", BP_SHRINK);
	bp_table_column(table, "Calls", BP_RIGHT);
	bp_table_column(table, "Share", BP_RIGHT);
	if (bars(print)) {
		bp_table_column(table, "", BP_LEFT);
		bp_table_optional(table, 1);
	}
	bp_table_column(table, "Success", BP_RIGHT);
	bp_table_column(table, "p50", BP_RIGHT);
	bp_table_column(table, "p95", BP_RIGHT);
	for (size_t i = 0; i < stats->by_tool.n && i < TOOLS_MAX; i++) {
		const struct bp_group *tool = ranked(&stats->by_tool, "tool_calls", i);
		double share = value_of(&tool->totals, "tool_calls") / all;
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", tool->label);
		cell(table, "tool_calls", value_of(&tool->totals, "tool_calls"));
		cell(table, "tool_success_rate", share);
		if (bars(print)) {
			bp_section_bar(table, share, print);
		}
		static const char *const rest[] = {"tool_success_rate", "tool_latency_p50_ms",
						   "tool_latency_p95_ms"};
		for (size_t k = 0; k < 3; k++) {
			cell(table, rest[k], value_of(&tool->totals, rest[k]));
		}
	}
	finish(table, print);
}

/* A line of what was called when, and the hours in which something was. */
static void print_hours(const struct bp_stats *stats, const struct bp_print *print)
{
	double calls[BP_HOURS], most = 0;
	struct bp_table *table;

	for (int i = 0; i < BP_HOURS; i++) {
		calls[i] = (double)stats->hours.items[i].calls;
		most = calls[i] > most ? calls[i] : most;
	}
	bp_section_title(print, "Hours of the day");
	table = bp_table_new();
	bp_table_column(table, "Hour", BP_RIGHT);
	bp_table_column(table, "Tools", BP_RIGHT);
	if (bars(print)) {
		bp_table_column(table, "", BP_LEFT);
		bp_table_optional(table, 1);
	}
	bp_table_column(table, "Errors", BP_RIGHT);
	bp_table_column(table, "Accept", BP_RIGHT);
	bp_table_column(table, "p50", BP_RIGHT);
	bp_table_column(table, "p95", BP_RIGHT);
	for (int i = 0; i < BP_HOURS; i++) {
		const struct bp_hour *hour = &stats->hours.items[i];
		double decided = (double)(hour->edits_ok + hour->edits_rejected);
		if (hour->calls == 0) {
			continue;
		}
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%02d", i);
		cell(table, "tool_calls", calls[i]);
		if (bars(print)) {
			bp_section_bar(table, calls[i] / most, print);
		}
		cell(table, "tool_calls", (double)hour->errors);
		cell(table, "acceptance_rate",
		     decided > 0 ? (double)hour->edits_ok / decided : (double)NAN);
		cell(table, "tool_latency_p50_ms", bp_hour_latency_ms(hour, 0.5));
		cell(table, "tool_latency_p95_ms", bp_hour_latency_ms(hour, 0.95));
	}
	finish(table, print);
}

static void learning_row(struct bp_table *table, const char *label, const char *metric,
			 double before, double now)
{
	char text[BP_SHOW_BYTES];
	struct bp_trend trend = bp_trend_of(now, before);

	bp_table_row(table);
	bp_table_cell(table, BP_PAINT_NONE, "%s", label);
	cell(table, metric, before);
	cell(table, metric, now);
	bp_show_trend(text, trend, false);
	bp_table_cell(table, bp_show_paint(bp_metric_find(metric), trend), "%s", text);
}

static void print_learning(const struct bp_stats *stats, const struct bp_print *print)
{
	const struct bp_learning *learning = &stats->learning;
	struct bp_table *table = bp_table_new();
	char label[64];

	bp_section_title(print, "This week against the one before");
	bp_table_column(table, "What", BP_SHRINK);
	bp_table_column(table, "Before", BP_RIGHT);
	bp_table_column(table, "Now", BP_RIGHT);
	bp_table_column(table, "Change", BP_RIGHT);
	learning_row(table, "Productivity", "productivity_score", learning->score_before,
		     learning->score_now);
	learning_row(table, "Tool latency, p50", "tool_latency_p50_ms", learning->latency_before_ms,
		     learning->latency_now_ms);
	for (size_t i = 0; i < learning->n_tools && i < 6; i++) {
		const struct bp_learning_tool *tool = &learning->tools[i];
		(void)snprintf(label, sizeof(label), "Errors of %.40s", tool->tool);
		learning_row(table, label, "tool_error_rate",
			     (double)tool->before_errors / (double)tool->before_calls,
			     (double)tool->now_errors / (double)tool->now_calls);
	}
	finish(table, print);
	if (!isnan(learning->error_slope) && bars(print)) {
		bp_print_line(print, "The error rate changed by %+.2f points a day over %zu days.",
			      learning->error_slope * 100, learning->days);
	}
	if (!isnan(learning->similarity) && bars(print)) {
		bp_print_line(print, "Tools follow each other as in the week before: %.0f %%.",
			      learning->similarity * 100);
	}
}

static void print_screen(struct bp_stats *stats, const struct bp_print *print)
{
	size_t n_files = stats->files.n;

	print_header(stats, print);
	print_totals(stats, print);
	if (stats->by_model.n > 0) {
		print_models(stats, print);
	}
	if (stats->by_tool.n > 0) {
		print_tools(stats, print);
	}
	if (n_files > 0) {
		stats->files.n = bars(print) && n_files > FILES_MAX ? FILES_MAX : n_files;
		bp_section_files(&stats->files, print);
		stats->files.n = n_files;
	}
	bp_section_habits(&stats->sequences, print);
	bp_section_patterns(&stats->patterns, print);
	bp_section_phases(&stats->phases, print);
	if (bp_totals_calls(&stats->all.items[0]->totals.sums) > 0) {
		print_hours(stats, print);
	}
	bp_section_shares("Errors by class", "Class", &stats->errors, print);
	bp_section_shares("How sessions began", "Source", &stats->sources, print);
	bp_section_shares("From one prompt to the next", "Gap", &stats->gaps, print);
	bp_section_subagent_types(&stats->agents, print);
	bp_section_context(&stats->context, print, NULL); /* of a year there are many */
	if (stats->has_learning) {
		print_learning(stats, print);
	}
}

/* --- one table for machines: section, key, metric, value --- */

static void csv_row(struct bp_table *table, const char *section, const char *key,
		    const char *metric, double value)
{
	bp_table_row(table);
	bp_table_cell(table, BP_PAINT_NONE, "%s", section);
	bp_table_cell(table, BP_PAINT_NONE, "%s", key);
	bp_table_cell(table, BP_PAINT_NONE, "%s", metric);
	if (isnan(value)) {
		bp_table_cell(table, BP_PAINT_NONE, "%s", "");
	} else {
		bp_table_cell(table, BP_PAINT_NONE, "%.15g", value);
	}
}

static void csv_groups(struct bp_table *table, const char *section, const struct bp_groups *groups,
		       const char *const *names)
{
	for (size_t i = 0; i < groups->n; i++) {
		for (size_t k = 0; names[k]; k++) {
			csv_row(table, section, groups->items[i]->key, names[k],
				value_of(&groups->items[i]->totals, names[k]));
		}
	}
}

static void csv_shares(struct bp_table *table, const char *section, const struct bp_shares *shares)
{
	for (size_t i = 0; i < shares->n; i++) {
		csv_row(table, section, shares->items[i].label, "count",
			(double)shares->items[i].count);
	}
}

static void print_csv(const struct bp_stats *stats, const struct bp_print *print)
{
	static const char *const of_model[] = {"model_calls", "tokens_total", "cost_usd", NULL};
	static const char *const of_tool[] = {"tool_calls",          "tool_success_rate",
					      "tool_error_rate",     "tool_latency_p50_ms",
					      "tool_latency_p95_ms", NULL};
	struct bp_table *table = bp_table_new();

	bp_table_column(table, "section", BP_LEFT);
	bp_table_column(table, "key", BP_LEFT);
	bp_table_column(table, "metric", BP_LEFT);
	bp_table_column(table, "value", BP_RIGHT);
	csv_groups(table, "total", &stats->all, WHOLE);
	csv_groups(table, "model", &stats->by_model, of_model);
	csv_groups(table, "tool", &stats->by_tool, of_tool);
	for (size_t i = 0; i < stats->files.n; i++) {
		const struct bp_file_type *file = &stats->files.items[i];
		csv_row(table, "file", file->extension, "edits", (double)file->accepted);
		csv_row(table, "file", file->extension, "lines_added", (double)file->lines_added);
		csv_row(table, "file", file->extension, "lines_removed",
			(double)file->lines_removed);
	}
	for (size_t i = 0; i < BP_PHASES; i++) {
		csv_row(table, "phase", bp_phase_name((enum bp_phase)i), "calls",
			(double)stats->phases.calls[i]);
	}
	for (int i = 0; i < BP_HOURS; i++) {
		char hour[8];
		(void)snprintf(hour, sizeof(hour), "%02d", i);
		csv_row(table, "hour", hour, "tool_calls", (double)stats->hours.items[i].calls);
	}
	csv_shares(table, "error_class", &stats->errors);
	csv_shares(table, "session_source", &stats->sources);
	csv_shares(table, "prompt_gap", &stats->gaps);
	for (size_t i = 0; i < stats->agents.n; i++) {
		const struct bp_subagent_type *type = &stats->agents.items[i];
		csv_row(table, "subagent", type->type, "agents", (double)type->agents);
		csv_row(table, "subagent", type->type, "success_rate",
			bp_subagent_success(type->ends));
	}
	finish(table, print);
}

static bool is_empty(const struct bp_stats *stats)
{
	const struct bp_totals *totals = &stats->all.items[0]->totals;

	return totals->sums.prompts == 0 && totals->sums.model_calls == 0 &&
	       bp_totals_calls(&totals->sums) == 0 && totals->sessions == 0;
}

/* --- asking --- */

static enum bp_rc take_period(const struct bp_cli *cli, const struct bp_tz *tz,
			      struct bp_period *out, struct bp_err *err)
{
	const struct bp_options *options = &cli->options;
	const char *period = bp_options_text(options, "period");
	const char *since = bp_options_text(options, "since");
	const char *until = bp_options_text(options, "until");
	int64_t days;
	enum bp_rc rc = bp_options_int(options, "days", 1, DAYS_MAX, 1, &days, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (bp_options_given(options, "days") && (period || since || until)) {
		return bp_err_set(err, BP_EINVAL, "--days and another period: give one of them");
	}
	if (period) {
		return bp_period_named(period, tz, cli->now_us, out, err);
	}
	if (since || until) {
		return bp_period_between(since, until, tz, cli->now_us, out, err);
	}
	*out = (struct bp_period){.from_us = cli->now_us - days * INT64_C(86400000000),
				  .until_us = cli->now_us,
				  .tz = tz,
				  .name = "days"};
	return BP_OK;
}

static int answer(struct bp_stats *stats, const struct bp_cli *cli, struct bp_err *err)
{
	if (cli->print.format == BP_FORMAT_JSON) {
		return bp_print_json(bp_stats_json(stats), err) == BP_OK
			       ? BP_EXIT_OK
			       : bp_cli_fail_err(cli, err);
	}
	if (cli->print.format == BP_FORMAT_CSV) {
		print_csv(stats, &cli->print);
	} else if (is_empty(stats) && bars(&cli->print)) {
		print_header(stats, &cli->print);
		bp_print_line(&cli->print, "Nothing happened in this period. \"-p all\" shows "
					   "everything there is.");
	} else {
		print_screen(stats, &cli->print);
	}
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	struct bp_filter filter = {0};
	struct bp_stats stats = {0};
	struct bp_period period;
	struct bp_sql *sql = NULL;
	struct bp_tz *tz = NULL;
	struct bp_err err = {0};
	enum bp_rc rc = bp_cli_zone(cli, &tz, &err);

	if (rc == BP_OK) {
		rc = take_period(cli, tz, &period, &err);
	}
	if (rc != BP_OK) {
		bp_tz_free(tz);
		return bp_cli_fail_usage(cli, "%s", err.msg);
	}
	rc = bp_cli_open(&sql, &err);
	if (rc == BP_OK) {
		rc = bp_cli_filter(cli, sql, &filter, &err);
	}
	if (rc == BP_OK) {
		struct bp_scope scope = {
			.period = &period, .filter = &filter, .as_of_us = cli->now_us};
		rc = bp_stats_read(sql, &scope, &stats, &err);
	}
	int code = rc == BP_OK ? answer(&stats, cli, &err) : bp_cli_fail_err(cli, &err);
	bp_stats_done(&stats);
	bp_sql_close(sql);
	bp_tz_free(tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "days", .value = "N", .help = "the last N days; 1 without a word about it"},
	{.name = "period",
	 .letter = 'p',
	 .value = "PERIOD",
	 .choices = bp_period_names,
	 .help = "1h, 24h, 7d, 30d, 90d or all"},
	BP_CLI_PERIOD_OPTIONS,
	BP_CLI_FILTER_OPTIONS,
	{.name = NULL},
};

const struct bp_command bp_cmd_stats = {
	.name = "stats",
	.summary = "what was used: models, tools, files, habits, hours",
	.usage = "stats [--days N]",
	.help = "Show how assistants were used: totals, the share of each model, tools, edits by\n"
		"file type, tools that follow each other, hours of the day, sub-agents. From 14\n"
		"days on it compares this week with the one before.\n\n"
		"example: blueplane stats --days 7\n",
	.options = OPTIONS,
	.pages = true,
	.run = run,
};

/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmds.h"
#include "cli/metrics_chart.h"
#include "cli/open.h"
#include "cli/show.h"
#include "query/metrics.h"
#include "query/session.h"
#include "query/totals.h"
#include "query/trends.h"

/* What the words on the command line came to. */
struct request {
	struct bp_sql *sql;
	struct bp_tz *tz;
	struct bp_filter filter;
	struct bp_period period;
	struct bp_session session; /* when filter.one_session */
	enum bp_group_by by;
	bool trends; /* there is a period before to compare with */
	struct bp_groups now, before;
	struct bp_budgets budgets; /* of everything, whatever is asked */
};

static const char *const GROUPS[] = {"platform", "project", "model", "tool", "hour", "day", NULL};

static const char *const TITLES[] = {"Platform", "Project", "Model", "Tool", "Hour", "Day"};

static enum bp_group_by group_by(const struct bp_cli *cli)
{
	const char *text = bp_options_text(&cli->options, "group-by");

	for (size_t i = 0; text && GROUPS[i]; i++) {
		if (strcmp(GROUPS[i], text) == 0) {
			return (enum bp_group_by)(i + 1);
		}
	}
	return BP_GROUP_NONE;
}

static enum bp_rc take_session(struct request *request, const struct bp_cli *cli,
			       struct bp_err *err)
{
	request->filter.one_session = true;
	request->filter.conversation = request->session.conversation;
	return bp_period_named("all", request->tz, cli->now_us, &request->period, err);
}

/* Without a word about it: the active session of this folder, else the last day. */
static enum bp_rc take_default(struct request *request, const struct bp_cli *cli,
			       struct bp_err *err)
{
	char project[BP_PROJECT_HASH_BYTES];
	bool filtered = bp_options_given(&cli->options, "platform") ||
			bp_options_given(&cli->options, "project");

	if (!filtered && bp_cli_project_here(project, err) == BP_OK) {
		enum bp_rc rc = bp_session_active(request->sql, project, cli->now_us,
						  &request->session, err);
		if (rc == BP_OK) {
			return take_session(request, cli, err);
		}
		if (rc != BP_ENOTFOUND) {
			return rc;
		}
	}
	return bp_period_named("24h", request->tz, cli->now_us, &request->period, err);
}

static enum bp_rc take_scope(struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	const struct bp_options *options = &cli->options;
	const char *session = bp_options_text(options, "session");
	const char *period = bp_options_text(options, "period");
	const char *since = bp_options_text(options, "since");
	const char *until = bp_options_text(options, "until");
	enum bp_rc rc = BP_OK;

	if (session) {
		rc = bp_session_find(request->sql, session, &request->session, err);
		if (rc == BP_OK) {
			rc = take_session(request, cli, err);
		}
	}
	if (rc == BP_OK && period) {
		rc = bp_period_named(period, request->tz, cli->now_us, &request->period, err);
	} else if (rc == BP_OK && (since || until)) {
		rc = bp_period_between(since, until, request->tz, cli->now_us, &request->period,
				       err);
	} else if (rc == BP_OK && !session) {
		rc = take_default(request, cli, err);
	}
	return rc;
}

static enum bp_rc ask(struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	struct bp_period before;
	struct bp_totals_question question = {.period = &request->period,
					      .filter = &request->filter,
					      .by = request->by,
					      .as_of_us = cli->now_us};
	enum bp_rc rc = bp_totals_read(request->sql, &question, &request->now, err);

	request->trends = request->by == BP_GROUP_NONE && !request->filter.one_session &&
			  cli->print.format != BP_FORMAT_CHART &&
			  bp_period_before(&request->period, &before);
	if (rc == BP_OK && request->trends) {
		question.period = &before;
		rc = bp_totals_read(request->sql, &question, &request->before, err);
	}
	return rc;
}

/* --- answers --- */

static cJSON *groups_json(const struct request *request)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < request->now.n; i++) {
		const struct bp_group *group = request->now.items[i];
		cJSON *item = cJSON_CreateObject();
		if (*group->key) {
			(void)cJSON_AddStringToObject(item, "key", group->key);
		} else {
			(void)cJSON_AddNullToObject(item, "key");
		}
		if (request->by == BP_GROUP_PROJECT) {
			(void)cJSON_AddStringToObject(item, "name", group->label);
		}
		(void)cJSON_AddItemToObject(item, "metrics", bp_metrics_json(&group->totals));
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

static enum bp_rc print_json(const struct request *request, struct bp_err *err)
{
	cJSON *json = cJSON_CreateObject();
	bool session = request->filter.one_session;

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	(void)cJSON_AddStringToObject(json, "scope", session ? "session" : "period");
	if (session) {
		(void)cJSON_AddStringToObject(json, "session", request->session.id);
	}
	(void)cJSON_AddItemToObject(json, "period", bp_period_json(&request->period));
	(void)cJSON_AddItemToObject(json, "budget", bp_budgets_json(&request->budgets));
	if (request->by != BP_GROUP_NONE) {
		(void)cJSON_AddItemToObject(json, "groups", groups_json(request));
		return bp_print_json(json, err);
	}
	const struct bp_totals *totals = &request->now.items[0]->totals;
	(void)cJSON_AddItemToObject(json, "metrics", bp_metrics_json(totals));
	(void)cJSON_AddItemToObject(
		json, "trends",
		request->trends ? bp_trends_json(totals, &request->before.items[0]->totals)
				: cJSON_CreateObject());
	return bp_print_json(json, err);
}

/* For people, not for programs. */
static bool is_screen(const struct bp_cli *cli)
{
	return cli->print.format == BP_FORMAT_TABLE || cli->print.format == BP_FORMAT_CHART;
}

static void print_header(const struct request *request, const struct bp_cli *cli)
{
	char from[BP_SHOW_BYTES], until[BP_SHOW_BYTES];
	const struct bp_period *period = &request->period;

	if (!is_screen(cli)) {
		return;
	}
	if (request->filter.one_session) {
		const char *project = bp_session_project(&request->session);
		bp_print_title(&cli->print, "Session %s%s%s", request->session.id,
			       project ? ", " : "", project ? project : "");
	} else if (period->from_us == BP_TIME_FIRST && period->until_us == BP_TIME_LAST) {
		bp_print_title(&cli->print, "All time");
	} else {
		bp_show_time(from, request->tz,
			     period->from_us == BP_TIME_FIRST ? BP_SQL_NULL : period->from_us);
		bp_show_time(until, request->tz,
			     period->until_us == BP_TIME_LAST ? BP_SQL_NULL : period->until_us);
		bp_print_title(&cli->print, "%s to %s (%s)", from, until, bp_tz_name(request->tz));
	}
	bp_show_budgets(&cli->print, &request->budgets);
}

static bool is_empty(const struct bp_totals *totals)
{
	static const char *const some[] = {"sessions", "prompts", "model_calls", "tool_calls"};

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		double value = bp_metric_find(some[i])->value(totals);
		if (!isnan(value) && value > 0) {
			return false;
		}
	}
	return true;
}

static void print_totals(const struct request *request, const struct bp_cli *cli)
{
	bool exact = cli->print.format != BP_FORMAT_TABLE;
	bool all = exact || bp_options_given(&cli->options, "all");
	bool arrows = !exact && bp_options_given(&cli->options, "trends");
	const struct bp_totals *now = &request->now.items[0]->totals;
	struct bp_table *table = bp_table_new();
	char text[BP_SHOW_BYTES];

	bp_table_column(table, exact ? "metric" : "Metric", BP_LEFT);
	bp_table_column(table, exact ? "value" : "Value", BP_RIGHT);
	if (request->trends) {
		bp_table_column(table, exact ? "change" : "Change", BP_RIGHT);
	}
	for (const struct bp_metric *metric = bp_metrics; metric->name; metric++) {
		double value = metric->value(now);
		if (!all && !metric->main) {
			continue;
		}
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", exact ? metric->name : metric->label);
		bp_show_metric(text, metric, value, exact);
		bp_table_cell(table, BP_PAINT_NONE, "%s", text);
		if (!request->trends) {
			continue;
		}
		struct bp_trend trend =
			bp_trend_of(value, metric->value(&request->before.items[0]->totals));
		if (exact && isnan(trend.change)) {
			(void)snprintf(text, sizeof(text), "%s", "");
		} else if (exact) {
			(void)snprintf(text, sizeof(text), "%.6g", trend.change);
		} else {
			bp_show_trend(text, trend, arrows && cli->print.utf8);
		}
		bp_table_cell(table, bp_show_paint(metric, trend), "%s", text);
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

/* What people want to see of a group, most wanted first; the rest is in --json and CSV. */
static const char *const *group_metrics(enum bp_group_by by)
{
	static const char *const of_time[] = {
		"sessions",      "prompts",         "tool_calls",      "tokens_total",
		"active_time_s", "acceptance_rate", "tool_error_rate", NULL};
	static const char *const of_model[] = {"model_calls",
					       "tokens_total",
					       "tokens_input",
					       "tokens_output",
					       "tokens_cache_read",
					       "cache_hit_rate",
					       NULL};
	static const char *const of_tool[] = {"tool_calls",          "tool_success_rate",
					      "tool_error_rate",     "tool_latency_p50_ms",
					      "tool_latency_p95_ms", NULL};

	return by == BP_GROUP_MODEL ? of_model : by == BP_GROUP_TOOL ? of_tool : of_time;
}

/* Short, so that more columns fit; a label is made for a line of its own. */
static const char *heading(const char *name)
{
	static const char *const headings[][2] = {
		{"acceptance_rate", "Accept"},   {"tool_error_rate", "Errors"},
		{"tool_calls", "Tools"},         {"model_calls", "Calls"},
		{"tokens_input", "Input"},       {"tokens_output", "Output"},
		{"tokens_cache_read", "Cached"}, {"cache_hit_rate", "Cache hits"},
		{"active_time_s", "Active"},     {"tool_success_rate", "Success"},
		{"tool_latency_p50_ms", "p50"},  {"tool_latency_p95_ms", "p95"},
	};

	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
		if (strcmp(headings[i][0], name) == 0) {
			return headings[i][1];
		}
	}
	return bp_metric_find(name)->label;
}

static void print_groups(const struct request *request, const struct bp_cli *cli)
{
	const char *const *names = group_metrics(request->by);
	struct bp_table *table = bp_table_new();
	char text[BP_SHOW_BYTES];

	bp_table_column(table, TITLES[request->by - 1], BP_SHRINK);
	for (int i = 0; names[i]; i++) {
		bp_table_column(table, heading(names[i]), BP_RIGHT);
		bp_table_optional(table, i);
	}
	for (size_t i = 0; i < request->now.n; i++) {
		const struct bp_group *group = request->now.items[i];
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", group->label);
		for (int k = 0; names[k]; k++) {
			const struct bp_metric *metric = bp_metric_find(names[k]);
			bp_show_metric(text, metric, metric->value(&group->totals), false);
			bp_table_cell(table, BP_PAINT_NONE, "%s", text);
		}
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

/* For machines: long form, so that columns stay the same when metrics are added. */
static void print_groups_exact(const struct request *request, const struct bp_cli *cli)
{
	struct bp_table *table = bp_table_new();
	char text[BP_SHOW_BYTES];

	bp_table_column(table, GROUPS[request->by - 1], BP_LEFT);
	bp_table_column(table, "metric", BP_LEFT);
	bp_table_column(table, "value", BP_RIGHT);
	for (size_t i = 0; i < request->now.n; i++) {
		const struct bp_group *group = request->now.items[i];
		for (const struct bp_metric *metric = bp_metrics; metric->name; metric++) {
			bp_table_row(table);
			bp_table_cell(table, BP_PAINT_NONE, "%s", group->label);
			bp_table_cell(table, BP_PAINT_NONE, "%s", metric->name);
			bp_show_metric(text, metric, metric->value(&group->totals), true);
			bp_table_cell(table, BP_PAINT_NONE, "%s", text);
		}
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

/* Nothing to show: is there anything at all? */
static void say_empty(const struct request *request, const struct bp_cli *cli)
{
	struct bp_session last;
	char when[BP_SHOW_BYTES];

	if (bp_session_find(request->sql, "last", &last, NULL) != BP_OK) {
		bp_print_line(&cli->print, "No data yet: run \"blueplane import\".");
		return;
	}
	bp_show_time(when, request->tz, last.last_us);
	bp_print_line(&cli->print,
		      "Nothing happened in this period. The last session was at %s: try "
		      "\"blueplane metrics -p all\" or \"-s last\".",
		      when);
}

static int print_chart(const struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	const struct bp_totals_question question = {
		.period = &request->period, .filter = &request->filter, .as_of_us = cli->now_us};
	bool all = bp_options_given(&cli->options, "all");

	return bp_metrics_chart(cli, request->sql, &question, &request->now.items[0]->totals, all,
				err) == BP_OK
		       ? BP_EXIT_OK
		       : bp_cli_fail_err(cli, err);
}

static int answer(const struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	if (cli->print.format == BP_FORMAT_JSON) {
		return print_json(request, err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, err);
	}
	bool empty = request->now.n == 0 ||
		     (request->by == BP_GROUP_NONE && is_empty(&request->now.items[0]->totals));
	print_header(request, cli);
	if (empty && is_screen(cli)) {
		say_empty(request, cli);
	} else if (cli->print.format == BP_FORMAT_CHART) {
		return print_chart(request, cli, err);
	} else if (request->by != BP_GROUP_NONE && cli->print.format != BP_FORMAT_TABLE) {
		print_groups_exact(request, cli);
	} else if (request->by != BP_GROUP_NONE) {
		print_groups(request, cli);
	} else {
		print_totals(request, cli);
	}
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	struct request request = {.by = group_by(cli)};
	struct bp_err err = {0};
	bool usage = false;
	enum bp_rc rc = bp_cli_zone(cli, &request.tz, &err);

	if (rc == BP_OK && request.by != BP_GROUP_NONE && cli->print.format == BP_FORMAT_CHART) {
		rc = bp_err_set(&err, BP_EINVAL,
				"a chart is over time: leave --group-by or --format chart out");
	}
	if (rc != BP_OK) {
		bp_tz_free(request.tz);
		return bp_cli_fail_usage(cli, "%s", err.msg);
	}
	rc = bp_cli_open(&request.sql, &err);
	if (rc == BP_OK) {
		rc = bp_cli_filter(cli, request.sql, &request.filter, &err);
	}
	if (rc == BP_OK) {
		rc = take_scope(&request, cli, &err);
		usage = rc == BP_EINVAL && !bp_options_given(&cli->options, "session");
	}
	if (rc == BP_OK) {
		rc = ask(&request, cli, &err);
	}
	if (rc == BP_OK) {
		request.budgets = bp_cli_budgets(cli, request.sql, request.tz);
	}
	int code = rc == BP_OK ? answer(&request, cli, &err)
		   : usage     ? bp_cli_fail_usage(cli, "%s", err.msg)
			       : bp_cli_fail_err(cli, &err);
	bp_groups_done(&request.now);
	bp_groups_done(&request.before);
	bp_sql_close(request.sql);
	bp_tz_free(request.tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "session",
	 .letter = 's',
	 .value = "ID",
	 .help = "one session: id, prefix or last"},
	{.name = "period",
	 .letter = 'p',
	 .value = "PERIOD",
	 .choices = bp_period_names,
	 .help = "1h, 24h, 7d, 30d, 90d or all"},
	BP_CLI_PERIOD_OPTIONS,
	BP_CLI_FILTER_OPTIONS,
	{.name = "group-by",
	 .value = "WHAT",
	 .choices = GROUPS,
	 .help = "one row per platform, project, model, tool, hour or day"},
	{.name = "trends", .help = "mark each change with an arrow"},
	{.name = "all", .letter = 'a', .help = "every metric there is"},
	{.name = NULL},
};

const struct bp_command bp_cmd_metrics = {
	.name = "metrics",
	.summary = "how it goes: acceptance, errors, tokens, time",
	.usage = "metrics [-s ID] [-p PERIOD] [--group-by WHAT | --format chart]",
	.help = "Show the numbers of a period and how they changed against the one before.\n"
		"Without -s and -p: the active session of this folder, else the last 24 hours.\n"
		"--format chart draws the most wanted ones over time, by hour up to 48 hours, else "
		"by day.\n\n"
		"example: blueplane metrics -p 7d --group-by day\n",
	.options = OPTIONS,
	.charts = true,
	.pages = true,
	.run = run,
};

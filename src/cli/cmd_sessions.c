/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmds.h"
#include "cli/open.h"
#include "cli/show.h"
#include "event/timestamp.h"
#include "query/sessions.h"

enum { LIMIT = 20, LIMIT_MAX = 1000000, ID_LETTERS = 13 };

struct request {
	struct bp_sql *sql;
	struct bp_tz *tz;
	struct bp_filter filter;
	struct bp_period period;
	struct bp_sessions_question question;
	struct bp_sessions sessions;
};

static enum bp_rc take_options(struct request *request, const struct bp_cli *cli,
			       struct bp_err *err)
{
	const struct bp_options *options = &cli->options;
	struct bp_sessions_question *question = &request->question;
	const char *sort = bp_options_text(options, "sort");
	int64_t limit = LIMIT, offset = 0;
	enum bp_rc rc = bp_cli_zone(cli, &request->tz, err);

	*question = (struct bp_sessions_question){
		.period = &request->period, .filter = &request->filter, .as_of_us = cli->now_us};
	for (size_t i = 0; sort && bp_sessions_sorts[i]; i++) {
		if (strcmp(bp_sessions_sorts[i], sort) == 0) {
			question->sort = (enum bp_sessions_sort)i;
		}
	}
	if (rc == BP_OK) {
		rc = bp_options_int(options, "limit", 0, LIMIT_MAX, LIMIT, &limit, err);
	}
	if (rc == BP_OK) {
		rc = bp_options_int(options, "offset", 0, LIMIT_MAX, 0, &offset, err);
	}
	if (rc == BP_OK) {
		rc = bp_options_real(options, "min-acceptance", 0, 1, (double)NAN,
				     &question->min_acceptance, err);
	}
	if (rc == BP_OK) {
		rc = bp_options_real(options, "min-productivity", 0, 100, (double)NAN,
				     &question->min_productivity, err);
	}
	if (rc == BP_OK) {
		rc = bp_options_real(options, "min-cost", 0, 1e9, (double)NAN,
				     &question->min_cost_usd, err);
	}
	if (rc == BP_OK) {
		rc = bp_period_between(bp_options_text(options, "since"),
				       bp_options_text(options, "until"), request->tz, cli->now_us,
				       &request->period, err);
	}
	question->limit = (size_t)limit;
	question->offset = (size_t)offset;
	return rc;
}

static void add_row(struct bp_table *table, const struct request *request,
		    const struct bp_session_row *row, bool exact)
{
	const struct bp_session *session = &row->session;
	const char *project = bp_session_project(session);
	char text[BP_SHOW_BYTES];
	char stamp[BP_TIMESTAMP_BYTES] = "";
	bool known = session->first_us != BP_SQL_NULL && session->last_us != BP_SQL_NULL;
	double seconds = known ? (double)(session->last_us - session->first_us) / 1e6 : (double)NAN;
	const struct bp_metric duration = {.unit = BP_UNIT_SECONDS}, rate = {.unit = BP_UNIT_RATE},
			       score = {.unit = BP_UNIT_SCORE}, count = {.unit = BP_UNIT_COUNT};

	bp_table_row(table);
	bp_table_cell(table, BP_PAINT_NONE, "%.*s", exact ? BP_SESSION_ID_BYTES : ID_LETTERS,
		      session->id);
	bp_table_cell(table, BP_PAINT_NONE, "%s", session->platform);
	bp_table_cell(table, BP_PAINT_NONE, "%s", project ? project : exact ? "" : "-");
	if (exact && session->first_us != BP_SQL_NULL) {
		(void)bp_timestamp_format(session->first_us, stamp);
	} else if (!exact) {
		bp_show_time(text, request->tz, session->first_us);
	}
	bp_table_cell(table, BP_PAINT_NONE, "%s", exact ? stamp : text);
	bp_show_metric(text, &duration, seconds, exact);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
	bp_show_metric(text, &count, (double)row->prompts, exact);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
	bp_show_metric(text, &count, (double)row->tool_calls, exact);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
	bp_show_metric(text, &count, (double)row->tokens_total, exact);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
	bp_show_cost(text, bp_session_row_usd(row), exact);
	bool more = !exact && row->unpriced_calls > 0 && row->unpriced_calls < row->model_calls;
	bp_table_cell(table, more ? BP_PAINT_WARN : BP_PAINT_NONE, "%s%s", text, more ? "+" : "");
	bp_show_metric(text, &rate, row->acceptance_rate, exact);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
	bp_show_metric(text, &score, row->productivity_score, exact);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
	bp_table_cell(table,
		      row->status == BP_SESSION_ACTIVE ? BP_PAINT_GOOD
		      : row->status == BP_SESSION_IDLE ? BP_PAINT_DIM
						       : BP_PAINT_NONE,
		      "%s", bp_session_status_name(row->status));
}

static void print_rows(const struct request *request, const struct bp_cli *cli)
{
	bool exact = cli->print.format != BP_FORMAT_TABLE;
	struct bp_table *table = bp_table_new();

	bp_table_column(table, exact ? "id" : "Session", BP_LEFT);
	bp_table_column(table, exact ? "platform" : "Platform", BP_LEFT);
	bp_table_optional(table, 5);
	bp_table_column(table, exact ? "project" : "Project", exact ? BP_LEFT : BP_SHRINK);
	bp_table_column(table, exact ? "started_at" : "Started", BP_LEFT);
	bp_table_column(table, exact ? "duration_s" : "Time", BP_RIGHT);
	bp_table_column(table, exact ? "prompts" : "Prompts", BP_RIGHT);
	bp_table_optional(table, 2);
	bp_table_column(table, exact ? "tool_calls" : "Tools", BP_RIGHT);
	bp_table_optional(table, 3);
	bp_table_column(table, exact ? "tokens_total" : "Tokens", BP_RIGHT);
	bp_table_column(table, exact ? "cost_usd" : "Cost", BP_RIGHT);
	bp_table_column(table, exact ? "acceptance_rate" : "Accept", BP_RIGHT);
	bp_table_optional(table, 1);
	bp_table_column(table, exact ? "productivity_score" : "Score", BP_RIGHT);
	bp_table_optional(table, 4);
	bp_table_column(table, exact ? "status" : "Status", BP_LEFT);
	for (size_t i = 0; i < request->sessions.n; i++) {
		add_row(table, request, &request->sessions.rows[i], exact);
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

static void print_footer(const struct request *request, const struct bp_cli *cli)
{
	const struct bp_sessions *sessions = &request->sessions;
	long long from = (long long)request->question.offset;

	if (sessions->n > 0) {
		bp_print_line(&cli->print, "Showing %lld-%lld of %lld (%s)", from + 1,
			      from + (long long)sessions->n, (long long)sessions->total,
			      bp_tz_name(request->tz));
	}
}

static int answer(const struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	const struct bp_options *options = &cli->options;
	struct bp_session last;

	if (cli->print.format == BP_FORMAT_JSON) {
		return bp_print_json(bp_sessions_json(&request->sessions), err) == BP_OK
			       ? BP_EXIT_OK
			       : bp_cli_fail_err(cli, err);
	}
	if (cli->print.format != BP_FORMAT_TABLE || request->sessions.n > 0) {
		print_rows(request, cli);
	} else if (bp_session_find(request->sql, "last", &last, NULL) != BP_OK) {
		bp_print_line(&cli->print, "No data yet: run \"blueplane import\".");
	} else if (request->sessions.total > 0) {
		bp_print_line(&cli->print, "There are only %lld of them: use a smaller --offset.",
			      (long long)request->sessions.total);
	} else {
		bp_print_line(&cli->print, "No session matches%s.",
			      bp_options_given(options, "since") ? ": try an earlier --since" : "");
	}
	if (cli->print.format == BP_FORMAT_TABLE) {
		print_footer(request, cli);
	}
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	struct request request = {0};
	struct bp_query_config config;
	struct bp_err err = {0};
	enum bp_rc rc = take_options(&request, cli, &err);
	int code;

	if (rc != BP_OK) {
		bp_tz_free(request.tz);
		return bp_cli_fail_usage(cli, "%s", err.msg);
	}
	rc = bp_cli_config(&config, &err);
	request.question.compat_ccusage = config.compat == BP_COMPAT_CCUSAGE;
	if (rc == BP_OK) {
		rc = bp_cli_open(&request.sql, &err);
	}
	if (rc == BP_OK) {
		rc = bp_cli_filter(cli, request.sql, &request.filter, &err);
	}
	if (rc == BP_OK) {
		rc = bp_sessions_read(request.sql, &request.question, &request.sessions, &err);
	}
	code = rc == BP_OK ? answer(&request, cli, &err) : bp_cli_fail_err(cli, &err);
	bp_sessions_done(&request.sessions);
	bp_sql_close(request.sql);
	bp_tz_free(request.tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "limit", .letter = 'n', .value = "N", .help = "show N sessions (20)"},
	{.name = "offset", .value = "N", .help = "leave out the first N"},
	{.name = "sort",
	 .value = "WHAT",
	 .choices = bp_sessions_sorts,
	 .help = "largest first: last (default), started, duration, prompts, tools, tokens, "
		 "cost, ..."},
	BP_CLI_FILTER_OPTIONS,
	{.name = "min-acceptance",
	 .value = "X",
	 .help = "only from this acceptance rate on, 0 to 1"},
	{.name = "min-productivity", .value = "X", .help = "only from this score on, 0 to 100"},
	{.name = "min-cost", .value = "X", .help = "only from this many dollars on"},
	BP_CLI_PERIOD_OPTIONS,
	{.name = NULL},
};

const struct bp_command bp_cmd_sessions = {
	.name = "sessions",
	.summary = "list sessions",
	.usage = "sessions [-n N] [--sort WHAT] [--project NAME] [--since TIME]",
	.help = "List sessions, the latest first. The first letters of an id are enough for\n"
		"\"blueplane analyze\" and \"blueplane metrics -s\".\n\n"
		"example: blueplane sessions -n 5 --sort tokens --since 7d\n",
	.options = OPTIONS,
	.pages = true,
	.run = run,
};

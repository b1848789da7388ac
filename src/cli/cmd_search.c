/* SPDX-License-Identifier: MIT */
/* Full text over what the privacy level keeps: which sessions speak of it. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cmds.h"
#include "cli/open.h"
#include "cli/show.h"
#include "event/timestamp.h"
#include "query/search.h"

enum { LIMIT = 20, LIMIT_MAX = 1000000, ID_LETTERS = 13 };

struct request {
	struct bp_sql *sql;
	struct bp_tz *tz;
	struct bp_filter filter;
	struct bp_period period;
	struct bp_buf text; /* the words, as one */
	struct bp_search_question question;
	struct bp_search search;
};

static enum bp_rc take_options(struct request *request, const struct bp_cli *cli,
			       struct bp_err *err)
{
	const struct bp_options *options = &cli->options;
	int64_t limit = LIMIT, offset = 0;

	bp_buf_init(&request->text, 65536);
	for (size_t i = 0; i < options->n_args; i++) {
		bp_buf_printf(&request->text, "%s%s", i > 0 ? " " : "", options->args[i]);
	}
	if (!bp_buf_ok(&request->text) || !request->text.ptr) {
		return bp_err_set(err, BP_EINVAL, "too much to search for");
	}
	enum bp_rc rc = bp_cli_zone(cli, &request->tz, err);
	if (rc == BP_OK) {
		rc = bp_options_int(options, "limit", 1, LIMIT_MAX, LIMIT, &limit, err);
	}
	if (rc == BP_OK) {
		rc = bp_options_int(options, "offset", 0, LIMIT_MAX, 0, &offset, err);
	}
	if (rc == BP_OK) {
		rc = bp_period_between(bp_options_text(options, "since"),
				       bp_options_text(options, "until"), request->tz, cli->now_us,
				       &request->period, err);
	}
	request->question = (struct bp_search_question){.text = request->text.ptr,
							.period = &request->period,
							.filter = &request->filter,
							.limit = (size_t)limit,
							.offset = (size_t)offset};
	return rc;
}

/** The snippet on one line; matches in brackets for people, bare where programs read it. */
static void add_snippet(struct bp_table *table, const struct bp_search_row *row, bool exact)
{
	struct bp_buf text;

	bp_buf_init(&text, 65536);
	for (const char *at = row->snippet; at && *at; at++) {
		if (*at == BP_SEARCH_ON || *at == BP_SEARCH_OFF) {
			if (!exact) {
				bp_buf_add_char(&text, *at == BP_SEARCH_ON ? '[' : ']');
			}
		} else {
			bp_buf_add_char(&text, *at == '\n' ? ' ' : *at);
		}
	}
	bp_table_cell(table, BP_PAINT_NONE, "%s", text.ptr ? text.ptr : "");
	bp_buf_done(&text);
}

static void add_row(struct bp_table *table, const struct request *request,
		    const struct bp_search_row *row, bool exact)
{
	const struct bp_session *session = &row->session;
	const char *project = bp_session_project(session);
	char stamp[BP_TIMESTAMP_BYTES] = "";
	char when[BP_SHOW_BYTES];

	bp_show_time(when, request->tz, session->last_us);
	if (exact && session->last_us != BP_SQL_NULL) {
		(void)bp_timestamp_format(session->last_us, stamp);
	}
	bp_table_row(table);
	bp_table_cell(table, BP_PAINT_NONE, "%.*s", exact ? BP_SESSION_ID_BYTES : ID_LETTERS,
		      session->id);
	bp_table_cell(table, BP_PAINT_NONE, "%s", exact ? stamp : when);
	bp_table_cell(table, BP_PAINT_NONE, "%s", project ? project : exact ? "" : "-");
	bp_table_cell(table, BP_PAINT_NONE, "%s",
		      row->field >= 0 ? bp_search_fields[row->field] : "");
	add_snippet(table, row, exact);
}

static void print_rows(const struct request *request, const struct bp_cli *cli)
{
	const struct bp_search *search = &request->search;
	bool exact = cli->print.format != BP_FORMAT_TABLE;
	struct bp_table *table = bp_table_new();

	bp_table_column(table, exact ? "id" : "Session", BP_LEFT);
	bp_table_column(table, exact ? "last_event_at" : "Last", BP_LEFT);
	bp_table_column(table, exact ? "project" : "Project", exact ? BP_LEFT : BP_SHRINK);
	bp_table_column(table, exact ? "field" : "In", BP_LEFT);
	bp_table_column(table, exact ? "snippet" : "Match", exact ? BP_LEFT : BP_SHRINK);
	for (size_t i = 0; i < search->n; i++) {
		add_row(table, request, &search->rows[i], exact);
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
	if (!exact && search->n > 0) {
		long long from = (long long)request->question.offset;
		bp_print_line(&cli->print, "Showing %lld-%lld of %lld (%s)", from + 1,
			      from + (long long)search->n, (long long)search->total,
			      bp_tz_name(request->tz));
	}
}

static void print_nothing(const struct request *request, const struct bp_cli *cli)
{
	const struct bp_search *search = &request->search;
	struct bp_session last;

	if (bp_session_find(request->sql, "last", &last, NULL) != BP_OK) {
		bp_print_line(&cli->print, "No data yet: run \"blueplane import\".");
	} else if (search->total > 0) {
		bp_print_line(&cli->print, "There are only %lld of them: use a smaller --offset.",
			      (long long)search->total);
	} else {
		bp_print_line(&cli->print, "Nothing found.");
		if (!search->prompts_kept) {
			bp_print_line(&cli->print,
				      "The text of prompts is not kept%s: \"blueplane config set "
				      "privacy.level full\" keeps it from then on%s.",
				      search->titles_kept ? "" : ", nor are titles",
				      search->titles_kept ? "" : ", standard keeps titles");
		}
	}
}

static int answer(const struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	if (cli->print.format == BP_FORMAT_JSON) {
		return bp_print_json(bp_search_json(&request->search), err) == BP_OK
			       ? BP_EXIT_OK
			       : bp_cli_fail_err(cli, err);
	}
	if (cli->print.format == BP_FORMAT_TABLE && request->search.n == 0) {
		print_nothing(request, cli);
	} else {
		print_rows(request, cli);
	}
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	struct request request = {0};
	struct bp_err err = {0};
	enum bp_rc rc = take_options(&request, cli, &err);
	int code;

	if (rc != BP_OK) {
		code = bp_cli_fail_usage(cli, "%s", err.msg);
		goto out;
	}
	rc = bp_cli_open(&request.sql, &err);
	if (rc == BP_OK) {
		rc = bp_cli_filter(cli, request.sql, &request.filter, &err);
	}
	if (rc == BP_OK) {
		rc = bp_search_read(request.sql, &request.question, &request.search, &err);
	}
	code = rc == BP_OK       ? answer(&request, cli, &err)
	       : rc == BP_EINVAL ? bp_cli_fail_usage(cli, "%s", err.msg)
				 : bp_cli_fail_err(cli, &err);
out:
	bp_search_done(&request.search);
	bp_buf_done(&request.text);
	bp_sql_close(request.sql);
	bp_tz_free(request.tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "limit", .letter = 'n', .value = "N", .help = "show N sessions (20)"},
	{.name = "offset", .value = "N", .help = "leave out the first N"},
	BP_CLI_FILTER_OPTIONS,
	BP_CLI_PERIOD_OPTIONS,
	{.name = NULL},
};

const struct bp_command bp_cmd_search = {
	.name = "search",
	.summary = "find sessions by what they speak of",
	.usage = "search TEXT... [-n N] [--project NAME] [--since TIME]",
	.help = "Find the sessions that have every word of TEXT, the best match first. A word may "
		"be a \"phrase\" or the beginning of one (pars*), and may be bound to a field: "
		"project: tool: model: ext: agent: title: prompt:. Case and accents do not "
		"matter.\n\nSearched is what privacy.level keeps: names at strict, titles, "
		"programs "
		"and MCP servers at standard, prompts at full.\n\n"
		"example: blueplane search ext:rs tool:Edit parser --since 30d\n",
	.options = OPTIONS,
	.args_min = 1,
	.args_max = -1,
	.run = run,
};

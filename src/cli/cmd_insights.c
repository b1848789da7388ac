/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/home.h"
#include "cli/cmds.h"
#include "cli/insights_show.h"
#include "cli/open.h"
#include "cli/show.h"
#include "query/insights.h"
#include "query/session.h"

static const char *const DEFAULT_PERIOD = "30d";

/* What the words on the command line came to. */
struct request {
	struct bp_sql *sql;
	struct bp_tz *tz;
	struct bp_filter filter;
	struct bp_period period;
	struct bp_session session;
	struct bp_insights insights;
};

static int place_of(const char *text, const char *const *names)
{
	int i = 0;

	while (text && names[i] && strcmp(names[i], text) != 0) {
		i++;
	}
	return text ? i : -1;
}

/* Only those asked for, in their order. */
static void choose(struct bp_insights *insights, const struct bp_cli *cli)
{
	int type = place_of(bp_options_text(&cli->options, "type"), bp_insight_types);
	int priority = place_of(bp_options_text(&cli->options, "priority"), bp_insight_priorities);
	size_t n = 0;

	for (size_t i = 0; i < insights->n; i++) {
		struct bp_insight one = insights->items[i];
		if ((type < 0 || (int)one.type == type) &&
		    (priority < 0 || (int)one.priority == priority)) {
			insights->items[n++] = one;
		} else {
			bp_insight_free(&one);
		}
	}
	insights->n = n;
}

static enum bp_rc take_period(struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	const struct bp_options *options = &cli->options;
	const char *period = bp_options_text(options, "period");
	const char *since = bp_options_text(options, "since");
	const char *until = bp_options_text(options, "until");

	if (!period && (since || until)) {
		return bp_period_between(since, until, request->tz, cli->now_us, &request->period,
					 err);
	}
	const char *name = bp_options_given(options, "session") ? "all" : DEFAULT_PERIOD;
	return bp_period_named(period ? period : name, request->tz, cli->now_us, &request->period,
			       err);
}

static enum bp_rc read_insights(struct request *request, const struct bp_cli *cli,
				struct bp_err *err)
{
	const char *session = bp_options_text(&cli->options, "session");
	char home[BP_HOME_PATH_BYTES];
	struct bp_scope scope = {
		.period = &request->period, .filter = &request->filter, .as_of_us = cli->now_us};
	struct bp_insights_question question = {.scope = &scope};
	enum bp_rc rc = bp_cli_open(&request->sql, err);

	if (rc == BP_OK) {
		rc = bp_cli_filter(cli, request->sql, &request->filter, err);
	}
	if (rc == BP_OK && session) {
		rc = bp_session_find(request->sql, session, &request->session, err);
		request->filter.one_session = true;
		request->filter.conversation = request->session.conversation;
	}
	if (rc == BP_OK && !session) {
		rc = bp_cli_home(home, sizeof(home), err);
		question.home = home;
	}
	return rc == BP_OK ? bp_insights_read(request->sql, &question, &request->insights, err)
			   : rc;
}

static void print_header(const struct request *request, const struct bp_cli *cli)
{
	const struct bp_period *period = &request->period;
	char from[BP_SHOW_BYTES], until[BP_SHOW_BYTES];

	if (request->filter.one_session) {
		bp_print_title(&cli->print, "Session %s", request->session.id);
	} else if (period->from_us == BP_TIME_FIRST) {
		bp_print_title(&cli->print, "All time");
	} else {
		bp_show_time(from, request->tz, period->from_us);
		bp_show_time(until, request->tz,
			     period->until_us == BP_TIME_LAST ? BP_SQL_NULL : period->until_us);
		bp_print_title(&cli->print, "%s to %s (%s)", from, until, bp_tz_name(request->tz));
	}
}

static int answer(struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	switch (cli->print.format) {
	case BP_FORMAT_JSON:
		return bp_print_json(bp_insights_json(&request->insights), err) == BP_OK
			       ? BP_EXIT_OK
			       : bp_cli_fail_err(cli, err);
	case BP_FORMAT_CSV:
	case BP_FORMAT_MARKDOWN:
		bp_insights_table(&request->insights, &cli->print);
		return BP_EXIT_OK;
	case BP_FORMAT_TABLE:
	case BP_FORMAT_CHART:
		break;
	}
	print_header(request, cli);
	bp_insights_show(&request->insights, &cli->print);
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	struct request request = {0};
	struct bp_err err = {0};
	enum bp_rc rc = bp_cli_zone(cli, &request.tz, &err);

	if (rc == BP_OK) {
		rc = take_period(&request, cli, &err);
	}
	if (rc != BP_OK) {
		bp_tz_free(request.tz);
		return bp_cli_fail_usage(cli, "%s", err.msg);
	}
	rc = read_insights(&request, cli, &err);
	if (rc == BP_OK) {
		choose(&request.insights, cli);
	}
	int code = rc == BP_OK ? answer(&request, cli, &err) : bp_cli_fail_err(cli, &err);
	bp_insights_done(&request.insights);
	bp_sql_close(request.sql);
	bp_tz_free(request.tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "type",
	 .letter = 't',
	 .value = "TYPE",
	 .choices = bp_insight_types,
	 .help = "only productivity, errors, patterns or cost"},
	{.name = "priority",
	 .value = "WHICH",
	 .choices = bp_insight_priorities,
	 .help = "only high, medium or low"},
	{.name = "session",
	 .letter = 's',
	 .value = "ID",
	 .help = "of one session: id, prefix or last"},
	{.name = "period",
	 .letter = 'p',
	 .value = "PERIOD",
	 .choices = bp_period_names,
	 .help = "1h, 24h, 7d, 30d (default), 90d or all"},
	BP_CLI_PERIOD_OPTIONS,
	BP_CLI_FILTER_OPTIONS,
	{.name = NULL},
};

const struct bp_command bp_cmd_insights = {
	.name = "insights",
	.summary = "what stands out, and one thing to do about each",
	.usage = "insights [-t TYPE] [--priority high|medium|low] [-p PERIOD]",
	.help = "Say what stands out against the period before, with the numbers that say so and\n"
		"one thing to do. What rests on too few observations is not said.\n\n"
		"example: blueplane insights -t cost -p 90d\n",
	.options = OPTIONS,
	.pages = true,
	.run = run,
};

/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "cli/cmds.h"
#include "cli/costs.h"
#include "cli/open.h"
#include "query/database.h"
#include "query/session.h"

static const char *const VERBS[] = {"reprice", NULL};

enum { SCREEN_ROWS = 40, ROWS_MAX = 1000000 };

#define TOKEN_LIMIT_MAX INT64_C(1000000000000000)

/* --- what the words on the command line came to --- */

static enum bp_costs_by by_of(const struct bp_cli *cli)
{
	const char *text = bp_options_text(&cli->options, "by");

	for (size_t i = 0; text && bp_costs_by_names[i]; i++) {
		if (strcmp(bp_costs_by_names[i], text) == 0) {
			return (enum bp_costs_by)(BP_COSTS_MODEL + (int)i);
		}
	}
	return BP_COSTS_DAY;
}

/* Wrong words, found before anything is opened. */
static enum bp_rc take_words(struct bp_costs_request *request, const struct bp_cli *cli,
			     struct bp_err *err)
{
	const struct bp_options *options = &cli->options;
	const char *period = bp_options_text(options, "period");
	const char *since = bp_options_text(options, "since");
	const char *until = bp_options_text(options, "until");
	const char *limit = bp_options_text(options, "token-limit");
	enum bp_rc rc = bp_cli_zone(cli, &request->tz, err);

	request->by = by_of(cli);
	request->reported = bp_options_given(options, "reported");
	request->blocks_wanted = bp_options_given(options, "blocks");
	if (rc == BP_OK && period && (since || until)) {
		rc = bp_err_set(err, BP_EINVAL, "--period and --%s do not go together",
				since ? "since" : "until");
	} else if (rc == BP_OK && request->blocks_wanted && bp_options_given(options, "by")) {
		rc = bp_err_set(err, BP_EINVAL, "--blocks and --by do not go together");
	} else if (rc == BP_OK && cli->print.format == BP_FORMAT_CHART &&
		   (request->blocks_wanted || bp_options_given(options, "by"))) {
		rc = bp_err_set(err, BP_EINVAL,
				"a chart is over time: leave --by, --blocks or --format chart out");
	} else if (rc == BP_OK && limit && !request->blocks_wanted) {
		rc = bp_err_set(err, BP_EINVAL, "--token-limit is for --blocks");
	} else if (rc == BP_OK && bp_options_given(options, "all")) {
		rc = bp_err_set(err, BP_EINVAL, "--all is for \"costs reprice\"");
	}
	if (rc == BP_OK && limit && strcmp(limit, "max") != 0) {
		rc = bp_options_int(options, "token-limit", 1, TOKEN_LIMIT_MAX, 0,
				    &request->token_limit, err);
	}
	if (rc == BP_OK) {
		bool time = request->by >= BP_COSTS_HOUR && request->by <= BP_COSTS_MONTH;
		bool screen = cli->print.format == BP_FORMAT_TABLE && !time;
		int64_t rows = 0;
		rc = bp_options_int(options, "limit", 1, ROWS_MAX, screen ? SCREEN_ROWS : ROWS_MAX,
				    &rows, err);
		request->limit = (size_t)rows;
	}
	if (rc == BP_OK && (since || until)) {
		rc = bp_period_between(since, until, request->tz, cli->now_us, &request->period,
				       err);
	} else if (rc == BP_OK) {
		rc = bp_period_named(period ? period : "30d", request->tz, cli->now_us,
				     &request->period, err);
	}
	return rc;
}

static enum bp_rc take_filter(struct bp_costs_request *request, const struct bp_cli *cli,
			      struct bp_err *err)
{
	const char *id = bp_options_text(&cli->options, "session");
	struct bp_session session;
	enum bp_rc rc = bp_cli_filter(cli, request->sql, &request->filter, err);

	request->filter.model = bp_options_text(&cli->options, "model");
	if (rc == BP_OK && id) {
		rc = bp_session_find(request->sql, id, &session, err);
		request->filter.one_session = true;
		request->filter.conversation = session.conversation;
	}
	request->all = !request->filter.platform && !request->filter.model &&
		       request->filter.n_projects == 0 && !id;
	if (rc == BP_OK && request->blocks_wanted && !request->all) {
		return bp_err_set(err, BP_EINVAL,
				  "--blocks are of everything: they take no --platform, "
				  "--project, --model or --session");
	}
	return rc;
}

static enum bp_rc take_config(struct bp_costs_request *request, const struct bp_cli *cli,
			      struct bp_err *err)
{
	const char *compat = bp_options_text(&cli->options, "compat");
	enum bp_rc rc = bp_cli_config(&request->config, err);

	if (compat) {
		request->config.compat = strcmp(compat, bp_compat_names[BP_COMPAT_CCUSAGE]) == 0
						 ? BP_COMPAT_CCUSAGE
						 : BP_COMPAT_OURS;
	}
	request->compat = request->config.compat == BP_COMPAT_CCUSAGE;
	return rc;
}

/* --- asking --- */

static enum bp_rc ask_costs(struct bp_costs_request *request, const struct bp_cli *cli,
			    struct bp_err *err)
{
	struct bp_costs_question question = {.period = &request->period,
					     .filter = &request->filter,
					     .by = request->by,
					     .compat_ccusage = request->compat};
	enum bp_rc rc = bp_costs_collect(request->sql, &question, &request->costs, err);

	if (rc == BP_OK && cli->print.format == BP_FORMAT_TABLE && request->by != BP_COSTS_DAY) {
		question.by = BP_COSTS_DAY;
		rc = bp_costs_collect(request->sql, &question, &request->days, err);
	}
	return rc;
}

/* What stands around the table is of now, and of everything. */
static enum bp_rc ask_around(struct bp_costs_request *request, const struct bp_cli *cli,
			     struct bp_err *err)
{
	const struct bp_filter all = {0};
	struct bp_period now = {.from_us = cli->now_us - BP_BLOCK_US,
				.until_us = cli->now_us + 1,
				.tz = request->tz};
	char home[BP_HOME_PATH_BYTES];
	enum bp_rc rc = bp_home_path(home, sizeof(home), err);

	if (rc == BP_OK) {
		rc = bp_projection_collect(request->sql, request->tz, &all, request->compat,
					   cli->now_us, &request->projection, err);
	}
	if (rc == BP_OK) {
		request->budgets = bp_budgets_of(&request->config, &request->projection);
		rc = bp_limits_read(request->sql, home, cli->now_us, &request->limits, err);
	}
	if (rc == BP_OK) {
		rc = bp_blocks_collect(request->sql,
				       request->blocks_wanted ? &request->period : &now,
				       request->compat, cli->now_us, &request->blocks, err);
	}
	if (rc == BP_OK && bp_options_given(&cli->options, "token-limit") &&
	    request->token_limit == 0) {
		request->token_limit = request->blocks.most_tokens;
	}
	return rc;
}

static enum bp_rc ask(struct bp_costs_request *request, const struct bp_cli *cli,
		      struct bp_err *err)
{
	enum bp_rc rc = bp_query_begin(request->sql, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (!request->blocks_wanted) {
		rc = ask_costs(request, cli, err);
	}
	if (rc == BP_OK) {
		rc = ask_around(request, cli, err);
	}
	bp_query_end(request->sql);
	return rc;
}

/* --- answering --- */

static enum bp_rc print_json(const struct bp_costs_request *request, const struct bp_cli *cli,
			     struct bp_err *err)
{
	cJSON *json = cJSON_CreateObject();
	const struct bp_block *active = bp_blocks_active(&request->blocks);

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	(void)cJSON_AddItemToObject(json, "period", bp_period_json(&request->period));
	(void)cJSON_AddStringToObject(json, "compat", bp_compat_names[request->config.compat]);
	if (request->blocks_wanted) {
		struct bp_cost total = {0};
		for (size_t i = 0; i < request->blocks.n; i++) {
			bp_cost_join(&total, &request->blocks.items[i].cost);
		}
		bp_cost_add_json(cJSON_AddObjectToObject(json, "total"), &total);
		(void)cJSON_AddItemToObject(
			json, "blocks",
			bp_blocks_json(&request->blocks, cli->now_us, request->token_limit));
	} else {
		(void)cJSON_AddStringToObject(json, "by",
					      bp_costs_by_names[request->by - BP_COSTS_MODEL]);
		bp_costs_add_json(json, &request->costs);
	}
	if (request->token_limit > 0) {
		(void)cJSON_AddNumberToObject(json, "token_limit", (double)request->token_limit);
	}
	(void)cJSON_AddItemToObject(
		json, "active_block",
		active ? bp_block_json(active, cli->now_us, request->token_limit)
		       : cJSON_CreateNull());
	(void)cJSON_AddItemToObject(json, "month",
				    bp_projection_json(&request->projection, request->tz));
	(void)cJSON_AddItemToObject(json, "limits", bp_limits_json(&request->limits));
	(void)cJSON_AddItemToObject(json, "budget", bp_budgets_json(&request->budgets));
	return bp_print_json(json, err);
}

static int answer(struct bp_costs_request *request, const struct bp_cli *cli, struct bp_err *err)
{
	if (cli->print.format == BP_FORMAT_CHART) {
		return bp_costs_chart(request, cli, err) == BP_OK ? BP_EXIT_OK
								  : bp_cli_fail_err(cli, err);
	}
	if (cli->print.format == BP_FORMAT_JSON) {
		return print_json(request, cli, err) == BP_OK ? BP_EXIT_OK
							      : bp_cli_fail_err(cli, err);
	}
	bp_costs_show(request, cli);
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	struct bp_costs_request request = {0};
	struct bp_err err = {0};
	bool usage = true;

	if (cli->options.n_args > 0) {
		return bp_costs_reprice(cli);
	}
	enum bp_rc rc = take_words(&request, cli, &err);
	if (rc == BP_OK) {
		usage = false;
		rc = take_config(&request, cli, &err);
	}
	if (rc == BP_OK) {
		rc = bp_cli_open(&request.sql, &err);
	}
	if (rc == BP_OK) {
		rc = take_filter(&request, cli, &err);
		usage = rc == BP_EINVAL && request.blocks_wanted;
	}
	if (rc == BP_OK) {
		rc = ask(&request, cli, &err);
	}
	int code = rc == BP_OK ? answer(&request, cli, &err)
		   : usage     ? bp_cli_fail_usage(cli, "%s", err.msg)
			       : bp_cli_fail_err(cli, &err);
	bp_costs_done(&request.costs);
	bp_costs_done(&request.days);
	bp_blocks_done(&request.blocks);
	bp_sql_close(request.sql);
	bp_tz_free(request.tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "period",
	 .letter = 'p',
	 .value = "PERIOD",
	 .choices = bp_period_names,
	 .help = "1h, 24h, 7d, 30d (default), 90d or all"},
	BP_CLI_PERIOD_OPTIONS,
	{.name = "by",
	 .value = "WHAT",
	 .choices = bp_costs_by_names,
	 .help = "one row per day (default), model, project, session, agent, hour, week, month "
		 "or platform"},
	{.name = "limit",
	 .letter = 'n',
	 .value = "N",
	 .help = "show N rows, the dearest, the others as one; on a screen 40 unless they are "
		 "times"},
	{.name = "blocks", .help = "one row per 5-hour block (an estimate of the plan's windows)"},
	{.name = "token-limit",
	 .value = "N",
	 .help = "with --blocks: share of N tokens; max: of the largest block before"},
	BP_CLI_FILTER_OPTIONS,
	{.name = "model", .value = "NAME", .help = "only this model"},
	{.name = "session",
	 .letter = 's',
	 .value = "ID",
	 .help = "one session: id, prefix or last"},
	{.name = "compat",
	 .value = "RULES",
	 .choices = bp_compat_names,
	 .help = "whose rules: ours or ccusage (else as costs.compat says)"},
	{.name = "reported", .help = "show what the client itself reported beside it"},
	{.name = "all", .help = "with reprice: also what has the price of today"},
	{.name = NULL},
};

const struct bp_command bp_cmd_costs = {
	.name = "costs",
	.summary = "money and tokens, by day, model, project, session, block",
	.usage =
		"costs [-p PERIOD] [--by WHAT | --blocks | --format chart] | costs reprice [--all]",
	.help = "Show what was spent in a period (30 days). Every grouping has the same total. "
		"Calls of a model without\na price are shown with their tokens; streams that were "
		"cut are told apart. Limits of the plan are official\nwhere Claude Code's status "
		"line was told them, else there is the local 5-hour block.\n\n"
		"\"costs reprice\" computes the costs of recorded calls again, after prices "
		"changed. --format chart draws\ncost and tokens over time, by hour up to 48 hours, "
		"else by day.\n\n"
		"example: blueplane costs -p 7d --by model\n",
	.options = OPTIONS,
	.verbs = VERBS,
	.args_max = 1,
	.charts = true,
	.run = run,
};

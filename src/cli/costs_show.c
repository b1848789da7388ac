/* SPDX-License-Identifier: MIT */
/* What `costs` shows to people, as CSV and as Markdown. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/chart.h"
#include "cli/costs.h"
#include "cli/show.h"
#include "cli/text.h"
#include "query/span.h"

enum { SPARK_DAYS_MAX = 400, SPARK_WIDTH_MAX = 60, DAY_COLUMNS = 13 };

/* --- the table --- */

static void add_columns(struct bp_table *table, const char *title, bool exact, bool reported)
{
	bp_table_column(table, title, exact ? BP_LEFT : BP_SHRINK);
	bp_table_column(table, exact ? "model_calls" : "Calls", BP_RIGHT);
	bp_table_optional(table, 2);
	bp_table_column(table, exact ? "tokens_input" : "Input", BP_RIGHT);
	bp_table_optional(table, 3);
	bp_table_column(table, exact ? "tokens_output" : "Output", BP_RIGHT);
	bp_table_optional(table, 4);
	if (exact) {
		bp_table_column(table, "tokens_cache_write_5m", BP_RIGHT);
		bp_table_column(table, "tokens_cache_write_1h", BP_RIGHT);
	} else {
		bp_table_column(table, "Written", BP_RIGHT);
		bp_table_optional(table, 6);
	}
	bp_table_column(table, exact ? "tokens_cache_read" : "Cached", BP_RIGHT);
	bp_table_optional(table, 5);
	bp_table_column(table, exact ? "tokens_total" : "Tokens", BP_RIGHT);
	bp_table_column(table, exact ? "cost_usd" : "Cost", BP_RIGHT);
	if (exact || reported) {
		bp_table_column(table, exact ? "reported_usd" : "Reported", BP_RIGHT);
	}
	if (exact) {
		bp_table_column(table, "unpriced_calls", BP_RIGHT);
		bp_table_column(table, "aborted_cost_usd", BP_RIGHT);
	}
}

static void add_count(struct bp_table *table, int64_t n, bool exact)
{
	char text[BP_SHOW_BYTES];

	bp_show_count(text, (double)n, exact);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
}

static void add_usd(struct bp_table *table, int64_t pusd, bool exact)
{
	char text[BP_SHOW_BYTES];

	bp_show_usd(text, pusd, exact);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
}

static void add_cost(struct bp_table *table, const struct bp_cost *cost, bool exact, bool reported)
{
	const struct bp_tokens *tokens = &cost->tokens;
	char text[BP_SHOW_BYTES];

	add_count(table, cost->model_calls, exact);
	add_count(table, tokens->input, exact);
	add_count(table, tokens->output, exact);
	if (exact) {
		add_count(table, tokens->cache_write_5m, exact);
		add_count(table, tokens->cache_write_1h, exact);
	} else {
		add_count(table, tokens->cache_write_5m + tokens->cache_write_1h, exact);
	}
	add_count(table, tokens->cache_read, exact);
	add_count(table, bp_tokens_total(tokens), exact);
	if (bp_cost_unknown(cost)) {
		bp_table_cell(table, BP_PAINT_WARN, "%s", exact ? "" : "no price");
	} else {
		bp_show_usd(text, cost->cost_pusd, exact);
		/* The mark says that there is more than this. */
		bool more = !exact && cost->unpriced_calls > 0;
		bp_table_cell(table, more ? BP_PAINT_WARN : BP_PAINT_NONE, "%s%s", text,
			      more ? "+" : "");
	}
	if ((exact || reported) && cost->reported_calls == 0) {
		bp_table_cell(table, BP_PAINT_DIM, "%s", exact ? "" : "-");
	} else if (exact || reported) {
		add_usd(table, cost->reported_pusd, exact);
	}
	if (exact) {
		add_count(table, cost->unpriced_calls, exact);
		add_usd(table, cost->aborted_cost_pusd, exact);
	}
}

/* "claude-opus-4-5-20251101" is known without its date. */
static void add_models(struct bp_table *table, const char *models, bool exact)
{
	char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (const char *at = models; *at && len + 2 < sizeof(text);) {
		size_t n = strcspn(at, "\n"), shown = n;
		if (!exact && n > 9 && at[n - 9] == '-' && strspn(at + n - 8, "0123456789") >= 8) {
			shown = n - 9;
		}
		if (!exact && shown > 7 && strncmp(at, "claude-", 7) == 0) {
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s",
						len ? ", " : "", (int)(shown - 7), at + 7);
		} else {
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s",
						len ? exact ? " " : ", " : "", (int)shown, at);
		}
		at += n + (at[n] != '\0');
	}
	bp_table_cell(table, BP_PAINT_DIM, "%s", text);
}

static const char *title_of(enum bp_costs_by by, bool exact)
{
	static const char *const titles[] = {"Model", "Project", "Session", "Agent",   "Hour",
					     "Day",   "Week",    "Month",   "Platform"};
	return exact ? bp_costs_by_names[by - BP_COSTS_MODEL] : titles[by - BP_COSTS_MODEL];
}

static bool shows_reported(const struct bp_costs_request *request, const struct bp_cost *total)
{
	return request->reported ||
	       (total->reported_calls > 0 && total->reported_calls == total->model_calls &&
		total->reported_pusd != total->cost_pusd);
}

/* What is not shown is in the total all the same. */
static void add_others(struct bp_table *table, const struct bp_costs_request *request, size_t shown,
		       bool exact, bool reported)
{
	struct bp_cost others = {0};

	for (size_t i = shown; i < request->costs.n; i++) {
		bp_cost_join(&others, &request->costs.rows[i].cost);
	}
	bp_table_row(table);
	bp_table_cell(table, BP_PAINT_DIM, "%s others",
		      bp_text_count((int64_t)(request->costs.n - shown)).text);
	add_cost(table, &others, exact, reported);
}

static void print_rows(const struct bp_costs_request *request, const struct bp_cli *cli)
{
	bool exact = cli->print.format != BP_FORMAT_TABLE;
	bool models = request->by != BP_COSTS_MODEL;
	bool reported = shows_reported(request, &request->costs.total);
	size_t shown = request->costs.n < request->limit ? request->costs.n : request->limit;
	struct bp_table *table = bp_table_new();

	add_columns(table, title_of(request->by, exact), exact, reported);
	if (models) {
		bp_table_column(table, exact ? "models" : "Models", BP_LEFT);
		bp_table_optional(table, 7);
	}
	for (size_t i = 0; i < shown; i++) {
		const struct bp_cost_row *row = &request->costs.rows[i];
		bool key = exact && request->by != BP_COSTS_PROJECT;
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", key ? row->key : row->label);
		add_cost(table, &row->cost, exact, reported);
		if (models) {
			add_models(table, row->models, exact);
		}
	}
	if (shown < request->costs.n) {
		add_others(table, request, shown, exact, reported);
	}
	if (!exact) { /* a program adds up itself, and must not add this */
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "Total");
		add_cost(table, &request->costs.total, exact, reported);
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

/* --- blocks --- */

static void add_block(struct bp_table *table, const struct bp_costs_request *request,
		      const struct bp_block *block, bool exact, bool reported)
{
	char from[BP_SHOW_BYTES], until[BP_SHOW_BYTES];

	bp_show_time(from, request->tz, block->from_us);
	bp_show_time(until, request->tz, block->until_us);
	bp_table_row(table);
	bp_table_cell(table, block->gap ? BP_PAINT_DIM : BP_PAINT_NONE, exact ? "%s" : "%s-%s",
		      from, until + 11);
	if (exact) {
		bp_table_cell(table, BP_PAINT_NONE, "%s", until);
	}
	bp_table_cell(table,
		      block->active ? BP_PAINT_GOOD
		      : block->gap  ? BP_PAINT_DIM
				    : BP_PAINT_NONE,
		      "%s",
		      block->active ? "active"
		      : block->gap  ? "gap"
		      : exact       ? "over"
				    : "");
	if (block->gap) {
		return;
	}
	add_cost(table, &block->cost, exact, reported);
	if (request->token_limit > 0) {
		double share =
			(double)bp_tokens_total(&block->cost.tokens) / (double)request->token_limit;
		bp_table_cell(table,
			      share >= 1     ? BP_PAINT_BAD
			      : share >= 0.8 ? BP_PAINT_WARN
					     : BP_PAINT_NONE,
			      exact ? "%.6g" : "%.1f %%", exact ? share : 100 * share);
	}
	add_models(table, block->models, exact);
}

static void print_blocks(const struct bp_costs_request *request, const struct bp_cli *cli)
{
	bool exact = cli->print.format != BP_FORMAT_TABLE;
	struct bp_cost total = {0};
	struct bp_table *table = bp_table_new();

	for (size_t i = 0; i < request->blocks.n; i++) {
		bp_cost_join(&total, &request->blocks.items[i].cost);
	}
	bool reported = shows_reported(request, &total);
	bp_table_column(table, exact ? "started_at" : "Block", BP_LEFT);
	if (exact) {
		bp_table_column(table, "ends_at", BP_LEFT);
	}
	/* A column with the title of the first of a cost's: the state stands before them. */
	add_columns(table, exact ? "state" : "State", exact, reported);
	if (request->token_limit > 0) {
		bp_table_column(table, exact ? "token_limit_share" : "Of limit", BP_RIGHT);
	}
	bp_table_column(table, exact ? "models" : "Models", BP_LEFT);
	bp_table_optional(table, 7);
	for (size_t i = 0; i < request->blocks.n; i++) {
		add_block(table, request, &request->blocks.items[i], exact, reported);
	}
	if (!exact) {
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "Total");
		bp_table_cell(table, BP_PAINT_NONE, "%s", "");
		add_cost(table, &total, exact, reported);
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

/* --- the lines around it --- */

/* One value per day of the rows' span, days without a row are 0. */
static size_t spark_days(const struct bp_costs_request *request, const struct bp_costs *days,
			 double values[SPARK_DAYS_MAX])
{
	size_t n = 0;
	int64_t at = days->rows[0].start_us;

	for (size_t i = 0; i < days->n && n < SPARK_DAYS_MAX; n++) {
		bool there = days->rows[i].start_us <= at;
		values[n] = there ? (double)days->rows[i].cost.cost_pusd : 0;
		i += there;
		at = bp_span_of(request->tz, BP_SPAN_DAY, at).until_us;
	}
	return n;
}

static void print_header(const struct bp_costs_request *request, const struct bp_cli *cli)
{
	char from[BP_SHOW_BYTES], until[BP_SHOW_BYTES];
	const struct bp_period *period = &request->period;
	const struct bp_costs *days =
		request->by == BP_COSTS_DAY ? &request->costs : &request->days;
	double values[SPARK_DAYS_MAX];
	struct bp_buf spark;

	bp_show_time(from, request->tz, period->from_us);
	bp_show_time(until, request->tz, period->until_us);
	bp_buf_init(&spark, 1024);
	if (!request->blocks_wanted && days->n > 1) {
		struct bp_series series = {values, spark_days(request, days, values)};
		int width = series.n < SPARK_WIDTH_MAX ? (int)series.n : SPARK_WIDTH_MAX;
		/* What stands before it takes some 43 columns. */
		int room = cli->print.width ? cli->print.width - 46 : SPARK_WIDTH_MAX;
		width = width < room ? width : room;
		bp_buf_add_str(&spark, BP_STR("  "));
		bp_chart_sparkline(&spark, series, width > 8 ? width : 8, cli->print.utf8);
	}
	bool ever = period->from_us == BP_TIME_FIRST && period->until_us == BP_TIME_LAST;
	const char *before = spark.ptr ? spark.ptr : "";
	if (ever) {
		bp_print_title(&cli->print, "All time (%s)%s", bp_tz_name(request->tz), before);
	} else {
		bp_print_title(&cli->print, "%s to %s (%s)%s",
			       period->from_us == BP_TIME_FIRST ? "the beginning" : from,
			       period->until_us == BP_TIME_LAST ? "now" : until,
			       bp_tz_name(request->tz), before);
	}
	bp_buf_done(&spark);
}

/* Who reads a day among whole days takes it for one. */
static void print_cut(const struct bp_cli *cli, const struct bp_costs_request *request)
{
	bool times = request->by >= BP_COSTS_DAY && request->by <= BP_COSTS_MONTH;
	char from[BP_SHOW_BYTES];

	if (!times || request->blocks_wanted || request->costs.n == 0 ||
	    request->costs.rows[0].start_us >= request->period.from_us) {
		return;
	}
	bp_show_time(from, request->tz, request->period.from_us);
	bp_print_field(&cli->print, BP_PAINT_DIM, DAY_COLUMNS, "first row",
		       "from %s on, as the period is: --since %.10s has whole days", from, from);
}

static void print_unpriced(const struct bp_cli *cli, const struct bp_costs_request *request,
			   const struct bp_cost *total)
{
	char usd[BP_SHOW_BYTES];

	if (total->unpriced_calls > 0) {
		bp_print_field(&cli->print, BP_PAINT_WARN, DAY_COLUMNS, "no price",
			       "%s, not in these sums: \"blueplane costs --by model\" names the "
			       "models; set costs.prices (\"blueplane config list\"), then "
			       "\"blueplane costs reprice\"",
			       bp_text_of(total->unpriced_calls, "call").text);
	}
	if (total->aborted_cost_pusd > 0) {
		bp_show_usd(usd, total->aborted_cost_pusd, false);
		bp_print_field(&cli->print, BP_PAINT_NONE, DAY_COLUMNS, "cut short",
			       "%s more for streams that were cut, not in these sums", usd);
	}
	if (request->compat) {
		bp_print_field(&cli->print, BP_PAINT_NONE, DAY_COLUMNS, "rules",
			       "as ccusage computes (costs.compat)");
	}
}

static void print_block_line(const struct bp_cli *cli, const struct bp_costs_request *request)
{
	const struct bp_block *block = bp_blocks_active(&request->blocks);
	char until[BP_SHOW_BYTES], usd[BP_SHOW_BYTES], rate[BP_SHOW_BYTES], end[BP_SHOW_BYTES],
		tokens[BP_SHOW_BYTES];
	struct bp_burn burn;

	if (!block) {
		return;
	}
	bp_show_time(until, request->tz, block->until_us);
	bp_show_usd(usd, block->cost.cost_pusd, false);
	struct bp_text left = bp_text_span((double)(block->until_us - cli->now_us) / 1e6);
	if (!bp_block_burn(block, cli->now_us, &burn)) {
		bp_print_field(&cli->print, BP_PAINT_NONE, DAY_COLUMNS, "5-hour block",
			       "%s until %s (%s left), an estimate", usd, until + 11, left.text);
		return;
	}
	bp_show_usd(rate, (int64_t)(burn.usd_per_h * 1e12), false);
	bp_show_usd(end, (int64_t)(burn.projected_usd * 1e12), false);
	bp_show_count(tokens, burn.tokens_per_min, false);
	bp_print_field(
		&cli->print, BP_PAINT_NONE, DAY_COLUMNS, "5-hour block",
		"%s, burning %s an hour and %s tokens a minute: about %s at %s (%s left), an "
		"estimate",
		usd, rate, tokens, end, until + 11, left.text);
}

static void print_limits(const struct bp_cli *cli, const struct bp_costs_request *request)
{
	char resets[BP_SHOW_BYTES];

	for (size_t i = 0; i < request->limits.n; i++) {
		const struct bp_limit *limit = &request->limits.items[i];
		bool five = strcmp(limit->window, "five_hour") == 0;
		bool seven = strcmp(limit->window, "seven_day") == 0;
		bp_show_time(resets, request->tz, limit->resets_us);
		bp_print_field(&cli->print,
			       limit->used_percent >= 100  ? BP_PAINT_BAD
			       : limit->used_percent >= 80 ? BP_PAINT_WARN
							   : BP_PAINT_NONE,
			       DAY_COLUMNS,
			       five    ? "5 h limit"
			       : seven ? "7 d limit"
				       : "limit",
			       "%s%s%.0f %% used, official%s%s", five || seven ? "" : limit->window,
			       five || seven ? "" : ": ", limit->used_percent,
			       limit->resets_us == BP_SQL_NULL ? "" : "; anew at ",
			       limit->resets_us == BP_SQL_NULL ? "" : resets);
	}
}

static void print_month(const struct bp_cli *cli, const struct bp_costs_request *request)
{
	const struct bp_projection *month = &request->projection;
	char so_far[BP_SHOW_BYTES], end[BP_SHOW_BYTES], mean[BP_SHOW_BYTES];

	if (month->month_pusd == 0 && month->basis_pusd == 0) {
		return;
	}
	bp_show_usd(so_far, month->month_pusd, false);
	if (month->basis_days == 0) {
		bp_print_field(&cli->print, BP_PAINT_NONE, DAY_COLUMNS, "this month", "%s so far",
			       so_far);
		return;
	}
	bp_show_usd(end, month->projected_pusd, false);
	bp_show_usd(mean, month->basis_pusd / month->basis_days, false);
	bp_print_field(&cli->print, BP_PAINT_NONE, DAY_COLUMNS, "this month",
		       "%s so far, about %s at its end: the last %s at %s a day, %.1f days left",
		       so_far, end, bp_text_of(month->basis_days, "day").text, mean,
		       month->days_left);
}

void bp_costs_show(const struct bp_costs_request *request, const struct bp_cli *cli)
{
	bool table = cli->print.format == BP_FORMAT_TABLE;
	const struct bp_cost *total = &request->costs.total;

	if (table) {
		print_header(request, cli);
	}
	if (table && (request->blocks_wanted ? request->blocks.n == 0 : request->costs.n == 0)) {
		bp_print_line(&cli->print,
			      "Nothing was spent in this period: try \"blueplane costs "
			      "-p all\".");
	} else if (request->blocks_wanted) {
		print_blocks(request, cli);
	} else {
		print_rows(request, cli);
	}
	if (table) {
		print_cut(cli, request);
		print_unpriced(cli, request, total);
		print_block_line(cli, request);
		print_limits(cli, request);
		print_month(cli, request);
		bp_show_budgets(&cli->print, &request->budgets);
	}
}

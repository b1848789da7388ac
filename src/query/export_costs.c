/* SPDX-License-Identifier: MIT */
/*
 * Money and tokens by platform, day and model: costs.h is asked here as `costs` asks it, so that
 * both have the same totals. Held is a list of days and the models of one of them.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "query/costs.h"
#include "query/export_days.h"

static const struct bp_export_column COLUMNS[] = {
	{"date", BP_EXPORT_TEXT},
	{"platform", BP_EXPORT_TEXT},
	{"model", BP_EXPORT_TEXT},
	{"model_calls", BP_EXPORT_INT},
	{"unpriced_calls", BP_EXPORT_INT},
	{"cost_usd", BP_EXPORT_USD},
	{"reported_cost_usd", BP_EXPORT_USD},
	{"aborted_cost_usd", BP_EXPORT_USD},
	{"tokens_input", BP_EXPORT_INT},
	{"tokens_output", BP_EXPORT_INT},
	{"tokens_cache_write_5m", BP_EXPORT_INT},
	{"tokens_cache_write_1h", BP_EXPORT_INT},
	{"tokens_cache_read", BP_EXPORT_INT},
	{"tokens_reasoning", BP_EXPORT_INT},
	{"tokens_total", BP_EXPORT_INT},
	{"aborted_tokens_total", BP_EXPORT_INT},
	{"web_searches", BP_EXPORT_INT},
};
enum { N_COLUMNS = sizeof(COLUMNS) / sizeof(COLUMNS[0]) };

struct costs {
	struct bp_export export;
	struct bp_export_platforms platforms;
	struct bp_costs days;   /* of the present platform */
	struct bp_costs models; /* of the present day */
	size_t day, model;      /* the next of each */
};

static enum bp_rc ask(const struct costs *costs, struct bp_sql *sql, const struct bp_period *period,
		      enum bp_costs_by by, struct bp_costs *out, struct bp_err *err)
{
	const struct bp_costs_question question = {
		.period = period,
		.filter = &costs->platforms.filter,
		.by = by,
		.compat_ccusage = costs->platforms.question->compat_ccusage};

	bp_costs_done(out);
	*out = (struct bp_costs){0};
	return bp_costs_collect(sql, &question, out, err);
}

static enum bp_rc open_costs(const struct bp_export_question *question, struct bp_sql *sql,
			     struct bp_export **out, struct bp_err *err)
{
	struct costs *costs = bp_calloc(1, sizeof(*costs));

	costs->export.columns = COLUMNS;
	costs->export.n_columns = N_COLUMNS;
	*out = &costs->export;
	return bp_export_platforms_init(&costs->platforms, question, sql, err);
}

static void fill(struct bp_export_value *value, const struct costs *costs)
{
	const struct bp_cost_row *row = &costs->models.rows[costs->model];
	const struct bp_cost *cost = &row->cost;
	const struct bp_tokens *tokens = &cost->tokens;

	*value++ = bp_export_text(bp_str_from(costs->days.rows[costs->day - 1].key));
	*value++ = bp_export_text(bp_str_from(costs->platforms.filter.platform));
	*value++ = bp_export_text(bp_str_from(row->key));
	*value++ = bp_export_int(cost->model_calls);
	*value++ = bp_export_int(cost->unpriced_calls);
	/* As `costs` has it: not known when no call has a price. */
	*value++ = bp_export_int(cost->model_calls > 0 && cost->unpriced_calls == cost->model_calls
					 ? BP_SQL_NULL
					 : cost->cost_pusd);
	*value++ = bp_export_int(cost->reported_pusd);
	*value++ = bp_export_int(cost->aborted_cost_pusd);
	*value++ = bp_export_int(tokens->input);
	*value++ = bp_export_int(tokens->output);
	*value++ = bp_export_int(tokens->cache_write_5m);
	*value++ = bp_export_int(tokens->cache_write_1h);
	*value++ = bp_export_int(tokens->cache_read);
	*value++ = bp_export_int(tokens->reasoning);
	*value++ = bp_export_int(bp_tokens_total(tokens));
	*value++ = bp_export_int(bp_tokens_total(&cost->aborted_tokens));
	*value = bp_export_int(cost->web_searches);
}

/* The next day that has calls; platform after platform. Errors: BP_ENOTFOUND no more. */
static enum bp_rc next_day(struct costs *costs, struct bp_sql *sql, struct bp_err *err)
{
	const struct bp_period *whole = costs->platforms.question->period;
	enum bp_rc rc = BP_OK;

	while (rc == BP_OK && costs->day == costs->days.n) {
		if (!bp_export_platforms_next(&costs->platforms)) {
			return BP_ENOTFOUND;
		}
		costs->day = 0;
		rc = ask(costs, sql, whole, BP_COSTS_DAY, &costs->days, err);
	}
	if (rc == BP_OK) {
		struct bp_period day =
			bp_export_day(whole, costs->days.rows[costs->day++].start_us);
		costs->model = 0;
		rc = ask(costs, sql, &day, BP_COSTS_MODEL, &costs->models, err);
	}
	return rc;
}

static enum bp_rc next(struct bp_export *export, struct bp_err *err)
{
	struct costs *costs = (struct costs *)export;

	while (costs->model == costs->models.n) {
		enum bp_rc rc = next_day(costs, export->sql, err);
		if (rc != BP_OK) {
			return rc;
		}
	}
	fill(export->values, costs);
	costs->model++;
	return BP_OK;
}

static void done(struct bp_export *export)
{
	struct costs *costs = (struct costs *)export;

	bp_costs_done(&costs->days);
	bp_costs_done(&costs->models);
	bp_export_platforms_done(&costs->platforms);
	free(costs);
}

const struct bp_export_dataset bp_export_costs = {.name = "costs",
						  .filters =
							  BP_EXPORT_BY_OWNER | BP_EXPORT_BY_MODEL,
						  .open = open_costs,
						  .next = next,
						  .close = done};

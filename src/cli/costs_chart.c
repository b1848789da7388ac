/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/chart_show.h"
#include "cli/costs.h"
#include "cli/show.h"

enum { TITLE_BYTES = 128 };

/* The steps of the period; an open end is where the data ends. */
static void make_steps(const struct bp_costs_request *request, struct bp_steps *steps)
{
	const struct bp_costs *costs = &request->costs;
	int64_t from_us = request->period.from_us, until_us = request->period.until_us;

	if (from_us == BP_TIME_FIRST) {
		from_us = costs->rows[0].start_us;
	}
	if (until_us == BP_TIME_LAST) {
		until_us = costs->rows[costs->n - 1].start_us + 1;
	}
	bp_steps_make(steps, request->tz, from_us, until_us);
}

static double dollars_of(const struct bp_cost *cost)
{
	return (double)cost->cost_pusd / 1e12;
}

static double tokens_of(const struct bp_cost *cost)
{
	return (double)bp_tokens_total(&cost->tokens);
}

static void draw(const struct bp_costs_request *request, const struct bp_cli *cli,
		 const struct bp_steps *steps, const char *label, enum bp_unit unit,
		 double (*of)(const struct bp_cost *cost))
{
	const struct bp_metric metric = {.unit = unit};
	double *values = bp_calloc(steps->n, sizeof(values[0]));
	char title[TITLE_BYTES], total[BP_SHOW_BYTES];

	for (size_t i = 0; i < request->costs.n; i++) {
		const struct bp_cost_row *row = &request->costs.rows[i];
		values[bp_steps_find(steps, row->start_us)] += of(&row->cost);
	}
	bp_show_metric(total, &metric, of(&request->costs.total), false);
	(void)snprintf(title, sizeof(title), "%s by %s: %s", label, steps->hours ? "hour" : "day",
		       total);
	bp_show_chart(&cli->print, title, steps, values, unit);
	free(values);
}

enum bp_rc bp_costs_chart(struct bp_costs_request *request, const struct bp_cli *cli,
			  struct bp_err *err)
{
	struct bp_costs_question by_hour = {.period = &request->period,
					    .filter = &request->filter,
					    .by = BP_COSTS_HOUR,
					    .compat_ccusage = request->compat};
	struct bp_steps steps = {0};
	enum bp_rc rc = BP_OK;

	if (request->costs.n == 0) {
		bp_print_line(&cli->print, "Nothing was spent in this period.");
		return BP_OK;
	}
	make_steps(request, &steps);
	if (steps.hours) {
		bp_costs_done(&request->costs);
		rc = bp_costs_read(request->sql, &by_hour, &request->costs, err);
	}
	if (rc == BP_OK && request->costs.n > 0) {
		draw(request, cli, &steps, "Cost", BP_UNIT_USD, dollars_of);
		draw(request, cli, &steps, "Tokens", BP_UNIT_COUNT, tokens_of);
	}
	bp_steps_done(&steps);
	return rc;
}

/* SPDX-License-Identifier: MIT */
#include "cli/metrics_chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/chart_show.h"
#include "cli/show.h"

/* Most wanted first. */
static const char *const WANTED[] = {"cost_usd",    "tokens_total",    "active_time_s",
				     "prompts",     "tool_calls",      "acceptance_rate",
				     "lines_added", "tool_error_rate", "tool_latency_p50_ms",
				     NULL};

struct drawing {
	const struct bp_cli *cli;
	struct bp_groups groups; /* by hour or day */
	const struct bp_totals *whole;
	struct bp_steps steps;
	double *values;
};

static enum bp_rc read_by(struct bp_sql *sql, const struct bp_totals_question *question,
			  enum bp_group_by by, struct bp_groups *out, struct bp_err *err)
{
	struct bp_totals_question by_time = *question;

	by_time.by = by;
	bp_groups_done(out);
	return bp_totals_read(sql, &by_time, out, err);
}

/* An open end is where the data ends. */
static void make_steps(struct drawing *drawing, const struct bp_period *period)
{
	const struct bp_groups *groups = &drawing->groups;
	int64_t from_us = period->from_us, until_us = period->until_us;

	if (from_us == BP_TIME_FIRST) {
		from_us = groups->items[0]->start_us;
	}
	if (until_us == BP_TIME_LAST) {
		until_us = groups->items[groups->n - 1]->start_us + 1;
	}
	bp_steps_done(&drawing->steps);
	bp_steps_make(&drawing->steps, period->tz, from_us, until_us);
}

static enum bp_rc read_all(struct drawing *drawing, struct bp_sql *sql,
			   const struct bp_totals_question *question, struct bp_err *err)
{
	enum bp_rc rc = read_by(sql, question, BP_GROUP_DAY, &drawing->groups, err);

	if (rc != BP_OK || drawing->groups.n == 0) {
		return rc;
	}
	make_steps(drawing, question->period);
	if (drawing->steps.hours) {
		rc = read_by(sql, question, BP_GROUP_HOUR, &drawing->groups, err);
		make_steps(drawing, question->period);
	}
	return rc;
}

static void draw(const struct drawing *drawing, const struct bp_metric *metric)
{
	/* An hour in which nothing happened: no calls, and no rate of none. */
	const struct bp_totals nothing = {.whole = true, .productivity = (double)NAN};
	char title[128], value[BP_SHOW_BYTES];
	bool known = false;

	for (size_t i = 0; i < drawing->steps.n; i++) {
		drawing->values[i] = metric->value(&nothing);
	}
	for (size_t i = 0; i < drawing->groups.n; i++) {
		const struct bp_group *group = drawing->groups.items[i];
		double there = metric->value(&group->totals);
		drawing->values[bp_steps_find(&drawing->steps, group->start_us)] = there;
		known = known || !isnan(there);
	}
	if (!known) {
		return;
	}
	bp_show_metric(value, metric, metric->value(drawing->whole), false);
	(void)snprintf(title, sizeof(title), "%s by %s: %s",
		       metric->label + strspn(metric->label, " "),
		       drawing->steps.hours ? "hour" : "day", value);
	bp_show_chart(&drawing->cli->print, title, &drawing->steps, drawing->values, metric->unit);
}

enum bp_rc bp_metrics_chart(const struct bp_cli *cli, struct bp_sql *sql,
			    const struct bp_totals_question *question,
			    const struct bp_totals *whole, bool all, struct bp_err *err)
{
	struct drawing drawing = {.cli = cli, .whole = whole};
	enum bp_rc rc = read_all(&drawing, sql, question, err);

	if (rc == BP_OK && drawing.groups.n > 0) {
		drawing.values = bp_calloc(drawing.steps.n, sizeof(drawing.values[0]));
		for (const char *const *name = WANTED; !all && *name; name++) {
			draw(&drawing, bp_metric_find(*name));
		}
		for (const struct bp_metric *metric = bp_metrics; all && metric->name; metric++) {
			draw(&drawing, metric);
		}
	}
	free(drawing.values);
	bp_steps_done(&drawing.steps);
	bp_groups_done(&drawing.groups);
	return rc;
}

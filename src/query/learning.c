/* SPDX-License-Identifier: MIT */
#include "query/learning.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/sequences.h"

#define DAY_US INT64_C(86400000000)
#define WEEK_US (7 * DAY_US)

double bp_learning_slope(const double *x, const double *y, size_t n)
{
	double mean_x = 0, mean_y = 0, above = 0, below = 0;

	for (size_t i = 0; i < n; i++) {
		mean_x += x[i] / (double)n;
		mean_y += y[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		above += (x[i] - mean_x) * (y[i] - mean_y);
		below += (x[i] - mean_x) * (x[i] - mean_x);
	}
	return below > 0 ? above / below : (double)NAN;
}

/* --- days --- */

struct day {
	int64_t start_us;
	int64_t executed, errors;
};

struct moment {
	int64_t ts_us;
	bool error;
};

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	return (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us);
}

/* Executed calls by day of the zone. Owns: the caller, free(). */
static struct day *days_of(const struct bp_tool_steps *steps, const struct bp_tz *tz, size_t *n)
{
	struct moment *moments = bp_calloc(steps->n + 1, sizeof(*moments));
	size_t n_moments = 0;

	for (size_t i = 0; i < steps->n; i++) {
		if (bp_outcome_executed(steps->items[i].outcome)) {
			moments[n_moments++] = (struct moment){
				steps->items[i].ts_us, steps->items[i].outcome == BP_OUTCOME_ERROR};
		}
	}
	qsort(moments, n_moments, sizeof(*moments), by_time);
	struct day *days = bp_calloc(n_moments + 1, sizeof(*days));
	int64_t next_us = INT64_MIN; /* the end of the last day, or earlier: asked again then */
	*n = 0;
	for (size_t i = 0; i < n_moments; i++) {
		if (moments[i].ts_us >= next_us) {
			int64_t start = bp_tz_day_start(tz, moments[i].ts_us);
			if (*n == 0 || days[*n - 1].start_us != start) {
				days[(*n)++] = (struct day){.start_us = start};
			}
			next_us = moments[i].ts_us - moments[i].ts_us % (DAY_US / 96) + DAY_US / 96;
		}
		days[*n - 1].executed++;
		days[*n - 1].errors += moments[i].error;
	}
	free(moments);
	return days;
}

static double slope_of(const struct day *days, size_t n)
{
	double *x = bp_calloc(n + 1, sizeof(*x)), *y = bp_calloc(n + 1, sizeof(*y));

	for (size_t i = 0; i < n; i++) {
		/* Half a day more, so that a day of 23 or 25 hours is still one. */
		x[i] = (double)((days[i].start_us - days[0].start_us + DAY_US / 2) / DAY_US);
		y[i] = (double)days[i].errors / (double)days[i].executed;
	}
	double slope = n < BP_LEARNING_DAYS_MIN ? (double)NAN : bp_learning_slope(x, y, n);
	free(x);
	free(y);
	return slope;
}

/* --- weeks --- */

static int by_calls(const void *a, const void *b)
{
	const struct bp_learning_tool *x = a, *y = b;
	int order = (x->now_calls < y->now_calls) - (x->now_calls > y->now_calls);

	return order ? order : strcmp(x->tool, y->tool);
}

static void compare_tools(const struct bp_tool_steps *steps, int64_t until_us,
			  struct bp_learning *learning)
{
	struct bp_learning_tool *tools = bp_calloc(steps->n_names + 1, sizeof(*tools));
	size_t n = 0;

	for (size_t i = 0; i < steps->n; i++) {
		const struct bp_tool_step *step = &steps->items[i];
		struct bp_learning_tool *tool = &tools[step->tool];
		bool error = step->outcome == BP_OUTCOME_ERROR;
		if (!bp_outcome_executed(step->outcome) || step->ts_us >= until_us ||
		    step->ts_us < until_us - 2 * WEEK_US) {
			continue;
		}
		bool now = step->ts_us >= until_us - WEEK_US;
		tool->now_calls += now;
		tool->now_errors += now && error;
		tool->before_calls += !now;
		tool->before_errors += !now && error;
	}
	for (size_t i = 0; i < steps->n_names; i++) {
		if (tools[i].now_calls > 0 && tools[i].before_calls > 0) {
			tools[n] = tools[i];
			tools[n++].tool = steps->names[i];
		}
	}
	qsort(tools, n, sizeof(*tools), by_calls);
	learning->tools = tools;
	learning->n_tools = n;
}

struct bp_learning bp_learning_of(const struct bp_tool_steps *steps, const struct bp_tz *tz,
				  int64_t until_us)
{
	struct bp_learning learning = {.score_before = (double)NAN,
				       .score_now = (double)NAN,
				       .latency_before_ms = (double)NAN,
				       .latency_now_ms = (double)NAN};
	struct day *days = days_of(steps, tz, &learning.days);
	struct bp_sequences before =
		bp_sequences_of(steps, until_us - 2 * WEEK_US, until_us - WEEK_US);
	struct bp_sequences now = bp_sequences_of(steps, until_us - WEEK_US, until_us);

	learning.error_slope = slope_of(days, learning.days);
	learning.similarity = bp_sequences_cosine(&before, &now);
	compare_tools(steps, until_us, &learning);
	bp_sequences_done(&before);
	bp_sequences_done(&now);
	free(days);
	return learning;
}

static enum bp_rc read_week(struct bp_sql *sql, const struct bp_scope *scope, int64_t until_us,
			    double *score, double *latency_ms, struct bp_err *err)
{
	struct bp_period week = *scope->period;
	struct bp_groups groups = {0};
	struct bp_totals_question question = {
		.period = &week, .filter = scope->filter, .as_of_us = scope->as_of_us};

	week.from_us = until_us - WEEK_US;
	week.until_us = until_us;
	enum bp_rc rc = bp_totals_collect(sql, &question, &groups, err);
	if (rc == BP_OK) {
		const struct bp_totals *totals = &groups.items[0]->totals;
		*score = totals->productivity;
		*latency_ms = bp_sketch_quantile(&totals->tool_latency, 0.5) / 1000;
	}
	bp_groups_done(&groups);
	return rc;
}

enum bp_rc bp_learning_totals(struct bp_sql *sql, const struct bp_scope *scope, int64_t until_us,
			      struct bp_learning *learning, struct bp_err *err)
{
	enum bp_rc rc = read_week(sql, scope, until_us, &learning->score_now,
				  &learning->latency_now_ms, err);

	return rc == BP_OK ? read_week(sql, scope, until_us - WEEK_US, &learning->score_before,
				       &learning->latency_before_ms, err)
			   : rc;
}

void bp_learning_done(struct bp_learning *learning)
{
	free(learning->tools);
	*learning = (struct bp_learning){0};
}

/* --- JSON --- */

static void add_real(cJSON *json, const char *name, double value)
{
	(void)cJSON_AddItemToObject(json, name,
				    isnan(value) ? cJSON_CreateNull() : cJSON_CreateNumber(value));
}

static void add_pair(cJSON *json, const char *name, double before, double now)
{
	cJSON *pair = cJSON_AddObjectToObject(json, name);

	add_real(pair, "before", before);
	add_real(pair, "now", now);
	add_real(pair, "change", now - before);
}

struct cJSON *bp_learning_json(const struct bp_learning *learning)
{
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "days", (double)learning->days);
	add_real(json, "error_slope_per_day", learning->error_slope);
	add_pair(json, "productivity_score", learning->score_before, learning->score_now);
	add_pair(json, "tool_latency_p50_ms", learning->latency_before_ms,
		 learning->latency_now_ms);
	add_real(json, "sequence_similarity", learning->similarity);
	cJSON *tools = cJSON_AddArrayToObject(json, "tools");
	for (size_t i = 0; i < learning->n_tools; i++) {
		const struct bp_learning_tool *tool = &learning->tools[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "tool", tool->tool);
		add_pair(item, "error_rate",
			 (double)tool->before_errors / (double)tool->before_calls,
			 (double)tool->now_errors / (double)tool->now_calls);
		(void)cJSON_AddItemToArray(tools, item);
	}
	return json;
}

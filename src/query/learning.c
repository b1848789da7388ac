/* SPDX-License-Identifier: MIT */
#include "query/learning.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/habits_read.h"
#include "query/sequences.h"
#include "query/totals.h"

#define WEEK_US INT64_C(604800000000)

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

static void take_days(const struct bp_habits *habits, struct bp_learning *learning)
{
	double *x = bp_calloc(habits->n + 1, sizeof(*x)), *y = bp_calloc(habits->n + 1, sizeof(*y));
	size_t n = 0;

	for (size_t i = 0; i < habits->n; i++) {
		const struct bp_habit *habit = habits->items[i];
		if (habit->kind == BP_HABIT_DAY && habit->values[BP_DAY_EXECUTED] > 0) {
			x[n] = strtod(habit->key.ptr, NULL);
			y[n++] = (double)habit->values[BP_DAY_ERRORS] /
				 (double)habit->values[BP_DAY_EXECUTED];
		}
	}
	learning->days = n;
	learning->error_slope = n < BP_LEARNING_DAYS_MIN ? (double)NAN : bp_learning_slope(x, y, n);
	free(x);
	free(y);
}

/* --- weeks --- */

static void count_executed(const struct bp_bucket_sums *sums, int64_t *executed, int64_t *errors)
{
	*executed = sums->tools_ok + sums->tools_error + sums->tools_interrupted;
	*errors = sums->tools_error;
}

/* One of the two weeks. */
struct week {
	double score, latency_ms;
	struct bp_groups by_tool;
	struct bp_habits habits;
};

static enum bp_rc read_week(struct bp_sql *sql, const struct bp_scope *scope, int64_t until_us,
			    struct week *out, struct bp_err *err)
{
	struct bp_period period = *scope->period;
	const struct bp_scope of_week = {
		.period = &period, .filter = scope->filter, .as_of_us = scope->as_of_us};
	struct bp_groups all = {0};
	struct bp_totals_question question = {
		.period = &period, .filter = scope->filter, .as_of_us = scope->as_of_us};

	period.from_us = until_us - WEEK_US;
	period.until_us = until_us;
	enum bp_rc rc = bp_totals_collect(sql, &question, &all, err);
	if (rc == BP_OK) {
		const struct bp_totals *totals = &all.items[0]->totals;
		out->score = totals->productivity;
		out->latency_ms = bp_sketch_quantile(&totals->tool_latency, 0.5) / 1000;
		question.by = BP_GROUP_TOOL;
		rc = bp_totals_collect(sql, &question, &out->by_tool, err);
	}
	bp_groups_done(&all);
	return rc == BP_OK ? bp_habits_read(sql, &of_week, &out->habits, err) : rc;
}

static void week_done(struct week *week)
{
	bp_groups_done(&week->by_tool);
	bp_habits_done(&week->habits);
}

static int by_calls(const void *a, const void *b)
{
	const struct bp_learning_tool *x = a, *y = b;
	int order = (x->now_calls < y->now_calls) - (x->now_calls > y->now_calls);

	return order ? order : strcmp(x->tool, y->tool);
}

static const struct bp_bucket_sums *sums_of(const struct bp_groups *groups, const char *tool)
{
	for (size_t i = 0; i < groups->n; i++) {
		if (strcmp(groups->items[i]->key, tool) == 0) {
			return &groups->items[i]->totals.sums;
		}
	}
	return NULL;
}

static void compare_tools(const struct week *before, const struct week *now,
			  struct bp_learning *learning)
{
	learning->tools = bp_calloc(now->by_tool.n + 1, sizeof(learning->tools[0]));
	for (size_t i = 0; i < now->by_tool.n; i++) {
		const struct bp_group *group = now->by_tool.items[i];
		const struct bp_bucket_sums *then = sums_of(&before->by_tool, group->key);
		struct bp_learning_tool tool = {0};
		if (!then) {
			continue;
		}
		count_executed(&group->totals.sums, &tool.now_calls, &tool.now_errors);
		count_executed(then, &tool.before_calls, &tool.before_errors);
		if (tool.now_calls > 0 && tool.before_calls > 0) {
			tool.tool = bp_asprintf("%s", group->key);
			learning->tools[learning->n_tools++] = tool;
		}
	}
	qsort(learning->tools, learning->n_tools, sizeof(learning->tools[0]), by_calls);
}

enum bp_rc bp_learning_read(struct bp_sql *sql, const struct bp_scope *scope, int64_t until_us,
			    const struct bp_habits *habits, struct bp_learning *out,
			    struct bp_err *err)
{
	struct week before = {.score = (double)NAN, .latency_ms = (double)NAN}, now = before;
	enum bp_rc rc = read_week(sql, scope, until_us - WEEK_US, &before, err);

	*out = (struct bp_learning){0};
	take_days(habits, out);
	if (rc == BP_OK) {
		rc = read_week(sql, scope, until_us, &now, err);
	}
	out->score_before = before.score;
	out->score_now = now.score;
	out->latency_before_ms = before.latency_ms;
	out->latency_now_ms = now.latency_ms;
	out->similarity = bp_sequences_cosine(&before.habits, &now.habits);
	compare_tools(&before, &now, out);
	week_done(&before);
	week_done(&now);
	return rc;
}

void bp_learning_done(struct bp_learning *learning)
{
	for (size_t i = 0; i < learning->n_tools; i++) {
		free(learning->tools[i].tool);
	}
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

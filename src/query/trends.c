/* SPDX-License-Identifier: MIT */
#include "query/trends.h"

#include <cjson/cJSON.h>
#include <math.h>

#include "query/metrics.h"

struct bp_trend bp_trend_of(double now, double before)
{
	struct bp_trend trend = {.direction = BP_FLAT, .change = (double)NAN};

	if (isnan(now) || isnan(before)) {
		return trend;
	}
	if (before != 0) {
		trend.change = (now - before) / fabs(before);
	} else if (now == 0) {
		trend.change = 0;
	}
	double step = isnan(trend.change) ? now : trend.change;
	if (fabs(step) >= 0.005) {
		trend.direction = step > 0 ? BP_UP : BP_DOWN;
	}
	return trend;
}

struct cJSON *bp_trends_json(const struct bp_totals *now, const struct bp_totals *before)
{
	static const char *const names[] = {"flat", "up", "down"};
	cJSON *json = cJSON_CreateObject();

	for (const struct bp_metric *metric = bp_metrics; metric->name; metric++) {
		struct bp_trend trend = bp_trend_of(metric->value(now), metric->value(before));
		cJSON *item = cJSON_AddObjectToObject(json, metric->name);
		(void)cJSON_AddStringToObject(item, "direction", names[trend.direction]);
		if (isnan(trend.change)) {
			(void)cJSON_AddNullToObject(item, "change");
		} else {
			(void)cJSON_AddNumberToObject(item, "change", trend.change);
		}
	}
	return json;
}

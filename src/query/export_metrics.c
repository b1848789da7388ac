/* SPDX-License-Identifier: MIT */
/* Every metric there is, by platform and day: a column a metric. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/export_days.h"
#include "query/metrics.h"

enum { DATE, PLATFORM, FIRST_METRIC };

struct metrics {
	struct bp_export export;
	struct bp_export_column columns[BP_EXPORT_COLUMNS_MAX];
	struct bp_export_days days;
};

static enum bp_rc open_metrics(const struct bp_export_question *question, struct bp_sql *sql,
			       struct bp_export **out, struct bp_err *err)
{
	struct metrics *metrics = bp_calloc(1, sizeof(*metrics));
	size_t n = FIRST_METRIC;

	metrics->columns[DATE] = (struct bp_export_column){"date", BP_EXPORT_TEXT};
	metrics->columns[PLATFORM] = (struct bp_export_column){"platform", BP_EXPORT_TEXT};
	for (const struct bp_metric *metric = bp_metrics; metric->name; metric++) {
		BP_ASSERT(n < BP_EXPORT_COLUMNS_MAX);
		metrics->columns[n++] = (struct bp_export_column){
			metric->name,
			metric->unit == BP_UNIT_COUNT ? BP_EXPORT_INT : BP_EXPORT_REAL};
	}
	metrics->export.columns = metrics->columns;
	metrics->export.n_columns = n;
	*out = &metrics->export;
	return bp_export_days_init(&metrics->days, question, sql, err);
}

static enum bp_rc next(struct bp_export *export, struct bp_err *err)
{
	struct metrics *metrics = (struct metrics *)export;
	const struct bp_group *day = NULL;
	enum bp_rc rc = bp_export_days_next(&metrics->days, export->sql, &day, err);

	if (rc != BP_OK) {
		return rc;
	}
	export->values[DATE] = bp_export_text(bp_str_from(day->key));
	export->values[PLATFORM] =
		bp_export_text(bp_str_from(metrics->days.platforms.filter.platform));
	for (size_t i = FIRST_METRIC; i < export->n_columns; i++) {
		double value = bp_metrics[i - FIRST_METRIC].value(&day->totals);
		export->values[i] =
			(struct bp_export_value){.null = !isfinite(value), .real = value};
		if (isfinite(value) && export->columns[i].type == BP_EXPORT_INT) {
			export->values[i].number = llround(value);
		}
	}
	return BP_OK;
}

static void done(struct bp_export *export)
{
	struct metrics *metrics = (struct metrics *)export;

	bp_export_days_done(&metrics->days);
	free(metrics);
}

const struct bp_export_dataset bp_export_metrics = {
	.name = "metrics",
	.filters = BP_EXPORT_BY_OWNER | BP_EXPORT_BY_MODEL | BP_EXPORT_BY_TOOL,
	.open = open_metrics,
	.next = next,
	.close = done};

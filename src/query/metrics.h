/* SPDX-License-Identifier: MIT */
/**
 * metrics.h - every number: its name, its unit, its formula over totals.
 *
 * Why:     one definition for CLI, HTTP, MCP and exports (metrics.md 2); adding one is adding a
 *          line in metrics.c.
 * Threads: pure functions.
 */
#ifndef BP_QUERY_METRICS_H
#define BP_QUERY_METRICS_H

#include <stdbool.h>

#include "query/totals.h"

struct cJSON;

enum bp_unit {
	BP_UNIT_COUNT,
	BP_UNIT_RATE,   /* 0..1 */
	BP_UNIT_SCORE,  /* 0..100 */
	BP_UNIT_NUMBER, /* a mean or a quotient */
	BP_UNIT_MS,
	BP_UNIT_SECONDS,
	BP_UNIT_USD
};

struct bp_metric {
	const char *name;  /* as in JSON */
	const char *label; /* as people read it */
	enum bp_unit unit;
	int better; /* 1 more is better, -1 less is better, 0 neither */
	bool main;  /* shown without being asked for */
	double (*value)(const struct bp_totals *totals); /* NAN: no denominator, not known */
};

/** All metrics in the order they are shown; ends with a row without name. */
extern const struct bp_metric bp_metrics[];

/** The metric of that name, or NULL. */
const struct bp_metric *bp_metric_find(const char *name);

/** {name: number or null, ...}. Owns: the caller. */
struct cJSON *bp_metrics_json(const struct bp_totals *totals);

#endif

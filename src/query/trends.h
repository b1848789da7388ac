/* SPDX-License-Identifier: MIT */
/**
 * trends.h - how a number changed against the period of the same length just before.
 *
 * Threads: pure functions.
 */
#ifndef BP_QUERY_TRENDS_H
#define BP_QUERY_TRENDS_H

#include "query/totals.h"

struct cJSON;

enum bp_direction { BP_FLAT, BP_UP, BP_DOWN };

struct bp_trend {
	enum bp_direction direction; /* flat: less than half a per cent, or one of them not known */
	double change; /* (now - before) / |before|; NAN when before is 0 or not known */
};

struct bp_trend bp_trend_of(double now, double before);

/** {name:{"direction","change"}} of all metrics. Owns: the caller. */
struct cJSON *bp_trends_json(const struct bp_totals *now, const struct bp_totals *before);

#endif

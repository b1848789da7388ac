/* SPDX-License-Identifier: MIT */
/**
 * chart_show.h - --format chart: numbers over time, drawn to stdout.
 *
 * Start:   bp_steps_make(), fill one value a step (bp_steps_find()), bp_show_chart(), bp_steps_done().
 * Threads: one.
 */
#ifndef BP_CLI_CHART_SHOW_H
#define BP_CLI_CHART_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tz.h"
#include "cli/chart.h"
#include "cli/print.h"
#include "query/metrics.h"

/** The hours or days of a stretch of time, so that one without data has its place too. */
struct bp_steps {
	const struct bp_tz *tz; /* borrowed */
	bool hours;             /* else days */
	int64_t *starts;        /* when each begins, oldest first */
	size_t n;
};

/**
 * All hours (a stretch of up to 48 h) or days of the zone that hold an instant from from_us to
 * before until_us; at least one, of very many the last. Owns: bp_steps_done().
 */
void bp_steps_make(struct bp_steps *steps, const struct bp_tz *tz, int64_t from_us,
		   int64_t until_us);
void bp_steps_done(struct bp_steps *steps);

/** The step that holds ts_us; what lies outside belongs to the first or the last. */
size_t bp_steps_find(const struct bp_steps *steps, int64_t ts_us);

/** How a chart's scale shows values of this unit. */
void (*bp_show_scale(enum bp_unit unit))(char *out, size_t cap, double value);

/** Draw values[steps->n] (NAN: a gap) and an empty line to stdout, as wide as the screen; the
 *  scale is of this unit. */
void bp_show_chart(const struct bp_print *print, const char *title, const struct bp_steps *steps,
		   const double *values, enum bp_unit unit);

#endif

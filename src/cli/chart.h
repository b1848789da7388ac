/* SPDX-License-Identifier: MIT */
/**
 * chart.h - numbers as pictures of characters: braille charts, sparklines, bars.
 *
 * Why:     a shape is seen faster than a column is read; the same calls serve tables, --format
 *          chart and `top`.
 * Shape:   UTF-8: braille (2 x 4 dots a cell) and eighth blocks; else plain ASCII. NAN is a gap.
 * Threads: pure functions over a bp_buf.
 */
#ifndef BP_CLI_CHART_H
#define BP_CLI_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/print.h"

/** n values over time, oldest first. */
struct bp_series {
	const double *values; /* NAN: a gap */
	size_t n;
};

/** One line of width cells; values are averaged into cells. Zero is the floor. */
void bp_chart_sparkline(struct bp_buf *out, struct bp_series series, int width, bool utf8);

/** A bar of share (0..1) of width cells. */
void bp_chart_bar(struct bp_buf *out, double share, int width, bool utf8);

struct bp_chart {
	const char *title;
	struct bp_series series;
	const char *first_label, *last_label;              /* under the two ends of the time axis */
	void (*show)(char *out, size_t cap, double value); /* a value at the scale */
	int width, height;                                 /* cells, with scale and axis */
	bool utf8;
};

/** Append a chart, lines ended by '\n', none wider than width. */
void bp_chart_draw(struct bp_buf *out, const struct bp_chart *chart);

#endif

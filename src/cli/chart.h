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

/** One line of width cells; values are averaged into cells, few have several cells each. Zero is
 *  the floor, and only zero; a gap is a blank. */
void bp_chart_sparkline(struct bp_buf *out, struct bp_series series, int width, bool utf8);

/** A bar of share (0..1; NAN: none) of width cells, the rest blanks. It begins with the first bit
 *  of share and is full at 1 only. */
void bp_chart_bar(struct bp_buf *out, double share, int width, bool utf8);

struct bp_chart {
	const char *title;
	struct bp_series series;
	const char *first_label, *last_label;              /* under the two ends of the time axis */
	void (*show)(char *out, size_t cap, double value); /* a value at the scale; ASCII */
	int width, height;                                 /* cells, with title, scale, axis */
	bool utf8;
};

/**
 * Append a chart, lines ended by '\n', none wider than width (from 24 on). The title is made safe.
 * Shape:  title, plot, axis, labels; more values than dots are averaged, fewer are joined by lines.
 */
void bp_chart_draw(struct bp_buf *out, const struct bp_chart *chart);

#endif

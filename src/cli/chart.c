/* SPDX-License-Identifier: MIT */
#include "cli/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/wrap.h"

enum { LEVELS = 8, LABEL_BYTES = 64, TEXT_BYTES = 1024, PLOT_MIN = 8 };

/* What is no number has no height; what is below the floor lies on it. */
static double height_of(double value)
{
	return isfinite(value) ? fmax(value, 0) : NAN;
}

/** The mean of the values from first to before last that are there; NAN: none is. */
static double mean(struct bp_series series, size_t first, size_t last)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = first; i < last; i++) {
		double value = height_of(series.values[i]);
		sum += isnan(value) ? 0 : value;
		n += isnan(value) ? 0 : 1;
	}
	return n ? sum / (double)n : NAN;
}

/* With fewer values than cells a value has several cells. */
static double value_of_cell(struct bp_series series, size_t cell, size_t cells)
{
	size_t first = cell * series.n / cells;
	size_t last = (cell + 1) * series.n / cells;

	return series.n ? mean(series, first, last > first ? last : first + 1) : NAN;
}

/** As UTF-8; point is one of three bytes. */
static void add_point(struct bp_buf *out, unsigned int point)
{
	bp_buf_add_char(out, (char)(0xE0 | point >> 12));
	bp_buf_add_char(out, (char)(0x80 | (point >> 6 & 0x3F)));
	bp_buf_add_char(out, (char)(0x80 | (point & 0x3F)));
}

static void add_times(struct bp_buf *out, const char *text, int n)
{
	for (int i = 0; i < n; i++) {
		bp_buf_add_str(out, bp_str_from(text));
	}
}

/* --- one line --- */

void bp_chart_sparkline(struct bp_buf *out, struct bp_series series, int width, bool utf8)
{
	static const char ramp[LEVELS + 1] = "_.:-=+*#";
	size_t cells = width > 0 ? (size_t)width : 0;
	double most = 0;

	for (size_t i = 0; i < cells; i++) {
		most = fmax(most, value_of_cell(series, i, cells));
	}
	for (size_t i = 0; i < cells; i++) {
		double value = value_of_cell(series, i, cells);
		/* Upwards: the floor is for nothing alone. */
		int level = value > 0 ? (int)ceil(value / most * (LEVELS - 1)) : 0;
		if (isnan(value)) {
			bp_buf_add_char(out, ' ');
		} else if (utf8) {
			add_point(out, 0x2581 + (unsigned int)level);
		} else {
			bp_buf_add_char(out, ramp[level]);
		}
	}
}

void bp_chart_bar(struct bp_buf *out, double share, int width, bool utf8)
{
	int part = utf8 ? LEVELS : 1; /* of a cell */
	int all = (width > 0 ? width : 0) * part;
	double wanted = isnan(share) ? 0 : fmax(fmin(share, 1), 0) * all;
	int n = (int)lround(wanted);

	/* Something is more than nothing, and not yet all is less than all. */
	n = n == 0 && wanted > 0 && all > 0 ? 1 : n;
	n = n == all && share < 1 && all > 1 ? all - 1 : n;
	add_times(out, utf8 ? "\xE2\x96\x88" : "#", n / part);
	if (n % part > 0) {
		add_point(out, 0x2590 - (unsigned int)(n % part));
	}
	add_times(out, " ", (all - n) / part);
}

/* --- a chart --- */

/** Dots in cells of some columns and lines each; line 0 is the lowest. */
struct grid {
	int columns, lines; /* dots of a cell */
	int width, height;  /* cells */
	bool *dots;
};

static bool *dot(const struct grid *grid, int x, int y)
{
	return &grid->dots[(size_t)y * (size_t)(grid->width * grid->columns) + (size_t)x];
}

/** Between two values it goes straight; beside a gap a value reaches half way. */
static double value_at(struct bp_series series, double at)
{
	size_t i = (size_t)at;
	double rest = at - (double)i;
	double here = height_of(series.values[i]);
	double next = i + 1 < series.n ? height_of(series.values[i + 1]) : NAN;

	if (rest == 0) {
		return here;
	}
	if (isnan(here) || isnan(next)) {
		return rest < 0.5 ? here : next;
	}
	return here + (next - here) * rest;
}

static double value_of_column(struct bp_series series, int x, int columns)
{
	if (series.n == 0 || series.n >= (size_t)columns || columns < 2) {
		return value_of_cell(series, (size_t)x, (size_t)columns);
	}
	return value_at(series, (double)x * (double)(series.n - 1) / (columns - 1));
}

static void draw_line(const struct grid *grid, struct bp_series series, double top)
{
	int columns = grid->width * grid->columns, last = -1;
	int highest = grid->height * grid->lines - 1;

	for (int x = 0; x < columns; x++) {
		double value = value_of_column(series, x, columns);
		if (isnan(value)) {
			last = -1;
			continue;
		}
		int y = top > 0 ? (int)lround(fmin(value / top, 1) * highest) : 0;
		int from = last < 0 || last == y ? y : last < y ? last + 1 : last - 1;
		for (int at = from; at != y; at += at < y ? 1 : -1) {
			*dot(grid, x, at) = true;
		}
		*dot(grid, x, y) = true;
		last = y;
	}
}

static void add_braille(struct bp_buf *out, const struct grid *grid, int column, int line)
{
	static const unsigned int bits[4][2] = {
		{0x40, 0x80}, {0x04, 0x20}, {0x02, 0x10}, {0x01, 0x08}};
	unsigned int point = 0x2800;

	for (int y = 0; y < 4; y++) {
		for (int x = 0; x < 2; x++) {
			bool set = *dot(grid, 2 * column + x, 4 * line + y);
			point |= set ? bits[y][x] : 0;
		}
	}
	/* Some fonts show the empty pattern as eight rings. */
	if (point == 0x2800) {
		bp_buf_add_char(out, ' ');
	} else {
		add_point(out, point);
	}
}

static void add_ascii(struct bp_buf *out, const struct grid *grid, int column, int line)
{
	bool low = *dot(grid, column, 2 * line), high = *dot(grid, column, 2 * line + 1);

	bp_buf_add_char(out, low && high ? ':' : low ? '.' : high ? '\'' : ' ');
}

/* The scale ends at a round number, not far above the highest value. */
static double top_of(struct bp_series series, int columns)
{
	static const double steps[] = {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
	double most = 0;

	for (int x = 0; x < columns; x++) {
		most = fmax(most, value_of_column(series, x, columns));
	}
	if (most <= 0) {
		return 0;
	}
	double unit = pow(10, floor(log10(most)));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (most <= steps[i] * unit * (1 + 1e-9)) {
			return steps[i] * unit;
		}
	}
	return most;
}

/* What stands left of the lines of the plot: at most three have a label. */
struct scale {
	struct {
		int line;
		char text[LABEL_BYTES];
	} labels[3];
	int n, width;
};

static void add_label(struct scale *scale, const struct bp_chart *chart, int line, double value)
{
	char *text = scale->labels[scale->n].text;

	chart->show(text, LABEL_BYTES, value);
	int width = bp_wrap_columns(text);
	scale->width = width > scale->width ? width : scale->width;
	scale->labels[scale->n++].line = line;
}

static void make_scale(struct scale *scale, const struct bp_chart *chart, int lines, double top)
{
	scale->n = 0;
	scale->width = 0;
	if (top > 0) {
		add_label(scale, chart, lines - 1, top);
	}
	if (top <= 0 || lines > 1) {
		add_label(scale, chart, 0, 0);
	}
	if (top > 0 && lines >= 5 && lines % 2 == 1) { /* there is a line in the middle */
		add_label(scale, chart, lines / 2, top / 2);
	}
}

static const char *label_of(const struct scale *scale, int line)
{
	for (int i = 0; i < scale->n; i++) {
		if (scale->labels[i].line == line) {
			return scale->labels[i].text;
		}
	}
	return "";
}

static void add_plot(struct bp_buf *out, const struct grid *grid, const struct scale *scale,
		     bool utf8)
{
	for (int line = grid->height - 1; line >= 0; line--) {
		const char *label = label_of(scale, line);
		add_times(out, " ", scale->width - bp_wrap_columns(label));
		bp_buf_add_str(out, bp_str_from(label));
		bp_buf_add_str(out, bp_str_from(!utf8    ? " |"
						: *label ? " \xE2\x94\xA4"
							 : " \xE2\x94\x82"));
		for (int column = 0; column < grid->width; column++) {
			(utf8 ? add_braille : add_ascii)(out, grid, column, line);
		}
		bp_buf_add_char(out, '\n');
	}
}

/** Text made safe, cut to width columns. */
static void add_text(struct bp_buf *out, const char *text, int width, bool utf8)
{
	struct bp_buf safe;

	bp_buf_init(&safe, 4 * TEXT_BYTES);
	bp_print_clean(&safe, bp_str_make(text, strnlen(text, TEXT_BYTES)), utf8);
	bp_wrap_cut(out, safe.len ? safe.ptr : "", width, utf8);
	bp_buf_done(&safe);
}

/* The axis, and under its ends what they are; only the first where both have no room. */
static void add_axis(struct bp_buf *out, const struct bp_chart *chart, int indent, int width)
{
	const char *first = chart->first_label ? chart->first_label : "";
	const char *last = chart->last_label ? chart->last_label : "";
	int gap = width - bp_wrap_columns(first) - bp_wrap_columns(last);

	add_times(out, " ", indent - 1);
	bp_buf_add_str(out, bp_str_from(chart->utf8 ? "\xE2\x94\x94" : "+"));
	add_times(out, chart->utf8 ? "\xE2\x94\x80" : "-", width);
	bp_buf_add_char(out, '\n');
	if (!*first && !*last) {
		return;
	}
	add_times(out, " ", indent);
	add_text(out, first, width, chart->utf8);
	if (*last && gap > 0) {
		add_times(out, " ", gap);
		add_text(out, last, width, chart->utf8);
	}
	bp_buf_add_char(out, '\n');
}

static int plot_width(const struct bp_chart *chart, const struct scale *scale)
{
	int width = chart->width - scale->width - 2;
	return width < PLOT_MIN ? PLOT_MIN : width;
}

void bp_chart_draw(struct bp_buf *out, const struct bp_chart *chart)
{
	struct grid grid = {.columns = chart->utf8 ? 2 : 1, .lines = chart->utf8 ? 4 : 2};
	bool labels = chart->first_label || chart->last_label;
	struct scale scale;

	grid.height = chart->height - 1 - (chart->title ? 1 : 0) - (labels ? 1 : 0);
	grid.height = grid.height < 1 ? 1 : grid.height;
	/* The scale takes room from the plot, and what is averaged there sets the scale: a first
	 * guess from all values, then the truth, which may make the plot a little smaller. */
	make_scale(&scale, chart, grid.height, top_of(chart->series, (int)chart->series.n));
	grid.width = plot_width(chart, &scale);
	double top = top_of(chart->series, grid.width * grid.columns);
	make_scale(&scale, chart, grid.height, top);
	int now = plot_width(chart, &scale);
	grid.width = now < grid.width ? now : grid.width;
	grid.dots = bp_calloc((size_t)(grid.width * grid.columns),
			      (size_t)(grid.height * grid.lines) * sizeof(grid.dots[0]));
	draw_line(&grid, chart->series, top);
	if (chart->title) {
		add_text(out, chart->title, chart->width, chart->utf8);
		bp_buf_add_char(out, '\n');
	}
	add_plot(out, &grid, &scale, chart->utf8);
	add_axis(out, chart, scale.width + 2, grid.width);
	free(grid.dots);
}

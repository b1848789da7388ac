/* SPDX-License-Identifier: MIT */
#include "cli/chart_show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/show.h"
#include "cli/text.h"

#define HOUR_US INT64_C(3600000000)

enum {
	HOURS_MAX = 48,
	STEPS_MAX = 40000, /* a hundred years */
	WIDTH_DEFAULT = 80,
	WIDTH_MAX = 120,
	HEIGHT = 8,
	CHART_BYTES_MAX = 256 * 1024
};

/* --- steps of time --- */

static int64_t step_start(const struct bp_steps *steps, int64_t ts_us)
{
	if (!steps->hours) {
		return bp_tz_day_start(steps->tz, ts_us);
	}
	struct bp_civil civil = bp_tz_civil(steps->tz, ts_us);
	int64_t part = ts_us % 1000000;
	int64_t into = (INT64_C(60) * civil.minute + civil.second) * 1000000;
	return ts_us - into - (part < 0 ? part + 1000000 : part);
}

/* A day has 23 to 25 hours: one and a half later it is the next. */
static int64_t next_start(const struct bp_steps *steps, int64_t start_us)
{
	return step_start(steps, start_us + (steps->hours ? HOUR_US : 36 * HOUR_US));
}

void bp_steps_make(struct bp_steps *steps, const struct bp_tz *tz, int64_t from_us,
		   int64_t until_us)
{
	size_t cap = 64;

	*steps = (struct bp_steps){.tz = tz, .hours = until_us - from_us <= HOURS_MAX * HOUR_US};
	if (until_us - from_us > STEPS_MAX * 24 * HOUR_US) {
		from_us = until_us - STEPS_MAX * 24 * HOUR_US;
	}
	steps->starts = bp_calloc(cap, sizeof(steps->starts[0]));
	for (int64_t at = step_start(steps, from_us); at < until_us || steps->n == 0;
	     at = next_start(steps, at)) {
		if (steps->n == cap) {
			cap *= 2;
			steps->starts = bp_realloc(steps->starts, cap, sizeof(steps->starts[0]));
		}
		steps->starts[steps->n++] = at;
	}
}

void bp_steps_done(struct bp_steps *steps)
{
	free(steps->starts);
	*steps = (struct bp_steps){0};
}

size_t bp_steps_find(const struct bp_steps *steps, int64_t ts_us)
{
	size_t low = 0, high = steps->n;

	while (low + 1 < high) {
		size_t middle = low + (high - low) / 2;
		if (steps->starts[middle] <= ts_us) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

static void label_step(const struct bp_steps *steps, size_t i, char out[BP_SHOW_BYTES])
{
	struct bp_civil c = bp_tz_civil(steps->tz, steps->starts[i]);

	if (steps->hours) {
		bp_show_time(out, steps->tz, steps->starts[i]);
	} else {
		(void)snprintf(out, BP_SHOW_BYTES, "%04d-%02d-%02d", c.year, c.month, c.day);
	}
}

/* --- what stands at the scale: round numbers, so what is shown is what they are --- */

static void scale_count(char *out, size_t cap, double value)
{
	char text[BP_SHOW_BYTES];

	if (value < 1000) {
		(void)snprintf(out, cap, "%.4g", value);
	} else {
		bp_show_count(text, value, false);
		(void)snprintf(out, cap, "%s", text);
	}
}

static void scale_rate(char *out, size_t cap, double value)
{
	(void)snprintf(out, cap, "%.4g %%", value * 100);
}

static void scale_ms(char *out, size_t cap, double value)
{
	char text[BP_SHOW_BYTES];
	const struct bp_metric metric = {.unit = BP_UNIT_MS};

	bp_show_metric(text, &metric, value, false);
	(void)snprintf(out, cap, "%s", text);
}

static void scale_seconds(char *out, size_t cap, double value)
{
	(void)snprintf(out, cap, "%s", bp_text_span(value).text);
}

static void scale_usd(char *out, size_t cap, double value)
{
	if (value > 0 && value < 0.1) {
		(void)snprintf(out, cap, "$%.3g", value);
	} else {
		(void)snprintf(out, cap, "$%.2f", value);
	}
}

void (*bp_show_scale(enum bp_unit unit))(char *out, size_t cap, double value)
{
	switch (unit) {
	case BP_UNIT_RATE:
		return scale_rate;
	case BP_UNIT_MS:
		return scale_ms;
	case BP_UNIT_SECONDS:
		return scale_seconds;
	case BP_UNIT_USD:
		return scale_usd;
	case BP_UNIT_COUNT:
	case BP_UNIT_SCORE:
	case BP_UNIT_NUMBER:
		break;
	}
	return scale_count;
}

void bp_show_chart(const struct bp_print *print, const char *title, const struct bp_steps *steps,
		   const double *values, enum bp_unit unit)
{
	char first[BP_SHOW_BYTES], last[BP_SHOW_BYTES];
	struct bp_chart chart = {.title = title,
				 .series = {values, steps->n},
				 .first_label = first,
				 .last_label = steps->n > 1 ? last : NULL,
				 .show = bp_show_scale(unit),
				 .width = print->width ? print->width : WIDTH_DEFAULT,
				 .height = HEIGHT,
				 .utf8 = print->utf8};
	struct bp_buf out;

	label_step(steps, 0, first);
	label_step(steps, steps->n - 1, last);
	chart.width = chart.width > WIDTH_MAX ? WIDTH_MAX : chart.width;
	bp_buf_init(&out, CHART_BYTES_MAX);
	bp_chart_draw(&out, &chart);
	(void)printf("%s\n", out.ptr);
	bp_buf_done(&out);
}

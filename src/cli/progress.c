/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/chart.h"
#include "cli/show.h"
#include "cli/text.h"
#include "cli/wrap.h"

enum { BAR_CELLS = 24, BAR_STEP = 8, WORDS_BYTES = 256, LINE_BYTES_MAX = 4096 };

/* Before that a rate is a guess. */
static const double SECONDS_MIN = 0.5;

/* "how many", "such as 12.3 MiB of 1.2 GiB" */
static void add_amount(struct bp_buf *out, const struct bp_progress_at *at)
{
	if (at->total > 0) {
		bp_buf_printf(out, "%s of ",
			      at->bytes ? bp_text_bytes(llround(at->done)).text
					: bp_text_count(llround(at->done)).text);
	}
	double last = at->total > 0 ? at->total : at->done;
	bp_buf_printf(out, "%s",
		      at->bytes ? bp_text_bytes(llround(last)).text
				: bp_text_count(llround(last)).text);
}

static void add_rate(struct bp_buf *out, const struct bp_progress_at *at)
{
	char count[BP_SHOW_BYTES];
	double rate = at->done / at->seconds;

	if (at->seconds < SECONDS_MIN || at->done <= 0) {
		return;
	}
	bp_show_count(count, rate, false);
	bp_buf_printf(out, ", %s/s", at->bytes ? bp_text_bytes(llround(rate)).text : count);
	if (at->total > at->done) {
		bp_buf_printf(out, ", %s left", bp_text_span((at->total - at->done) / rate).text);
	}
}

void bp_progress_line(struct bp_buf *out, const struct bp_progress_at *at, int width, bool utf8)
{
	double share = at->total > 0 ? fmin(at->done / at->total, 1) : (double)NAN;
	struct bp_buf words;

	bp_buf_init(&words, WORDS_BYTES);
	if (!isnan(share)) {
		/* Not 100 before it is. */
		bp_buf_printf(&words, "%3.0f %%  ", floor(100 * share));
	}
	bp_buf_printf(&words, "%.64s%s", at->step, *at->step ? ": " : "");
	add_amount(&words, at);
	if (at->more) {
		bp_buf_printf(&words, ", %.64s", at->more);
	}
	add_rate(&words, at);
	int room = width - bp_wrap_columns(words.ptr) - 1;
	/* In steps, so that the bar does not jump with each digit beside it. */
	int cells = room < BAR_CELLS ? room / BAR_STEP * BAR_STEP : BAR_CELLS;
	if (!isnan(share) && cells > 0) {
		bp_chart_bar(out, share, cells, utf8);
		bp_buf_add_char(out, ' ');
	}
	bp_wrap_cut(out, words.ptr, width, utf8);
	bp_buf_done(&words);
}

void bp_progress_init(struct bp_progress *progress)
{
	struct bp_print print;

	bp_print_init(&print, BP_FORMAT_TABLE, true);
	*progress = (struct bp_progress){.draw = isatty(STDERR_FILENO) == 1,
					 .utf8 = print.utf8,
					 .width = bp_print_width(STDERR_FILENO),
					 .step_us = bp_clock_mono_us()};
}

void bp_progress_show(struct bp_progress *progress, const struct bp_progress_at *at)
{
	struct bp_progress_at now = *at;
	struct bp_buf line;

	if (!progress->draw) {
		return;
	}
	if (strncmp(progress->step, at->step, sizeof(progress->step) - 1) != 0) {
		(void)snprintf(progress->step, sizeof(progress->step), "%s", at->step);
		progress->step_us = bp_clock_mono_us();
	}
	if (at->seconds < 0) {
		now.seconds = (double)(bp_clock_mono_us() - progress->step_us) / 1e6;
	}
	bp_buf_init(&line, LINE_BYTES_MAX);
	/* The last column stays free: some terminals would begin another line. */
	bp_progress_line(&line, &now, progress->width - 1, progress->utf8);
	(void)fprintf(stderr, "\r%s\033[K", line.ptr ? line.ptr : "");
	(void)fflush(stderr);
	bp_buf_done(&line);
	progress->drawn = true;
}

static double number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

void bp_progress_draw(const cJSON *said, void *progress)
{
	const cJSON *step = cJSON_GetObjectItemCaseSensitive(said, "step");

	bp_progress_show(progress, &(struct bp_progress_at){
					   .step = cJSON_IsString(step) ? step->valuestring : "",
					   .done = number(said, "done"),
					   .total = number(said, "total"),
					   .seconds = -1});
}

void bp_progress_done(struct bp_progress *progress)
{
	if (progress->drawn) {
		(void)fputs("\r\033[K", stderr);
		(void)fflush(stderr);
		progress->drawn = false;
	}
}

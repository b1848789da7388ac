/* SPDX-License-Identifier: MIT */
/**
 * progress.h - how far a job is: one line on stderr, drawn anew, while stderr is a terminal.
 *
 * Start:   struct bp_progress line; bp_progress_init(&line); struct bp_call call = {.progress =
 *          bp_progress_draw, .arg = &line, ...}; ... bp_progress_done(&line);
 * Threads: one.
 */
#ifndef BP_CLI_PROGRESS_H
#define BP_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct cJSON;

/** How far: done of total, in this step since seconds. */
struct bp_progress_at {
	const char *step;   /* what is being done, "" or a few words */
	double done, total; /* total 0: not known */
	bool bytes;         /* they are bytes, else things */
	double seconds;
	const char *more; /* said behind it, NULL: nothing */
};

/** A line on stderr. */
struct bp_progress {
	bool draw;  /* stderr is a terminal */
	bool drawn; /* there is something to clear */
	bool utf8;
	int width;
	char step[64];
	int64_t step_us; /* when it began, monotonic */
};

void bp_progress_init(struct bp_progress *progress);

/** Draw where it is; at->seconds below 0: since the step began. */
void bp_progress_show(struct bp_progress *progress, const struct bp_progress_at *at);

/** A bp_progress_fn over a struct bp_progress, for jobs that say {"step","done","total"}. */
void bp_progress_draw(const struct cJSON *said, void *progress);

/** Clear the line: what comes next begins at its left. */
void bp_progress_done(struct bp_progress *progress);

/** Append the line itself, at most width columns: bar, share, step, how many, rate, time left;
 *  the bar goes first when there is no room. */
void bp_progress_line(struct bp_buf *out, const struct bp_progress_at *at, int width, bool utf8);

#endif

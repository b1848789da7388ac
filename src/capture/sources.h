/* SPDX-License-Identifier: MIT */
/**
 * sources.h - all files that are read: which, how far, and which of them wait for a turn.
 *
 * Why:     one place knows what was sent and what is stored, so that after any doubt every file
 *          starts again at its checkpoint in SQLite.
 * Order:   files that changed take turns of one slice each; files of an import come after them.
 * Threads: the capture thread.
 */
#ifndef BP_CAPTURE_SOURCES_H
#define BP_CAPTURE_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/monitor.h"
#include "capture/sender.h"
#include "store/checkpoint.h"

struct bp_sources;
struct bp_import_item; /* import.h */

struct bp_sources_options {
	const char *database_path; /* borrowed */
	const struct bp_policy *policy;
	struct bp_sender *sender; /* borrowed */
	int64_t line_max;         /* BP_TAIL_LINE_MAX */
};

/** Owns: bp_sources_free(). */
struct bp_sources *bp_sources_new(const struct bp_sources_options *options);
void bp_sources_free(struct bp_sources *sources);

/** A file is there or changed: read it when it is its turn. path is real. */
void bp_sources_touch(struct bp_sources *sources, const struct bp_monitor *monitor,
		      const char *path);

/** A file is there; only one that is new or was gone is touched. */
void bp_sources_seen(struct bp_sources *sources, const struct bp_monitor *monitor,
		     const char *path);

/** The same for one file of an import, which is told when it was read to its end. */
void bp_sources_import(struct bp_sources *sources, struct bp_import_item *item);

/** Tell this import no more; a file that is read for it alone is left. */
void bp_sources_forget_import(struct bp_sources *sources, const struct bp_import *import);

/** True when a file waits for a turn, or all of them must be rewound. */
bool bp_sources_busy(const struct bp_sources *sources);

/** Give one file its turn, or all that were just written to. False: the sender has no room or is not trusted; later. */
bool bp_sources_step(struct bp_sources *sources);

/** Start every file again at its checkpoint. */
void bp_sources_rewind(struct bp_sources *sources);

/** The backstop: touch every watched file that is not as it was when it was read. */
void bp_sources_check(struct bp_sources *sources);

/** With the queue empty: rewind the files whose checkpoint does not stand where they were read to,
 *  and forget imported ones that are stored. */
void bp_sources_heal(struct bp_sources *sources);

/** What a monitor's files look like together. */
struct bp_sources_state {
	int64_t files, lag_bytes, last_event_us, errors;
};
void bp_sources_state(const struct bp_sources *sources, const struct bp_monitor *monitor,
		      struct bp_sources_state *out);

#endif

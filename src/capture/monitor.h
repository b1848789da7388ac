/* SPDX-License-Identifier: MIT */
/**
 * monitor.h - a source of events: one monitor_<name>.c each, listed in monitors.c.
 *
 * Shape:   a file monitor has roots, and knows its files and lines; a drop-box monitor has one
 *          folder and empties it. The other kind's functions are NULL.
 * Threads: the functions are called on the capture thread; those without state on any.
 */
#ifndef BP_CAPTURE_MONITOR_H
#define BP_CAPTURE_MONITOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "capture/capture.h"
#include "event/projection.h"

struct bp_redis;

/** A growing list of texts. Start with zeroes. */
struct bp_paths {
	char **items;
	size_t n, cap;
};

/** Takes path (from malloc); a text that is in the list already is freed. */
void bp_paths_add(struct bp_paths *paths, char *path);
void bp_paths_done(struct bp_paths *paths);

struct bp_monitor {
	const char *name; /* as `blueplane status` shows it */
	bool (*enabled)(const struct bp_capture_config *config);

	/* file monitors */

	/** The folders to watch, whether they are there or not. */
	void (*roots)(const struct bp_capture_config *config, struct bp_paths *out);
	/** Whether to look into a folder of this name. */
	bool (*wants_folder)(struct bp_str name);
	/** Whether a file below a root is one of its files. */
	bool (*wants_file)(struct bp_str path);
	/** Whether a file is one of its files by its name alone, wherever it lies. */
	bool (*named)(struct bp_str path);
	/** Whether this line could be one of its. */
	bool (*recognise)(struct bp_str line);
	/** What the path tells: session and agent, as views into it. */
	void (*origin)(struct bp_str path, struct bp_line_origin *out);
	enum bp_projected (*project)(struct bp_projector *projector, struct bp_str line,
				     const struct bp_line_origin *origin, struct bp_event *out);

	/* drop-box monitors */

	/** The folder below the home; files appear in it by rename. */
	const char *box;
	/** Empty up to max files of it; *out_n == 0: nothing waits. Errors: BP_EIO, BP_ELIMIT. */
	enum bp_rc (*replay)(const char *home, struct bp_redis *redis, size_t max, size_t *out_n,
			     struct bp_err *err);
};

/** All of them, ended by NULL. */
extern const struct bp_monitor *const bp_monitors[];

extern const struct bp_monitor bp_monitor_claude;
extern const struct bp_monitor bp_monitor_spool;

#endif

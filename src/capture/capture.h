/* SPDX-License-Identifier: MIT */
/**
 * capture.h - the capture thread: all monitors, one poll loop.
 *
 * Why:     layer 1. A monitor turns what an assistant writes into projected events and adds them
 *          to telemetry:events with the checkpoint they move; nothing else leaves this folder.
 * Contract: a monitor stops adding at a queue depth of 10 000 (the file waits); whenever Redis was
 *          restarted (run id), refused an entry, or the queue is empty and the stored checkpoint
 *          stands elsewhere than what was read, the source is rewound to it.
 * Place:   files -> [capture] -> stream. Reads checkpoints from the store, writes none.
 * Threads: one thread runs it and owns its Redis connection and all monitors. The functions marked
 *          "any thread" hand work over.
 */
#ifndef BP_CAPTURE_CAPTURE_H
#define BP_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/err.h"
#include "base/stop.h"
#include "event/projection.h"

struct bp_capture_config {
	int64_t rescan_us;   /* the backstop behind inotify */
	int64_t depth_max;   /* entries in the queue at which monitors wait */
	bool claude_enabled; /* sources.claude_code.enabled */
	char **claude_roots; /* sources.claude_code.roots; empty: CLAUDE_CONFIG_DIR, ~/.claude, ~/.config/claude */
};
extern const struct bp_option bp_capture_options[];

struct bp_capture; /* capture.c */

struct bp_capture_deps {
	const char *home; /* for the spool and for hashing paths */
	const char *redis_address;
	const char *database_path; /* opened read-only for checkpoints */
	struct bp_stop *stop;
	struct bp_policy policy; /* copied */
	struct bp_capture_config config;
	bool watch; /* false: only what bp_capture_import_start() names (--once) */
};

/** Owns: bp_capture_free() after its thread ended. */
struct bp_capture *bp_capture_new(const struct bp_capture_deps *deps);
void bp_capture_free(struct bp_capture *capture);

/** The thread. arg is a struct bp_capture. */
void bp_capture_run(void *arg);

/** Hold still (or go on) and wait until it does; going on rewinds every source to its checkpoint.
 *  Any thread. */
void bp_capture_pause(struct bp_capture *capture, bool pause);

/** Read some files now, whole: the import job. */
struct bp_import;

/**
 * Start: paths[n] are files, projects folders, or folders below which session files lie (recognised
 * by content); n = 0 takes every enabled source's roots. since_us: files whose last change is
 * older are left out (BP_ABSENT: none). refresh: read them from their start again, and replace rows
 * of another projection or level. Any thread. Owns: bp_import_free().
 * Errors: BP_ENOTFOUND a path does not exist (named).
 */
BP_MUSTUSE enum bp_rc bp_capture_import_start(struct bp_capture *capture, char *const *paths,
					      size_t n, int64_t since_us, bool refresh,
					      struct bp_import **out, struct bp_err *err);

/** How far it is; any thread. */
struct bp_import_progress {
	int64_t files, files_done; /* done: every whole line was added to the queue */
	int64_t bytes, bytes_done;
	bool done; /* all files are done */
};
void bp_import_progress(struct bp_import *import, struct bp_import_progress *out);

/** One file of a finished import. */
struct bp_import_file {
	const char *path;      /* borrowed; for the user's eyes only, never stored */
	const char *key;       /* of its checkpoint; borrowed */
	int64_t sent_to_bytes; /* stored when the checkpoint's at.to_bytes has reached it */
	int64_t generation;    /* of the checkpoint it reaches */
};

/** The i-th file, false past the last. Only after done. */
bool bp_import_file(struct bp_import *import, size_t i, struct bp_import_file *out);
void bp_import_free(struct bp_import *import);

/** What a source looks like from outside, for status. */
struct bp_source_state {
	const char *name; /* "claude_code", "hooks" */
	bool enabled;
	int64_t files;         /* watched */
	int64_t last_event_us; /* BP_ABSENT when none */
	int64_t lag_bytes;     /* not yet added */
	int64_t errors;        /* since start */
};
/** True when every source was looked at once and nothing that was seen waits to be added: a torn
 *  last line does not. Any thread. */
bool bp_capture_caught_up(struct bp_capture *capture);

/** Fill out[max], return how many there are. Any thread. */
size_t bp_capture_sources(struct bp_capture *capture, struct bp_source_state *out, size_t max);

#endif

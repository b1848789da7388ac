/* SPDX-License-Identifier: MIT */
/**
 * import.h - inside src/capture: the files of one import and how far they are.
 *
 * Life:    made by any thread, then held by its maker and by the capture thread; the last of the
 *          two to let go frees it.
 * Threads: items belong to the capture thread until done; the counters are guarded.
 */
#ifndef BP_CAPTURE_IMPORT_H
#define BP_CAPTURE_IMPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "capture/capture.h"
#include "capture/monitor.h"

struct bp_import_item {
	struct bp_import *import;
	const struct bp_monitor *monitor;
	char *path;         /* real */
	int64_t size_bytes; /* when it was found */
	char key[64];       /* the rest: set by the capture thread */
	int64_t sent_to_bytes;
	int64_t generation;
	int64_t counted_bytes; /* of it in bytes_done */
	bool done;
	bool failed;                         /* could not be read */
	struct bp_import_item *next_waiting; /* of the same file */
};

struct bp_import {
	struct bp_import_item *items;
	size_t n, cap;
	bool refresh;          /* from their start, replacing rows that are outdated */
	pthread_mutex_t mutex; /* guards what follows */
	int holders;
	bool cancelled; /* its maker let go */
	int64_t files_done, bytes, bytes_done;
	TAILQ_ENTRY(bp_import) link; /* of the capture thread's list */
};

/** Find the files. Errors: BP_ENOTFOUND a path is not there. */
BP_MUSTUSE enum bp_rc bp_import_new(const struct bp_capture_config *config, char *const *paths,
				    size_t n, int64_t since_us, bool refresh,
				    struct bp_import **out, struct bp_err *err);

/** One more holder. */
void bp_import_hold(struct bp_import *import);

bool bp_import_cancelled(struct bp_import *import);

/** The file is at this position now; done: at its end. Threads: the capture thread. */
void bp_import_item_at(struct bp_import_item *item, const char *key, int64_t to_bytes,
		       int64_t generation, bool done, bool failed);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * watch.h - trees of folders, by inotify: what changed, without looking at files.
 *
 * Why:     a line must be in the queue within milliseconds, and hundreds of idle files may cost
 *          nothing. Folders are watched, not files.
 * Contract: a folder gets its watch first and is read then, so nothing falls between. A root that
 *          is not there is waited for at its nearest parent that is. What the kernel dropped
 *          (overflow) and what it cannot see is found by bp_watch_rescan().
 *          A link is followed once: a folder that is watched under another name is left out.
 * Threads: one thread owns a watch.
 */
#ifndef BP_CAPTURE_WATCH_H
#define BP_CAPTURE_WATCH_H

#include <stdbool.h>

#include "base/str.h"

struct bp_watch;

struct bp_watch_callbacks {
	/** A file is there, changed or went; path is its real one, borrowed. May come twice. */
	void (*file)(void *arg, int tag, const char *path);
	/** Whether to look into a folder of this name. */
	bool (*folder)(void *arg, int tag, struct bp_str name);
	void *arg;
};

/** Owns: bp_watch_free(). */
struct bp_watch *bp_watch_new(const struct bp_watch_callbacks *callbacks);
void bp_watch_free(struct bp_watch *watch);

/** True when the kernel has no more watches: what is not watched is found by rescans only. */
bool bp_watch_blind(const struct bp_watch *watch);

/** Readable when something happened; -1 when there is no inotify at all. */
int bp_watch_fd(const struct bp_watch *watch);

/** Watch a tree and give its files with this tag. */
void bp_watch_add_root(struct bp_watch *watch, const char *path, int tag);

/** Take what happened; does not wait. */
void bp_watch_read(struct bp_watch *watch);

/** Read every folder again, and try missing roots. */
void bp_watch_rescan(struct bp_watch *watch);

#endif

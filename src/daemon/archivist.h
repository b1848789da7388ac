/* SPDX-License-Identifier: MIT */
/**
 * archivist.h - once after the start and then daily, old rows leave the log.
 *
 * Why:     nobody should have to remember it, and it must never be in the way of capture: it
 *          writes in transactions of a few ms under the writer lock, which serves the fast path
 *          first, at a low priority, and sleeps on the stop descriptor in between.
 * Threads: one of its own.
 */
#ifndef BP_DAEMON_ARCHIVIST_H
#define BP_DAEMON_ARCHIVIST_H

/** The thread: arg is the struct bp_service. Ends when its stop is requested. */
void bp_archivist_run(void *arg);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * wal_watch.h - how long the write-ahead log of a database is, for all connections of this process.
 *
 * Why:     only a commit says how long the log is (sqlite3_wal_hook); the checkpoint thread must
 *          know it without asking the file, and must sleep while nobody writes.
 * Place:   inside src/store.
 * Threads: shared by the connections that write one database; counted references.
 */
#ifndef BP_STORE_WAL_WATCH_H
#define BP_STORE_WAL_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct bp_wal_watch;

/** The watch of this path (as written). Owns: a reference, bp_wal_watch_give(). */
struct bp_wal_watch *bp_wal_watch_take(const char *path);
void bp_wal_watch_give(struct bp_wal_watch *watch);

/** A commit left the log this long. */
void bp_wal_watch_commit(struct bp_wal_watch *watch, int pages);

/** Length of the log after the last commit; commits so far. */
int bp_wal_watch_pages(const struct bp_wal_watch *watch);
uint64_t bp_wal_watch_commits(const struct bp_wal_watch *watch);

/** True for one caller when the log grew by step_pages since the last time that was true, or began
 *  anew: that one takes the step. */
bool bp_wal_watch_step(struct bp_wal_watch *watch, int step_pages);

/** Wait until there were more than `commits` commits, bp_wal_watch_wake() was called, or
 *  timeout_ms passed (-1: for ever). */
void bp_wal_watch_wait(struct bp_wal_watch *watch, uint64_t commits, int timeout_ms);
void bp_wal_watch_wake(struct bp_wal_watch *watch);

#endif

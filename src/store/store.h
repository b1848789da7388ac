/* SPDX-License-Identifier: MIT */
/**
 * store.h - the database as the service sees it: its place, its schema, its one writer at a time.
 *
 * Why:     SQLite has one writer. Each writing thread has a connection of its own and uses it only
 *          while it holds the in-process writer lock, which serves the fast path first.
 * Place:   fastpath, slowpath, jobs. Layer 3 opens read connections through query.
 */
#ifndef BP_STORE_STORE_H
#define BP_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/sqlite.h"

/** Bring the database to the newest schema: BEGIN IMMEDIATE, one file, user_version, COMMIT,
 *  repeated. Errors: BP_EVERSION the database is newer than this program (untouched); BP_EIO a
 *  migration failed (the last good version stays). */
BP_MUSTUSE enum bp_rc bp_store_migrate(struct bp_sql *sql, struct bp_err *err);

/** The schema version this program knows. */
int bp_store_version(void);

/** The in-process writer lock. Shared by all writing threads; made and freed by the daemon. */
struct bp_writer_lock;

enum bp_writer { BP_WRITER_FAST, BP_WRITER_SLOW };

struct bp_writer_lock *bp_writer_lock_new(void);
void bp_writer_lock_free(struct bp_writer_lock *lock);

/** Wait for the lock; a waiting fast path goes before every waiting slow one. */
void bp_writer_lock_take(struct bp_writer_lock *lock, enum bp_writer who);
void bp_writer_lock_give(struct bp_writer_lock *lock);

/** True when the fast path waits: a slow holder should finish soon. Threads: the holder. */
bool bp_writer_lock_wanted(const struct bp_writer_lock *lock);

/**
 * The checkpoint thread: PASSIVE checkpoints off the write path, every 50 ms when the WAL grew
 * past 1000 pages, and once it has been quiet for 1 s. Records which commits are in the main file.
 */
struct bp_checkpointer;

/** Start it on the database at path, the same text as bp_sql_open() got. Errors: as bp_sql_open();
 *  BP_EIO no thread. */
BP_MUSTUSE enum bp_rc bp_checkpointer_start(const char *path, struct bp_checkpointer **out,
					    struct bp_err *err);
void bp_checkpointer_stop(struct bp_checkpointer *checkpointer);

/** Say that everything up to this mark (an ever-growing number of the caller) was committed. */
void bp_checkpointer_note(struct bp_checkpointer *checkpointer, uint64_t mark);

/** Ask for a checkpoint now, however short the log is: somebody waits for coverage. */
void bp_checkpointer_hurry(struct bp_checkpointer *checkpointer);

/** The highest mark whose commits a completed checkpoint covers; 0 before the first. */
uint64_t bp_checkpointer_covered(const struct bp_checkpointer *checkpointer);

/** After a commit, on the writer's thread: step in when the WAL is too long (16 000 pages PASSIVE,
 *  64 000 RESTART with 50 ms). */
void bp_store_cap_wal(struct bp_sql *sql);

#endif

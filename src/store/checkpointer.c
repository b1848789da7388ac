/* SPDX-License-Identifier: MIT */
/*
 * A commit's tail latency is the checkpoint, so a thread does it. A thread alone lets the log grow
 * without bound under steady load: the log starts anew only when everything in it is in the
 * database at the moment of a commit, so the writer steps in at a length (bp_store_cap_wal).
 */
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/connection.h"
#include "store/store.h"

enum {
	PACE_MS = 50,
	QUIET_US = 1000000,
	LONG_PAGES = 1000,     /* the thread checkpoints above */
	WRITER_PAGES = 16000,  /* the writer too */
	RESTART_PAGES = 64000, /* the writer waits for readers */
	RESTART_WAIT_MS = 50,
	HUGE_PAGES = 128000, /* the writer waits for as long as a reader can be expected to take */
	HUGE_WAIT_MS = 1000,
	WRITER_STEP_PAGES = 2000,  /* between two attempts, of all writers together */
	RESTART_STEP_PAGES = 16000 /* it may wait for a reader: seldom */
};

struct bp_checkpointer {
	struct bp_sql *sql; /* of the thread */
	struct bp_wal_watch *watch;
	struct bp_thread thread;
	atomic_bool stop, hurry;
	atomic_bool idle; /* it sleeps without a timer: whoever brings work wakes it */
	atomic_uint_fast64_t noted, covered;
	/* Of the thread alone. */
	uint64_t done_commits; /* a complete checkpoint covers these */
	uint64_t seen_commits;
	int64_t seen_us; /* when seen_commits last changed; monotonic */
};

/* True when everything that was committed before is in the main file. */
static bool checkpoint(struct bp_checkpointer *checkpointer)
{
	uint64_t mark = atomic_load(&checkpointer->noted);
	uint64_t commits = bp_wal_watch_commits(checkpointer->watch);
	int in_log = 0;
	int moved = 0;
	int code = sqlite3_wal_checkpoint_v2(checkpointer->sql->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
					     &in_log, &moved);

	/* Busy, a reader in the way, a full disk: the next round tries again. */
	if (code != SQLITE_OK || moved < in_log) {
		return false;
	}
	checkpointer->done_commits = commits;
	atomic_store(&checkpointer->covered, mark);
	return true;
}

static void one_round(struct bp_checkpointer *checkpointer)
{
	uint64_t commits = bp_wal_watch_commits(checkpointer->watch);
	int64_t now_us = bp_clock_mono_us();

	if (commits != checkpointer->seen_commits) {
		checkpointer->seen_commits = commits;
		checkpointer->seen_us = now_us;
	}
	bool quiet = now_us - checkpointer->seen_us >= QUIET_US;
	bool hurry = atomic_exchange(&checkpointer->hurry, false);
	if (!hurry && !quiet && bp_wal_watch_pages(checkpointer->watch) <= LONG_PAGES) {
		return;
	}
	if (!checkpoint(checkpointer) && quiet) {
		/* A long reader: no hurry, the next quiet second will do. */
		checkpointer->seen_us = now_us;
	}
}

/* Nothing to do: sleep until a commit or a mark, without a timer. */
static void sleep_idle(struct bp_checkpointer *checkpointer)
{
	atomic_store(&checkpointer->idle, true);
	/* A mark may come without a commit: a batch of nothing but duplicates. */
	if (bp_wal_watch_commits(checkpointer->watch) == checkpointer->done_commits &&
	    atomic_load(&checkpointer->noted) == atomic_load(&checkpointer->covered) &&
	    !atomic_load(&checkpointer->hurry) && !atomic_load(&checkpointer->stop)) {
		bp_wal_watch_wait(checkpointer->watch, checkpointer->done_commits, -1);
	}
	atomic_store(&checkpointer->idle, false);
}

static void run(void *arg)
{
	struct bp_checkpointer *checkpointer = arg;

	while (!atomic_load(&checkpointer->stop)) {
		sleep_idle(checkpointer);
		if (!atomic_load(&checkpointer->hurry) && !atomic_load(&checkpointer->stop)) {
			bp_wal_watch_wait(checkpointer->watch, UINT64_MAX, PACE_MS);
		}
		one_round(checkpointer);
	}
	(void)checkpoint(checkpointer);
}

enum bp_rc bp_checkpointer_start(const char *path, struct bp_checkpointer **out, struct bp_err *err)
{
	struct bp_checkpointer *checkpointer = bp_calloc(1, sizeof(*checkpointer));
	enum bp_rc rc = bp_sql_open(path, BP_SQL_WRITE, 0, &checkpointer->sql, err);

	if (rc == BP_OK) {
		checkpointer->watch = bp_wal_watch_take(path);
		/* A start finds a log that nobody has accounted for. */
		checkpointer->done_commits = UINT64_MAX;
		checkpointer->seen_us = bp_clock_mono_us();
		rc = bp_thread_start(&checkpointer->thread, "bp-checkpoint", run, checkpointer,
				     err);
	}
	if (rc != BP_OK) {
		bp_checkpointer_stop(checkpointer);
		return rc;
	}
	*out = checkpointer;
	return BP_OK;
}

void bp_checkpointer_stop(struct bp_checkpointer *checkpointer)
{
	if (!checkpointer) {
		return;
	}
	atomic_store(&checkpointer->stop, true);
	if (checkpointer->watch) {
		bp_wal_watch_wake(checkpointer->watch);
	}
	bp_thread_join(&checkpointer->thread);
	bp_sql_close(checkpointer->sql);
	bp_wal_watch_give(checkpointer->watch);
	free(checkpointer);
}

void bp_checkpointer_note(struct bp_checkpointer *checkpointer, uint64_t mark)
{
	atomic_store(&checkpointer->noted, mark);
	if (atomic_load(&checkpointer->idle)) {
		bp_wal_watch_wake(checkpointer->watch);
	}
}

void bp_checkpointer_hurry(struct bp_checkpointer *checkpointer)
{
	atomic_store(&checkpointer->hurry, true);
	bp_wal_watch_wake(checkpointer->watch);
}

uint64_t bp_checkpointer_covered(const struct bp_checkpointer *checkpointer)
{
	return atomic_load(&checkpointer->covered);
}

void bp_store_cap_wal(struct bp_sql *sql)
{
	int pages = bp_wal_watch_pages(sql->watch);
	bool restart = pages > RESTART_PAGES;

	if (pages <= WRITER_PAGES ||
	    !bp_wal_watch_step(sql->watch, restart ? RESTART_STEP_PAGES : WRITER_STEP_PAGES)) {
		return;
	}
	/* Failing changes nothing but the log's length: the next step tries again. */
	if (!restart) {
		(void)sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
						NULL);
		return;
	}
	(void)sqlite3_busy_timeout(sql->db, pages > HUGE_PAGES ? HUGE_WAIT_MS : RESTART_WAIT_MS);
	(void)sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	(void)sqlite3_busy_timeout(sql->db, BP_SQL_BUSY_TIMEOUT_MS);
}

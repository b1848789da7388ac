/* SPDX-License-Identifier: MIT */
/**
 * fast.h - a real fast path, with or without the slow path, over a backlog in a real Redis: what
 * bars 1 to 4 are measured with.
 *
 * Why:     a database of any size can be put under it, so that its growth is seen.
 * Start:   `static struct bench_fast fast; bench_fast_open(&fast, "bench_x");`
 * Errors:  a failure says why on stderr and ends the process: nothing is left to be measured.
 * Threads: one thread owns it.
 */
#ifndef BP_TESTS_BENCH_FAST_H
#define BP_TESTS_BENCH_FAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/thread.h"
#include "bench/events.h"
#include "fastpath/fastpath.h"
#include "store/store.h"
#include "stream/stream.h"
#include "support/redis.h"

enum {
	BENCH_WINDOW = 30000,     /* events of one timed run */
	BENCH_WINDOW_WARM = 2000, /* of them untimed */
	BENCH_BATCH = 100,
	BENCH_SAMPLES_MAX = 20000,
	BENCH_FAST_PATH_BYTES = 300
};

struct bench_fast {
	const char *program; /* for messages */
	char folder[256];
	struct bp_test_redis server;
	struct bp_redis *redis;
	struct bench_events events;
};

/** A folder and a Redis as the service starts its own. */
void bench_fast_open(struct bench_fast *fast, const char *program);
void bench_fast_close(struct bench_fast *fast);

/** Stop everything, say why, end with failure. err may be NULL. */
_Noreturn void bench_fast_fail(struct bench_fast *fast, const char *what, const struct bp_err *err);
void bench_fast_must(struct bench_fast *fast, enum bp_rc rc, const char *what,
		     const struct bp_err *err);

/** Queue one wire event; flush what was queued; queue n new events; forget all of Redis. */
void bench_fast_add(struct bench_fast *fast, struct bp_str wire);
void bench_fast_flush(struct bench_fast *fast);
void bench_fast_fill(struct bench_fast *fast, size_t n);
void bench_fast_empty(struct bench_fast *fast);

/** Make an empty database of this name in the folder, in place of one that is there.
 *  Shape: path[BENCH_FAST_PATH_BYTES]. */
void bench_fast_database(struct bench_fast *fast, const char *name, char *path);

/** Bring a database to this many rows, in the order in which they would have come. */
void bench_fast_grow(struct bench_fast *fast, const char *path, int64_t rows);

/** The number that a question gives. */
int64_t bench_fast_ask(struct bench_fast *fast, const char *path, const char *text);

/** The fast path with everything around it. */
struct bench_fastpath {
	struct bp_writer_lock *lock;
	struct bp_checkpointer *checkpointer;
	struct bp_stop stop;
	struct bp_fastpath *fastpath;
	struct bp_thread thread;
	const struct bp_fastpath_counters *counters;
};

void bench_fastpath_start(struct bench_fast *fast, struct bench_fastpath *service, const char *path,
			  int64_t batch);
void bench_fastpath_stop(struct bench_fastpath *service);

/** Sleep, finer than poll(2). Nothing is waited for but time. */
void bench_pause_us(long us);

/** One timed run over a backlog. */
struct bench_window {
	struct bench_fast *fast;
	const char *path; /* NULL: a fresh database */
	int64_t batch;
	bool slow;         /* with the slow path working */
	double *sample_ms; /* keep the time of each batch, BENCH_SAMPLES_MAX of them; or NULL */
	size_t n_samples;
	/* Out, of the last run: */
	double slow_share;    /* rows that became facts meanwhile, per row */
	double cpu_us;        /* CPU of fast path and checkpointer for an event */
	double redis_cpu_us;  /* and that of Redis */
	double written_bytes; /* by this process, for an event: log, database, checkpoints */
	double memory_mb;     /* of this process at its end */
};

/** Events per second of the fast path over a backlog of BENCH_WINDOW events. arg: its window. */
double bench_window_run(void *arg);

#endif

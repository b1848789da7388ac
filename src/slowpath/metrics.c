/* SPDX-License-Identifier: MIT */
/*
 * The metrics worker: has dirty rollups made again, and keeps the live values in Redis. A question
 * never waits for it: it reads what is dirty from what it is made of.
 */
#include <malloc.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tz.h"
#include "slowpath/live.h"
#include "slowpath/pool.h"
#include "slowpath/rollup_maker.h"

enum {
	TICK_MS = 100,          /* while something changes */
	HURRY_TICK_MS = 10,     /* ... and somebody waits for it */
	IDLE_MS = 1000,         /* when all is done: live values grow old without a commit */
	PASS_US = 500000,       /* a bucket that keeps changing is recomputed this often */
	BUSY_PASS_US = 2000000, /* ... while rows wait */
	QUIET_US = 5000000,     /* beyond BP_REST_US: others gave back what they held */
	SPAN_PASS_US = 5000000, /* days and months that keep changing: this often */
	RETRY_MS = 200,
	LOG_US = 10000000
};

struct metrics {
	struct bp_slowpath *slowpath;
	struct bp_sql *read, *write;
	struct bp_tz *tz; /* whose days and months are made */
	struct bp_rollup_maker *maker;
	struct bp_live *live;
	unsigned commits; /* seen at the last pass */
	int64_t last_pass_us;
	bool left; /* dirty quarters were left by the last pass */
	int64_t last_spans_us;
	bool spans_left; /* days or months may be dirty */
	unsigned quiet_commits;
	int64_t quiet_us; /* monotonic: no commit since */
	bool trimmed;
	struct bp_log_gate gate;
};

static void close_metrics(struct metrics *metrics)
{
	bp_rollup_maker_free(metrics->maker);
	bp_sql_close(metrics->read);
	bp_sql_close(metrics->write);
	bp_live_free(metrics->live);
	bp_tz_free(metrics->tz);
}

static enum bp_rc open_metrics(struct metrics *metrics, struct bp_err *err)
{
	const struct bp_slowpath *slowpath = metrics->slowpath;
	int64_t cache = slowpath->config.cache_bytes;
	enum bp_rc rc =
		bp_sql_open(slowpath->database_path, BP_SQL_READ, cache, &metrics->read, err);

	metrics->live = bp_live_new(slowpath->redis_address);
	metrics->left = true;
	metrics->spans_left = true;
	if (rc == BP_OK) {
		rc = bp_sql_open(slowpath->database_path, BP_SQL_WRITE, cache, &metrics->write,
				 err);
	}
	/* As the command line does, which then reads these days. */
	if (rc == BP_OK && bp_tz_load(NULL, &metrics->tz, NULL) != BP_OK) {
		rc = bp_tz_load("UTC", &metrics->tz, err);
	}
	if (rc == BP_OK) {
		rc = bp_rollup_maker_new(metrics->read, metrics->write, slowpath->lock, metrics->tz,
					 &metrics->maker, err);
	}
	return rc;
}

static enum bp_rc pass(struct metrics *metrics, struct bp_err *err)
{
	metrics->commits = atomic_load(&metrics->slowpath->commits);
	metrics->last_pass_us = bp_clock_mono_us();
	metrics->spans_left = true;
	return bp_rollup_maker_quarters(metrics->maker, &metrics->left, err);
}

/** Days and months once no quarter is left: each would only be made again. */
static enum bp_rc pass_spans(struct metrics *metrics, struct bp_err *err)
{
	struct bp_slowpath *slowpath = metrics->slowpath;
	enum bp_rc rc = BP_OK;

	metrics->last_spans_us = bp_clock_mono_us();
	do {
		rc = bp_rollup_maker_span(metrics->maker, &metrics->spans_left, err);
	} while (rc == BP_OK && metrics->spans_left && !bp_stop_requested(&slowpath->stop) &&
		 atomic_load(&slowpath->commits) == metrics->commits);
	return rc;
}

/** After a burst caches and allocator keep what it needed: give it back once it is quiet. */
static void trim_memory(struct metrics *metrics)
{
	unsigned commits = atomic_load(&metrics->slowpath->commits);
	int64_t now_us = bp_clock_mono_us();

	if (commits != metrics->quiet_commits) {
		metrics->quiet_commits = commits;
		metrics->quiet_us = now_us;
		metrics->trimmed = false;
	} else if (!metrics->trimmed && now_us - metrics->quiet_us >= QUIET_US) {
		metrics->trimmed = true;
		bp_sql_rest(metrics->read);
		bp_sql_rest(metrics->write);
		(void)malloc_trim(0); /* tells whether there was something */
	}
}

static bool pass_due(const struct metrics *metrics)
{
	struct bp_slowpath *slowpath = metrics->slowpath;
	int64_t since_us = bp_clock_mono_us() - metrics->last_pass_us;
	bool busy = false;

	if (!metrics->left && atomic_load(&slowpath->commits) == metrics->commits) {
		return false;
	}
	for (int i = 0; i < slowpath->n_workers; i++) {
		busy = busy || bp_queue_depth(slowpath->queues[i]) > 0;
	}
	if (busy) {
		return since_us >= BUSY_PASS_US;
	}
	return metrics->left || bp_slowpath_hurrying(slowpath) || since_us >= PASS_US;
}

static bool spans_due(const struct metrics *metrics)
{
	return !metrics->left && metrics->spans_left &&
	       (bp_slowpath_hurrying(metrics->slowpath) ||
		bp_clock_mono_us() - metrics->last_spans_us >= SPAN_PASS_US);
}

static bool all_done(const struct metrics *metrics)
{
	return !metrics->left && !metrics->spans_left && metrics->trimmed &&
	       atomic_load(&metrics->slowpath->commits) == metrics->commits;
}

/** Sleep until there may be something to do. */
static void wait_a_while(struct metrics *metrics)
{
	struct bp_slowpath *slowpath = metrics->slowpath;
	int ms = bp_slowpath_hurrying(slowpath) ? HURRY_TICK_MS : TICK_MS;

	if (metrics->left && pass_due(metrics)) {
		return;
	}
	atomic_store(&slowpath->metrics_idle, true);
	/* A commit between the look and the wait rings. */
	if (!all_done(metrics)) {
		atomic_store(&slowpath->metrics_idle, false);
	} else {
		ms = IDLE_MS;
	}
	(void)bp_bell_wait(&slowpath->metrics_bell, &slowpath->stop, ms); /* the loop asks */
	atomic_store(&slowpath->metrics_idle, false);
}

void bp_metrics_run(void *arg)
{
	struct metrics metrics = {.slowpath = arg};
	struct bp_slowpath *slowpath = arg;
	struct bp_err err = {0};

	bp_slowpath_give_way();
	enum bp_rc rc = open_metrics(&metrics, &err);

	while (!bp_stop_requested(&slowpath->stop)) {
		bp_slowpath_hold(slowpath);
		if (rc == BP_OK && pass_due(&metrics)) {
			rc = pass(&metrics, &err);
		}
		if (rc == BP_OK && spans_due(&metrics)) {
			rc = pass_spans(&metrics, &err);
		}
		if (rc == BP_OK) {
			rc = bp_live_tick(metrics.live, metrics.read,
					  atomic_load(&slowpath->commits), &err);
		}
		if (rc != BP_OK) {
			bp_log_every(&metrics.gate, LOG_US, BP_LOG_WARN, BP_LOG_WHO,
				     "cannot make rollups: %s; trying again in %d ms", err.msg,
				     RETRY_MS);
			(void)bp_stop_wait(&slowpath->stop, RETRY_MS); /* the loop asks */
			close_metrics(&metrics);
			metrics = (struct metrics){.slowpath = slowpath, .gate = metrics.gate};
			rc = open_metrics(&metrics, &err);
			continue;
		}
		trim_memory(&metrics);
		wait_a_while(&metrics);
	}
	close_metrics(&metrics);
}

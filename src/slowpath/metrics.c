/* SPDX-License-Identifier: MIT */
/*
 * The metrics worker: recomputes the rollups of dirty buckets from facts, and keeps the live
 * values in Redis. A question never waits for it: it reads dirty buckets from facts.
 */
#include <malloc.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "query/buckets.h"
#include "slowpath/live.h"
#include "slowpath/pool.h"

static const char SELECT_DIRTY[] =
	"SELECT bucket_us, generation FROM dirty_bucket ORDER BY bucket_us DESC LIMIT 64";
static const char DROP_BUCKET[] = "DELETE FROM rollups WHERE bucket_us = ?1";
static const char CLEAN[] = "DELETE FROM dirty_bucket WHERE bucket_us = ?1 AND generation = ?2";

#define PARAMETER(name) "?, "
static const char INSERT_ROLLUP[] = "INSERT INTO rollups (" BP_BUCKET_COLUMNS
				    ") VALUES (?, ?, ?, ?, ?, " BP_BUCKET_SUMS(PARAMETER) "?)";
#undef PARAMETER

enum {
	TICK_MS = 100,
	PASS_US = 500000,       /* a bucket that keeps changing is recomputed this often */
	BUSY_PASS_US = 2000000, /* ... while rows wait */
	QUIET_US = 3000000,
	DIRTY_MAX = 64,
	RETRY_MS = 200,
	LOG_US = 10000000
};

struct dirty {
	int64_t bucket_us, generation;
};

struct metrics {
	struct bp_slowpath *slowpath;
	struct bp_sql *read, *write;
	struct bp_bucket_reader *buckets; /* of read */
	struct bp_statement *dirty, *drop, *insert, *clean;
	struct bp_live *live;
	struct bp_buf sketch;
	struct bp_arena arena;  /* one bucket's rollups */
	struct rollup *rollups; /* in the arena */
	unsigned commits;       /* seen at the last pass */
	int64_t last_pass_us;
	bool left; /* dirty buckets were left by the last pass */
	unsigned quiet_commits;
	int64_t quiet_us; /* monotonic: no commit since */
	bool trimmed;
	struct bp_log_gate gate;
};

static void close_metrics(struct metrics *metrics)
{
	bp_statement_free(metrics->dirty);
	bp_statement_free(metrics->drop);
	bp_statement_free(metrics->insert);
	bp_statement_free(metrics->clean);
	bp_bucket_reader_free(metrics->buckets);
	bp_sql_close(metrics->read);
	bp_sql_close(metrics->write);
	bp_live_free(metrics->live);
	bp_buf_done(&metrics->sketch);
	bp_arena_done(&metrics->arena);
}

static enum bp_rc open_metrics(struct metrics *metrics, struct bp_err *err)
{
	const struct bp_slowpath *slowpath = metrics->slowpath;
	int64_t cache = slowpath->config.cache_bytes;
	enum bp_rc rc =
		bp_sql_open(slowpath->database_path, BP_SQL_READ, cache, &metrics->read, err);

	bp_buf_init(&metrics->sketch, BP_SKETCH_BYTES_MAX);
	metrics->live = bp_live_new(slowpath->redis_address);
	metrics->left = true;
	if (rc == BP_OK) {
		rc = bp_sql_open(slowpath->database_path, BP_SQL_WRITE, cache, &metrics->write,
				 err);
	}
	if (rc == BP_OK) {
		rc = bp_bucket_reader_new(metrics->read, &metrics->buckets, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(metrics->read, SELECT_DIRTY, &metrics->dirty, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(metrics->write, DROP_BUCKET, &metrics->drop, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(metrics->write, INSERT_ROLLUP, &metrics->insert, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(metrics->write, CLEAN, &metrics->clean, err);
	}
	return rc;
}

/** A rollup as it will be written: read before the lock is taken. */
struct rollup {
	int64_t bucket_us;
	struct bp_str platform, project_hash, model, tool, sketch;
	int64_t sums[BP_BUCKET_SUM_COUNT];
	struct rollup *next;
};

static enum bp_rc keep_rollup(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct metrics *metrics = arg;
	struct rollup *rollup = bp_arena_alloc(&metrics->arena, sizeof(*rollup));

	(void)err; /* cannot fail */
	*rollup = (struct rollup){
		.bucket_us = bucket->bucket_us,
		.platform = bp_arena_str(&metrics->arena, bucket->platform),
		.project_hash = bp_arena_str(&metrics->arena, bucket->project_hash),
		.model = bp_arena_str(&metrics->arena, bucket->model),
		.tool = bp_arena_str(&metrics->arena, bucket->tool),
		.next = metrics->rollups,
	};
	memcpy(rollup->sums, &bucket->sums, sizeof(rollup->sums));
	if (bucket->latency.count > 0) {
		bp_buf_clear(&metrics->sketch);
		bp_sketch_encode(&bucket->latency, &metrics->sketch);
		rollup->sketch = bp_arena_str(&metrics->arena, bp_buf_str(&metrics->sketch));
	}
	metrics->rollups = rollup;
	return BP_OK;
}

static enum bp_rc insert_rollup(struct metrics *metrics, const struct rollup *rollup,
				struct bp_err *err)
{
	struct bp_statement *insert = metrics->insert;
	int parameter = 6;

	bp_bind_int(insert, 1, rollup->bucket_us);
	bp_bind_text(insert, 2, rollup->platform);
	bp_bind_text(insert, 3, rollup->project_hash);
	bp_bind_text(insert, 4, rollup->model);
	bp_bind_text(insert, 5, rollup->tool);
	for (size_t i = 0; i < BP_BUCKET_SUM_COUNT; i++) {
		bp_bind_int(insert, parameter++, rollup->sums[i]);
	}
	bp_bind_blob(insert, parameter, rollup->sketch.ptr, rollup->sketch.len);
	return bp_statement_run(insert, err);
}

static enum bp_rc write_rollups(struct metrics *metrics, const struct dirty *dirty,
				struct bp_err *err)
{
	bp_bind_int(metrics->drop, 1, dirty->bucket_us);
	enum bp_rc rc = bp_statement_run(metrics->drop, err);
	for (const struct rollup *rollup = metrics->rollups; rollup && rc == BP_OK;
	     rollup = rollup->next) {
		rc = insert_rollup(metrics, rollup, err);
	}
	if (rc == BP_OK) {
		bp_bind_int(metrics->clean, 1, dirty->bucket_us);
		bp_bind_int(metrics->clean, 2, dirty->generation);
		rc = bp_statement_run(metrics->clean, err);
	}
	return rc;
}

/**
 * Facts that change while they are summed raise the bucket's generation: it stays dirty, and
 * questions read it from facts until the next pass.
 */
static enum bp_rc make_rollup(struct metrics *metrics, const struct dirty *dirty,
			      struct bp_err *err)
{
	struct bp_slowpath *slowpath = metrics->slowpath;

	bp_arena_clear(&metrics->arena);
	metrics->rollups = NULL;
	enum bp_rc rc =
		bp_bucket_reader_read(metrics->buckets, dirty->bucket_us,
				      dirty->bucket_us + BP_BUCKET_US, keep_rollup, metrics, err);
	if (rc != BP_OK) {
		return rc;
	}
	bp_writer_lock_take(slowpath->lock, BP_WRITER_SLOW);
	rc = bp_sql_begin(metrics->write, err);
	if (rc == BP_OK) {
		rc = write_rollups(metrics, dirty, err);
		if (rc == BP_OK) {
			rc = bp_sql_commit(metrics->write, err);
		}
		if (rc != BP_OK) {
			bp_sql_rollback(metrics->write);
		}
	}
	bp_writer_lock_give(slowpath->lock);
	if (rc == BP_OK) {
		bp_store_cap_wal(metrics->write);
	}
	return rc;
}

static enum bp_rc read_dirty(struct metrics *metrics, struct dirty *out, size_t *out_n,
			     struct bp_err *err)
{
	enum bp_rc rc;
	size_t n = 0;

	while ((rc = bp_statement_step(metrics->dirty, err)) == BP_OK) {
		BP_ASSERT(n < DIRTY_MAX);
		out[n++] = (struct dirty){.bucket_us = bp_column_int(metrics->dirty, 0),
					  .generation = bp_column_int(metrics->dirty, 1)};
	}
	bp_statement_reset(metrics->dirty);
	*out_n = n;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc pass(struct metrics *metrics, struct bp_err *err)
{
	struct dirty dirty[DIRTY_MAX];
	size_t n = 0;

	metrics->commits = atomic_load(&metrics->slowpath->commits);
	metrics->last_pass_us = bp_clock_mono_us();
	enum bp_rc rc = read_dirty(metrics, dirty, &n, err);
	metrics->left = n == DIRTY_MAX;
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		if (bp_stop_requested(&metrics->slowpath->stop)) {
			return BP_OK;
		}
		rc = make_rollup(metrics, &dirty[i], err);
	}
	return rc;
}

/** After a burst the allocator keeps what the burst needed: give it back once it is quiet. */
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
		if (!metrics.left) {
			(void)bp_stop_wait(&slowpath->stop,
					   bp_slowpath_hurrying(slowpath) ? TICK_MS / 10 : TICK_MS);
		}
	}
	close_metrics(&metrics);
}

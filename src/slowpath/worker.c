/* SPDX-License-Identifier: MIT */
/*
 * A conversation worker: rows of its sessions to evidence, then the finaliser when a session has
 * been quiet.
 */
#include <uthash.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "slowpath/fact_set.h"
#include "slowpath/finaliser.h"
#include "slowpath/platform.h"
#include "slowpath/pool.h"

static const char PUT_PROGRESS[] =
	"INSERT INTO pool_progress (pool, tbl, low_water) VALUES (?1, ?2, ?3)"
	" ON CONFLICT (pool, tbl) DO UPDATE SET low_water = max(low_water, excluded.low_water)";

static const char SELECT_DIRTY[] = "SELECT conversation_id, generation FROM dirty_session WHERE "
				   "conversation_id % ?1 IN (?2, ?3)";

static const char SELECT_GENERATION[] =
	"SELECT generation FROM dirty_session WHERE conversation_id = ?1";

enum {
	SET_SIZE = 8192, /* items joined in memory before they are written */
	RETRY_MS = 200,
	LOG_US = 10000000
};

/** A session that waits for the finaliser. */
struct waiting {
	int64_t conversation_id;
	int64_t first_us, last_us; /* monotonic: first and last change since it was clean */
	UT_hash_handle hh;
};

struct bp_worker {
	struct bp_slowpath *slowpath;
	int index;
	struct bp_sql *write, *read;
	struct bp_fact_set *set;
	struct bp_fact_writer *writer;
	struct bp_finaliser *finaliser;
	struct bp_statement *progress, *dirty, *generation;
	struct waiting *waiting;
	unsigned poke;
	int64_t now_us;    /* monotonic, of the loop's present round */
	int64_t worked_us; /* ... of the last one in which something was to be done */
	bool resting;      /* memory was given back since */
	struct bp_log_gate gate;
};

void bp_worker_free(struct bp_worker *worker)
{
	struct waiting *session;
	struct waiting *next;

	if (worker == NULL) {
		return;
	}
	HASH_ITER (hh, worker->waiting, session, next) {
		HASH_DEL(worker->waiting, session);
		free(session);
	}
	bp_finaliser_free(worker->finaliser);
	bp_fact_writer_free(worker->writer);
	bp_fact_set_free(worker->set);
	bp_statement_free(worker->progress);
	bp_statement_free(worker->dirty);
	bp_statement_free(worker->generation);
	bp_sql_close(worker->write);
	bp_sql_close(worker->read);
	free(worker);
}

enum bp_rc bp_worker_new(struct bp_slowpath *slowpath, int i, struct bp_worker **out,
			 struct bp_err *err)
{
	struct bp_worker *worker = bp_calloc(1, sizeof(*worker));
	int64_t cache = slowpath->config.cache_bytes;

	worker->slowpath = slowpath;
	worker->index = i;
	worker->set = bp_fact_set_new();
	/* What is dirty from an earlier life is found in the first round. */
	worker->poke = atomic_load(&slowpath->poke) - 1;
	enum bp_rc rc =
		bp_sql_open(slowpath->database_path, BP_SQL_WRITE, cache, &worker->write, err);
	if (rc == BP_OK) {
		rc = bp_sql_open(slowpath->database_path, BP_SQL_READ, cache, &worker->read, err);
	}
	if (rc == BP_OK) {
		rc = bp_fact_writer_new(worker->write, &worker->writer, err);
	}
	if (rc == BP_OK) {
		rc = bp_finaliser_new(worker->read, worker->write, slowpath->lock, slowpath->prices,
				      &worker->finaliser, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(worker->write, PUT_PROGRESS, &worker->progress, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(worker->read, SELECT_DIRTY, &worker->dirty, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(worker->read, SELECT_GENERATION, &worker->generation, err);
	}
	if (rc != BP_OK) {
		bp_worker_free(worker);
		return rc;
	}
	*out = worker;
	return BP_OK;
}

/* --- sessions that wait --- */

static void wait_session(struct bp_worker *worker, int64_t conversation_id)
{
	struct waiting *session = NULL;

	HASH_FIND(hh, worker->waiting, &conversation_id, sizeof(conversation_id), session);
	if (session == NULL) {
		session = bp_calloc(1, sizeof(*session));
		session->conversation_id = conversation_id;
		session->first_us = worker->now_us;
		HASH_ADD(hh, worker->waiting, conversation_id, sizeof(session->conversation_id),
			 session);
	}
	session->last_us = worker->now_us;
}

static void wait_touched(int64_t conversation_id, void *arg)
{
	wait_session(arg, conversation_id);
}

/** Sessions that another worker marked, or that were dirty when the service started. */
static enum bp_rc find_dirty(struct bp_worker *worker, struct bp_err *err)
{
	unsigned poke = atomic_load(&worker->slowpath->poke);
	int n = worker->slowpath->n_workers;
	enum bp_rc rc;

	if (poke == worker->poke) {
		return BP_OK;
	}
	/* SQL's remainder has the sign of the id. */
	bp_bind_int(worker->dirty, 1, n);
	bp_bind_int(worker->dirty, 2, worker->index);
	bp_bind_int(worker->dirty, 3, worker->index - n);
	while ((rc = bp_statement_step(worker->dirty, err)) == BP_OK) {
		wait_session(worker, bp_column_int(worker->dirty, 0));
	}
	bp_statement_reset(worker->dirty);
	if (rc != BP_ENOTFOUND) {
		return rc;
	}
	worker->poke = poke;
	return BP_OK;
}

/** When the session's finaliser is due. */
static int64_t due_us(const struct bp_worker *worker, const struct waiting *session)
{
	const struct bp_slowpath_config *config = &worker->slowpath->config;
	int64_t quiet_us = session->last_us + config->debounce_us;
	int64_t latest_us = session->first_us + config->debounce_max_us;

	if (bp_slowpath_hurrying(worker->slowpath)) {
		return 0;
	}
	return quiet_us < latest_us ? quiet_us : latest_us;
}

/** Wait for rows, until the first session is due or it is time to rest, or for ever: whatever else
 *  there may be to do comes with a wake-up. */
static enum bp_rc wait_rows(const struct bp_worker *worker, void **out)
{
	struct bp_queue *queue = worker->slowpath->queues[worker->index];
	int64_t end_us = worker->worked_us + BP_REST_US;

	if (worker->waiting == NULL && worker->resting) {
		return bp_queue_pop(queue, -1, out);
	}
	for (struct waiting *session = worker->waiting; session; session = session->hh.next) {
		int64_t session_us = due_us(worker, session);
		end_us = session_us < end_us ? session_us : end_us;
	}
	return end_us <= worker->now_us ? bp_queue_pop(queue, 0, out)
					: bp_queue_pop_until(queue, end_us, out);
}

static enum bp_rc finalise_one(struct bp_worker *worker, int64_t conversation_id,
			       struct bp_err *err)
{
	bool moved = false;

	bp_bind_int(worker->generation, 1, conversation_id);
	enum bp_rc rc = bp_statement_step(worker->generation, err);
	int64_t generation = rc == BP_OK ? bp_column_int(worker->generation, 0) : 0;
	bp_statement_reset(worker->generation);
	if (rc != BP_OK) {
		return rc == BP_ENOTFOUND ? BP_OK : rc; /* clean already */
	}
	rc = bp_finaliser_run(worker->finaliser, conversation_id, generation, &moved, err);
	bp_slowpath_committed(worker->slowpath);
	if (moved) {
		bp_slowpath_poke(worker->slowpath);
	}
	return rc;
}

/** Run the sessions that are due, as long as no rows wait. */
static enum bp_rc finalise_due(struct bp_worker *worker, struct bp_err *err)
{
	struct waiting *session;
	struct waiting *next;

	HASH_ITER (hh, worker->waiting, session, next) {
		if (due_us(worker, session) > worker->now_us) {
			continue;
		}
		int64_t conversation_id = session->conversation_id;
		enum bp_rc rc = finalise_one(worker, conversation_id, err);
		if (rc != BP_OK) {
			return rc;
		}
		HASH_DEL(worker->waiting, session);
		free(session);
		/* Rows first: evidence is what questions see; but no session starves. */
		if (bp_queue_depth(worker->slowpath->queues[worker->index]) > 0) {
			break;
		}
	}
	return BP_OK;
}

/** Nothing to do for a while: give back what a burst needed. */
static void rest(struct bp_worker *worker)
{
	if (worker->waiting != NULL) {
		worker->worked_us = worker->now_us;
		worker->resting = false;
	} else if (!worker->resting && worker->now_us - worker->worked_us >= BP_REST_US) {
		worker->resting = true;
		bp_sql_rest(worker->write);
		bp_sql_rest(worker->read);
		bp_fact_set_rest(worker->set);
		bp_finaliser_rest(worker->finaliser);
	}
}

/* --- rows --- */

static void join_chunk(struct bp_worker *worker, const struct bp_chunk *chunk)
{
	for (size_t i = 0; i < chunk->n; i++) {
		const struct bp_raw_row *row = &chunk->rows[i];
		if (chunk->owners[i] != worker->index) {
			continue;
		}
		const struct bp_platform *platform = bp_platform_find(row->event.platform);
		if (platform == NULL) {
			continue;
		}
		const char *reason = row->event.payload.ptr == NULL
					     ? "row cannot be inflated"
					     : platform->evidence(row, worker->set);
		if (reason != NULL) {
			bp_fact_set_error(worker->set, bp_raw_table_name(chunk->table),
					  row->sequence, reason);
		}
	}
}

/**
 * The low water as it will be once this worker's part up to `last` is committed: where the first
 * worker stands that has not done all it was given; else how far any has come.
 */
static int64_t low_water(const struct bp_worker *worker, enum bp_raw_table table, int64_t last)
{
	const struct bp_slowpath *slowpath = worker->slowpath;
	int64_t most = last;
	int64_t least = INT64_MAX;

	for (int i = 0; i < slowpath->n_workers; i++) {
		int64_t done = i == worker->index ? last : slowpath->done[i][table];
		most = done > most ? done : most;
		if (atomic_load(&slowpath->given[i][table]) > done && done < least) {
			least = done;
		}
	}
	return least < most ? least : most;
}

static enum bp_rc put_progress(struct bp_worker *worker, const int64_t *last, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (int table = 0; table < BP_RAW_TABLES && rc == BP_OK; table++) {
		if (last[table] == 0) {
			continue;
		}
		bp_bind_text(worker->progress, 1, BP_STR(BP_POOL_CONVERSATIONS));
		bp_bind_text(worker->progress, 2,
			     bp_str_from(bp_raw_table_name((enum bp_raw_table)table)));
		bp_bind_int(worker->progress, 3,
			    low_water(worker, (enum bp_raw_table)table, last[table]));
		rc = bp_statement_run(worker->progress, err);
	}
	return rc;
}

/** One transaction of the set's writing; with its last part goes the progress. */
static enum bp_rc write_part(struct bp_worker *worker, const int64_t *last, bool *out_done,
			     struct bp_err *err)
{
	struct bp_slowpath *slowpath = worker->slowpath;
	bool linked = false;

	bp_writer_lock_take(slowpath->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_begin(worker->write, err);
	if (rc == BP_OK) {
		rc = bp_fact_writer_write(worker->writer, worker->set, slowpath->lock, out_done,
					  &linked, err);
		if (rc == BP_OK && *out_done) {
			rc = put_progress(worker, last, err);
		}
		if (rc == BP_OK) {
			rc = bp_sql_commit(worker->write, err);
		}
		if (rc != BP_OK) {
			bp_sql_rollback(worker->write);
		}
	}
	if (rc == BP_OK) {
		for (int table = 0; table < BP_RAW_TABLES && *out_done; table++) {
			if (last[table] > slowpath->done[worker->index][table]) {
				slowpath->done[worker->index][table] = last[table];
			}
		}
	}
	bp_writer_lock_give(slowpath->lock);
	if (rc == BP_OK) {
		bp_store_cap_wal(worker->write);
	}
	if (linked) {
		bp_slowpath_poke(slowpath);
	}
	return rc;
}

/** Write the set, however often it takes: evidence may be written twice. */
static void write_set(struct bp_worker *worker, const int64_t *last)
{
	struct bp_slowpath *slowpath = worker->slowpath;
	bool done = false;

	bp_fact_writer_restart(worker->writer);
	while (!done) {
		struct bp_err err = {0};
		if (write_part(worker, last, &done, &err) == BP_OK) {
			continue;
		}
		done = false;
		bp_fact_writer_restart(worker->writer);
		bp_log_every(&worker->gate, LOG_US, BP_LOG_WARN, BP_LOG_WHO,
			     "cannot write facts: %s; trying again in %d ms", err.msg, RETRY_MS);
		if (bp_stop_wait(&slowpath->stop, RETRY_MS)) {
			return; /* the rows stay above the low water */
		}
	}
	bp_slowpath_committed(slowpath);
	bp_fact_set_each_session(worker->set, wait_touched, worker);
	bp_fact_set_clear(worker->set);
}

/** Take what waits, join it, write it. False when the queue is closed and empty. */
static bool work_rows(struct bp_worker *worker)
{
	struct bp_queue *queue = worker->slowpath->queues[worker->index];
	int64_t last[BP_RAW_TABLES] = {0};
	void *item = NULL;
	enum bp_rc rc = wait_rows(worker, &item);

	worker->now_us = bp_clock_mono_us();
	if (rc != BP_OK) {
		return rc != BP_ESTOPPED;
	}
	do {
		struct bp_chunk *chunk = item;
		join_chunk(worker, chunk);
		if (chunk->last > last[chunk->table]) {
			last[chunk->table] = chunk->last;
		}
		bp_chunk_release(chunk);
	} while (bp_fact_set_size(worker->set) < SET_SIZE &&
		 bp_queue_pop(queue, 0, &item) == BP_OK);
	write_set(worker, last);
	return true;
}

void bp_worker_run(void *arg)
{
	struct bp_worker *worker = arg;
	struct bp_slowpath *slowpath = worker->slowpath;

	bp_slowpath_give_way();
	worker->now_us = worker->worked_us = bp_clock_mono_us();
	for (;;) {
		struct bp_err err = {0};
		bp_slowpath_hold(slowpath);
		if (!work_rows(worker) || bp_stop_requested(&slowpath->stop)) {
			return;
		}
		enum bp_rc rc = find_dirty(worker, &err);
		if (rc == BP_OK) {
			rc = finalise_due(worker, &err);
		}
		rest(worker);
		if (rc != BP_OK) {
			bp_log_every(&worker->gate, LOG_US, BP_LOG_WARN, BP_LOG_WHO,
				     "%s; trying again in %d ms", err.msg, RETRY_MS);
			(void)bp_stop_wait(&slowpath->stop, RETRY_MS); /* the loop asks */
		}
	}
}

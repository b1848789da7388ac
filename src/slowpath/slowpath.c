/* SPDX-License-Identifier: MIT */
#include "slowpath/slowpath.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "query/status.h"
#include "slowpath/forget.h"
#include "slowpath/pool.h"
#include "slowpath/replay.h"
#include "store/archive.h"

const struct bp_option bp_slowpath_options[] = {
	{.name = "slowpath.workers",
	 .type = BP_OPTION_INT,
	 .offset = offsetof(struct bp_slowpath_config, workers),
	 .fallback = "2",
	 .min = 1,
	 .max = BP_WORKERS_MAX,
	 .help = "threads that turn rows into facts"},
	{.name = "slowpath.debounce",
	 .type = BP_OPTION_DURATION,
	 .offset = offsetof(struct bp_slowpath_config, debounce_us),
	 .fallback = "250ms",
	 .min = 0,
	 .max = 60000000,
	 .help = "quiet time of a session before its turns and totals are worked out"},
	{.name = "slowpath.debounce_max",
	 .type = BP_OPTION_DURATION,
	 .offset = offsetof(struct bp_slowpath_config, debounce_max_us),
	 .fallback = "2s",
	 .min = 0,
	 .max = 600000000,
	 .help = "the longest a session that keeps changing waits for that"},
	{.name = "slowpath.cache",
	 .type = BP_OPTION_SIZE,
	 .offset = offsetof(struct bp_slowpath_config, cache_bytes),
	 .fallback = "4MiB",
	 .min = 65536,
	 .max = 1073741824,
	 .help = "page cache of each database connection of the slow path"},
	{.name = NULL},
};

static const char SELECT_LOW_WATER[] =
	"SELECT coalesce(max(low_water), 0) FROM pool_progress WHERE pool = ?1 AND tbl = ?2";

/* What a rebuild starts from: everything that rows can make again. */
static const char DROP_FACTS[] =
	/* Text of archived rows is nowhere else. */
	"DELETE FROM session_text WHERE conversation_id NOT IN (SELECT c.id FROM conversations AS c"
	" JOIN archived_session AS a ON a.external_id = c.external_id AND a.platform = c.platform);"
	"DELETE FROM conversations; DELETE FROM conversation_turns; DELETE FROM model_calls;"
	"DELETE FROM tool_calls; DELETE FROM code_changes; DELETE FROM file_access;"
	"DELETE FROM permission_requests; DELETE FROM api_errors; DELETE FROM compactions;"
	"DELETE FROM subagents; DELETE FROM activity; DELETE FROM session_event;"
	"DELETE FROM session_link; DELETE FROM fact_alias; DELETE FROM fact_error;"
	"DELETE FROM session_habits; DELETE FROM dirty_session; DELETE FROM dirty_bucket;"
	"DELETE FROM rollups;"
	"DELETE FROM session_rollups; DELETE FROM dirty_span;"
	"DELETE FROM pool_progress WHERE pool = '" BP_POOL_CONVERSATIONS "'";

static int threads_of(const struct bp_slowpath *slowpath)
{
	return slowpath->n_workers + 2; /* reader and metrics */
}

/** Set every worker's progress to the stored low water. */
static enum bp_rc load_progress(struct bp_slowpath *slowpath, struct bp_sql *sql,
				struct bp_err *err)
{
	struct bp_statement *select = NULL;
	enum bp_rc rc = bp_statement_new(sql, SELECT_LOW_WATER, &select, err);

	for (int table = 0; table < BP_RAW_TABLES && rc == BP_OK; table++) {
		bp_bind_text(select, 1, BP_STR(BP_POOL_CONVERSATIONS));
		bp_bind_text(select, 2, bp_str_from(bp_raw_table_name((enum bp_raw_table)table)));
		rc = bp_statement_step(select, err);
		for (int i = 0; i < slowpath->n_workers && rc == BP_OK; i++) {
			slowpath->done[i][table] = bp_column_int(select, 0);
			atomic_store(&slowpath->given[i][table], slowpath->done[i][table]);
		}
		bp_statement_reset(select);
	}
	bp_statement_free(select);
	return rc;
}

static void flush_queues(struct bp_slowpath *slowpath)
{
	void *item;

	for (int i = 0; i < slowpath->n_workers; i++) {
		while (slowpath->queues[i] &&
		       bp_queue_pop(slowpath->queues[i], 0, &item) == BP_OK) {
			bp_chunk_release(item);
		}
	}
}

static enum bp_rc start_threads(struct bp_slowpath *slowpath, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (int i = 0; i < slowpath->n_workers && rc == BP_OK; i++) {
		char name[16] = "bp-facts-0";
		name[sizeof("bp-facts-") - 1] = (char)('0' + i);
		slowpath->queues[i] = bp_queue_new(BP_CHUNKS_QUEUED);
		rc = bp_worker_new(slowpath, i, &slowpath->workers[i], err);
		if (rc == BP_OK) {
			rc = bp_thread_start(&slowpath->worker_threads[i], name, bp_worker_run,
					     slowpath->workers[i], err);
		}
	}
	if (rc == BP_OK) {
		rc = bp_thread_start(&slowpath->metrics, "bp-metrics", bp_metrics_run, slowpath,
				     err);
	}
	if (rc == BP_OK) {
		rc = bp_thread_start(&slowpath->reader, "bp-reader", bp_reader_run, slowpath, err);
	}
	return rc;
}

enum bp_rc bp_slowpath_start(const struct bp_slowpath_deps *deps, struct bp_slowpath **out,
			     struct bp_err *err)
{
	struct bp_slowpath *slowpath = bp_calloc(1, sizeof(*slowpath));
	struct bp_sql *sql = NULL;

	slowpath->redis_address = bp_strdup(bp_str_from(deps->redis_address));
	slowpath->database_path = bp_strdup(bp_str_from(deps->database_path));
	slowpath->lock = deps->lock;
	slowpath->config = deps->config;
	slowpath->prices = deps->prices;
	slowpath->n_workers = (int)deps->config.workers;
	slowpath->stop.fd = -1;
	slowpath->reader_bell.fd = slowpath->metrics_bell.fd = -1;
	(void)pthread_mutex_init(&slowpath->pause_mutex, NULL); /* cannot fail with defaults */
	(void)pthread_cond_init(&slowpath->pause_changed, NULL);
	enum bp_rc rc = bp_stop_open(&slowpath->stop, err);
	if (rc == BP_OK) {
		rc = bp_bell_open(&slowpath->reader_bell, err);
	}
	if (rc == BP_OK) {
		rc = bp_bell_open(&slowpath->metrics_bell, err);
	}
	if (rc == BP_OK && deps->prices == NULL) {
		rc = bp_prices_new(NULL, &slowpath->own_prices, err);
		slowpath->prices = slowpath->own_prices;
	}
	if (rc == BP_OK) {
		rc = bp_sql_open(deps->database_path, BP_SQL_READ, 65536, &sql, err);
	}
	if (rc == BP_OK) {
		rc = load_progress(slowpath, sql, err);
	}
	bp_sql_close(sql);
	if (rc == BP_OK) {
		rc = bp_slowpath_note_prices(slowpath, err);
	}
	if (rc == BP_OK) {
		rc = start_threads(slowpath, err);
	}
	if (rc != BP_OK) {
		bp_slowpath_stop(slowpath);
		return rc;
	}
	*out = slowpath;
	return BP_OK;
}

void bp_slowpath_stop(struct bp_slowpath *slowpath)
{
	if (slowpath == NULL) {
		return;
	}
	if (slowpath->stop.fd >= 0) {
		bp_stop_request(&slowpath->stop);
	}
	(void)pthread_mutex_lock(&slowpath->pause_mutex); /* wakes who holds still */
	(void)pthread_cond_broadcast(&slowpath->pause_changed);
	(void)pthread_mutex_unlock(&slowpath->pause_mutex);
	for (int i = 0; i < slowpath->n_workers; i++) {
		if (slowpath->queues[i]) {
			bp_queue_close(slowpath->queues[i]);
		}
	}
	bp_thread_join(&slowpath->reader);
	bp_thread_join(&slowpath->metrics);
	for (int i = 0; i < slowpath->n_workers; i++) {
		bp_thread_join(&slowpath->worker_threads[i]);
	}
	flush_queues(slowpath);
	for (int i = 0; i < slowpath->n_workers; i++) {
		bp_worker_free(slowpath->workers[i]);
		bp_queue_free(slowpath->queues[i]);
	}
	if (slowpath->stop.fd >= 0) {
		bp_stop_close(&slowpath->stop);
	}
	bp_bell_close(&slowpath->reader_bell);
	bp_bell_close(&slowpath->metrics_bell);
	(void)pthread_cond_destroy(&slowpath->pause_changed);
	(void)pthread_mutex_destroy(&slowpath->pause_mutex);
	bp_prices_free(slowpath->own_prices);
	free(slowpath->redis_address);
	free(slowpath->database_path);
	free(slowpath);
}

/* --- waking --- */

static void wake_workers(struct bp_slowpath *slowpath)
{
	for (int i = 0; i < slowpath->n_workers; i++) {
		bp_queue_wake(slowpath->queues[i]);
	}
}

static void wake_all(struct bp_slowpath *slowpath)
{
	bp_bell_ring(&slowpath->reader_bell);
	bp_bell_ring(&slowpath->metrics_bell);
	wake_workers(slowpath);
}

void bp_slowpath_committed(struct bp_slowpath *slowpath)
{
	atomic_fetch_add(&slowpath->commits, 1);
	/* A busy worker must not pay for a system call at each commit. */
	if (atomic_load(&slowpath->metrics_idle)) {
		bp_bell_ring(&slowpath->metrics_bell);
	}
}

void bp_slowpath_poke(struct bp_slowpath *slowpath)
{
	atomic_fetch_add(&slowpath->poke, 1);
	wake_workers(slowpath);
}

/* --- pausing --- */

void bp_slowpath_hold(struct bp_slowpath *slowpath)
{
	(void)pthread_mutex_lock(&slowpath->pause_mutex); /* cannot fail: ours, initialised */
	if (slowpath->pausing > 0) {
		slowpath->holding++;
		(void)pthread_cond_broadcast(&slowpath->pause_changed);
		while (slowpath->pausing > 0 && !bp_stop_requested(&slowpath->stop)) {
			(void)pthread_cond_wait(&slowpath->pause_changed, &slowpath->pause_mutex);
		}
		slowpath->holding--;
	}
	(void)pthread_mutex_unlock(&slowpath->pause_mutex);
}

static void begin_pause(struct bp_slowpath *slowpath)
{
	(void)pthread_mutex_lock(&slowpath->pause_mutex);
	slowpath->pausing++;
	wake_all(slowpath);
	while (slowpath->holding < threads_of(slowpath) && !bp_stop_requested(&slowpath->stop)) {
		struct timespec until;
		(void)clock_gettime(CLOCK_REALTIME, &until); /* what cond_timedwait counts in */
		until.tv_nsec += 2000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		/* A reader that waits for room in a full queue cannot hold still before. */
		(void)pthread_mutex_unlock(&slowpath->pause_mutex);
		flush_queues(slowpath);
		(void)pthread_mutex_lock(&slowpath->pause_mutex);
		if (slowpath->holding < threads_of(slowpath)) {
			(void)pthread_cond_timedwait(&slowpath->pause_changed,
						     &slowpath->pause_mutex, &until);
		}
	}
	(void)pthread_mutex_unlock(&slowpath->pause_mutex);
	/* Rows in the queues may be deleted meanwhile: they are read again from the low water. */
	flush_queues(slowpath);
	bp_writer_lock_take(slowpath->lock, BP_WRITER_SLOW);
	for (int i = 0; i < slowpath->n_workers; i++) {
		for (int table = 0; table < BP_RAW_TABLES; table++) {
			atomic_store(&slowpath->given[i][table], slowpath->done[i][table]);
		}
	}
	bp_writer_lock_give(slowpath->lock);
	atomic_fetch_add(&slowpath->rewind, 1);
}

static void end_pause(struct bp_slowpath *slowpath)
{
	/* Dirty marks may have been made meanwhile. */
	bp_slowpath_poke(slowpath);
	bp_slowpath_committed(slowpath);
	(void)pthread_mutex_lock(&slowpath->pause_mutex);
	slowpath->pausing--;
	(void)pthread_cond_broadcast(&slowpath->pause_changed);
	(void)pthread_mutex_unlock(&slowpath->pause_mutex);
}

void bp_slowpath_pause(struct bp_slowpath *slowpath, bool pause)
{
	if (pause) {
		begin_pause(slowpath);
	} else {
		end_pause(slowpath);
	}
}

/* --- giving way --- */

bool bp_slowpath_held_long(const struct bp_writer_lock *lock, int64_t opened_us)
{
	int64_t held_us = bp_clock_mono_us() - opened_us;

	return held_us >= BP_HOLD_US ||
	       (held_us >= BP_HOLD_WANTED_US && bp_writer_lock_wanted(lock));
}

void bp_slowpath_give_way(void)
{
	enum { NICE = 5 };

	/* Linux keeps a nice value per thread. Refused: it only runs more eagerly. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}

/* --- how far it is --- */

void bp_slowpath_hurry(struct bp_slowpath *slowpath)
{
	enum { HURRY_US = 2000000 };
	int64_t now_us = bp_clock_mono_us();

	if (atomic_exchange(&slowpath->hurry_until_us, now_us + HURRY_US) < now_us) {
		wake_workers(slowpath);
		bp_bell_ring(&slowpath->metrics_bell);
	}
}

bool bp_slowpath_hurrying(struct bp_slowpath *slowpath)
{
	return bp_clock_mono_us() < atomic_load(&slowpath->hurry_until_us);
}

/* Sequences are given in order: what is above the low water is at most their distance. */
static const char SELECT_LAG[] =
	"SELECT max(0, (SELECT coalesce(max(sequence), 0) FROM claude_row)"
	" - coalesce((SELECT low_water FROM pool_progress WHERE pool = 'conversations'"
	" AND tbl = 'claude_row'), 0))"
	" + max(0, (SELECT coalesce(max(sequence), 0) FROM other_row)"
	" - coalesce((SELECT low_water FROM pool_progress WHERE pool = 'conversations'"
	" AND tbl = 'other_row'), 0)),"
	" (SELECT count(*) FROM dirty_session), (SELECT count(*) FROM dirty_bucket)"
	" + (SELECT count(*) FROM dirty_span)";

enum bp_rc bp_slowpath_lag(struct bp_sql *sql, struct bp_slowpath_lag *out, struct bp_err *err)
{
	struct bp_statement *select = NULL;
	enum bp_rc rc = bp_statement_new(sql, SELECT_LAG, &select, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(select, err);
	}
	if (rc == BP_OK) {
		*out = (struct bp_slowpath_lag){.rows = bp_column_int(select, 0),
						.sessions = bp_column_int(select, 1),
						.buckets = bp_column_int(select, 2)};
	}
	bp_statement_free(select);
	return rc;
}

/* --- rebuild --- */

/** Everything is to be read again; every worker has done what it was given. Under the lock. */
static void forget_progress(struct bp_slowpath *slowpath)
{
	for (int i = 0; i < slowpath->n_workers; i++) {
		for (int table = 0; table < BP_RAW_TABLES; table++) {
			slowpath->done[i][table] = 0;
			atomic_store(&slowpath->given[i][table], 0);
		}
	}
}

static enum bp_rc drop_facts(struct bp_slowpath *slowpath, struct bp_sql *sql, struct bp_err *err)
{
	bp_writer_lock_take(slowpath->lock, BP_WRITER_SLOW);
	enum bp_rc rc = bp_sql_begin(sql, err);
	if (rc == BP_OK) {
		rc = bp_sql_exec(sql, DROP_FACTS, err);
		if (rc == BP_OK) {
			rc = bp_sql_commit(sql, err);
		}
		if (rc != BP_OK) {
			bp_sql_rollback(sql);
		}
	}
	if (rc == BP_OK) {
		forget_progress(slowpath);
		bp_store_cap_wal(sql);
	}
	bp_writer_lock_give(slowpath->lock);
	return rc;
}

static enum bp_rc look_only(void *arg, const struct bp_raw_row *row, struct bp_err *err)
{
	(void)arg;
	(void)row;
	(void)err;
	return BP_OK;
}

/** Every file can be read to its end. */
static enum bp_rc check_archive(struct bp_slowpath *slowpath, struct bp_sql *sql,
				const char *folder, struct bp_err *err)
{
	struct bp_archive_entry *entries = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_archive_list(sql, NULL, NULL, &entries, &n, err);

	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		rc = bp_archive_rows(folder, &entries[i], &slowpath->stop, look_only, NULL, err);
	}
	free(entries);
	return rc;
}

/** All facts go, and those that archived rows make are made. */
static enum bp_rc drop_and_replay(struct bp_slowpath *slowpath, struct bp_sql *sql,
				  const char *folder, int64_t *out_rows, struct bp_err *err)
{
	struct bp_replay *replay = NULL;
	enum bp_rc rc = drop_facts(slowpath, sql, err);

	if (rc == BP_OK) {
		rc = bp_replay_new(sql, slowpath->lock, &replay, err);
	}
	if (rc == BP_OK) {
		rc = bp_replay_archive(replay, folder, NULL, 0, &slowpath->stop, out_rows, err);
	}
	bp_replay_free(replay);
	return rc;
}

static enum bp_rc has_sealed(struct bp_sql *sql, bool *out, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, "SELECT EXISTS (SELECT 1 FROM archived_session)",
					 &statement, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
	}
	*out = rc == BP_OK && bp_column_int(statement, 0) != 0;
	bp_statement_free(statement);
	return rc;
}

/** The first half of a rebuild, while everything holds still. */
static enum bp_rc begin_rebuild(struct bp_slowpath *slowpath, struct bp_sql *sql,
				const char *archive_folder, int64_t *out_archived,
				struct bp_err *err)
{
	bool sealed = false;
	enum bp_rc rc = has_sealed(sql, &sealed, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (!sealed) {
		return drop_facts(slowpath, sql, err);
	}
	if (archive_folder) {
		return drop_and_replay(slowpath, sql, archive_folder, out_archived, err);
	}
	rc = bp_slowpath_forget_unsealed(sql, slowpath->lock, err);
	if (rc == BP_OK) {
		bp_writer_lock_take(slowpath->lock, BP_WRITER_SLOW);
		forget_progress(slowpath);
		bp_writer_lock_give(slowpath->lock);
	}
	return rc;
}

/** First rows, then what they made dirty: it grows while rows are read. */
static void tell_rebuild(const struct bp_rebuild_wish *wish, const struct bp_slowpath_lag *lag,
			 int64_t rows, int64_t *most)
{
	int64_t left = lag->sessions + lag->buckets;

	*most = left > *most ? left : *most;
	if (wish->progress && lag->rows > 0) {
		wish->progress("reading rows", rows - lag->rows, rows, wish->arg);
	} else if (wish->progress) {
		wish->progress("working out the numbers", *most - left, *most, wish->arg);
	}
}

enum bp_rc bp_slowpath_rebuild(struct bp_slowpath *slowpath, const struct bp_rebuild_wish *wish,
			       int64_t *out_rows, struct bp_err *err)
{
	enum { POLL_MS = 10 };
	const char *archive_folder = wish->archive_folder;
	struct bp_sql *sql = NULL;
	struct bp_slowpath_lag lag = {0};
	/* Counted: sequences have gaps, where a row was there already. */
	struct bp_status_rows rows = {0};
	enum bp_rc rc = bp_sql_open(slowpath->database_path, BP_SQL_WRITE, 1 << 20, &sql, err);

	if (rc != BP_OK) {
		return rc;
	}
	int64_t archived = 0;
	if (archive_folder) {
		rc = check_archive(slowpath, sql, archive_folder, err);
	}
	if (rc != BP_OK) {
		bp_sql_close(sql);
		return rc;
	}
	begin_pause(slowpath);
	rc = begin_rebuild(slowpath, sql, archive_folder, &archived, err);
	if (rc == BP_OK) {
		rc = bp_slowpath_lag(sql, &lag, err);
	}
	if (rc == BP_OK) {
		rc = bp_status_count(sql, false, &rows, err);
	}
	end_pause(slowpath);
	*out_rows = rows.total + archived;
	int64_t rows_begun = lag.rows;
	int64_t most = 0;
	while (rc == BP_OK && lag.rows + lag.sessions + lag.buckets > 0) {
		rows_begun = lag.rows > rows_begun ? lag.rows : rows_begun; /* others come in */
		tell_rebuild(wish, &lag, rows_begun, &most);
		if (bp_stop_wait(&slowpath->stop, POLL_MS)) {
			rc = bp_err_set(err, BP_ESTOPPED,
					"stopped during a rebuild; it goes on at the next start");
			break;
		}
		bp_slowpath_hurry(slowpath);
		rc = bp_slowpath_lag(sql, &lag, err);
	}
	bp_sql_close(sql);
	return rc;
}

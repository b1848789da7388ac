/* SPDX-License-Identifier: MIT */
/*
 * The reader: CDC entries wake it, the raw tables above the low water are what it works on, so a
 * lost or trimmed entry costs nothing.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "slowpath/fact_id.h"
#include "slowpath/pool.h"
#include "stream/stream.h"

enum {
	BLOCK_MS = 100,        /* while rows come: one whose wake-up was refused waits no longer */
	QUIET_BLOCK_MS = 1000, /* when none came for a while */
	WAKE_UPS = 1000,
	REDIS_TIMEOUT_MS = 2000,
	AWAY_MS = 100 /* Redis is away: how often the tables are looked at */
};

static const char SELECT_PROGRESS[] =
	"SELECT low_water FROM pool_progress WHERE pool = ?1 AND tbl = ?2";

struct reader {
	struct bp_slowpath *slowpath;
	struct bp_sql *sql;
	struct bp_codec *codec;
	struct bp_raw_reader *rows;
	struct bp_redis *redis; /* NULL while it is away: then the tables are polled */
	int64_t next_connect_us;
	struct bp_arena arena;        /* CDC entries */
	int64_t given[BP_RAW_TABLES]; /* handed to the workers up to here */
	size_t room;                  /* rows to make room for: few as long as few come */
	unsigned rewind;
	int64_t worked_us; /* monotonic: when rows were last there */
	bool resting;      /* memory was given back since */
	struct bp_log_gate gate;
};

void bp_chunk_release(struct bp_chunk *chunk)
{
	if (atomic_fetch_sub(&chunk->users, 1) == 1) {
		bp_arena_done(&chunk->arena);
		free(chunk);
	}
}

static enum bp_rc read_progress(struct reader *reader, struct bp_err *err)
{
	struct bp_statement *select = NULL;
	enum bp_rc rc = bp_statement_new(reader->sql, SELECT_PROGRESS, &select, err);

	for (int table = 0; table < BP_RAW_TABLES && rc == BP_OK; table++) {
		bp_bind_text(select, 1, BP_STR(BP_POOL_CONVERSATIONS));
		bp_bind_text(select, 2, bp_str_from(bp_raw_table_name((enum bp_raw_table)table)));
		rc = bp_statement_step(select, err);
		reader->given[table] = rc == BP_OK ? bp_column_int(select, 0) : 0;
		bp_statement_reset(select);
		rc = rc == BP_ENOTFOUND ? BP_OK : rc;
	}
	bp_statement_free(select);
	return rc;
}

static void connect_redis(struct reader *reader)
{
	enum { RETRY_US = 500000 };
	int64_t now_us = bp_clock_mono_us();

	if (reader->redis != NULL || now_us < reader->next_connect_us) {
		return;
	}
	reader->next_connect_us = now_us + RETRY_US;
	/* Why it failed is the fast path's to say; here the tables are polled meanwhile. */
	if (bp_redis_open(reader->slowpath->redis_address, REDIS_TIMEOUT_MS, &reader->redis,
			  NULL) != BP_OK) {
		reader->redis = NULL;
		return;
	}
	bp_redis_interrupt_by(reader->redis, reader->slowpath->stop.fd,
			      reader->slowpath->reader_bell.fd);
	if (bp_stream_ensure(reader->redis, BP_STREAM_CDC, BP_GROUP_CONVERSATIONS, NULL) != BP_OK) {
		bp_redis_close(reader->redis);
		reader->redis = NULL;
	}
}

/** No rows for a while: give back what a burst needed. */
static bool quiet(struct reader *reader)
{
	bool is_quiet = bp_clock_mono_us() - reader->worked_us >= BP_REST_US;

	if (is_quiet && !reader->resting) {
		reader->resting = true;
		bp_sql_rest(reader->sql);
		bp_arena_done(&reader->arena);
	}
	return is_quiet;
}

/** Wait for a wake-up and acknowledge it: what it says stands in the table. */
static void wait_for_rows(struct reader *reader)
{
	struct bp_slowpath *slowpath = reader->slowpath;
	int block_ms = quiet(reader) ? QUIET_BLOCK_MS : BLOCK_MS;
	size_t n = 0;

	connect_redis(reader);
	if (reader->redis == NULL) {
		(void)bp_bell_wait(&slowpath->reader_bell, &slowpath->stop,
				   AWAY_MS); /* the loop asks */
		return;
	}
	bp_arena_clear(&reader->arena);
	enum bp_rc rc = bp_stream_wake(reader->redis, BP_STREAM_CDC, BP_GROUP_CONVERSATIONS,
				       "reader", WAKE_UPS, block_ms, &reader->arena, &n, NULL);
	if (rc == BP_ESTOPPED) {
		/* Somebody wants the reader to look; a wake-up that came after all is no loss. */
		bp_bell_clear(&slowpath->reader_bell);
		reader->next_connect_us = 0;
	}
	if (rc != BP_OK) {
		bp_redis_close(reader->redis);
		reader->redis = NULL;
	}
}

/** The worker of each row: of a session it is the same one in every run. Returns which have one. */
static unsigned find_owners(const struct reader *reader, struct bp_chunk *chunk)
{
	const struct bp_event *before = NULL;
	int64_t n_workers = reader->slowpath->n_workers;
	unsigned char owner = 0;
	unsigned owners = 0;

	chunk->owners = bp_arena_alloc(&chunk->arena, chunk->n);
	for (size_t i = 0; i < chunk->n; i++) {
		const struct bp_event *event = &chunk->rows[i].event;
		/* Rows of a session mostly stand together: its id is hashed once. */
		if (before == NULL || !bp_str_eq(before->session_id, event->session_id) ||
		    !bp_str_eq(before->platform, event->platform)) {
			int64_t id = bp_conversation_id(event->platform, event->session_id);
			owner = (unsigned char)((id % n_workers + n_workers) % n_workers);
		}
		before = event;
		chunk->owners[i] = owner;
		owners |= 1U << owner;
	}
	return owners;
}

/** Only those that have a row in it are woken. */
static void give_chunk(const struct reader *reader, struct bp_chunk *chunk)
{
	struct bp_slowpath *slowpath = reader->slowpath;
	unsigned owners = find_owners(reader, chunk);
	int64_t last = chunk->last;
	enum bp_raw_table table = chunk->table;

	atomic_init(&chunk->users, __builtin_popcount(owners));
	for (int i = 0; i < slowpath->n_workers; i++) {
		if (owners & 1U << i) {
			atomic_store(&slowpath->given[i][table], last);
		}
	}
	for (int i = 0; i < slowpath->n_workers; i++) {
		if (owners & 1U << i && bp_queue_push(slowpath->queues[i], chunk) != BP_OK) {
			bp_chunk_release(chunk); /* closed: that worker is stopping */
		}
	}
}

/** Hand over the next rows of a table. *out_n rows were there. */
static enum bp_rc give_rows(struct reader *reader, enum bp_raw_table table, size_t *out_n,
			    struct bp_err *err)
{
	struct bp_chunk *chunk = bp_calloc(1, sizeof(*chunk));

	chunk->table = table;
	chunk->rows = bp_arena_alloc(&chunk->arena, reader->room * sizeof(*chunk->rows));
	enum bp_rc rc = bp_raw_read(reader->rows, table, reader->given[table], reader->room,
				    &chunk->arena, chunk->rows, &chunk->n, err);
	*out_n = chunk->n;
	if (rc != BP_OK || chunk->n == 0) {
		bp_arena_done(&chunk->arena);
		free(chunk);
		return rc;
	}
	chunk->last = chunk->rows[chunk->n - 1].sequence;
	reader->given[table] = chunk->last;
	give_chunk(reader, chunk);
	return BP_OK;
}

/** *out_more: a table had as many as there was room for. */
static enum bp_rc give_all(struct reader *reader, bool *out_more, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	*out_more = false;
	for (int table = 0; table < BP_RAW_TABLES && rc == BP_OK; table++) {
		size_t n = 0;
		rc = give_rows(reader, (enum bp_raw_table)table, &n, err);
		*out_more = *out_more || n == reader->room;
		if (n > 0) {
			reader->worked_us = bp_clock_mono_us();
			reader->resting = false;
		}
	}
	reader->room = *out_more ? BP_CHUNK_ROWS : BP_CHUNK_FEW_ROWS;
	return rc;
}

static enum bp_rc open_reader(struct reader *reader, struct bp_err *err)
{
	struct bp_slowpath *slowpath = reader->slowpath;
	enum bp_rc rc = bp_sql_open(slowpath->database_path, BP_SQL_READ,
				    slowpath->config.cache_bytes, &reader->sql, err);

	reader->room = BP_CHUNK_FEW_ROWS;
	reader->codec = bp_codec_new();
	if (rc == BP_OK) {
		rc = bp_codec_load(reader->codec, reader->sql, err);
	}
	if (rc == BP_OK) {
		rc = bp_raw_reader_new(reader->sql, reader->codec, &reader->rows, err);
	}
	return rc == BP_OK ? read_progress(reader, err) : rc;
}

static void close_reader(struct reader *reader)
{
	bp_raw_reader_free(reader->rows);
	bp_codec_free(reader->codec);
	bp_sql_close(reader->sql);
	bp_redis_close(reader->redis);
	bp_arena_done(&reader->arena);
}

/** After a rebuild the tables are read from the start again. */
static enum bp_rc follow_rewind(struct reader *reader, struct bp_err *err)
{
	unsigned rewind = atomic_load(&reader->slowpath->rewind);

	if (rewind == reader->rewind) {
		return BP_OK;
	}
	enum bp_rc rc = read_progress(reader, err);
	if (rc == BP_OK) {
		reader->rewind = rewind;
	}
	return rc;
}

void bp_reader_run(void *arg)
{
	enum { LOG_US = 10000000, RETRY_MS = 200 };
	struct reader reader = {.slowpath = arg};
	struct bp_slowpath *slowpath = arg;
	struct bp_err err = {0};

	bp_slowpath_give_way();
	reader.rewind = atomic_load(&slowpath->rewind);
	enum bp_rc rc = open_reader(&reader, &err);
	while (!bp_stop_requested(&slowpath->stop)) {
		bool more = false;
		bp_slowpath_hold(slowpath);
		if (rc == BP_OK) {
			rc = follow_rewind(&reader, &err);
		}
		if (rc == BP_OK) {
			rc = give_all(&reader, &more, &err);
		}
		if (rc != BP_OK) {
			bp_log_every(&reader.gate, LOG_US, BP_LOG_WARN, BP_LOG_WHO,
				     "cannot read rows: %s; trying again in %d ms", err.msg,
				     RETRY_MS);
			(void)bp_stop_wait(&slowpath->stop, RETRY_MS); /* the loop asks */
			close_reader(&reader);
			reader = (struct reader){.slowpath = slowpath, .gate = reader.gate};
			reader.rewind = atomic_load(&slowpath->rewind);
			rc = open_reader(&reader, &err);
			continue;
		}
		/* Whatever is committed from now on comes with a wake-up. */
		if (!more) {
			wait_for_rows(&reader);
		}
	}
	close_reader(&reader);
}

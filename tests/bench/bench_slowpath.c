/* SPDX-License-Identifier: MIT */
/*
 * bench_slowpath - bar 6: facts from raw rows (rebuild), in total; bar 17: one row to committed
 * evidence, and to what the finaliser adds beyond its debounce; bar 19, first half: live values to
 * Redis.
 *
 * Primitives of the same run: reading, inflating and scanning the same rows; writing the same
 * facts, row by row, into tables and indexes of the same form without triggers.
 * Usage: bench_slowpath [MB of history]
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "bench/bare_facts.h"
#include "bench/bench.h"
#include "bench/history.h"
#include "event/json.h"
#include "event/projection.h"
#include "slowpath/live.h"
#include "slowpath/slowpath.h"
#include "store/raw.h"
#include "store/store.h"
#include "stream/stream.h"
#include "support/redis.h"

enum {
	MB_DEFAULT = 100,
	CACHE_BYTES = 4 << 20, /* slowpath.cache's default */
	ROWS_A_COMMIT = 500,
	READ_ROWS = 500,
	DEBOUNCE_US = 250000, /* slowpath.debounce's default */
	LATENCY_ROWS = 500,
	LATENCY_SESSIONS = 100,
	PATH_BYTES = 512
};

#define KIB_64 65536
#define MAX_WAIT_S 30.0

/** What every measure needs. */
struct world {
	char folder[PATH_BYTES], path[PATH_BYTES], copy[PATH_BYTES];
	struct bp_test_redis redis;
	struct bp_sql *write, *read;
	struct bp_writer_lock *lock;
	struct bp_checkpointer *checkpointer;
	struct bp_slowpath *slowpath;
	struct bp_codec *codec;
	struct bp_raw_writer *writer;
	struct bp_redis *client;
	struct bp_projector *projector;
	int64_t rows;
	double rebuild_cpu; /* of the last rebuild, seconds */
};

static bool failed(const char *what, const struct bp_err *err)
{
	(void)fprintf(stderr, "bench_slowpath: %s: %s\n", what, err->msg);
	return false;
}

static int64_t number(struct bp_sql *sql, const char *text)
{
	struct bp_statement *select = NULL;
	int64_t value = -1;

	if (bp_statement_new(sql, text, &select, NULL) == BP_OK &&
	    bp_statement_step(select, NULL) == BP_OK) {
		value = bp_column_int(select, 0);
	}
	bp_statement_free(select);
	return value;
}

/* --- a log of rows --- */

static enum bp_rc put_file(struct world *world, const struct history_file *file, size_t *in_hand,
			   struct bp_err *err)
{
	struct bp_line_origin origin = {.path_hash = bp_str_from(file->path),
					.session_from_path = bp_str_from(file->session),
					.agent_from_path = bp_str_from(file->agent),
					.inherited_us = BP_ABSENT,
					.received_us = 1};
	const char *at = file->text.ptr;
	const char *end = at + file->text.len;
	enum bp_rc rc = BP_OK;

	while (at < end && rc == BP_OK) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct bp_event event;
		enum bp_put put;
		int64_t sequence;
		origin.offset_bytes = at - file->text.ptr;
		struct bp_str line = bp_str_make(at, (size_t)(stop - at));
		at = stop + 1;
		if (bp_project_claude_line(world->projector, line, &origin, &event) !=
		    BP_PROJECTED) {
			return bp_err_set(err, BP_EINVAL, "a made-up line is not a line");
		}
		origin.inherited_us = event.ts_us;
		if (*in_hand == 0) {
			rc = bp_sql_begin(world->write, err);
		}
		if (rc == BP_OK) {
			rc = bp_raw_put(world->writer, &event, 1, &put, &sequence, err);
		}
		if (rc == BP_OK && ++*in_hand == ROWS_A_COMMIT) {
			rc = bp_sql_commit(world->write, err);
			*in_hand = 0;
		}
	}
	return rc;
}

static bool fill(struct world *world, size_t bytes, size_t line_bytes)
{
	const struct history_options options = {.seed = 6,
						.line_bytes = line_bytes,
						.end_us = INT64_C(1780000000000000),
						.days = 90};
	struct history *history = history_new(&options);
	struct bp_err err = {0};
	enum bp_rc rc = BP_OK;
	size_t in_hand = 0;

	while (rc == BP_OK && history_totals(history)->bytes < bytes) {
		struct history_file file;
		history_next(history, &file);
		rc = put_file(world, &file, &in_hand, &err);
	}
	if (rc == BP_OK && in_hand > 0) {
		rc = bp_sql_commit(world->write, &err);
	}
	const struct history_totals *totals = history_totals(history);
	world->rows = number(world->write, "SELECT count(*) FROM claude_row");
	bench_note("history: %.0f MB, %zu lines of %zu bytes, %zu files, %zu sessions; %lld rows",
		   (double)totals->bytes / 1e6, totals->lines, totals->bytes / totals->lines,
		   totals->files, totals->sessions, (long long)world->rows);
	history_free(history);
	return rc == BP_OK || failed("rows", &err);
}

static bool wait_final(struct world *world)
{
	struct bp_slowpath_lag lag = {.rows = 1};
	double until = bench_now() + 120;

	while (lag.rows + lag.sessions + lag.buckets > 0) {
		struct bp_err err = {0};
		bp_slowpath_hurry(world->slowpath);
		if (bp_slowpath_lag(world->read, &lag, &err) != BP_OK || bench_now() > until) {
			return failed("waiting for facts", &err);
		}
		(void)poll(NULL, 0, 5);
	}
	return true;
}

static bool open_world(struct world *world)
{
	struct bp_err err = {0};
	static const unsigned char salt[BP_SALT_BYTES] = {1, 2, 3};

	(void)bp_json_use_avx2(); /* as the service does */
	(void)bp_sha256_use_ni();
	world->projector = bp_calloc(1, sizeof(*world->projector));
	world->projector->policy.project_names = true;
	bp_hash_key_init(&world->projector->policy.key, salt);
	world->lock = bp_writer_lock_new();
	world->codec = bp_codec_new();
	if (!bench_folder_make(world->folder, sizeof(world->folder) - 32) ||
	    !bp_test_redis_start(&world->redis, world->folder, NULL)) {
		(void)fprintf(stderr, "bench_slowpath: no folder or no redis-server\n");
		return false;
	}
	(void)snprintf(world->path, sizeof(world->path), "%.480s/facts.db", world->folder);
	(void)snprintf(world->copy, sizeof(world->copy), "%.480s/bare.db", world->folder);
	if (bp_sql_open(world->path, BP_SQL_WRITE, CACHE_BYTES, &world->write, &err) != BP_OK ||
	    bp_store_migrate(world->write, &err) != BP_OK ||
	    bp_codec_store(world->codec, world->write, &err) != BP_OK ||
	    bp_raw_writer_new(world->write, world->codec, &world->writer, &err) != BP_OK ||
	    bp_sql_open(world->path, BP_SQL_READ, CACHE_BYTES, &world->read, &err) != BP_OK ||
	    bp_checkpointer_start(world->path, &world->checkpointer, &err) != BP_OK ||
	    bp_redis_open(world->redis.socket, 2000, &world->client, &err) != BP_OK) {
		return failed("opening", &err);
	}
	return true;
}

static bool start_slowpath(struct world *world)
{
	struct bp_err err = {0};
	const struct bp_slowpath_deps deps = {.redis_address = world->redis.socket,
					      .database_path = world->path,
					      .lock = world->lock,
					      .config = {.workers = 2,
							 .debounce_us = DEBOUNCE_US,
							 .debounce_max_us = 2000000,
							 .cache_bytes = CACHE_BYTES}};

	return bp_slowpath_start(&deps, &world->slowpath, &err) == BP_OK || failed("start", &err);
}

static void close_world(struct world *world)
{
	bp_slowpath_stop(world->slowpath);
	bp_redis_close(world->client);
	bp_checkpointer_stop(world->checkpointer);
	bp_raw_writer_free(world->writer);
	bp_codec_free(world->codec);
	bp_sql_close(world->read);
	bp_sql_close(world->write);
	bp_writer_lock_free(world->lock);
	bp_test_redis_stop(&world->redis);
	free(world->projector);
	if (world->folder[0]) {
		bench_folder_remove(world->folder);
	}
}

/* --- bar 6 --- */

static double rebuild(void *arg)
{
	struct world *world = arg;
	struct bp_err err = {0};
	const struct bp_rebuild_wish wish = {.archive_folder = NULL};
	int64_t rows = 0;
	double cpu = bench_cpu();
	double start = bench_now();

	if (bp_slowpath_rebuild(world->slowpath, &wish, &rows, &err) != BP_OK) {
		(void)failed("rebuild", &err);
		return -1;
	}
	double seconds = bench_now() - start;
	world->rebuild_cpu = bench_cpu() - cpu;
	return (double)rows / seconds;
}

/** Seconds to read, inflate and scan every row. */
static double read_rows(void *arg)
{
	struct world *world = arg;
	struct bp_arena arena = {0};
	struct bp_raw_reader *reader = NULL;
	struct bp_raw_row rows[READ_ROWS];
	int64_t after = 0;
	size_t n = 1;
	size_t scanned = 0;
	double start = bench_now();

	enum bp_rc rc = bp_raw_reader_new(world->read, world->codec, &reader, NULL);
	while (rc == BP_OK && n > 0) {
		bp_arena_clear(&arena);
		rc = bp_raw_read(reader, BP_RAW_CLAUDE, after, READ_ROWS, &arena, rows, &n, NULL);
		for (size_t i = 0; i < n && rc == BP_OK; i++) {
			struct bp_json payload;
			scanned += bp_json_open(rows[i].event.payload, &payload);
			after = rows[i].sequence;
		}
	}
	double seconds = bench_now() - start;
	bp_raw_reader_free(reader);
	bp_arena_done(&arena);
	return rc == BP_OK && scanned == (size_t)world->rows ? seconds : -1;
}

/** Seconds to write the facts that are there, bare. */
static double write_facts(void *arg)
{
	struct world *world = arg;

	return bare_facts_write(world->read, world->copy, CACHE_BYTES);
}

static bool bar_6(struct world *world)
{
	double medians[3];
	const struct bench_measure measures[] = {
		{rebuild, world}, {read_rows, world}, {write_facts, world}};

	if (!wait_final(world) || !bench_interleave(measures, 3, medians)) {
		(void)fprintf(stderr, "bench_slowpath: bar 6 could not be measured\n");
		return false;
	}
	double rows = (double)world->rows;
	double parts = medians[1] + medians[2];
	int64_t facts = bare_facts_count(world->read);
	bench_note("%lld facts, events and aliases: %.1f a row", (long long)facts,
		   (double)facts / rows);
	bench_note("read, inflate, scan: %.2f s (%.0f rows/s); the same facts bare: %.2f s "
		   "(%.0f rows/s)",
		   medians[1], rows / medians[1], medians[2], rows / medians[2]);
	bench_note("rebuild: %.2f s wall, %.2f s of CPU (%.1f us a row)", rows / medians[0],
		   world->rebuild_cpu, world->rebuild_cpu / rows * 1e6);
	(void)bench_at_least("6", "rebuild, rows to facts and rollups", medians[0], 40000,
			     "rows/s");
	bench_note("rebuild / its primitives one after the other on one core: %.2f x",
		   medians[0] * parts / rows);
	return true;
}

/* --- bar 17 --- */

/** One prompt as a committed row and its CDC entry, as the fast path leaves them. */
static bool put_prompt(struct world *world, const char *session, uint64_t n, double *out_committed)
{
	struct bp_err err = {0};
	struct bp_buf line;
	struct bp_event event;
	enum bp_put put = BP_PUT_DUPLICATE;
	int64_t sequence = 0;
	char text[32];
	struct bp_line_origin origin = {.path_hash = BP_STR("x"),
					.session_from_path = bp_str_from(session),
					.inherited_us = BP_ABSENT,
					.received_us = 1};

	bp_buf_init(&line, KIB_64);
	history_prompt(&line, session, n, bp_clock_wall_us());
	struct bp_str whole = bp_buf_str(&line);
	bool ok = bp_project_claude_line(world->projector, bp_str_make(whole.ptr, whole.len - 1),
					 &origin, &event) == BP_PROJECTED;
	bp_writer_lock_take(world->lock, BP_WRITER_FAST);
	ok = ok && bp_sql_begin(world->write, &err) == BP_OK &&
	     bp_raw_put(world->writer, &event, 1, &put, &sequence, &err) == BP_OK &&
	     bp_sql_commit(world->write, &err) == BP_OK && put == BP_PUT_NEW;
	*out_committed = bench_now();
	bp_writer_lock_give(world->lock);
	bp_buf_done(&line);
	(void)snprintf(text, sizeof(text), "%lld", (long long)sequence);
	const struct bp_field fields[] = {{BP_STR("seq"), bp_str_from(text)},
					  {BP_STR("tbl"), BP_STR("claude_row")},
					  {BP_STR("p"), BP_STR("claude_code")}};
	bp_redis_xadd(world->client, BP_STREAM_CDC, NULL, fields, 3);
	ok = ok && bp_redis_flush(world->client, NULL, &err) == BP_OK;
	return ok || failed("a row", &err);
}

/** Wait until the statement, which asks for one number, gives wanted. Returns when, -1: never. */
static double wait_number(struct bp_statement *select, int64_t wanted)
{
	enum { PAUSE_NS = 30000 };
	double until = bench_now() + MAX_WAIT_S;

	for (;;) {
		struct timespec pause = {.tv_nsec = PAUSE_NS};
		int64_t got =
			bp_statement_step(select, NULL) == BP_OK ? bp_column_int(select, 0) : -1;
		bp_statement_reset(select);
		double now = bench_now();
		if (got == wanted) {
			return now;
		}
		if (now > until) {
			return -1;
		}
		(void)ppoll(NULL, 0, &pause, NULL);
	}
}

static bool bar_17_evidence(struct world *world)
{
	static double ms[LATENCY_ROWS];
	struct bp_statement *select = NULL;
	const char *session = "eeeeeeee-0000-4000-8000-000000000001";
	bool ok = bp_statement_new(world->read,
				   "SELECT count(*) FROM conversation_turns WHERE"
				   " conversation_id = (SELECT id FROM conversations WHERE"
				   " external_id = 'eeeeeeee-0000-4000-8000-000000000001')",
				   &select, NULL) == BP_OK;

	for (size_t i = 0; i < LATENCY_ROWS && ok; i++) {
		double committed = 0;
		ok = put_prompt(world, session, i + 1, &committed);
		double seen = ok ? wait_number(select, (int64_t)i + 1) : -1;
		ok = ok && seen > 0;
		ms[i] = (seen - committed) * 1e3;
		(void)poll(NULL, 0, 1 + (int)(i % 7)); /* events come one by one, not in step */
	}
	bp_statement_free(select);
	if (!ok) {
		(void)fprintf(stderr, "bench_slowpath: a row did not become evidence\n");
	} else {
		(void)bench_at_most("17", "row to committed evidence, p50",
				    bench_percentile(ms, LATENCY_ROWS, 0.50), 1, "ms");
		(void)bench_at_most("17", "row to committed evidence, p95",
				    bench_percentile(ms, LATENCY_ROWS, 0.95), 5, "ms");
		(void)bench_at_most("17", "row to committed evidence, p99",
				    bench_percentile(ms, LATENCY_ROWS, 0.99), 20, "ms");
	}
	return ok;
}

static bool bar_17_finaliser(struct world *world)
{
	static double ms[LATENCY_SESSIONS];
	static double committed[LATENCY_SESSIONS];
	struct bp_statement *select = NULL;
	size_t put = 0;
	size_t seen = 0;
	double next = bench_now();
	double until = next + MAX_WAIT_S;
	bool ok = bp_statement_new(world->read,
				   "SELECT prompts FROM conversations WHERE external_id = ?1",
				   &select, NULL) == BP_OK;

	/* A new session every 20 ms, so that many wait for their debounce at any moment. */
	while (ok && seen < LATENCY_SESSIONS) {
		struct timespec pause = {.tv_nsec = 200000};
		char session[40];
		if (put < LATENCY_SESSIONS && bench_now() >= next) {
			(void)snprintf(session, sizeof(session), "ffffffff-0000-4000-8000-%012zu",
				       put);
			ok = put_prompt(world, session, LATENCY_ROWS + put + 1, &committed[put]);
			put++;
			next += 0.02;
		}
		if (seen < put) {
			(void)snprintf(session, sizeof(session), "ffffffff-0000-4000-8000-%012zu",
				       seen);
			bp_bind_text(select, 1, bp_str_from(session));
			bool there = bp_statement_step(select, NULL) == BP_OK &&
				     bp_column_int(select, 0) == 1;
			bp_statement_reset(select);
			if (there) {
				ms[seen] =
					(bench_now() - committed[seen]) * 1e3 - DEBOUNCE_US / 1e3;
				seen++;
				continue;
			}
		}
		ok = ok && bench_now() < until;
		(void)ppoll(NULL, 0, &pause, NULL);
	}
	bp_statement_free(select);
	if (!ok) {
		(void)fprintf(stderr, "bench_slowpath: a session was not finalised\n");
	} else {
		static const char *const names[] = {"p50", "p95", "p99"};
		static const double at[] = {0.50, 0.95, 0.99};
		static const double limits[] = {1, 5, 20};
		for (size_t i = 0; i < 3; i++) {
			char what[80];
			(void)snprintf(what, sizeof(what),
				       "row to the finaliser's values, beyond 250 ms, %s",
				       names[i]);
			(void)bench_at_most("17", what,
					    bench_percentile(ms, LATENCY_SESSIONS, at[i]),
					    limits[i], "ms");
		}
	}
	return ok;
}

/* --- bar 19 --- */

/* Looks and what they say to Redis: live.c asks once a second, so each look here is one that has
 * just started, and connects, too. */
static double live_updates(void *arg)
{
	enum { LOOKS = 300 };
	struct world *world = arg;
	struct bp_err err = {0};
	long long values = 0;
	double start = bench_now();

	for (unsigned i = 0; i < LOOKS; i++) {
		struct bp_live *live = bp_live_new(world->redis.socket);
		enum bp_rc rc = bp_live_tick(live, world->read, i + 1, &err);
		bp_live_free(live);
		if (rc != BP_OK) {
			(void)failed("live values", &err);
			return -1;
		}
	}
	double seconds = bench_now() - start;
	static const char *const hashes[] = {"HLEN metric:latest:realtime",
					     "HLEN metric:latest:session",
					     "HLEN metric:latest:tools"};
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		long long n = bp_test_redis_integer(&world->redis, hashes[i]);
		values += n > 0 ? n : 0;
	}
	return values > 0 ? (double)values * LOOKS / seconds : -1;
}

static bool bar_19(struct world *world)
{
	const struct bench_measure measure = {live_updates, world};
	double rate = 0;

	if (!bench_interleave(&measure, 1, &rate)) {
		(void)fprintf(stderr, "bench_slowpath: bar 19 could not be measured\n");
		return false;
	}
	(void)bench_at_least("19", "live metric values to Redis", rate, 1000, "/s");
	return true;
}

int main(int argc, char **argv)
{
	static struct world world;
	int mb = MB_DEFAULT;

	if (argc > 1 && (sscanf(argv[1], "%d", &mb) != 1 || mb < 1)) {
		(void)fprintf(stderr, "usage: bench_slowpath [MB of history]\n");
		return 2;
	}
	bool ok = open_world(&world) && fill(&world, (size_t)mb * 1000000, 2048) &&
		  start_slowpath(&world) && bar_6(&world) && bar_17_evidence(&world) &&
		  bar_17_finaliser(&world) && bar_19(&world);
	close_world(&world);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: MIT */
#include "bench/fast.h"

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "slowpath/slowpath.h"
#include "store/codec.h"
#include "store/raw.h"

void bench_fast_open(struct bench_fast *fast, const char *program)
{
	static const char *const options[] = {"--appendonly",       "yes",         "--appendfsync",
					      "everysec",           "--maxmemory", "256mb",
					      "--maxmemory-policy", "noeviction",  NULL};
	struct bp_err err = {0};

	*fast = (struct bench_fast){.program = program};
	if (!bench_folder_make(fast->folder, sizeof(fast->folder)) ||
	    !bp_test_redis_start(&fast->server, fast->folder, options)) {
		bench_fast_fail(fast, "no folder or no redis-server", NULL);
	}
	bench_fast_must(fast, bp_redis_open(fast->server.socket, 5000, &fast->redis, &err), "redis",
			&err);
}

void bench_fast_close(struct bench_fast *fast)
{
	bp_redis_close(fast->redis);
	bp_test_redis_stop(&fast->server);
	if (fast->folder[0]) {
		bench_folder_remove(fast->folder);
	}
}

_Noreturn void bench_fast_fail(struct bench_fast *fast, const char *what, const struct bp_err *err)
{
	(void)fprintf(stderr, "%s: %s: %s\n", fast->program, what, err ? err->msg : "");
	bench_fast_close(fast);
	exit(EXIT_FAILURE);
}

void bench_fast_must(struct bench_fast *fast, enum bp_rc rc, const char *what,
		     const struct bp_err *err)
{
	if (rc != BP_OK) {
		bench_fast_fail(fast, what, err);
	}
}

void bench_fast_add(struct bench_fast *fast, struct bp_str wire)
{
	const struct bp_field fields[] = {{BP_STR("id"), bp_str_make(wire.ptr + 13, 32)},
					  {BP_STR("p"), BP_STR("claude_code")},
					  {BP_STR("t"), BP_STR("tool_use")},
					  {BP_STR("e"), wire}};

	bp_redis_xadd(fast->redis, BP_STREAM_EVENTS, NULL, fields, 4);
}

void bench_fast_flush(struct bench_fast *fast)
{
	struct bp_err err = {0};

	bench_fast_must(fast, bp_redis_flush(fast->redis, NULL, &err), "redis", &err);
}

void bench_fast_fill(struct bench_fast *fast, size_t n)
{
	char space[BENCH_WIRE_BYTES];

	for (size_t i = 0; i < n; i++) {
		bench_fast_add(fast, bench_event_wire(&fast->events, space));
		if (i % 1000 == 999) {
			bench_fast_flush(fast);
		}
	}
	bench_fast_flush(fast);
}

void bench_fast_empty(struct bench_fast *fast)
{
	char reply[256];

	if (!bp_test_redis_command(&fast->server, "FLUSHALL", reply, sizeof(reply))) {
		bench_fast_fail(fast, "FLUSHALL", NULL);
	}
}

void bench_pause_us(long us)
{
	const struct timespec time = {.tv_nsec = us * 1000};

	/* Finer than poll(2); nothing is waited for but time. */
	(void)ppoll(NULL, 0, &time, NULL);
}

void bench_fastpath_start(struct bench_fast *fast, struct bench_fastpath *service, const char *path,
			  int64_t batch)
{
	struct bp_err err = {0};

	*service = (struct bench_fastpath){.lock = bp_writer_lock_new()};
	bench_fast_must(fast, bp_checkpointer_start(path, &service->checkpointer, &err),
			"checkpointer", &err);
	bench_fast_must(fast, bp_stop_open(&service->stop, &err), "stop", &err);
	const struct bp_fastpath_deps deps = {
		.redis_address = fast->server.socket,
		.database_path = path,
		.lock = service->lock,
		.checkpointer = service->checkpointer,
		.stop = &service->stop,
		.config = {.batch_events = batch, .block_us = 100000, .cache_bytes = 16 << 20},
	};
	service->fastpath = bp_fastpath_new(&deps);
	service->counters = bp_fastpath_counters(service->fastpath);
	bench_fast_must(fast,
			bp_thread_start(&service->thread, "bp-fastpath", bp_fastpath_run,
					service->fastpath, &err),
			"thread", &err);
}

void bench_fastpath_stop(struct bench_fastpath *service)
{
	bp_stop_request(&service->stop);
	bp_thread_join(&service->thread);
	bp_fastpath_free(service->fastpath);
	bp_checkpointer_stop(service->checkpointer);
	bp_writer_lock_free(service->lock);
	bp_stop_close(&service->stop);
}

void bench_fast_database(struct bench_fast *fast, const char *name, char *path)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;
	char file[512];

	(void)snprintf(path, BENCH_FAST_PATH_BYTES, "%s/%s", fast->folder, name);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(file, sizeof(file), "%s%s", path, suffixes[i]);
		(void)unlink(file);
	}
	bench_fast_must(fast, bp_sql_open(path, BP_SQL_WRITE, 0, &sql, &err), "database", &err);
	bench_fast_must(fast, bp_store_migrate(sql, &err), "schema", &err);
	bp_sql_close(sql);
}

int64_t bench_fast_ask(struct bench_fast *fast, const char *path, const char *text)
{
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;
	struct bp_statement *statement = NULL;

	bench_fast_must(fast, bp_sql_open(path, BP_SQL_READ, 0, &sql, &err), "ask", &err);
	bench_fast_must(fast, bp_statement_new(sql, text, &statement, &err), "ask", &err);
	bench_fast_must(fast, bp_statement_step(statement, &err), "ask", &err);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	bp_sql_close(sql);
	return value;
}

void bench_fast_grow(struct bench_fast *fast, const char *path, int64_t rows)
{
	enum { CHUNK = 2000 };
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;
	struct bp_codec *codec = bp_codec_new();
	struct bp_raw_writer *writer = NULL;
	int64_t have = 0;

	bench_fast_must(fast, bp_sql_open(path, BP_SQL_WRITE, 64 << 20, &sql, &err), "grow", &err);
	bench_fast_must(fast, bp_raw_writer_new(sql, codec, &writer, &err), "grow", &err);
	bench_fast_must(fast, bp_raw_last(sql, BP_RAW_CLAUDE, &have, &err), "grow", &err);
	while (have < rows) {
		bench_fast_must(fast, bp_sql_begin(sql, &err), "grow", &err);
		for (int i = 0; i < CHUNK; i++, have++) {
			struct bench_event_texts texts;
			struct bp_event event;
			enum bp_put put;
			int64_t sequence;

			bench_event_make(&fast->events, &texts, &event);
			bench_fast_must(
				fast,
				bp_raw_put(writer, &event, event.ts_us, &put, &sequence, &err),
				"grow", &err);
		}
		bench_fast_must(fast, bp_sql_commit(sql, &err), "grow", &err);
		bp_store_cap_wal(sql);
	}
	bench_fast_must(fast, bp_sql_exec(sql, "PRAGMA wal_checkpoint(TRUNCATE)", &err), "grow",
			&err);
	bp_raw_writer_free(writer);
	bp_codec_free(codec);
	bp_sql_close(sql);
	(void)malloc_trim(0); /* the memory of a run is to be its own */
}

/* Rows that the slow path has made facts of. */
static int64_t rows_done(struct bench_fast *fast, const char *path)
{
	return bench_fast_ask(fast, path, "SELECT ifnull(sum(low_water), 0) FROM pool_progress");
}

/* CPU without that of this thread, which only looks. */
struct clocks {
	double wall, cpu, redis, written;
};

static struct clocks read_clocks(const struct bench_fast *fast)
{
	struct timespec own;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
	return (struct clocks){.wall = bench_now(),
			       .cpu = bench_cpu() - (double)own.tv_sec - (double)own.tv_nsec / 1e9,
			       .redis = bench_cpu_fine_of(fast->server.pid),
			       .written = bench_written_of(getpid())};
}

static struct bp_slowpath *start_slowpath(struct bench_fast *fast, const char *path,
					  struct bp_writer_lock *lock)
{
	struct bp_err err = {0};
	struct bp_slowpath *slowpath = NULL;
	const struct bp_slowpath_deps deps = {
		.redis_address = fast->server.socket,
		.database_path = path,
		.lock = lock,
		.config = {.workers = 2,
			   .debounce_us = 250000,
			   .debounce_max_us = 2000000,
			   .cache_bytes = 4 << 20},
	};

	bench_fast_must(fast, bp_slowpath_start(&deps, &slowpath, &err), "slow path", &err);
	return slowpath;
}

double bench_window_run(void *arg)
{
	struct bench_window *window = arg;
	struct bench_fast *fast = window->fast;
	struct bench_fastpath service;
	struct bp_slowpath *slowpath = NULL;
	int64_t done = 0;
	char fresh[BENCH_FAST_PATH_BYTES];
	struct clocks start = {0};
	int64_t batches = 0;

	if (!window->path) {
		bench_fast_database(fast, "fresh.db", fresh);
	}
	const char *path = window->path ? window->path : fresh;
	bench_fast_empty(fast);
	bench_fast_fill(fast, BENCH_WINDOW);
	bench_fastpath_start(fast, &service, path, window->batch);
	if (window->slow) {
		done = rows_done(fast, path);
		slowpath = start_slowpath(fast, path, service.lock);
	}
	for (;;) {
		int64_t rows = atomic_load(&service.counters->rows);
		int64_t now = atomic_load(&service.counters->batches);

		if (start.wall == 0 && rows >= BENCH_WINDOW_WARM) {
			start = read_clocks(fast);
			batches = now;
		}
		if (window->sample_ms && start.wall > 0 && now > batches &&
		    window->n_samples < BENCH_SAMPLES_MAX) {
			batches = now;
			window->sample_ms[window->n_samples++] =
				(double)atomic_load(&service.counters->last_batch_us) / 1000;
		}
		if (rows >= BENCH_WINDOW) {
			break;
		}
		bench_pause_us(200);
	}
	struct clocks end = read_clocks(fast);
	if (window->slow) {
		window->slow_share = (double)(rows_done(fast, path) - done) / BENCH_WINDOW;
		bp_slowpath_stop(slowpath);
	}
	window->memory_mb = bench_memory_of(getpid(), "VmRSS");
	bench_fastpath_stop(&service);
	double n = BENCH_WINDOW - BENCH_WINDOW_WARM;
	window->cpu_us = (end.cpu - start.cpu) * 1e6 / n;
	window->redis_cpu_us = (end.redis - start.redis) * 1e6 / n;
	window->written_bytes = (end.written - start.written) / n;
	return n / (end.wall - start.wall);
}

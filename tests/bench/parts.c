/* SPDX-License-Identifier: MIT */
#include "bench/parts.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "bench/bench.h"
#include "event/json.h"
#include "event/projection.h"
#include "slowpath/slowpath.h"
#include "store/raw.h"
#include "store/store.h"
#include "stream/stream.h"
#include "support/redis.h"

enum {
	CACHE_BYTES = 4 << 20,
	WIRES_MAX = 1 << 30,
	FILE_MAX = 256 << 20,
	BATCH = 500,    /* fastpath.batch_events */
	PIPELINE = 100, /* XADDs on the way at once */
	ROUND = 2000,   /* entries before they are read again */
	SPACE = 16384
};

/** The events of all lines, encoded. */
struct wires {
	struct bp_buf bytes;
	size_t *ends;
	size_t n, cap;
	struct bp_projector *projector;
	char *wire;
	struct bp_buf file;
	bool failed;
};

double bench_parts_sum(const struct bench_parts *parts)
{
	return parts->read + parts->queue + parts->rows + parts->evidence;
}

static bool failed(const char *what, const struct bp_err *err)
{
	(void)fprintf(stderr, "bench: %s: %s\n", what, err ? err->msg : "failed");
	return false;
}

/* --- read, scan, project, encode --- */

static void add_line(struct wires *wires, struct bp_str line, struct bp_line_origin *origin)
{
	struct bp_event event;

	if (bp_project_claude_line(wires->projector, line, origin, &event) != BP_PROJECTED) {
		wires->failed = true;
		return;
	}
	origin->inherited_us = event.ts_us;
	struct bp_out out = bp_out_make(wires->wire, BP_EVENT_BYTES_MAX);
	bp_event_encode(&event, &out);
	bp_buf_add_str(&wires->bytes, bp_out_str(&out));
	if (wires->n == wires->cap) {
		wires->cap = wires->cap ? wires->cap * 2 : 4096;
		wires->ends = bp_realloc(wires->ends, wires->cap, sizeof(*wires->ends));
	}
	wires->ends[wires->n++] = wires->bytes.len;
}

static bool add_file(const char *path, bool is_dir, void *arg)
{
	struct wires *wires = arg;
	struct bp_line_origin origin = {.path_hash = BP_STR("0123456789abcdef"),
					.session_from_path = BP_STR("session"),
					.inherited_us = BP_ABSENT,
					.received_us = 1};

	if (is_dir) {
		return true;
	}
	bp_buf_clear(&wires->file);
	if (bp_file_read(path, &wires->file, NULL) != BP_OK) {
		wires->failed = true;
		return false;
	}
	const char *at = wires->file.ptr;
	const char *end = at + wires->file.len;
	const char *stop;
	while (at < end && (stop = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		origin.offset_bytes = at - wires->file.ptr;
		add_line(wires, bp_str_make(at, (size_t)(stop - at)), &origin);
		at = stop + 1;
	}
	return true;
}

static bool read_part(const char *root, struct wires *wires, struct bench_parts *out)
{
	static const unsigned char salt[BP_SALT_BYTES] = {1, 2, 3};

	(void)bp_json_use_avx2(); /* as the service does */
	(void)bp_sha256_use_ni();
	wires->projector = bp_calloc(1, sizeof(*wires->projector));
	wires->projector->policy.project_names = true;
	bp_hash_key_init(&wires->projector->policy.key, salt);
	wires->wire = bp_calloc(1, BP_EVENT_BYTES_MAX);
	bp_buf_init(&wires->bytes, WIRES_MAX);
	bp_buf_init(&wires->file, FILE_MAX);
	double cpu = bench_cpu();
	bp_file_walk(root, add_file, wires);
	out->read = bench_cpu() - cpu;
	out->lines = wires->n;
	return !wires->failed && wires->n > 0 ? true : failed("reading the history", NULL);
}

static void wires_done(struct wires *wires)
{
	bp_buf_done(&wires->bytes);
	bp_buf_done(&wires->file);
	free(wires->ends);
	free(wires->wire);
	free(wires->projector);
}

static struct bp_str wire_at(const struct wires *wires, size_t i)
{
	size_t from = i ? wires->ends[i - 1] : 0;

	return bp_str_make(wires->bytes.ptr + from, wires->ends[i] - from);
}

/* --- XADD, XREADGROUP, XACK --- */

static enum bp_rc add_round(struct bp_redis *redis, const struct wires *wires, size_t from,
			    size_t until, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = from; i < until && rc == BP_OK; i++) {
		const struct bp_field fields[] = {
			{BP_STR("id"), BP_STR("0123456789abcdef0123456789abcdef")},
			{BP_STR("p"), BP_STR("claude_code")},
			{BP_STR("t"), BP_STR("assistant_response")},
			{BP_STR("e"), wire_at(wires, i)}};
		bp_redis_xadd(redis, BP_STREAM_EVENTS, NULL, fields, 4);
		if ((i + 1 - from) % PIPELINE == 0 || i + 1 == until) {
			rc = bp_redis_flush(redis, NULL, err);
		}
	}
	return rc;
}

static enum bp_rc read_round(struct bp_redis *redis, size_t n, struct bp_err *err)
{
	struct bp_arena arena = {0};
	enum bp_rc rc = BP_OK;

	while (n > 0 && rc == BP_OK) {
		struct bp_entry *entries = NULL;
		size_t got = 0;
		bp_arena_clear(&arena);
		rc = bp_stream_read(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, "bench", BATCH,
				    100, &arena, &entries, &got, err);
		if (rc == BP_OK && got > 0) {
			bp_redis_xack(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, entries, got);
			rc = bp_redis_flush(redis, NULL, err);
		}
		if (rc == BP_OK && got >= n) {
			rc = bp_stream_trim(redis, BP_STREAM_EVENTS, entries[got - 1].id, err);
		}
		n -= got < n ? got : n;
	}
	bp_arena_done(&arena);
	return rc;
}

static bool queue_part(const char *folder, const struct wires *wires, struct bench_parts *out)
{
	static const char *const options[] = {"--appendonly", "yes", "--appendfsync", "everysec",
					      NULL};
	struct bp_test_redis server = {0};
	struct bp_redis *redis = NULL;
	struct bp_err err = {0};

	if (!bp_test_redis_start(&server, folder, options)) {
		return failed("redis-server", NULL);
	}
	double cpu = bench_cpu();
	double served = bench_cpu_of(server.pid);
	enum bp_rc rc = bp_redis_open(server.socket, 5000, &redis, &err);
	if (rc == BP_OK) {
		rc = bp_stream_ensure(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &err);
	}
	for (size_t i = 0; i < wires->n && rc == BP_OK; i += ROUND) {
		size_t until = i + ROUND < wires->n ? i + ROUND : wires->n;
		rc = add_round(redis, wires, i, until, &err);
		if (rc == BP_OK) {
			rc = read_round(redis, until - i, &err);
		}
	}
	out->queue = bench_cpu() - cpu + bench_cpu_of(server.pid) - served;
	bp_redis_close(redis);
	bp_test_redis_stop(&server);
	return rc == BP_OK || failed("the queue", &err);
}

/* --- rows --- */

static enum bp_rc put_rows(struct bp_sql *sql, struct bp_raw_writer *writer,
			   const struct wires *wires, struct bp_err *err)
{
	char *space = bp_calloc(1, SPACE);
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < wires->n && rc == BP_OK; i++) {
		struct bp_event event;
		const char *reason = "";
		enum bp_put put;
		int64_t sequence;
		if (!bp_event_decode(wire_at(wires, i), space, SPACE, &event, &reason)) {
			rc = bp_err_set(err, BP_EINVAL, "an event does not decode: %s", reason);
			break;
		}
		if (i % BATCH == 0) {
			rc = bp_sql_begin(sql, err);
		}
		if (rc == BP_OK) {
			rc = bp_raw_put(writer, &event, 1, &put, &sequence, err);
		}
		if (rc == BP_OK && ((i + 1) % BATCH == 0 || i + 1 == wires->n)) {
			rc = bp_sql_commit(sql, err);
			bp_store_cap_wal(sql);
		}
	}
	free(space);
	return rc;
}

static bool rows_part(const char *path, const struct wires *wires, struct bench_parts *out)
{
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;
	struct bp_codec *codec = bp_codec_new();
	struct bp_raw_writer *writer = NULL;
	struct bp_checkpointer *checkpointer = NULL;
	enum bp_rc rc = bp_sql_open(path, BP_SQL_WRITE, CACHE_BYTES, &sql, &err);

	if (rc == BP_OK) {
		rc = bp_store_migrate(sql, &err);
	}
	if (rc == BP_OK) {
		rc = bp_codec_store(codec, sql, &err);
	}
	if (rc == BP_OK) {
		rc = bp_raw_writer_new(sql, codec, &writer, &err);
	}
	if (rc == BP_OK) {
		rc = bp_checkpointer_start(path, &checkpointer, &err);
	}
	double cpu = bench_cpu();
	if (rc == BP_OK) {
		rc = put_rows(sql, writer, wires, &err);
	}
	out->rows = bench_cpu() - cpu;
	bp_checkpointer_stop(checkpointer);
	bp_raw_writer_free(writer);
	bp_codec_free(codec);
	bp_sql_close(sql);
	return rc == BP_OK || failed("rows", &err);
}

/* --- evidence, finaliser, rollups --- */

static enum bp_rc wait_final(struct bp_slowpath *slowpath, struct bp_sql *sql, struct bp_err *err)
{
	enum { LIMIT_S = 120, POLL_MS = 20 };
	struct bp_slowpath_lag lag = {.rows = 1};
	double until = bench_now() + LIMIT_S;
	enum bp_rc rc = BP_OK;

	while (rc == BP_OK && lag.rows + lag.sessions + lag.buckets > 0) {
		bp_slowpath_hurry(slowpath);
		(void)poll(NULL, 0, POLL_MS); /* the lag is a question, not an event */
		rc = bp_slowpath_lag(sql, &lag, err);
		if (bench_now() > until) {
			rc = bp_err_set(err, BP_ESTOPPED, "facts are not final after a long time");
		}
	}
	return rc;
}

static bool evidence_part(const char *folder, const char *path, struct bench_parts *out)
{
	char socket[600];
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;
	struct bp_slowpath *slowpath = NULL;
	struct bp_checkpointer *checkpointer = NULL;
	struct bp_writer_lock *lock = bp_writer_lock_new();
	const struct bp_slowpath_deps deps = {.redis_address = socket, /* nobody: it polls */
					      .database_path = path,
					      .lock = lock,
					      .config = {.workers = 2,
							 .debounce_us = 250000,
							 .debounce_max_us = 2000000,
							 .cache_bytes = CACHE_BYTES}};

	(void)snprintf(socket, sizeof(socket), "%s/no.sock", folder);
	double cpu = bench_cpu();
	enum bp_rc rc = bp_sql_open(path, BP_SQL_READ, CACHE_BYTES, &sql, &err);
	if (rc == BP_OK) {
		rc = bp_checkpointer_start(path, &checkpointer, &err);
	}
	if (rc == BP_OK) {
		rc = bp_slowpath_start(&deps, &slowpath, &err);
	}
	if (rc == BP_OK) {
		rc = wait_final(slowpath, sql, &err);
	}
	bp_slowpath_stop(slowpath);
	out->evidence = bench_cpu() - cpu;
	bp_checkpointer_stop(checkpointer);
	bp_sql_close(sql);
	bp_writer_lock_free(lock);
	return rc == BP_OK || failed("evidence", &err);
}

bool bench_parts_measure(const char *root, struct bench_parts *out)
{
	char folder[256] = "";
	char path[512];
	struct wires wires = {0};

	*out = (struct bench_parts){0};
	if (!bench_folder_make(folder, sizeof(folder))) {
		return failed("a folder", NULL);
	}
	(void)snprintf(path, sizeof(path), "%s/parts.db", folder);
	bool ok = read_part(root, &wires, out) && queue_part(folder, &wires, out) &&
		  rows_part(path, &wires, out) && evidence_part(folder, path, out);
	wires_done(&wires);
	bench_folder_remove(folder);
	return ok;
}

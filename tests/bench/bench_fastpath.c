/* SPDX-License-Identifier: MIT */
/*
 * bench_fastpath.c - bars 1, 2, 3, 4 (the first half), 11 and 16 of docs/performance.md: from the
 * queue to rows, beside its primitives in the same run: reading and acknowledging, decoding,
 * compressing, and a bare insert loop into the same table. Bar 4's second half needs the whole
 * service: see the other programs.
 *
 * Usage: bench_fastpath [--rows-5m]   (five million rows: some minutes and 3 GB of disk)
 */
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"
#include "bench/bench.h"
#include "event/event.h"
#include "fastpath/fastpath.h"
#include "fastpath/outcome.h"
#include "slowpath/slowpath.h"
#include "store/codec.h"
#include "store/raw.h"
#include "store/raw_columns.h"
#include "store/store.h"
#include "stream/stream.h"
#include "support/redis.h"

enum {
	WINDOW = 30000, /* events of one timed run */
	WARM = 2000,    /* of them untimed */
	BATCH = 100,
	SAMPLES_MAX = 200000,
	WIRE_BYTES = 4096,
	LONE = 400,
	XADDS = 3000,
	SESSIONS = 6, /* that live at the same time */
	SESSION_EVENTS = 800
};

static char folder[256];
static struct bp_test_redis server;
static struct bp_redis *redis;
static uint64_t random_state = 88172645463325252U;
static unsigned next_event; /* every event ever made is another one */
static double samples[SAMPLES_MAX];
static size_t n_samples;

_Noreturn static void fail(const char *what, const struct bp_err *err)
{
	(void)fprintf(stderr, "bench_fastpath: %s: %s\n", what, err ? err->msg : "");
	bp_test_redis_stop(&server);
	exit(EXIT_FAILURE);
}

static void must(enum bp_rc rc, const char *what, const struct bp_err *err)
{
	if (rc != BP_OK) {
		fail(what, err);
	}
}

static uint64_t random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Copy a shape: '#' becomes a random hex digit, '@' a letter or digit, '%' a decimal digit. */
static struct bp_str fill(const char *shape, char *out)
{
	static const char alnum[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = 0;

	for (; *shape; shape++) {
		uint64_t bits = random_bits() >> 20;

		out[n++] = *shape == '#'   ? alnum[bits % 16]
			   : *shape == '@' ? alnum[bits % 62]
			   : *shape == '%' ? alnum[1 + bits % 9]
					   : *shape;
	}
	return bp_str_make(out, n);
}

static const struct {
	const char *type, *line, *tool, *payload;
} kinds[] = {
	{"tool_use", "assistant", "Edit",
	 "{\"chars\":%%%,\"words\":%%,\"text_hash\":\"################\",\"tools\":[{\"id\":"
	 "\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Edit\",\"input_bytes\":%%%%,\"input_hash\":"
	 "\"################\",\"edit\":{\"op\":\"edit\",\"ext\":\"py\",\"file\":"
	 "\"################\",\"old\":\"################\",\"new\":\"################\","
	 "\"added\":%,\"removed\":%}}]}"},
	{"tool_result", "user", "Edit",
	 "{\"results\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Edit\",\"rank\":50,"
	 "\"output_bytes\":%%%%,\"edit\":{\"op\":\"edit\",\"ext\":\"py\",\"file\":"
	 "\"################\",\"old\":\"################\",\"new\":\"################\","
	 "\"added\":%,\"removed\":%,\"exact\":true}}]}"},
	{"tool_use", "assistant", "Bash",
	 "{\"thinking_chars\":%%%,\"tools\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":"
	 "\"Bash\",\"input_bytes\":%%%,\"input_hash\":\"################\",\"cmd_kind\":\"test\"},"
	 "{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Read\",\"input_bytes\":%%,"
	 "\"input_hash\":\"################\",\"file\":{\"kind\":\"read\",\"ext\":\"c\",\"file\":"
	 "\"################\"}}]}"},
	{"tool_result", "user", "Bash",
	 "{\"results\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Bash\",\"rank\":80,"
	 "\"error_class\":\"exit_code\",\"exit_code\":1,\"output_bytes\":%%%%}]}"},
	{"assistant_response", "assistant", NULL,
	 "{\"chars\":%%%%,\"words\":%%%,\"text_hash\":\"################\",\"thinking_chars\":%%%,"
	 "\"speed\":\"standard\",\"web_searches\":%,\"web_fetches\":%}"},
	{"user_prompt", "user", NULL,
	 "{\"kind\":\"prompt\",\"human\":true,\"chars\":%%%,\"words\":%%,\"text_hash\":"
	 "\"################\",\"permission_mode\":\"default\"}"},
};

/* The texts of one event. */
struct texts {
	char session[40], uuid[40], parent[40], request[40], message[40], payload[1024];
};

/* An event as the transcript monitor makes them, about 1 KB on the wire. */
static void make_event(struct texts *texts, struct bp_event *event)
{
	unsigned k = next_event++;
	size_t kind = k % (sizeof(kinds) / sizeof(kinds[0]));
	uint64_t ms = 1760000000000 + k / 4;
	unsigned slot = (unsigned)(random_bits() >> 30) % SESSIONS;

	bp_event_init(event);
	for (size_t i = 0; i < 6; i++) {
		event->id[i] = (uint8_t)(ms >> (40 - 8 * i));
	}
	for (size_t i = 6; i < BP_EVENT_ID_BYTES; i++) {
		event->id[i] = (uint8_t)(random_bits() >> 24);
	}
	event->ts_us = (int64_t)ms * 1000;
	event->projection_version = 1;
	event->platform = BP_STR("claude_code");
	int n = snprintf(texts->session, sizeof(texts->session), "5e55104%01x-0000-4000-8000-%012x",
			 slot, k / SESSION_EVENTS);
	event->session_id = bp_str_make(texts->session, (size_t)n);
	event->event_type = bp_str_from(kinds[kind].type);
	event->hook_type = bp_str_from(kinds[kind].line);
	event->tool_name = bp_str_from(kinds[kind].tool);
	event->source = BP_STR("transcript");
	event->project_hash = BP_STR("a1b2c3d4a1b2c3d4");
	event->project_name = BP_STR("blueplane");
	event->git_branch_hash = BP_STR("0011223344556677");
	event->app_version = BP_STR("2.1.328");
	event->model = BP_STR("claude-opus-4-1-20250805");
	event->uuid = fill("########-####-4###-8###-############", texts->uuid);
	event->parent_uuid = fill("########-####-4###-8###-############", texts->parent);
	event->request_id = fill("req_011@@@@@@@@@@@@@@@@@@@@@", texts->request);
	event->message_id = fill("msg_01@@@@@@@@@@@@@@@@@@@@@@", texts->message);
	event->stop_reason = BP_STR("tool_use");
	event->service_tier = BP_STR("standard");
	event->input_tokens = 4 + k % 9;
	event->output_tokens = 100 + k % 900;
	event->cache_read_tokens = 20000 + k % 100000;
	event->cache_write_tokens = 500 + k % 5000;
	event->cache_write_5m_tokens = 500 + k % 5000;
	event->cache_write_1h_tokens = 0;
	event->lines_added = k % 50;
	event->lines_removed = k % 20;
	event->tool_calls_count = 1;
	event->payload = fill(kinds[kind].payload, texts->payload);
}

static struct bp_str make_wire(char *space)
{
	struct texts texts;
	struct bp_event event;
	struct bp_out out = bp_out_make(space, WIRE_BYTES);

	make_event(&texts, &event);
	bp_event_encode(&event, &out);
	if (out.full) {
		fail("an event is too large", NULL);
	}
	return bp_out_str(&out);
}

static void add_wire(struct bp_str wire)
{
	const struct bp_field fields[] = {{BP_STR("id"), bp_str_make(wire.ptr + 13, 32)},
					  {BP_STR("p"), BP_STR("claude_code")},
					  {BP_STR("t"), BP_STR("tool_use")},
					  {BP_STR("e"), wire}};

	bp_redis_xadd(redis, BP_STREAM_EVENTS, NULL, fields, 4);
}

static void flush(void)
{
	struct bp_err err = {0};

	must(bp_redis_flush(redis, NULL, &err), "redis", &err);
}

static void fill_stream(size_t n)
{
	char space[WIRE_BYTES];

	for (size_t i = 0; i < n; i++) {
		add_wire(make_wire(space));
		if (i % 1000 == 999) {
			flush();
		}
	}
	flush();
}

static void empty_redis(void)
{
	char reply[256];

	if (!bp_test_redis_command(&server, "FLUSHALL", reply, sizeof(reply))) {
		fail("FLUSHALL", NULL);
	}
}

static void pause_us(long us)
{
	const struct timespec time = {.tv_nsec = us * 1000};

	/* Finer than poll(2); nothing is waited for but time. */
	(void)ppoll(NULL, 0, &time, NULL);
}

/* A fast path with everything around it. */
struct service {
	struct bp_writer_lock *lock;
	struct bp_checkpointer *checkpointer;
	struct bp_stop stop;
	struct bp_fastpath *fastpath;
	struct bp_thread thread;
	const struct bp_fastpath_counters *counters;
};

static void start_service(struct service *service, const char *path, int64_t batch)
{
	struct bp_err err = {0};

	*service = (struct service){.lock = bp_writer_lock_new()};
	must(bp_checkpointer_start(path, &service->checkpointer, &err), "checkpointer", &err);
	must(bp_stop_open(&service->stop, &err), "stop", &err);
	const struct bp_fastpath_deps deps = {
		.redis_address = server.socket,
		.database_path = path,
		.lock = service->lock,
		.checkpointer = service->checkpointer,
		.stop = &service->stop,
		.config = {.batch_events = batch, .block_us = 100000, .cache_bytes = 16 << 20},
	};
	service->fastpath = bp_fastpath_new(&deps);
	service->counters = bp_fastpath_counters(service->fastpath);
	must(bp_thread_start(&service->thread, "bp-fastpath", bp_fastpath_run, service->fastpath,
			     &err),
	     "thread", &err);
}

static void stop_service(struct service *service)
{
	bp_stop_request(&service->stop);
	bp_thread_join(&service->thread);
	bp_fastpath_free(service->fastpath);
	bp_checkpointer_stop(service->checkpointer);
	bp_writer_lock_free(service->lock);
	bp_stop_close(&service->stop);
}

static void new_database(const char *name, char *path, size_t cap)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;
	char file[512];

	(void)snprintf(path, cap, "%s/%s", folder, name);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(file, sizeof(file), "%s%s", path, suffixes[i]);
		(void)unlink(file);
	}
	must(bp_sql_open(path, BP_SQL_WRITE, 0, &sql, &err), "database", &err);
	must(bp_store_migrate(sql, &err), "schema", &err);
	bp_sql_close(sql);
}

static int64_t ask(const char *path, const char *text)
{
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;
	struct bp_statement *statement = NULL;

	must(bp_sql_open(path, BP_SQL_READ, 0, &sql, &err), "ask", &err);
	must(bp_statement_new(sql, text, &statement, &err), "ask", &err);
	must(bp_statement_step(statement, &err), "ask", &err);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	bp_sql_close(sql);
	return value;
}

/* Rows that the slow path has made facts of. */
static int64_t rows_done(const char *path)
{
	return ask(path, "SELECT ifnull(sum(low_water), 0) FROM pool_progress");
}

/* What run_window() is to do. */
struct window {
	const char *path; /* NULL: a fresh database */
	int64_t batch;
	bool slow;         /* with the slow path working */
	bool sample;       /* keep the time of each batch */
	double slow_share; /* out: rows that became facts meanwhile, per row */
};

/* Events per second of the fast path over a backlog. */
static double run_window(void *arg)
{
	struct window *window = arg;
	struct service service;
	struct bp_slowpath *slowpath = NULL;
	int64_t done = 0;
	char fresh[300];
	double start = 0;
	int64_t batches = 0;

	if (!window->path) {
		new_database("fresh.db", fresh, sizeof(fresh));
	}
	const char *path = window->path ? window->path : fresh;
	empty_redis();
	fill_stream(WINDOW);
	start_service(&service, path, window->batch);
	if (window->slow) {
		struct bp_err err = {0};
		const struct bp_slowpath_deps deps = {
			.redis_address = server.socket,
			.database_path = path,
			.lock = service.lock,
			.config = {.workers = 2,
				   .debounce_us = 250000,
				   .debounce_max_us = 2000000,
				   .cache_bytes = 4 << 20},
		};

		done = rows_done(path);
		must(bp_slowpath_start(&deps, &slowpath, &err), "slow path", &err);
	}
	for (;;) {
		int64_t rows = atomic_load(&service.counters->rows);
		int64_t now = atomic_load(&service.counters->batches);

		if (start == 0 && rows >= WARM) {
			start = bench_now();
			batches = now;
		}
		if (window->sample && start > 0 && now > batches && n_samples < SAMPLES_MAX) {
			batches = now;
			samples[n_samples++] =
				(double)atomic_load(&service.counters->last_batch_us) / 1000;
		}
		if (rows >= WINDOW) {
			break;
		}
		pause_us(200);
	}
	double seconds = bench_now() - start;
	if (window->slow) {
		window->slow_share = (double)(rows_done(path) - done) / WINDOW;
		bp_slowpath_stop(slowpath);
	}
	stop_service(&service);
	return (WINDOW - WARM) / seconds;
}

/* us per event: read, wake-ups, acknowledge, without a store. */
static double time_redis(void *arg)
{
	struct bp_err err = {0};
	struct bp_arena arena = {0};
	struct bp_outcome outcomes[BATCH];
	size_t done = 0;

	(void)arg;
	empty_redis();
	fill_stream(WINDOW);
	must(bp_stream_ensure(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &err), "group", &err);
	for (size_t i = 0; i < BATCH; i++) {
		outcomes[i] = (struct bp_outcome){
			.kind = BP_OUTCOME_ROW,
			.sequence = 1000000 + (int64_t)i,
			.ts_us = 1760000000000000,
			.platform = BP_STR("claude_code"),
			.session_id = BP_STR("5e551040-0000-4000-8000-000000000000"),
			.event_type = BP_STR("tool_use"),
		};
	}
	double start = bench_now();
	while (done < WINDOW) {
		struct bp_entry *entries = NULL;
		size_t n = 0;

		bp_arena_clear(&arena);
		must(bp_stream_read(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, "bench", BATCH,
				    100, &arena, &entries, &n, &err),
		     "read", &err);
		(void)bp_outcome_add_cdc(redis, outcomes, n);
		bp_redis_xack(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, entries, n);
		flush();
		done += n;
	}
	double seconds = bench_now() - start;
	bp_arena_done(&arena);
	return seconds * 1e6 / WINDOW;
}

static char wires[1000][WIRE_BYTES];
static struct bp_str wire_of[1000];

/* us per event: from the wire form to a struct. */
static double time_decode(void *arg)
{
	static char space[16384];
	struct bp_event event;
	const char *reason = NULL;

	(void)arg;
	double start = bench_now();
	for (size_t i = 0; i < WINDOW; i++) {
		if (!bp_event_decode(wire_of[i % 1000], space, sizeof(space), &event, &reason)) {
			fail(reason, NULL);
		}
	}
	return (bench_now() - start) * 1e6 / WINDOW;
}

/* us per event: compress the payload. */
static double time_pack(void *arg)
{
	static char space[16384];
	static struct bp_event events[1000];
	struct bp_codec *codec = bp_codec_new();
	struct bp_buf packed;
	const char *reason = NULL;

	(void)arg;
	bp_buf_init(&packed, 1 << 20);
	for (size_t i = 0; i < 1000; i++) {
		if (!bp_event_decode(wire_of[i], space, sizeof(space), &events[i], &reason)) {
			fail(reason, NULL);
		}
	}
	double start = bench_now();
	for (size_t i = 0; i < WINDOW; i++) {
		bp_buf_clear(&packed);
		bp_codec_pack(codec, events[i % 1000].payload, &packed);
	}
	double seconds = bench_now() - start;
	bp_buf_done(&packed);
	bp_codec_free(codec);
	return seconds * 1e6 / WINDOW;
}

#define COUNT_ONE(field, column) +1
enum {
	N_NAMES = 0 BP_RAW_NAMES(COUNT_ONE),
	N_UUIDS = 0 BP_RAW_UUIDS(COUNT_ONE),
	N_TEXTS = 0 BP_RAW_TEXTS(COUNT_ONE),
	N_NUMBERS = 0 BP_RAW_NUMBERS(COUNT_ONE)
};

/* us per row: the bare insert loop: same table, same order, same batches, values made before. */
static double time_insert(void *arg)
{
	static const char insert_text[] =
		"INSERT INTO claude_row (" BP_RAW_COLUMNS ") VALUES (" BP_RAW_PARAMETERS
		") ON CONFLICT (event_id) DO NOTHING";
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;
	struct bp_statement *insert = NULL;
	struct bp_checkpointer *checkpointer = NULL;
	struct bp_codec *codec = bp_codec_new();
	struct bp_buf packed;
	char path[300];
	double seconds = 0;

	(void)arg;
	bp_buf_init(&packed, 1 << 20);
	new_database("bare.db", path, sizeof(path));
	must(bp_sql_open(path, BP_SQL_WRITE, 16 << 20, &sql, &err), "bare", &err);
	must(bp_checkpointer_start(path, &checkpointer, &err), "bare", &err);
	must(bp_statement_new(sql, insert_text, &insert, &err), "bare", &err);
	for (size_t done = 0; done < WINDOW; done += BATCH) {
		static struct texts texts[BATCH];
		static struct bp_event events[BATCH];
		static struct bp_str packs[BATCH];
		static char pack_space[BATCH][1024];

		for (size_t i = 0; i < BATCH; i++) {
			make_event(&texts[i], &events[i]);
			bp_buf_clear(&packed);
			bp_codec_pack(codec, events[i].payload, &packed);
			memcpy(pack_space[i], packed.ptr, packed.len);
			packs[i] = bp_str_make(pack_space[i], packed.len);
		}
		double start = bench_now();
		must(bp_sql_begin(sql, &err), "bare", &err);
		for (size_t i = 0; i < BATCH; i++) {
			const struct bp_event *event = &events[i];
			int at = 9;

			bp_bind_int(insert, 1, event->ts_us);
			bp_bind_blob(insert, 2, event->id, BP_EVENT_ID_BYTES);
			bp_bind_int(insert, 3, event->ts_us);
			for (int p = 4; p <= 7; p++) {
				bp_bind_int(insert, p, 0);
			}
			bp_bind_blob(insert, 8, packs[i].ptr, packs[i].len);
			for (int k = 0; k < N_NAMES; k++) {
				/* The second is the session: as many of them as the events have. */
				bp_bind_int(insert, at++,
					    k == 1 ? (int64_t)(event->session_id.ptr[7] - '0') +
							     (int64_t)(done / SESSION_EVENTS) *
								     SESSIONS
						   : k + 1);
			}
			bp_bind_blob(insert, at++, event->uuid.ptr, 16);
			bp_bind_blob(insert, at++, event->parent_uuid.ptr, 16);
			bp_bind_null(insert, at++);
			bp_bind_text(insert, at++, event->request_id);
			bp_bind_text(insert, at++, event->message_id);
			bp_bind_null(insert, at++);
#define NUMBER(field, column) bp_bind_int(insert, at++, event->field);
			BP_RAW_NUMBERS(NUMBER)
#undef NUMBER
			must(bp_statement_run(insert, &err), "bare", &err);
		}
		must(bp_sql_commit(sql, &err), "bare", &err);
		seconds += bench_now() - start;
	}
	bp_statement_free(insert);
	bp_checkpointer_stop(checkpointer);
	bp_sql_close(sql);
	bp_codec_free(codec);
	bp_buf_done(&packed);
	return seconds * 1e6 / WINDOW;
}

/* Bring a database to this many rows, in the order in which they would have come. */
static void grow(const char *path, int64_t rows)
{
	enum { CHUNK = 2000 };
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;
	struct bp_codec *codec = bp_codec_new();
	struct bp_raw_writer *writer = NULL;
	int64_t have = 0;

	must(bp_sql_open(path, BP_SQL_WRITE, 64 << 20, &sql, &err), "grow", &err);
	must(bp_raw_writer_new(sql, codec, &writer, &err), "grow", &err);
	must(bp_raw_last(sql, BP_RAW_CLAUDE, &have, &err), "grow", &err);
	while (have < rows) {
		must(bp_sql_begin(sql, &err), "grow", &err);
		for (int i = 0; i < CHUNK; i++, have++) {
			struct texts texts;
			struct bp_event event;
			enum bp_put put;
			int64_t sequence;

			make_event(&texts, &event);
			must(bp_raw_put(writer, &event, event.ts_us, &put, &sequence, &err), "grow",
			     &err);
		}
		must(bp_sql_commit(sql, &err), "grow", &err);
		bp_store_cap_wal(sql);
	}
	must(bp_sql_exec(sql, "PRAGMA wal_checkpoint(TRUNCATE)", &err), "grow", &err);
	bp_raw_writer_free(writer);
	bp_codec_free(codec);
	bp_sql_close(sql);
}

static double prepare_wires(void)
{
	size_t bytes = 0;

	for (size_t i = 0; i < 1000; i++) {
		wire_of[i] = make_wire(wires[i]);
		bytes += wire_of[i].len;
	}
	return (double)bytes / 1000;
}

static void bar_1(void)
{
	struct window alone = {.batch = BATCH};
	struct window busy = {.batch = BATCH, .slow = true};
	struct window large = {.batch = 500};
	const struct bench_measure measures[] = {
		{run_window, &alone}, {run_window, &busy}, {run_window, &large}, {time_redis, NULL},
		{time_decode, NULL},  {time_pack, NULL},   {time_insert, NULL},
	};
	double m[7];

	if (!bench_interleave(measures, 7, m)) {
		fail("bar 1", NULL);
	}
	double sum_us = m[3] + m[4] + m[5] + m[6];
	bench_note("primitives, us/event: redis %.2f, decode %.2f, compress %.2f, insert %.2f: "
		   "%.0f events/s",
		   m[3], m[4], m[5], m[6], 1e6 / sum_us);
	bench_note("fast path, batch 100: %.0f events/s; batch 500: %.0f; slow path working: %.0f "
		   "(%.2f rows to facts for each row)",
		   m[0], m[2], m[1], busy.slow_share);
	(void)bench_at_least("1", "fast path, 1 KB, batch 100, to the sum of primitives",
			     m[0] * sum_us / 1e6, 0.8, "x");
	(void)bench_at_least("1", "the same with the slow path working", m[1] * sum_us / 1e6, 0.6,
			     "x");
}

static void batch_times(const char *what)
{
	char text[100];

	(void)snprintf(text, sizeof(text), "100 events, read to commit, p50, %s", what);
	(void)bench_at_most("2", text, bench_percentile(samples, n_samples, 0.5), 2, "ms");
	(void)snprintf(text, sizeof(text), "100 events, read to commit, p95, %s", what);
	(void)bench_at_most("2", text, bench_percentile(samples, n_samples, 0.95), 4, "ms");
	(void)snprintf(text, sizeof(text), "100 events, read to commit, p99, %s", what);
	(void)bench_at_most("2", text, bench_percentile(samples, n_samples, 0.99), 8, "ms");
	n_samples = 0;
}

static void bars_2_3_11(double wire_bytes, bool five_million)
{
	char small[300];
	char large[300];

	new_database("small.db", small, sizeof(small));
	int64_t empty_bytes = ask(small, "PRAGMA page_count") * 4096;
	grow(small, 100000);
	double per_event = (double)(ask(small, "PRAGMA page_count") * 4096 - empty_bytes) / 100000;
	new_database("large.db", large, sizeof(large));
	grow(large, 1000000);
	struct window few = {.path = small, .batch = BATCH};
	struct window many = {.path = large, .batch = BATCH, .sample = true};
	const struct bench_measure measures[] = {{run_window, &few}, {run_window, &many}};
	double m[2];
	if (!bench_interleave(measures, 2, m)) {
		fail("bar 3", NULL);
	}
	batch_times("1 M rows");
	many.slow = true;
	(void)run_window(&many);
	(void)run_window(&many);
	batch_times("1 M rows, slow path working");
	bench_note("100 k rows: %.0f events/s; 1 M rows: %.0f", m[0], m[1]);
	(void)bench_at_least("3", "events/s at 1 M rows to those at 100 k", m[1] / m[0], 0.85, "x");
	if (five_million) {
		many.slow = false;
		grow(large, 5000000);
		if (!bench_interleave(measures, 2, m)) {
			fail("bar 3", NULL);
		}
		bench_note("100 k rows: %.0f events/s; 5 M rows: %.0f", m[0], m[1]);
		(void)bench_at_least("3", "events/s at 5 M rows to those at 100 k", m[1] / m[0],
				     0.8, "x");
	}
	bench_note("an event is %.0f bytes on the wire; a row with its indexes %.0f", wire_bytes,
		   per_event);
	(void)bench_at_most("11", "bytes of a row and its indexes, for 1 KB of event",
			    per_event / wire_bytes, 0.5, "KB");
}

static void bar_4(void)
{
	static double ms[LONE];
	struct service service;
	char path[300];
	char space[WIRE_BYTES];

	new_database("lone.db", path, sizeof(path));
	empty_redis();
	start_service(&service, path, 500);
	for (int64_t i = 0; i < LONE; i++) {
		struct bp_str wire = make_wire(space);

		/* It waits for the next one by now. */
		pause_us(3000);
		double start = bench_now();
		add_wire(wire);
		flush();
		while (atomic_load(&service.counters->rows) <= i) {
			(void)sched_yield();
		}
		ms[i] = (bench_now() - start) * 1000;
	}
	stop_service(&service);
	(void)bench_at_most("4", "lone event, XADD to committed row, p50",
			    bench_percentile(ms, LONE, 0.5), 0.5, "ms");
	bench_note("p95 %.2f ms, p99 %.2f ms", bench_percentile(ms, LONE, 0.95),
		   bench_percentile(ms, LONE, 0.99));
}

static double time_pipelined(void *arg)
{
	(void)arg;
	empty_redis();
	double start = bench_now();
	for (size_t i = 0; i < WINDOW; i++) {
		add_wire(wire_of[i % 1000]);
		if (i % 100 == 99) {
			flush();
		}
	}
	flush();
	return WINDOW / (bench_now() - start);
}

static void bar_16(void)
{
	static double ms[XADDS];
	const struct bench_measure measure = {time_pipelined, NULL};
	double rate = 0;

	empty_redis();
	for (size_t i = 0; i < XADDS; i++) {
		double start = bench_now();

		add_wire(wire_of[i % 1000]);
		flush();
		ms[i] = (bench_now() - start) * 1000;
	}
	(void)bench_at_most("16", "XADD of one event, p50", bench_percentile(ms, XADDS, 0.5), 0.1,
			    "ms");
	(void)bench_at_most("16", "XADD of one event, p95", bench_percentile(ms, XADDS, 0.95), 0.2,
			    "ms");
	(void)bench_at_most("16", "XADD of one event, p99", bench_percentile(ms, XADDS, 0.99), 0.5,
			    "ms");
	if (!bench_interleave(&measure, 1, &rate)) {
		fail("bar 16", NULL);
	}
	(void)bench_at_least("16", "XADD, pipelined by 100", rate, 100000, "/s");
}

int main(int argc, char **argv)
{
	static const char *const options[] = {"--appendonly",       "yes",         "--appendfsync",
					      "everysec",           "--maxmemory", "256mb",
					      "--maxmemory-policy", "noeviction",  NULL};
	struct bp_err err = {0};
	bool five_million = argc > 1 && strcmp(argv[1], "--rows-5m") == 0;

	if (!bench_folder_make(folder, sizeof(folder)) ||
	    !bp_test_redis_start(&server, folder, options)) {
		fail("no folder or no redis-server", NULL);
	}
	must(bp_redis_open(server.socket, 5000, &redis, &err), "redis", &err);
	bench_machine(folder);
	double wire_bytes = prepare_wires();
	bar_1();
	bars_2_3_11(wire_bytes, five_million);
	bar_4();
	bar_16();
	bp_redis_close(redis);
	bp_test_redis_stop(&server);
	bench_folder_remove(folder);
	return EXIT_SUCCESS;
}

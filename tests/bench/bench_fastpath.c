/* SPDX-License-Identifier: MIT */
/*
 * bench_fastpath - bars 1, 4 (the first half) and 16 of docs/performance.md: from the queue to rows,
 * beside its primitives in the same run: reading and acknowledging, decoding, compressing (and what
 * plain zlib would take), a bare insert loop into the same table, the disk. Bars 2, 3 and 11 are
 * bench_growth's; bar 4's second half needs the whole service: bench_service.
 *
 * Usage: bench_fastpath
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "bench/bench.h"
#include "bench/fast.h"
#include "fastpath/outcome.h"
#include "store/codec.h"
#include "store/raw_columns.h"
#include "store/store.h"
#include "stream/stream.h"

enum { LONE = 400, XADDS = 3000, WIRES = 1000, DISK_SYNCS = 300, PAGE = 4096, DISK_MB = 256 };

static struct bench_fast fast;

_Noreturn static void fail(const char *what, const struct bp_err *err)
{
	bench_fast_fail(&fast, what, err);
}

static void must(enum bp_rc rc, const char *what, const struct bp_err *err)
{
	bench_fast_must(&fast, rc, what, err);
}

/* us per event: read, wake-ups, acknowledge, without a store. */
static double time_redis(void *arg)
{
	struct bp_err err = {0};
	struct bp_arena arena = {0};
	struct bp_outcome outcomes[BENCH_BATCH];
	size_t done = 0;

	(void)arg;
	bench_fast_empty(&fast);
	bench_fast_fill(&fast, BENCH_WINDOW);
	must(bp_stream_ensure(fast.redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &err), "group",
	     &err);
	for (size_t i = 0; i < BENCH_BATCH; i++) {
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
	while (done < BENCH_WINDOW) {
		struct bp_entry *entries = NULL;
		size_t n = 0;

		bp_arena_clear(&arena);
		must(bp_stream_read(fast.redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, "bench",
				    BENCH_BATCH, 100, &arena, &entries, &n, &err),
		     "read", &err);
		(void)bp_outcome_add_cdc(fast.redis, outcomes, n);
		bp_redis_xack(fast.redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, entries, n);
		bench_fast_flush(&fast);
		done += n;
	}
	double seconds = bench_now() - start;
	bp_arena_done(&arena);
	return seconds * 1e6 / BENCH_WINDOW;
}

static char wires[WIRES][BENCH_WIRE_BYTES];
static struct bp_str wire_of[WIRES];

/* us per event: from the wire form to a struct. */
static double time_decode(void *arg)
{
	static char space[16384];
	struct bp_event event;
	const char *reason = NULL;

	(void)arg;
	double start = bench_now();
	for (size_t i = 0; i < BENCH_WINDOW; i++) {
		if (!bp_event_decode(wire_of[i % WIRES], space, sizeof(space), &event, &reason)) {
			fail(reason, NULL);
		}
	}
	return (bench_now() - start) * 1e6 / BENCH_WINDOW;
}

struct sizes {
	double bytes, packed;
};

/* us per event: compress the payload. */
static double time_pack(void *arg)
{
	static char space[16384];
	static struct bp_event events[WIRES];
	struct sizes *sizes = arg;
	struct bp_codec *codec = bp_codec_new();
	struct bp_buf packed;
	const char *reason = NULL;

	*sizes = (struct sizes){0};
	bp_buf_init(&packed, 1 << 20);
	for (size_t i = 0; i < WIRES; i++) {
		if (!bp_event_decode(wire_of[i], space, sizeof(space), &events[i], &reason)) {
			fail(reason, NULL);
		}
	}
	double start = bench_now();
	for (size_t i = 0; i < BENCH_WINDOW; i++) {
		bp_buf_clear(&packed);
		bp_codec_pack(codec, events[i % WIRES].payload, &packed);
		sizes->bytes += (double)events[i % WIRES].payload.len;
		sizes->packed += (double)packed.len;
	}
	double seconds = bench_now() - start;
	bp_buf_done(&packed);
	bp_codec_free(codec);
	return seconds * 1e6 / BENCH_WINDOW;
}

/* us per event: the same payloads by plain zlib, level 6, its state kept from row to row. */
static double time_zlib(void *arg)
{
	static char space[16384];
	static struct bp_event event;
	unsigned char packed[8192];
	struct sizes *sizes = arg;
	z_stream stream = {0};
	double seconds = 0;
	const char *reason = NULL;

	if (deflateInit(&stream, 6) != Z_OK) {
		return -1;
	}
	*sizes = (struct sizes){0};
	for (size_t i = 0; i < BENCH_WINDOW; i++) {
		if (!bp_event_decode(wire_of[i % WIRES], space, sizeof(space), &event, &reason)) {
			fail(reason, NULL);
		}
		double start = bench_now();
		stream.next_in = (Bytef *)(uintptr_t)event.payload.ptr;
		stream.avail_in = (uInt)event.payload.len;
		stream.next_out = packed;
		stream.avail_out = sizeof(packed);
		if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
			seconds = -1;
			break;
		}
		sizes->bytes += (double)event.payload.len;
		sizes->packed += (double)stream.total_out;
		(void)deflateReset(&stream);
		seconds += bench_now() - start;
	}
	(void)deflateEnd(&stream);
	return seconds < 0 ? -1 : seconds * 1e6 / BENCH_WINDOW;
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
	char path[BENCH_FAST_PATH_BYTES];
	double seconds = 0;

	(void)arg;
	bp_buf_init(&packed, 1 << 20);
	bench_fast_database(&fast, "bare.db", path);
	must(bp_sql_open(path, BP_SQL_WRITE, 16 << 20, &sql, &err), "bare", &err);
	must(bp_checkpointer_start(path, &checkpointer, &err), "bare", &err);
	must(bp_statement_new(sql, insert_text, &insert, &err), "bare", &err);
	for (size_t done = 0; done < BENCH_WINDOW; done += BENCH_BATCH) {
		static struct bench_event_texts texts[BENCH_BATCH];
		static struct bp_event events[BENCH_BATCH];
		static struct bp_str packs[BENCH_BATCH];
		static char pack_space[BENCH_BATCH][1024];

		for (size_t i = 0; i < BENCH_BATCH; i++) {
			bench_event_make(&fast.events, &texts[i], &events[i]);
			bp_buf_clear(&packed);
			bp_codec_pack(codec, events[i].payload, &packed);
			memcpy(pack_space[i], packed.ptr, packed.len);
			packs[i] = bp_str_make(pack_space[i], packed.len);
		}
		double start = bench_now();
		must(bp_sql_begin(sql, &err), "bare", &err);
		for (size_t i = 0; i < BENCH_BATCH; i++) {
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
				bp_bind_int(
					insert, at++,
					k == 1 ? (int64_t)(event->session_id.ptr[7] - '0') +
							 (int64_t)(done / BENCH_SESSION_EVENTS) *
								 BENCH_SESSIONS
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
	return seconds * 1e6 / BENCH_WINDOW;
}

static void prepare_wires(void)
{
	for (size_t i = 0; i < WIRES; i++) {
		wire_of[i] = bench_event_wire(&fast.events, wires[i]);
	}
}

/* The disk: a page that must be on it, and as much as it takes in a row. mb_s: what the fast path
 * writes. */
static void disk(double mb_s)
{
	static double ms[DISK_SYNCS];
	static const char page[PAGE];
	static const char block[1 << 20];
	char path[BENCH_FAST_PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/disk", fast.folder);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0;
	for (size_t i = 0; i < DISK_SYNCS && ok; i++) {
		double start = bench_now();
		ok = write(fd, page, sizeof(page)) == PAGE && fdatasync(fd) == 0;
		ms[i] = (bench_now() - start) * 1000;
	}
	double start = bench_now();
	for (size_t i = 0; i < DISK_MB && ok; i++) {
		ok = write(fd, block, sizeof(block)) == (ssize_t)sizeof(block);
	}
	ok = ok && fdatasync(fd) == 0;
	double rate = DISK_MB * (double)sizeof(block) / 1e6 / (bench_now() - start);
	if (fd >= 0) {
		(void)close(fd);
	}
	(void)unlink(path);
	if (!ok) {
		fail("the disk", NULL);
	}
	bench_note(
		"disk: 4 KB and fdatasync p50 %.2f ms, p95 %.2f, p99 %.2f; in a row %.0f MB/s, of "
		"which the fast path at full speed writes %.2f x",
		bench_percentile(ms, DISK_SYNCS, 0.5), bench_percentile(ms, DISK_SYNCS, 0.95),
		bench_percentile(ms, DISK_SYNCS, 0.99), rate, mb_s / rate);
}

static void bar_1(void)
{
	struct bench_window alone = {.fast = &fast, .batch = BENCH_BATCH};
	struct bench_window busy = {.fast = &fast, .batch = BENCH_BATCH, .slow = true};
	struct bench_window large = {.fast = &fast, .batch = 500};
	struct sizes ours, plain;
	const struct bench_measure measures[] = {
		{bench_window_run, &alone}, {bench_window_run, &busy}, {bench_window_run, &large},
		{time_redis, NULL},         {time_decode, NULL},       {time_pack, &ours},
		{time_insert, NULL},        {time_zlib, &plain},
	};
	double m[8];

	if (!bench_interleave(measures, 8, m)) {
		fail("bar 1", NULL);
	}
	double sum_us = m[3] + m[4] + m[5] + m[6];
	bench_note("primitives, us/event: redis %.2f, decode %.2f, compress %.2f, insert %.2f: "
		   "%.0f events/s",
		   m[3], m[4], m[5], m[6], 1e6 / sum_us);
	bench_note("fast path, batch 100: %.0f events/s; batch 500: %.0f; slow path working: %.0f "
		   "(%.2f rows to facts for each row)",
		   m[0], m[2], m[1], busy.slow_share);
	bench_note("compress: %.0f bytes of payload to %.0f, %.2f x; plain zlib 6: %.2f us, %.2f x",
		   ours.bytes / BENCH_WINDOW, ours.packed / BENCH_WINDOW, ours.bytes / ours.packed,
		   m[7], plain.bytes / plain.packed);
	bench_note(
		"fast path: CPU %.1f us an event, Redis %.1f; %.0f bytes written an event; %.0f MB",
		alone.cpu_us, alone.redis_cpu_us, alone.written_bytes, alone.memory_mb);
	disk(m[0] * alone.written_bytes / 1e6);
	(void)bench_at_least("1", "fast path, 1 KB, batch 100, to the sum of primitives",
			     m[0] * sum_us / 1e6, 0.8, "x");
	(void)bench_at_least("1", "the same with the slow path working", m[1] * sum_us / 1e6, 0.6,
			     "x");
}

static void bar_4(void)
{
	static double ms[LONE];
	struct bench_fastpath service;
	char path[BENCH_FAST_PATH_BYTES];
	char space[BENCH_WIRE_BYTES];

	bench_fast_database(&fast, "lone.db", path);
	bench_fast_empty(&fast);
	bench_fastpath_start(&fast, &service, path, 500);
	for (int64_t i = 0; i < LONE; i++) {
		struct bp_str wire = bench_event_wire(&fast.events, space);

		/* It waits for the next one by now. */
		bench_pause_us(3000);
		double start = bench_now();
		bench_fast_add(&fast, wire);
		bench_fast_flush(&fast);
		while (atomic_load(&service.counters->rows) <= i) {
			(void)sched_yield();
		}
		ms[i] = (bench_now() - start) * 1000;
	}
	bench_fastpath_stop(&service);
	(void)bench_at_most("4", "lone event, XADD to committed row, p50",
			    bench_percentile(ms, LONE, 0.5), 0.5, "ms");
	bench_note("p95 %.2f ms, p99 %.2f ms", bench_percentile(ms, LONE, 0.95),
		   bench_percentile(ms, LONE, 0.99));
}

static double time_pipelined(void *arg)
{
	(void)arg;
	bench_fast_empty(&fast);
	double start = bench_now();
	for (size_t i = 0; i < BENCH_WINDOW; i++) {
		bench_fast_add(&fast, wire_of[i % WIRES]);
		if (i % 100 == 99) {
			bench_fast_flush(&fast);
		}
	}
	bench_fast_flush(&fast);
	return BENCH_WINDOW / (bench_now() - start);
}

static void bar_16(void)
{
	static double ms[XADDS];
	const struct bench_measure measure = {time_pipelined, NULL};
	double rate = 0;

	bench_fast_empty(&fast);
	for (size_t i = 0; i < XADDS; i++) {
		double start = bench_now();

		bench_fast_add(&fast, wire_of[i % WIRES]);
		bench_fast_flush(&fast);
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

int main(void)
{
	bench_fast_open(&fast, "bench_fastpath");
	bench_machine(fast.folder);
	prepare_wires();
	bar_1();
	bar_4();
	bar_16();
	bench_fast_close(&fast);
	return EXIT_SUCCESS;
}

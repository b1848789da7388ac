/* SPDX-License-Identifier: MIT */
#include "fastpath/fastpath.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/thread.h"
#include "stream/dlq.h"
#include "unit/fastpath/scene.h"

enum { WAIT_US = 15000000 };

static struct bp_writer_lock *lock;
static struct bp_checkpointer *checkpointer;
static struct bp_stop stop;
static struct bp_fastpath *fastpath;
static struct bp_thread thread;
static const struct bp_fastpath_counters *counters;

static void start_waiting(int64_t block_us)
{
	struct bp_err err = {0};
	const struct bp_fastpath_deps deps = {
		.redis_address = scene_server.socket,
		.database_path = scene_path,
		.lock = lock,
		.checkpointer = checkpointer,
		.stop = &stop,
		.config = {.batch_events = 100, .block_us = block_us, .cache_bytes = 4 << 20},
	};

	ck_assert_ok(bp_stop_open(&stop, &err), err);
	fastpath = bp_fastpath_new(&deps);
	counters = bp_fastpath_counters(fastpath);
	ck_assert_ok(bp_thread_start(&thread, "bp-fastpath", bp_fastpath_run, fastpath, &err), err);
}

static void start(void)
{
	start_waiting(100000);
}

static void finish(void)
{
	bp_stop_request(&stop);
	bp_thread_join(&thread);
	bp_fastpath_free(fastpath);
	fastpath = NULL;
	bp_stop_close(&stop);
}

static void set_up(void)
{
	struct bp_err err = {0};

	scene_set_up();
	lock = bp_writer_lock_new();
	ck_assert_ok(bp_checkpointer_start(scene_path, &checkpointer, &err), err);
}

static void tear_down(void)
{
	if (fastpath) {
		finish();
	}
	bp_checkpointer_stop(checkpointer);
	bp_writer_lock_free(lock);
	scene_tear_down();
}

static bool wait_for(const atomic_int_fast64_t *counter, int64_t want)
{
	int64_t end_us = bp_clock_mono_us() + WAIT_US;

	while (atomic_load(counter) < want && bp_clock_mono_us() < end_us) {
		(void)poll(NULL, 0, 1);
	}
	return atomic_load(counter) >= want;
}

static bool wait_redis(const char *command, long long want)
{
	int64_t end_us = bp_clock_mono_us() + WAIT_US;

	while (bp_test_redis_integer(&scene_server, command) != want) {
		if (bp_clock_mono_us() > end_us) {
			return false;
		}
		(void)poll(NULL, 0, 2);
	}
	return true;
}

static int64_t pending(void)
{
	struct bp_err err = {0};
	struct bp_stream_state state;

	ck_assert_ok(
		bp_stream_state(scene_redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &state, &err),
		err);
	return state.pending + state.lag;
}

static bool wait_acknowledged(void)
{
	int64_t end_us = bp_clock_mono_us() + WAIT_US;

	while (pending() > 0 && bp_clock_mono_us() < end_us) {
		(void)poll(NULL, 0, 2);
	}
	return pending() == 0;
}

static void add_events(unsigned from, unsigned to)
{
	for (unsigned k = from; k < to; k++) {
		const struct bp_event event = scene_event(k);

		scene_add(&event, NULL);
	}
	scene_flush();
}

START_TEST(an_event_becomes_a_row_a_wake_up_and_an_acknowledgement)
{
	char reply[1024];

	start();
	add_events(1, 2);
	ck_assert(wait_for(&counters->rows, 1));
	ck_assert(wait_redis("XLEN cdc:events", 1));
	ck_assert(wait_acknowledged());
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 1);
	ck_assert(bp_test_redis_command(&scene_server, "XRANGE cdc:events - +", reply,
					sizeof(reply)));
	ck_assert_msg(strstr(reply, "claude_row") && strstr(reply, "tool_use") &&
			      strstr(reply, "00000000000000000000000000000001"),
		      "%s", reply);
}
END_TEST

START_TEST(redelivery_is_stored_once)
{
	struct bp_err err = {0};
	struct bp_arena arena = {0};
	struct bp_entry *entries = NULL;
	size_t n = 0;

	add_events(0, 250);
	add_events(0, 250);
	/* A service that died after its read: delivered, never acknowledged. */
	ck_assert_ok(bp_stream_ensure(scene_redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &err),
		     err);
	ck_assert_ok(bp_stream_read(scene_redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS,
				    "fast-path-1", 300, 0, &arena, &entries, &n, &err),
		     err);
	ck_assert_uint_eq(n, 300);
	bp_arena_done(&arena);
	start();
	ck_assert(wait_for(&counters->events, 500));
	ck_assert(wait_acknowledged());
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 250);
	ck_assert_int_eq(atomic_load(&counters->duplicates), 250);
	ck_assert(wait_redis("XLEN cdc:events", 250));
}
END_TEST

/** Once both the fast path and the waiter hang on Redis. */
static void add_together(void *arg)
{
	char reply[4096] = "";
	int64_t end_us = bp_clock_mono_us() + WAIT_US;

	(void)arg;
	while (!strstr(reply, "blocked_clients:2") && bp_clock_mono_us() < end_us) {
		ck_assert(
			bp_test_redis_command(&scene_server, "INFO clients", reply, sizeof(reply)));
	}
	bp_redis_multi(scene_redis);
	for (unsigned k = 0; k < 5; k++) {
		const struct bp_event event = scene_event(k);

		scene_add(&event, NULL);
	}
	bp_redis_exec(scene_redis);
	scene_flush();
}

/* Seen to fail: without MULTI around the wake-ups the first one alone ends the wait. */
START_TEST(the_wake_ups_of_a_batch_come_together)
{
	struct bp_redis *waiter = NULL;
	struct bp_thread adder;
	struct bp_arena arena = {0};
	struct bp_err err = {0};
	size_t n = 0;

	ck_assert_ok(bp_redis_open(scene_server.socket, 5000, &waiter, &err), err);
	ck_assert_ok(bp_stream_ensure(waiter, BP_STREAM_CDC, BP_GROUP_CONVERSATIONS, &err), err);
	start();
	ck_assert_ok(bp_thread_start(&adder, "adder", add_together, NULL, &err), err);
	ck_assert_ok(bp_stream_wake(waiter, BP_STREAM_CDC, BP_GROUP_CONVERSATIONS, "me", 100, 10000,
				    &arena, &n, &err),
		     err);
	bp_thread_join(&adder);
	ck_assert_uint_eq(n, 5);
	bp_arena_done(&arena);
	bp_redis_close(waiter);
}
END_TEST

/* Seen to fail: without the bell of bp_fastpath_pause() the first pause lasts the whole block. */
START_TEST(a_pause_and_a_stop_end_a_long_wait)
{
	enum { BLOCK_US = 10000000 };
	int64_t start_us = bp_clock_mono_us();

	start_waiting(BLOCK_US);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(wait_redis("XLEN cdc:events", i));
		bp_fastpath_pause(fastpath, true);
		add_events(i, i + 1);
		bp_fastpath_pause(fastpath, false);
	}
	ck_assert(wait_redis("XLEN cdc:events", 3));
	ck_assert(wait_acknowledged());
	finish();
	ck_assert_int_lt(bp_clock_mono_us() - start_us, BLOCK_US);
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 3);
}
END_TEST

START_TEST(one_bad_event_is_dead_lettered_and_the_rest_is_stored)
{
	char reply[4096];

	add_events(0, 5);
	scene_add_raw(BP_STR("not json"));
	add_events(5, 10);
	start();
	ck_assert(wait_for(&counters->events, 11));
	ck_assert(wait_acknowledged());
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 10);
	ck_assert_int_eq(bp_test_redis_integer(&scene_server, "XLEN telemetry:dlq"), 1);
	ck_assert(bp_test_redis_command(&scene_server, "XRANGE telemetry:dlq - +", reply,
					sizeof(reply)));
	ck_assert_msg(strstr(reply, "not_json"), "%s", reply);
}
END_TEST

/* Entries of every bad kind; each is a dead letter. */
static const char *const hostile[] = {
	"",
	"null",
	"[]",
	"\"text\"",
	"{",
	"{}",
	"{\"v\":1}",
	"{\"v\":2,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":\"2025-11-09T12:34:"
	"56Z\","
	"\"platform\":\"app\",\"session_id\":\"s\",\"event_type\":\"t\",\"source\":\"hook\"}",
	"{\"v\":1,\"id\":\"xyz\",\"timestamp\":\"2025-11-09T12:34:56Z\",\"platform\":\"app\","
	"\"session_id\":\"s\",\"event_type\":\"t\",\"source\":\"hook\"}",
	"{\"v\":1,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":\"yesterday\","
	"\"platform\":\"app\",\"session_id\":\"s\",\"event_type\":\"t\",\"source\":\"hook\"}",
	"{\"v\":1,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":\"2025-11-09T12:34:"
	"56Z\","
	"\"platform\":\"app\",\"session_id\":null,\"event_type\":\"t\",\"source\":\"hook\"}",
	"{\"v\":1,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":\"2025-11-09T12:34:"
	"56Z\","
	"\"platform\":\"App Store\",\"session_id\":\"s\",\"event_type\":\"t\",\"source\":\"hook\"}",
	"{\"v\":1,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":\"2025-11-09T12:34:"
	"56Z\","
	"\"platform\":\"app\",\"session_id\":\"s\",\"event_type\":7,\"source\":\"hook\"}",
	"{\"v\":1,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":\"2025-11-09T12:34:"
	"56Z\","
	"\"platform\":\"app\",\"session_id\":\"s\\u0000\",\"event_type\":\"t\",\"source\":"
	"\"hook\"}",
	"{\"v\":1,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":\"2025-11-09T12:34:"
	"56Z\","
	"\"platform\":\"app\",\"session_id\":\"\xff\xfe\",\"event_type\":\"t\",\"source\":"
	"\"hook\"}",
	"{\"v\":1,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":\"2025-11-09T12:34:"
	"56Z\","
	"\"platform\":\"app\",\"session_id\":\"s\",\"event_type\":\"t\",\"source\":\"hook\","
	"\"payload\":[]}",
	/* No source: only the store knows. */
	"{\"v\":1,\"id\":\"00000000000000000000000000000bad\",\"timestamp\":\"2025-11-09T12:34:"
	"56Z\","
	"\"platform\":\"app\",\"session_id\":\"s\",\"event_type\":\"t\",\"payload\":{}}",
};

START_TEST(hostile_entries_hurt_nobody_else)
{
	size_t n_hostile = sizeof(hostile) / sizeof(hostile[0]);
	size_t n_bad = 0;
	unsigned k = 0;
	static char huge[(1 << 20) + 100];
	static char deep[10000];

	memset(huge, 'x', sizeof(huge));
	memset(deep, '[', sizeof(deep));
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < n_hostile; i++) {
			add_events(k, k + 10);
			k += 10;
			scene_add_raw(bp_str_from(hostile[i]));
			n_bad++;
		}
		scene_add_raw(bp_str_make(huge, sizeof(huge)));
		scene_add_raw(bp_str_make(deep, sizeof(deep)));
		scene_add_raw(bp_str_make("\0\0\0", 3));
		const struct bp_field other[] = {{BP_STR("x"), BP_STR("y")}};
		bp_redis_xadd(scene_redis, BP_STREAM_EVENTS, NULL, other, 1);
		n_bad += 4;
		scene_flush();
	}
	start();
	ck_assert(wait_for(&counters->events, (int64_t)(k + n_bad)));
	ck_assert(wait_acknowledged());
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), k);
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM other_row"), 0);
	ck_assert_int_eq(atomic_load(&counters->dead_letters), (int64_t)n_bad);
	ck_assert_int_eq(bp_test_redis_integer(&scene_server, "XLEN telemetry:dlq"),
			 (long long)n_bad);
}
END_TEST

/* Events that need more room than a small file has. */
static void add_large_events(unsigned from, unsigned to)
{
	static char payload[3000];
	uint64_t random = 1;

	for (unsigned k = from; k < to; k++) {
		struct bp_event event = scene_event(k);
		int n = snprintf(payload, 8, "{\"x\":\"");

		for (size_t i = (size_t)n; i < sizeof(payload) - 2; i++) {
			random = random * 6364136223846793005U + 1442695040888963407U;
			payload[i] = (char)('0' + (random >> 33) % 64);
			payload[i] = (char)(payload[i] == '\\' ? 'x' : payload[i]);
		}
		memcpy(payload + sizeof(payload) - 2, "\"}", 2);
		event.payload = bp_str_make(payload, sizeof(payload));
		scene_add(&event, NULL);
	}
	scene_flush();
}

/* True when entries are delivered and still not acknowledged a while later. */
static bool wait_stuck(void)
{
	struct bp_stream_state state = {0};
	struct bp_err err = {0};
	int64_t end_us = bp_clock_mono_us() + WAIT_US;
	int64_t stuck_us = 0; /* since when */

	while (bp_clock_mono_us() < end_us &&
	       bp_stream_state(scene_redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &state, &err) ==
		       BP_OK) {
		int64_t now_us = bp_clock_mono_us();

		stuck_us = state.pending + state.lag == 0 ? 0 : stuck_us == 0 ? now_us : stuck_us;
		if (stuck_us > 0 && now_us - stuck_us > 200000) {
			return true;
		}
		(void)poll(NULL, 0, 2);
	}
	return false;
}

START_TEST(a_store_that_cannot_write_keeps_the_events_and_recovers_by_itself)
{
	struct rlimit before;

	start();
	add_events(0, 10);
	ck_assert(wait_for(&counters->rows, 10));
	/* No file may grow beyond: check's own, in this process, stays below it. */
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	const struct rlimit small = {.rlim_cur = 128 << 10, .rlim_max = before.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	add_large_events(10, 500);
	ck_assert(wait_stuck());
	int64_t rows = atomic_load(&counters->rows);
	ck_assert_int_lt(rows, 500);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert(wait_for(&counters->rows, 500));
	ck_assert(wait_acknowledged());
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 500);
}
END_TEST

START_TEST(a_database_locked_by_another_program_is_waited_for)
{
	struct bp_sql *other = NULL;
	struct bp_err err = {0};

	start();
	add_events(0, 10);
	ck_assert(wait_for(&counters->rows, 10));
	ck_assert_ok(bp_sql_open(scene_path, BP_SQL_WRITE, 0, &other, &err), err);
	ck_assert_ok(bp_sql_begin(other, &err), err);
	add_events(10, 20);
	ck_assert(wait_stuck());
	ck_assert_int_eq(atomic_load(&counters->rows), 10);
	bp_sql_rollback(other);
	bp_sql_close(other);
	ck_assert(wait_for(&counters->rows, 20));
	ck_assert(wait_acknowledged());
}
END_TEST

START_TEST(a_full_redis_loses_no_dead_letter)
{
	char reply[64];

	start();
	add_events(0, 3);
	scene_add_raw(BP_STR("first"));
	scene_flush();
	ck_assert(wait_for(&counters->events, 4));
	ck_assert(wait_redis("XLEN telemetry:dlq", 1));
	ck_assert(wait_acknowledged());
	bp_fastpath_pause(fastpath, true);
	add_events(3, 6);
	scene_add_raw(BP_STR("second"));
	scene_flush();
	ck_assert(bp_test_redis_command(&scene_server, "CONFIG SET maxmemory 1", reply,
					sizeof(reply)));
	bp_fastpath_pause(fastpath, false);
	ck_assert(wait_stuck());
	ck_assert_int_eq(bp_test_redis_integer(&scene_server, "XLEN telemetry:dlq"), 1);
	ck_assert(bp_test_redis_command(&scene_server, "CONFIG SET maxmemory 0", reply,
					sizeof(reply)));
	ck_assert(wait_redis("XLEN telemetry:dlq", 2));
	ck_assert(wait_acknowledged());
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 6);
}
END_TEST

START_TEST(redis_may_go_and_come_back)
{
	struct bp_err err = {0};

	start();
	add_events(0, 10);
	ck_assert(wait_for(&counters->rows, 10));
	bp_test_redis_kill(&scene_server);
	ck_assert(bp_test_redis_start(&scene_server, bp_test_tmpdir(""), NULL));
	ck_assert_ok(bp_redis_reconnect(scene_redis, &err), err);
	add_events(5, 20);
	ck_assert(wait_for(&counters->rows, 20));
	ck_assert(wait_acknowledged());
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 20);
}
END_TEST

START_TEST(a_stream_that_was_deleted_is_made_again)
{
	char reply[64];

	start();
	add_events(0, 10);
	ck_assert(wait_for(&counters->rows, 10));
	ck_assert(
		bp_test_redis_command(&scene_server, "DEL telemetry:events", reply, sizeof(reply)));
	add_events(10, 20);
	ck_assert(wait_for(&counters->rows, 20));
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 20);
}
END_TEST

START_TEST(what_a_checkpoint_covers_is_trimmed)
{
	start();
	add_events(0, 300);
	ck_assert(wait_for(&counters->rows, 300));
	bp_checkpointer_hurry(checkpointer);
	ck_assert(wait_redis("XLEN telemetry:events", 0));
	/* A batch of nothing but duplicates changes no page, and goes as well. */
	add_events(0, 5);
	ck_assert(wait_for(&counters->duplicates, 5));
	ck_assert(wait_redis("XLEN telemetry:events", 0));
}
END_TEST

START_TEST(what_no_checkpoint_covers_stays)
{
	struct bp_sql *reader = NULL;
	struct bp_statement *read = NULL;
	struct bp_err err = {0};

	/* A reader of the empty database: no checkpoint can pass what it sees. */
	ck_assert_ok(bp_sql_open(scene_path, BP_SQL_READ, 0, &reader, &err), err);
	ck_assert_ok(bp_sql_exec(reader, "BEGIN", &err), err);
	ck_assert_ok(bp_statement_new(reader, "SELECT count(*) FROM claude_row", &read, &err), err);
	ck_assert_ok(bp_statement_step(read, &err), err);
	start();
	add_events(0, 300);
	ck_assert(wait_for(&counters->rows, 300));
	bp_checkpointer_hurry(checkpointer);
	ck_assert(wait_acknowledged());
	add_events(300, 301);
	ck_assert(wait_for(&counters->rows, 301));
	ck_assert_int_eq(bp_test_redis_integer(&scene_server, "XLEN telemetry:events"), 301);
	bp_statement_free(read);
	bp_sql_close(reader);
	bp_checkpointer_hurry(checkpointer);
	ck_assert(wait_redis("XLEN telemetry:events", 0));
}
END_TEST

START_TEST(while_paused_nothing_is_stored_and_purged_things_stay_away)
{
	start();
	add_events(0, 10);
	ck_assert(wait_for(&counters->rows, 10));
	bp_fastpath_pause(fastpath, true);
	ck_assert_int_eq(atomic_load(&counters->paused), 1);
	add_events(10, 20);
	/* SHA-256 of "s1"; covers the events up to 14. */
	scene_exec("DELETE FROM claude_row; DELETE FROM name; INSERT INTO tombstone VALUES "
		   "('session', "
		   "'e8bc163c82eee18733288c7d4ac636db3a6deb013ef2d37b68322be20edc45cc', "
		   "1700000000014000)");
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 0);
	bp_fastpath_pause(fastpath, false);
	ck_assert_int_eq(atomic_load(&counters->paused), 0);
	ck_assert(wait_for(&counters->rows, 15));
	ck_assert(wait_acknowledged());
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_raw_traces WHERE "
				   "external_session_id = 's1'"),
			 5);
	/* 10 that were read again from the untrimmed stream, or none if trimmed; 5 new. */
	ck_assert_int_ge(atomic_load(&counters->purged), 5);
}
END_TEST

START_TEST(lines_are_counted_once_whatever_is_delivered_twice)
{
	int64_t gaps = 0;

	for (int round = 0; round < 2; round++) {
		for (unsigned k = 0; k < 200; k++) {
			const struct bp_checkpoint_step step = scene_step(k * 10, k * 10 + 10);
			const struct bp_event event = scene_event(k);

			if (k % 20 == 7) {
				scene_add_dead("not_json", &step);
			} else {
				scene_add(&event, &step);
			}
		}
	}
	const struct bp_checkpoint_step ahead = scene_step(9000, 9010);
	const struct bp_event event = scene_event(9999);
	scene_add(&event, &ahead);
	gaps++;
	scene_flush();
	start();
	ck_assert(wait_for(&counters->events, 401));
	ck_assert(wait_acknowledged());
	ck_assert_int_eq(atomic_load(&counters->gaps), gaps);
	ck_assert_int_eq(scene_stored().lines, 200);
	ck_assert_int_eq(scene_stored().rows, 190);
	ck_assert_int_eq(scene_stored().dead_letters, 10);
	ck_assert_int_eq(scene_stored().at.to_bytes, 2000);
	ck_assert_int_eq(scene_ask("SELECT count(*) FROM claude_row"), 190);
}
END_TEST

BP_TEST_MAIN(set_up, tear_down, an_event_becomes_a_row_a_wake_up_and_an_acknowledgement,
	     redelivery_is_stored_once, the_wake_ups_of_a_batch_come_together,
	     a_pause_and_a_stop_end_a_long_wait,
	     one_bad_event_is_dead_lettered_and_the_rest_is_stored,
	     hostile_entries_hurt_nobody_else,
	     a_store_that_cannot_write_keeps_the_events_and_recovers_by_itself,
	     a_database_locked_by_another_program_is_waited_for, a_full_redis_loses_no_dead_letter,
	     redis_may_go_and_come_back, a_stream_that_was_deleted_is_made_again,
	     what_a_checkpoint_covers_is_trimmed, what_no_checkpoint_covers_stays,
	     while_paused_nothing_is_stored_and_purged_things_stay_away,
	     lines_are_counted_once_whatever_is_delivered_twice)

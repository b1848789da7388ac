/* SPDX-License-Identifier: MIT */
/**
 * fixture.h - a private Redis, started by the code under test, in a folder of the test's own.
 */
#ifndef BP_TESTS_UNIT_STREAM_FIXTURE_H
#define BP_TESTS_UNIT_STREAM_FIXTURE_H

#include "stream/server.h"
#include "stream/stream.h"

#include "support/run.h"
#include "support/tmpdir.h"

static struct bp_server *server;
static struct bp_redis *redis;
static struct bp_arena arena;

static inline void start_redis(int64_t max_memory_bytes, int timeout_ms)
{
	struct bp_err err = {0};
	const struct bp_server_options options = {.home = bp_test_tmpdir("home"),
						  .max_memory_bytes = max_memory_bytes};

	ck_assert_ok(bp_server_start(&options, &server, &err), err);
	ck_assert_ok(bp_redis_open(bp_server_address(server), timeout_ms, &redis, &err), err);
}

static inline void setup_redis(void)
{
	bp_test_tmpdir_make();
	start_redis((int64_t)64 << 20, 5000);
}

static inline void teardown_redis(void)
{
	bp_redis_close(redis);
	redis = NULL;
	bp_server_stop(server);
	server = NULL;
	bp_arena_done(&arena);
	bp_test_tmpdir_remove();
}

/** Append one event-like entry. */
static inline void put(const char *id, const char *value)
{
	const struct bp_field fields[] = {{BP_STR("id"), bp_str_from(value)},
					  {BP_STR("e"), BP_STR("{}")}};

	bp_redis_xadd(redis, BP_STREAM_EVENTS, id, fields, 2);
}

static inline void flush_all(void)
{
	struct bp_err err = {0};
	size_t refused = 99;

	ck_assert_ok(bp_redis_flush(redis, &refused, &err), err);
	ck_assert_uint_eq(refused, 0);
}

#endif

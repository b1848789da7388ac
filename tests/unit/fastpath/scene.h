/* SPDX-License-Identifier: MIT */
/**
 * scene.h - a Redis, a database and the entries of a test of src/fastpath, in a folder of its own.
 */
#ifndef BP_TESTS_UNIT_FASTPATH_SCENE_H
#define BP_TESTS_UNIT_FASTPATH_SCENE_H

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "event/event.h"
#include "store/checkpoint.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "stream/stream.h"
#include "support/redis.h"
#include "support/run.h"
#include "support/tmpdir.h"

static struct bp_test_redis scene_server;
static struct bp_redis *scene_redis;
static char scene_path[512]; /* of the database */

static inline void scene_set_up(void)
{
	struct bp_err err = {0};
	struct bp_sql *sql = NULL;

	bp_test_tmpdir_make();
	(void)snprintf(scene_path, sizeof(scene_path), "%s", bp_test_tmpdir("t.db"));
	ck_assert_ok(bp_sql_open(scene_path, BP_SQL_WRITE, 0, &sql, &err), err);
	ck_assert_ok(bp_store_migrate(sql, &err), err);
	bp_sql_close(sql);
	ck_assert(bp_test_redis_start(&scene_server, bp_test_tmpdir(""), NULL));
	ck_assert_ok(bp_redis_open(scene_server.socket, 2000, &scene_redis, &err), err);
}

static inline void scene_tear_down(void)
{
	bp_redis_close(scene_redis);
	bp_test_redis_stop(&scene_server);
	bp_test_tmpdir_remove();
}

/* An event whose id and time are made of k. */
static inline struct bp_event scene_event(unsigned k)
{
	struct bp_event event;

	bp_event_init(&event);
	memset(event.id, 0, sizeof(event.id));
	for (size_t i = 0; i < 4; i++) {
		event.id[12 + i] = (uint8_t)(k >> (24 - 8 * i));
	}
	event.ts_us = 1700000000000000 + (int64_t)k * 1000;
	event.platform = BP_STR("claude_code");
	event.session_id = BP_STR("s1");
	event.event_type = BP_STR("tool_use");
	event.source = BP_STR("transcript");
	event.projection_version = 1;
	return event;
}

/* The wire form, in memory of the next call. */
static inline struct bp_str scene_wire(const struct bp_event *event)
{
	static char space[65536];
	struct bp_out out = bp_out_make(space, sizeof(space));

	bp_event_encode(event, &out);
	ck_assert(!out.full);
	return bp_out_str(&out);
}

static inline struct bp_checkpoint_step scene_step(int64_t from, int64_t to)
{
	return (struct bp_checkpoint_step){
		.from_bytes = from,
		.to_bytes = to,
		.device = 1,
		.inode = 2,
		.size_bytes = 100000,
		.head_bytes = 10,
		.head_hash = "0123456789abcdef",
		.last_ts_us = BP_SQL_NULL,
	};
}

static inline void scene_flush(void)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_redis_flush(scene_redis, NULL, &err), err);
}

/* XADD an event; with a step it is line "t:aaaa" from..to. */
static inline void scene_add(const struct bp_event *event, const struct bp_checkpoint_step *step)
{
	struct bp_buf cv;
	struct bp_field fields[] = {{BP_STR("p"), event->platform},
				    {BP_STR("t"), event->event_type},
				    {BP_STR("e"), scene_wire(event)},
				    {BP_STR("ck"), BP_STR("t:aaaa")},
				    {BP_STR("cv"), BP_STR("")}};

	bp_buf_init(&cv, 1024);
	if (step) {
		bp_checkpoint_step_encode(step, &cv);
		fields[4].value = bp_buf_str(&cv);
	}
	bp_redis_xadd(scene_redis, BP_STREAM_EVENTS, NULL, fields, step ? 5 : 3);
	bp_buf_done(&cv);
}

static inline void scene_add_raw(struct bp_str e)
{
	const struct bp_field fields[] = {{BP_STR("e"), e}};

	bp_redis_xadd(scene_redis, BP_STREAM_EVENTS, NULL, fields, 1);
}

static inline void scene_add_dead(const char *reason, const struct bp_checkpoint_step *step)
{
	struct bp_buf cv;

	bp_buf_init(&cv, 1024);
	bp_checkpoint_step_encode(step, &cv);
	const struct bp_field fields[] = {{BP_STR("t"), BP_STR("_dead")},
					  {BP_STR("reason"), bp_str_from(reason)},
					  {BP_STR("ck"), BP_STR("t:aaaa")},
					  {BP_STR("cv"), bp_buf_str(&cv)}};
	bp_redis_xadd(scene_redis, BP_STREAM_EVENTS, NULL, fields, 4);
	bp_buf_done(&cv);
}

static inline int64_t scene_ask(const char *text)
{
	struct bp_sql *sql = NULL;
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_sql_open(scene_path, BP_SQL_READ, 0, &sql, &err), err);
	ck_assert_ok(bp_statement_new(sql, text, &statement, &err), err);
	ck_assert_ok(bp_statement_step(statement, &err), err);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	bp_sql_close(sql);
	return value;
}

static inline void scene_exec(const char *text)
{
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_sql_open(scene_path, BP_SQL_WRITE, 0, &sql, &err), err);
	ck_assert_ok(bp_sql_exec(sql, text, &err), err);
	bp_sql_close(sql);
}

static inline struct bp_checkpoint scene_stored(void)
{
	struct bp_sql *sql = NULL;
	struct bp_checkpoint stored;
	struct bp_err err = {0};

	ck_assert_ok(bp_sql_open(scene_path, BP_SQL_READ, 0, &sql, &err), err);
	ck_assert_ok(bp_checkpoint_load(sql, BP_STR("t:aaaa"), &stored, &err), err);
	bp_sql_close(sql);
	return stored;
}

#endif

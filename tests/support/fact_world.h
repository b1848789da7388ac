/* SPDX-License-Identifier: MIT */
/**
 * fact_world.h - transcripts and hooks to facts without queue and threads, for tests that want to
 * try many orders. Header only: it needs folders, and the support library may need none.
 */
#ifndef BP_TESTS_SUPPORT_FACT_WORLD_H
#define BP_TESTS_SUPPORT_FACT_WORLD_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/line.h"
#include "base/mem.h"
#include "event/projection.h"
#include "price/price.h"
#include "slowpath/fact_set.h"
#include "slowpath/finaliser.h"
#include "slowpath/platform.h"
#include "slowpath/rollup_maker.h"
#include "store/raw.h"
#include "store/store.h"
#include "support/run.h"
#include "support/tmpdir.h"

/** Rows in memory, as the raw reader gives them. */
struct bp_test_rows {
	struct bp_arena arena;
	struct bp_raw_row *rows;
	size_t n, cap;
	size_t malformed;
	struct bp_projector *projector;
};

/** A database of facts. */
struct bp_test_world {
	struct bp_sql *write, *read;
	struct bp_writer_lock *lock;
	struct bp_fact_set *set;
	struct bp_fact_writer *writer;
	struct bp_prices *prices; /* as they are built in */
	struct bp_finaliser *finaliser;
	struct bp_tz *zone; /* UTC */
	struct bp_rollup_maker *rollups;
};

static inline void bp_test_rows_init(struct bp_test_rows *rows)
{
	static const unsigned char salt[BP_SALT_BYTES] = {1, 2, 3};

	*rows = (struct bp_test_rows){.projector = bp_calloc(1, sizeof(struct bp_projector))};
	rows->projector->policy.project_names = true;
	bp_hash_key_init(&rows->projector->policy.key, salt);
}

static inline void bp_test_rows_done(struct bp_test_rows *rows)
{
	bp_arena_done(&rows->arena);
	free(rows->rows);
	free(rows->projector);
}

static inline void bp_test_rows_add(struct bp_test_rows *rows, const struct bp_event *event)
{
	struct bp_event copy = *event;
	struct bp_str *const texts[] = {
		&copy.platform,     &copy.session_id,   &copy.event_type,   &copy.hook_type,
		&copy.source,       &copy.project_hash, &copy.project_name, &copy.git_branch_hash,
		&copy.app_version,  &copy.model,        &copy.uuid,         &copy.parent_uuid,
		&copy.request_id,   &copy.message_id,   &copy.agent_id,     &copy.prompt_id,
		&copy.stop_reason,  &copy.subtype,      &copy.severity,     &copy.operation,
		&copy.service_tier, &copy.tool_name,    &copy.payload,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i] = bp_arena_str(&rows->arena, *texts[i]);
	}
	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? rows->cap * 2 : 256;
		rows->rows = bp_realloc(rows->rows, rows->cap, sizeof(*rows->rows));
	}
	rows->rows[rows->n] = (struct bp_raw_row){.sequence = (int64_t)rows->n + 1, .event = copy};
	rows->n++;
}

/** Add a transcript's lines. session and agent as from its path. */
static inline void bp_test_rows_add_lines(struct bp_test_rows *rows, struct bp_str text,
					  const char *session, const char *agent)
{
	struct bp_str line;
	struct bp_str rest = text;
	struct bp_line_origin origin = {.path_hash = bp_str_from(session),
					.session_from_path = bp_str_from(session),
					.agent_from_path = bp_str_from(agent),
					.inherited_us = BP_ABSENT,
					.received_us = 1};

	while (bp_line_next(&rest, &line) ||
	       (line = rest, rest = (struct bp_str){0}, line.len > 0)) {
		struct bp_event event;
		origin.offset_bytes = (int64_t)(line.ptr - text.ptr);
		if (line.len == 0) {
			continue;
		}
		if (bp_project_claude_line(rows->projector, line, &origin, &event) !=
		    BP_PROJECTED) {
			rows->malformed++;
			continue;
		}
		origin.inherited_us = event.ts_us;
		bp_test_rows_add(rows, &event);
	}
}

/** Add hook payloads, one JSON a line. */
static inline void bp_test_rows_add_hooks(struct bp_test_rows *rows, struct bp_str text)
{
	struct bp_str line;
	struct bp_str rest = text;
	static uint8_t random_bytes[10];

	while (bp_line_next(&rest, &line)) {
		struct bp_event event;
		random_bytes[0]++;
		random_bytes[1] = (uint8_t)(random_bytes[1] + (random_bytes[0] == 0));
		if (line.len > 0 &&
		    bp_project_claude_hook(rows->projector, line,
					   INT64_C(1795161572000000) + (int64_t)rows->n * 1000,
					   random_bytes, &event) == BP_PROJECTED) {
			bp_test_rows_add(rows, &event);
		}
	}
}

static inline void bp_test_world_open(struct bp_test_world *world)
{
	struct bp_err err = {0};
	const char *path = bp_test_tmpdir("facts.db");

	*world = (struct bp_test_world){.lock = bp_writer_lock_new(), .set = bp_fact_set_new()};
	ck_assert_ok(bp_sql_open(path, BP_SQL_WRITE, 1 << 22, &world->write, &err), err);
	ck_assert_ok(bp_store_migrate(world->write, &err), err);
	ck_assert_ok(bp_sql_exec(world->write, "PRAGMA synchronous = OFF", &err), err);
	ck_assert_ok(bp_sql_open(path, BP_SQL_READ, 1 << 22, &world->read, &err), err);
	ck_assert_ok(bp_fact_writer_new(world->write, &world->writer, &err), err);
	ck_assert_ok(bp_prices_new(NULL, &world->prices, &err), err);
	ck_assert_ok(bp_finaliser_new(world->read, world->write, world->lock, world->prices,
				      &world->finaliser, &err),
		     err);
	ck_assert_ok(bp_tz_load("UTC", &world->zone, &err), err);
	ck_assert_ok(bp_rollup_maker_new(world->read, world->write, world->lock, world->zone,
					 &world->rollups, &err),
		     err);
}

static inline void bp_test_world_close(struct bp_test_world *world)
{
	bp_rollup_maker_free(world->rollups);
	bp_tz_free(world->zone);
	bp_finaliser_free(world->finaliser);
	bp_prices_free(world->prices);
	bp_fact_writer_free(world->writer);
	bp_fact_set_free(world->set);
	bp_sql_close(world->read);
	bp_sql_close(world->write);
	bp_writer_lock_free(world->lock);
}

/** Forget all facts, and what was made of them. */
static inline void bp_test_world_clear(struct bp_test_world *world)
{
	struct bp_err err = {0};

	ck_assert_ok(
		bp_sql_exec(
			world->write,
			"BEGIN; DELETE FROM conversations; DELETE FROM conversation_turns;"
			"DELETE FROM model_calls; DELETE FROM tool_calls; DELETE FROM code_changes;"
			"DELETE FROM file_access; DELETE FROM permission_requests;"
			"DELETE FROM api_errors; DELETE FROM compactions; DELETE FROM subagents;"
			"DELETE FROM activity; DELETE FROM session_event;"
			"DELETE FROM session_link; DELETE FROM fact_alias;"
			"DELETE FROM fact_error; DELETE FROM dirty_session;"
			"DELETE FROM dirty_bucket; DELETE FROM dirty_span;"
			"DELETE FROM rollups; DELETE FROM session_rollups; COMMIT",
			&err),
		err);
}

/** Write the evidence of the rows rows[order[0..n]], in batches of batch rows. */
static inline void bp_test_world_apply(struct bp_test_world *world, const struct bp_test_rows *rows,
				       const size_t *order, size_t n, size_t batch)
{
	struct bp_err err = {0};

	for (size_t at = 0; at < n;) {
		bool done = false;
		bool linked = false;
		for (size_t i = 0; i < batch && at < n; i++, at++) {
			const struct bp_raw_row *row = &rows->rows[order ? order[at] : at];
			const struct bp_platform *platform = bp_platform_find(row->event.platform);
			ck_assert_ptr_nonnull(platform);
			const char *reason = platform->evidence(row, world->set);
			ck_assert_msg(reason == NULL, "row %zu: %s", at, reason);
		}
		bp_fact_writer_restart(world->writer);
		while (!done) {
			ck_assert_ok(bp_sql_begin(world->write, &err), err);
			ck_assert_ok(bp_fact_writer_write(world->writer, world->set, world->lock,
							  &done, &linked, &err),
				     err);
			ck_assert_ok(bp_sql_commit(world->write, &err), err);
		}
		bp_fact_set_clear(world->set);
	}
}

/** Run the finaliser until nothing is dirty. */
static inline void bp_test_world_finalise(struct bp_test_world *world)
{
	struct bp_err err = {0};
	struct bp_statement *dirty = NULL;
	int rounds = 0;

	ck_assert_ok(bp_statement_new(world->write,
				      "SELECT conversation_id, generation FROM dirty_session"
				      " ORDER BY conversation_id LIMIT 1",
				      &dirty, &err),
		     err);
	while (bp_statement_step(dirty, &err) == BP_OK) {
		bool moved = false;
		int64_t conversation = bp_column_int(dirty, 0);
		int64_t generation = bp_column_int(dirty, 1);
		bp_statement_reset(dirty);
		ck_assert_ok(
			bp_finaliser_run(world->finaliser, conversation, generation, &moved, &err),
			err);
		ck_assert_msg(++rounds < 10000, "the finaliser does not come to rest");
	}
	bp_statement_free(dirty);
}

/** Make every rollup that is due. */
static inline void bp_test_world_roll_up(struct bp_test_world *world)
{
	struct bp_err err = {0};
	bool left = true;

	while (left) {
		ck_assert_ok(bp_rollup_maker_quarters(world->rollups, &left, &err), err);
	}
	for (left = true; left;) {
		ck_assert_ok(bp_rollup_maker_span(world->rollups, &left, &err), err);
	}
}

/** All facts and rollups as text, ordered by id: equal text is equal facts, byte for byte. */
static inline void bp_test_world_dump(struct bp_test_world *world, struct bp_buf *out)
{
	static const char *const tables[] = {"conversations",
					     "conversation_turns",
					     "model_calls",
					     "tool_calls",
					     "code_changes",
					     "file_access",
					     "permission_requests",
					     "api_errors",
					     "compactions",
					     "subagents",
					     "activity",
					     "session_event",
					     "session_link",
					     "fact_alias",
					     "fact_error",
					     "rollups",
					     "session_rollups",
					     "session_habits"};
	struct bp_err err = {0};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		char text[128];
		struct bp_statement *select = NULL;
		(void)snprintf(text, sizeof(text), "SELECT * FROM %s ORDER BY 1, 2, 3, 4",
			       tables[i]);
		if (strcmp(tables[i], "session_event") == 0 ||
		    strcmp(tables[i], "session_link") == 0 ||
		    strcmp(tables[i], "session_habits") == 0) {
			(void)snprintf(text, sizeof(text), "SELECT * FROM %s ORDER BY 1, 2",
				       tables[i]);
		} else if (strcmp(tables[i], "fact_error") == 0) {
			(void)snprintf(text, sizeof(text), "SELECT tbl, reason FROM fact_error");
		} else if (strcmp(tables[i], "rollups") == 0) {
			(void)snprintf(text, sizeof(text),
				       "SELECT * FROM rollups ORDER BY 1, 2, 3, 4, 5, 6, 7");
		}
		ck_assert_ok(bp_statement_new(world->read, text, &select, &err), err);
		while (bp_statement_step(select, &err) == BP_OK) {
			bp_buf_add_str(out, bp_str_from(tables[i]));
			for (int c = 0; c < bp_column_count(select); c++) {
				struct bp_str blob = bp_column_blob(select, c);
				bp_buf_add_char(out, '|');
				if (!bp_column_is_null(select, c)) {
					for (size_t b = 0; b < blob.len; b++) {
						unsigned char byte = (unsigned char)blob.ptr[b];
						bp_buf_printf(out,
							      byte < 32 || byte > 126 ? "\\%02x"
										      : "%c",
							      byte);
					}
				}
			}
			bp_buf_add_char(out, '\n');
		}
		bp_statement_free(select);
	}
	ck_assert(bp_buf_ok(out));
}

/** One number of the facts. */
static inline int64_t bp_test_world_number(struct bp_test_world *world, const char *select)
{
	struct bp_err err = {0};
	struct bp_statement *statement = NULL;

	ck_assert_ok(bp_statement_new(world->read, select, &statement, &err), err);
	ck_assert_ok(bp_statement_step(statement, &err), err);
	int64_t number = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return number;
}

#endif

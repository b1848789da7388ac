/* SPDX-License-Identifier: MIT */
#include "slowpath/span_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "query/bucket_code.h"
#include "query/bucket_map.h"

#define KEY "platform, project_hash, model, tool, agent_type"

/* ?1 span, ?2 from, ?3 until */
static const char SELECT_ROWS[] =
	"SELECT start_us, " KEY ", sums, sketches, files, habits FROM rollups "
	"WHERE span = ?1 AND start_us >= ?2 AND start_us < ?3";
static const char SELECT_SESSIONS[] =
	"SELECT start_us, conversation_id, model, sums FROM session_rollups "
	"WHERE span = ?1 AND start_us >= ?2 AND start_us < ?3";
static const char PUT_ROW[] =
	"INSERT OR REPLACE INTO rollups (span, start_us, " KEY ", sums, sketches, files, habits) "
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
static const char DROP_ROW[] =
	"DELETE FROM rollups WHERE span = ?1 AND start_us = ?2 AND platform = ?3 AND project_hash "
	"= ?4 AND model = ?5 AND tool = ?6 AND agent_type = ?7";
static const char PUT_SESSION[] = "INSERT OR REPLACE INTO session_rollups (span, start_us, "
				  "conversation_id, model, sums) VALUES (?1, ?2, ?3, ?4, ?5)";
static const char DROP_SESSION[] = "DELETE FROM session_rollups WHERE span = ?1 AND start_us = ?2 "
				   "AND conversation_id = ?3 AND model = ?4";

enum { VALUE_BYTES_MAX = 64 << 20, SETS = 3, HOURS = 2 };

/* A row as it will be stored. */
struct row {
	int64_t start_us;
	struct bp_bucket_texts texts;
	struct bp_str sums, sketches, files, habits;
	bool same; /* it is stored already */
};

struct session_row {
	int64_t conversation;
	struct bp_str model, sums;
	bool same;
};

/* Rows that are stored and should not be. */
struct gone {
	int64_t start_us;             /* of a row */
	struct bp_bucket_texts texts; /* of a row */
	int64_t conversation;         /* of a session's ... */
	struct bp_str model;
	struct gone *next;
};

/* The rows of one stored span: the one begun, of all projects together, or the hours of a day. */
struct set {
	enum bp_rollup_span span;
	struct bp_bucket_map map;
	struct row *rows; /* in the order of map.items */
	struct gone *gone;
};

struct bp_span_rows {
	struct bp_statement *select, *select_sessions, *put, *drop, *put_session, *drop_session;
	const struct bp_tz *tz; /* borrowed */
	enum bp_rollup_span span;
	int64_t start_us, until_us; /* until: once gathered */
	struct bp_arena arena;      /* encoded rows */
	struct bp_buf buf;
	struct set sets[SETS];
	size_t n_sets;
	struct bp_session_list sessions;
	struct session_row *session_rows;
	struct gone *gone_sessions;
};

enum bp_rc bp_span_rows_new(struct bp_sql *read, struct bp_sql *write, const struct bp_tz *tz,
			    struct bp_span_rows **out, struct bp_err *err)
{
	struct bp_span_rows *rows = bp_calloc(1, sizeof(*rows));
	const struct {
		struct bp_sql *sql;
		const char *text;
		struct bp_statement **statement;
	} statements[] = {
		{read, SELECT_ROWS, &rows->select},
		{read, SELECT_SESSIONS, &rows->select_sessions},
		{write, PUT_ROW, &rows->put},
		{write, DROP_ROW, &rows->drop},
		{write, PUT_SESSION, &rows->put_session},
		{write, DROP_SESSION, &rows->drop_session},
	};
	enum bp_rc rc = BP_OK;

	rows->tz = tz;
	bp_buf_init(&rows->buf, VALUE_BYTES_MAX);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && rc == BP_OK; i++) {
		rc = bp_statement_new(statements[i].sql, statements[i].text,
				      statements[i].statement, err);
	}
	if (rc != BP_OK) {
		bp_span_rows_free(rows);
		return rc;
	}
	*out = rows;
	return BP_OK;
}

void bp_span_rows_free(struct bp_span_rows *rows)
{
	if (!rows) {
		return;
	}
	bp_statement_free(rows->select);
	bp_statement_free(rows->select_sessions);
	bp_statement_free(rows->put);
	bp_statement_free(rows->drop);
	bp_statement_free(rows->put_session);
	bp_statement_free(rows->drop_session);
	for (size_t i = 0; i < SETS; i++) {
		bp_bucket_map_done(&rows->sets[i].map);
	}
	bp_arena_done(&rows->arena);
	bp_buf_done(&rows->buf);
	free(rows->sessions.items);
	free(rows);
}

/* --- putting together --- */

void bp_span_rows_begin(struct bp_span_rows *rows, enum bp_rollup_span span, int64_t start_us)
{
	rows->span = span;
	rows->start_us = start_us;
	bp_arena_clear(&rows->arena);
	for (size_t i = 0; i < SETS; i++) {
		bp_bucket_map_clear(&rows->sets[i].map);
		rows->sets[i].rows = NULL;
		rows->sets[i].gone = NULL;
	}
	rows->sets[0].span = span;
	rows->sets[1].span = span == BP_ROLLUP_DAY ? BP_ROLLUP_DAY_ALL : BP_ROLLUP_MONTH_ALL;
	rows->sets[HOURS].span = BP_ROLLUP_HOUR_CALLS;
	rows->n_sets = span == BP_ROLLUP_QUARTER ? 1 : span == BP_ROLLUP_DAY ? SETS : HOURS;
	rows->until_us = start_us + 1;
	rows->sessions.n = 0;
	rows->session_rows = NULL;
	rows->gone_sessions = NULL;
}

/* From a day on, days and hours are told apart. */
static enum bp_rc add_habits(const struct bp_span_rows *rows, struct bp_bucket *into,
			     const struct bp_bucket *bucket, struct bp_err *err)
{
	struct bp_habit_view view = {.settle = BP_HABITS_OPEN};

	if (bucket->habits.n == 0 && bucket->stored_habits.len == 0) {
		return BP_OK;
	}
	if (rows->span == BP_ROLLUP_DAY) {
		view = bp_habit_view_at(rows->tz, bucket->bucket_us);
	}
	return bp_bucket_add_habits(&into->habits, bucket, &view, err);
}

enum bp_rc bp_span_rows_add(struct bp_span_rows *rows, enum bp_rollup_span span,
			    const struct bp_bucket *bucket, struct bp_err *err)
{
	struct set *set = &rows->sets[span == rows->span ? 0 : 1];
	struct bp_bucket_texts texts = bp_bucket_texts_of(bucket);

	if (span != rows->span) {
		texts.at[1] = BP_STR("");
	}
	struct bp_bucket *into = bp_bucket_map_at(&set->map, rows->start_us, &texts);
	bp_bucket_sums_add(&into->sums, &bucket->sums);
	enum bp_rc rc = bp_bucket_add_sketches(&into->sketches, bucket, err);
	if (rc == BP_OK) {
		rc = bp_bucket_add_files(&into->files, bucket, err);
	}
	return rc == BP_OK ? add_habits(rows, into, bucket, err) : rc;
}

/* Model calls by the hour, which know no more than what they cost. A day of some zones begins within
 * an hour: that hour's rows are of two days, each with its own start. */
static void add_hour(struct bp_span_rows *rows, const struct bp_bucket *bucket)
{
	int64_t hour_us = bp_hour_start(bucket->bucket_us);
	struct bp_bucket_texts texts = {
		{bucket->platform, BP_STR(""), bucket->model, BP_STR(""), BP_STR("")}};

	if (bucket->sums.model_calls > 0 || bucket->sums.aborted_calls > 0) {
		hour_us = hour_us < rows->start_us ? rows->start_us : hour_us;
		bp_bucket_sums_add(&bp_bucket_map_at(&rows->sets[HOURS].map, hour_us, &texts)->sums,
				   &bucket->sums);
	}
}

void bp_span_rows_add_session(struct bp_span_rows *rows, const struct bp_session_bucket *bucket)
{
	bp_bucket_sums_add(bp_session_list_at(&rows->sessions, &rows->arena, rows->start_us,
					      bucket->conversation, bucket->model),
			   &bucket->sums);
}

static void bind_range(struct bp_statement *select, enum bp_rollup_span span, int64_t from_us,
		       int64_t until_us)
{
	bp_bind_int(select, 1, span);
	bp_bind_int(select, 2, from_us);
	bp_bind_int(select, 3, until_us);
}

static enum bp_rc take_row(struct bp_span_rows *rows, bool both, enum bp_rollup_span span,
			   struct bp_err *err)
{
	struct bp_statement *row = rows->select;
	struct bp_bucket bucket = {.bucket_us = bp_column_int(row, 0),
				   .platform = bp_column_text(row, 1),
				   .project_hash = bp_column_text(row, 2),
				   .model = bp_column_text(row, 3),
				   .tool = bp_column_text(row, 4),
				   .agent_type = bp_column_text(row, 5),
				   .stored_sketches = bp_column_blob(row, 7),
				   .stored_files = bp_column_blob(row, 8),
				   .stored_habits = bp_column_blob(row, 9)};
	enum bp_rc rc = bp_bucket_sums_decode(&bucket.sums, bp_column_blob(row, 6), err);

	if (rc == BP_OK) {
		rc = bp_span_rows_add(rows, span, &bucket, err);
	}
	if (rc != BP_OK || !both) {
		return rc;
	}
	add_hour(rows, &bucket);
	return bp_span_rows_add(rows, rows->sets[1].span, &bucket, err);
}

/* Add the rows of span `below` to those of `into`; both: also to those of all projects and to the
 * hours. */
static enum bp_rc gather_rows(struct bp_span_rows *rows, enum bp_rollup_span below,
			      enum bp_rollup_span into, bool both, int64_t until_us,
			      struct bp_err *err)
{
	enum bp_rc rc;

	bind_range(rows->select, below, rows->start_us, until_us);
	while ((rc = bp_statement_step(rows->select, err)) == BP_OK) {
		rc = take_row(rows, both, into, err);
		if (rc != BP_OK) {
			break;
		}
	}
	bp_statement_reset(rows->select);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc gather_sessions(struct bp_span_rows *rows, int64_t until_us, struct bp_err *err)
{
	struct bp_statement *row = rows->select_sessions;
	enum bp_rc rc;

	bind_range(row, BP_ROLLUP_QUARTER, rows->start_us, until_us);
	while ((rc = bp_statement_step(row, err)) == BP_OK) {
		struct bp_session_bucket bucket = {.conversation = bp_column_int(row, 1),
						   .model = bp_column_text(row, 2)};
		rc = bp_bucket_sums_decode(&bucket.sums, bp_column_blob(row, 3), err);
		if (rc != BP_OK) {
			break;
		}
		bp_span_rows_add_session(rows, &bucket);
	}
	bp_statement_reset(row);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_span_rows_gather(struct bp_span_rows *rows, int64_t until_us, struct bp_err *err)
{
	if (rows->span == BP_ROLLUP_DAY) {
		rows->until_us = until_us;
		enum bp_rc rc =
			gather_rows(rows, BP_ROLLUP_QUARTER, BP_ROLLUP_DAY, true, until_us, err);
		return rc == BP_OK ? gather_sessions(rows, until_us, err) : rc;
	}
	/* A month has its own and, from fewer rows, that of all projects; no session's. */
	enum bp_rc rc = gather_rows(rows, BP_ROLLUP_DAY, BP_ROLLUP_MONTH, false, until_us, err);
	return rc == BP_OK ? gather_rows(rows, BP_ROLLUP_DAY_ALL, BP_ROLLUP_MONTH_ALL, false,
					 until_us, err)
			   : rc;
}

/* --- comparing --- */

static struct bp_str keep_buf(struct bp_span_rows *rows)
{
	struct bp_str bytes = bp_buf_str(&rows->buf);
	return bytes.len > 0 ? bp_arena_str(&rows->arena, bytes) : (struct bp_str){0};
}

static void encode_rows(struct bp_span_rows *rows, struct set *set)
{
	set->rows = bp_arena_alloc(&rows->arena, (set->map.n + 1) * sizeof(set->rows[0]));
	for (size_t i = 0; i < set->map.n; i++) {
		struct bp_bucket *bucket = set->map.items[i];
		struct row *row = &set->rows[i];
		row->start_us = bucket->bucket_us;
		row->texts = bp_bucket_texts_of(bucket);
		bp_buf_clear(&rows->buf);
		bp_bucket_sums_encode(&bucket->sums, &rows->buf);
		row->sums = keep_buf(rows);
		bp_buf_clear(&rows->buf);
		bp_bucket_sketches_encode(&bucket->sketches, &rows->buf);
		row->sketches = keep_buf(rows);
		bp_buf_clear(&rows->buf);
		bp_file_set_encode(&bucket->files, &rows->buf);
		row->files = keep_buf(rows);
		bp_buf_clear(&rows->buf);
		bp_habits_encode(&bucket->habits, &rows->buf);
		row->habits = keep_buf(rows);
	}
}

static bool is_same(struct bp_str stored, struct bp_str row)
{
	return stored.len == row.len && (row.len == 0 || memcmp(stored.ptr, row.ptr, row.len) == 0);
}

static struct gone *add_gone(struct bp_span_rows *rows, struct gone **list)
{
	struct gone *gone = bp_arena_alloc(&rows->arena, sizeof(*gone));

	gone->next = *list;
	*list = gone;
	return gone;
}

static void compare_row(struct bp_span_rows *rows, struct set *set, struct bp_statement *stored)
{
	int64_t start_us = bp_column_int(stored, 0);
	struct bp_bucket_texts texts;

	for (int i = 0; i < BP_BUCKET_TEXTS; i++) {
		texts.at[i] = bp_column_text(stored, 1 + i);
	}
	size_t at = bp_bucket_map_find(&set->map, start_us, &texts);
	if (at < set->map.n) {
		struct row *row = &set->rows[at];
		row->same = is_same(bp_column_blob(stored, 6), row->sums) &&
			    is_same(bp_column_blob(stored, 7), row->sketches) &&
			    is_same(bp_column_blob(stored, 8), row->files) &&
			    is_same(bp_column_blob(stored, 9), row->habits);
		return;
	}
	struct gone *gone = add_gone(rows, &set->gone);
	gone->start_us = start_us;
	for (int i = 0; i < BP_BUCKET_TEXTS; i++) {
		gone->texts.at[i] = bp_arena_str(&rows->arena, texts.at[i]);
	}
}

static enum bp_rc compare_set(struct bp_span_rows *rows, struct set *set, struct bp_err *err)
{
	enum bp_rc rc;

	encode_rows(rows, set);
	bind_range(rows->select, set->span, rows->start_us,
		   set->span == BP_ROLLUP_HOUR_CALLS ? rows->until_us : rows->start_us + 1);
	while ((rc = bp_statement_step(rows->select, err)) == BP_OK) {
		compare_row(rows, set, rows->select);
	}
	bp_statement_reset(rows->select);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static void encode_sessions(struct bp_span_rows *rows)
{
	rows->session_rows = bp_arena_alloc(&rows->arena,
					    (rows->sessions.n + 1) * sizeof(rows->session_rows[0]));
	for (size_t i = 0; i < rows->sessions.n; i++) {
		bp_buf_clear(&rows->buf);
		bp_bucket_sums_encode(&rows->sessions.items[i].sums, &rows->buf);
		rows->session_rows[i].conversation = rows->sessions.items[i].conversation;
		rows->session_rows[i].model = rows->sessions.items[i].model;
		rows->session_rows[i].sums = keep_buf(rows);
	}
}

static void compare_session(struct bp_span_rows *rows, struct bp_statement *stored)
{
	int64_t conversation = bp_column_int(stored, 1);
	struct bp_str model = bp_column_text(stored, 2);

	for (size_t i = 0; i < rows->sessions.n; i++) {
		struct session_row *row = &rows->session_rows[i];
		if (row->conversation == conversation && bp_str_eq(row->model, model)) {
			row->same = is_same(bp_column_blob(stored, 3), row->sums);
			return;
		}
	}
	struct gone *gone = add_gone(rows, &rows->gone_sessions);
	gone->conversation = conversation;
	gone->model = bp_arena_str(&rows->arena, model);
}

static enum bp_rc compare_sessions(struct bp_span_rows *rows, struct bp_err *err)
{
	struct bp_statement *stored = rows->select_sessions;
	enum bp_rc rc;

	if (rows->span == BP_ROLLUP_MONTH) {
		return BP_OK;
	}
	encode_sessions(rows);
	bind_range(stored, rows->span, rows->start_us, rows->start_us + 1);
	while ((rc = bp_statement_step(stored, err)) == BP_OK) {
		compare_session(rows, stored);
	}
	bp_statement_reset(stored);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_span_rows_compare(struct bp_span_rows *rows, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < rows->n_sets && rc == BP_OK; i++) {
		rc = compare_set(rows, &rows->sets[i], err);
	}
	return rc == BP_OK ? compare_sessions(rows, err) : rc;
}

/* --- writing --- */

static void bind_key(struct bp_statement *statement, const struct set *set, int64_t start_us,
		     const struct bp_bucket_texts *texts)
{
	bp_bind_int(statement, 1, set->span);
	bp_bind_int(statement, 2, start_us);
	for (int i = 0; i < BP_BUCKET_TEXTS; i++) {
		bp_bind_text(statement, 3 + i, texts->at[i]);
	}
}

static enum bp_rc write_set(struct bp_span_rows *rows, const struct set *set, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (const struct gone *gone = set->gone; gone && rc == BP_OK; gone = gone->next) {
		bind_key(rows->drop, set, gone->start_us, &gone->texts);
		rc = bp_statement_run(rows->drop, err);
	}
	for (size_t i = 0; i < set->map.n && rc == BP_OK; i++) {
		const struct row *row = &set->rows[i];
		if (row->same) {
			continue;
		}
		bind_key(rows->put, set, row->start_us, &row->texts);
		bp_bind_blob(rows->put, 8, row->sums.len ? row->sums.ptr : "", row->sums.len);
		bp_bind_blob(rows->put, 9, row->sketches.ptr, row->sketches.len);
		bp_bind_blob(rows->put, 10, row->files.ptr, row->files.len);
		bp_bind_blob(rows->put, 11, row->habits.ptr, row->habits.len);
		rc = bp_statement_run(rows->put, err);
	}
	return rc;
}

static enum bp_rc write_sessions(struct bp_span_rows *rows, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (const struct gone *gone = rows->gone_sessions; gone && rc == BP_OK;
	     gone = gone->next) {
		bp_bind_int(rows->drop_session, 1, rows->span);
		bp_bind_int(rows->drop_session, 2, rows->start_us);
		bp_bind_int(rows->drop_session, 3, gone->conversation);
		bp_bind_text(rows->drop_session, 4, gone->model);
		rc = bp_statement_run(rows->drop_session, err);
	}
	for (size_t i = 0; rows->session_rows && i < rows->sessions.n && rc == BP_OK; i++) {
		const struct session_row *row = &rows->session_rows[i];
		if (row->same) {
			continue;
		}
		bp_bind_int(rows->put_session, 1, rows->span);
		bp_bind_int(rows->put_session, 2, rows->start_us);
		bp_bind_int(rows->put_session, 3, row->conversation);
		bp_bind_text(rows->put_session, 4, row->model);
		bp_bind_blob(rows->put_session, 5, row->sums.len ? row->sums.ptr : "",
			     row->sums.len);
		rc = bp_statement_run(rows->put_session, err);
	}
	return rc;
}

enum bp_rc bp_span_rows_write(struct bp_span_rows *rows, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < rows->n_sets && rc == BP_OK; i++) {
		rc = write_set(rows, &rows->sets[i], err);
	}
	return rc == BP_OK ? write_sessions(rows, err) : rc;
}

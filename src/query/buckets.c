/* SPDX-License-Identifier: MIT */
/*
 * Each kind of fact is one statement whose rows come in the order of time, so a quarter of an hour
 * is put together from all of them and handed out before the next one begins: memory is that of one
 * quarter, whatever the period.
 */
#include "query/buckets.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "query/activity.h"
#include "query/bucket_code.h"
#include "query/bucket_facts.h"
#include "query/bucket_map.h"
#include "query/rollup_span.h"

/* What a bucket's key says of a session. */
struct owner {
	int64_t conversation;
	struct bp_str platform, project_hash; /* in the reader's arena */
	bool seen;                            /* it is a session */
};

struct bp_bucket_reader {
	struct bp_sql *sql;
	/* [0] of a period, [1] of a session; prepared when first asked. */
	struct bp_statement *statements[2][BP_BUCKET_FACT_COUNT];
	struct bp_activity *activity[2];
	struct bp_statement *find_owner;
	/* One reading: */
	struct bp_arena arena;
	struct owner *owners; /* by conversation */
	size_t n_owners, cap_owners;
	struct bp_statement
		*open[BP_BUCKET_FACT_COUNT]; /* borrowed; NULL once it has no more rows */
	struct bp_bucket_map map;            /* of the quarter in hand */
	struct bp_session_list sessions;     /* of the quarter in hand */
	bool want_sessions, want_habits;
};

void bp_bucket_sums_add(struct bp_bucket_sums *into, const struct bp_bucket_sums *more)
{
#define ADD(name) into->name += more->name;
	BP_BUCKET_SUMS(ADD)
#undef ADD
}

enum bp_rc bp_bucket_add_sketches(struct bp_bucket_sketches *into, const struct bp_bucket *bucket,
				  struct bp_err *err)
{
	if (bucket->stored_sketches.len > 0) {
		return bp_bucket_sketches_decode(into, bucket->stored_sketches, err);
	}
#define MERGE(name) bp_sketch_merge(&into->name, &bucket->sketches.name);
	BP_BUCKET_SKETCHES(MERGE)
#undef MERGE
	return BP_OK;
}

enum bp_rc bp_bucket_add_files(struct bp_file_set *into, const struct bp_bucket *bucket,
			       struct bp_err *err)
{
	bp_file_set_merge(into, &bucket->files);
	return bp_file_set_decode(into, bucket->stored_files) == BP_OK
		       ? BP_OK
		       : bp_err_set(err, BP_ECORRUPT,
				    "a rollup's files cannot be read: run \"blueplane rebuild\"");
}

enum bp_rc bp_bucket_add_habits(struct bp_habits *into, const struct bp_bucket *bucket,
				const struct bp_habit_view *view, struct bp_err *err)
{
	bp_habits_merge(into, &bucket->habits, view);
	return bp_habits_decode(into, bucket->stored_habits, view, err);
}

void bp_bucket_sketches_done(struct bp_bucket_sketches *sketches)
{
#define DONE(name) bp_sketch_done(&sketches->name);
	BP_BUCKET_SKETCHES(DONE)
#undef DONE
}

/* --- the reader --- */

enum bp_rc bp_bucket_reader_new(struct bp_sql *sql, struct bp_bucket_reader **out,
				struct bp_err *err)
{
	static const char OWNER[] = "SELECT c.platform, c.project_hash, " BP_RULE_SESSION
				    " FROM conversations AS c WHERE c.id = ?1";
	struct bp_bucket_reader *reader = bp_calloc(1, sizeof(*reader));
	enum bp_rc rc = bp_statement_new(sql, OWNER, &reader->find_owner, err);

	reader->sql = sql;
	if (rc != BP_OK) {
		bp_bucket_reader_free(reader);
		return rc;
	}
	*out = reader;
	return BP_OK;
}

static enum bp_rc prepare(struct bp_bucket_reader *reader, bool of_session, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < BP_BUCKET_FACT_COUNT && rc == BP_OK; i++) {
		rc = bp_statement_new(reader->sql,
				      of_session ? bp_bucket_facts[i].in_session
						 : bp_bucket_facts[i].in_time,
				      &reader->statements[of_session][i], err);
	}
	return rc == BP_OK ? bp_activity_new(reader->sql, of_session, &reader->activity[of_session],
					     err)
			   : rc;
}

void bp_bucket_reader_free(struct bp_bucket_reader *reader)
{
	if (!reader) {
		return;
	}
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < BP_BUCKET_FACT_COUNT; i++) {
			bp_statement_free(reader->statements[k][i]);
		}
		bp_activity_free(reader->activity[k]);
	}
	bp_statement_free(reader->find_owner);
	bp_bucket_map_done(&reader->map);
	bp_arena_done(&reader->arena);
	free(reader->owners);
	free(reader->sessions.items);
	free(reader);
}

static struct bp_str text_or_empty(struct bp_statement *row, int column)
{
	struct bp_str text = bp_column_text(row, column);
	return text.ptr ? text : BP_STR("");
}

/* Where the conversation is in the list, or belongs. */
static size_t owner_index(const struct bp_bucket_reader *reader, int64_t conversation)
{
	size_t low = 0, high = reader->n_owners;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (reader->owners[middle].conversation < conversation) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static enum bp_rc load_owner(struct bp_bucket_reader *reader, int64_t conversation,
			     struct owner *out, struct bp_err *err)
{
	struct bp_statement *row = reader->find_owner;

	*out = (struct owner){
		.conversation = conversation, .platform = BP_STR(""), .project_hash = BP_STR("")};
	bp_bind_int(row, 1, conversation);
	enum bp_rc rc = bp_statement_step(row, err);
	if (rc == BP_OK) {
		out->platform = bp_arena_str(&reader->arena, text_or_empty(row, 0));
		out->project_hash = bp_arena_str(&reader->arena, text_or_empty(row, 1));
		out->seen = bp_column_int(row, 2) != 0;
	}
	bp_statement_reset(row);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* Borrowed until the next one is looked for. */
static enum bp_rc find_owner(struct bp_bucket_reader *reader, int64_t conversation,
			     const struct owner **out, struct bp_err *err)
{
	size_t at = owner_index(reader, conversation);
	enum bp_rc rc = BP_OK;

	if (at == reader->n_owners || reader->owners[at].conversation != conversation) {
		struct owner owner;
		rc = load_owner(reader, conversation, &owner, err);
		if (rc != BP_OK) {
			return rc;
		}
		if (reader->n_owners == reader->cap_owners) {
			reader->cap_owners = reader->cap_owners ? 2 * reader->cap_owners : 16;
			reader->owners = bp_realloc(reader->owners, reader->cap_owners,
						    sizeof(reader->owners[0]));
		}
		memmove(reader->owners + at + 1, reader->owners + at,
			(reader->n_owners - at) * sizeof(owner));
		reader->owners[at] = owner;
		reader->n_owners++;
	}
	*out = &reader->owners[at];
	return rc;
}

/* --- one quarter --- */

static enum bp_rc advance(struct bp_statement **statement, struct bp_err *err)
{
	enum bp_rc rc = bp_statement_step(*statement, err);

	if (rc == BP_ENOTFOUND) {
		*statement = NULL;
		return BP_OK;
	}
	return rc;
}

static struct bp_bucket *bucket_of(struct bp_bucket_reader *reader, const struct owner *owner,
				   int64_t quarter_us, struct bp_statement *row)
{
	struct bp_bucket_texts texts = {
		{owner->platform, owner->project_hash, BP_STR(""), BP_STR(""), BP_STR("")}};

	for (int i = 2; row && i < BP_BUCKET_TEXTS; i++) {
		texts.at[i] = text_or_empty(row, i);
	}
	return bp_bucket_map_at(&reader->map, quarter_us, &texts);
}

static enum bp_rc take_fact(struct bp_bucket_reader *reader, const struct bp_bucket_fact *source,
			    struct bp_statement *row, int64_t quarter_us, struct bp_err *err)
{
	int64_t conversation = bp_column_int(row, 1);
	struct bp_bucket_sums sums = {0};
	const struct owner *owner = NULL;
	enum bp_rc rc = find_owner(reader, conversation, &owner, err);

	if (rc == BP_OK) {
		struct bp_bucket *bucket = bucket_of(reader, owner, quarter_us, row);
		source->take(row, &sums, bucket);
		bp_bucket_sums_add(&bucket->sums, &sums);
		if (reader->want_sessions && conversation != BP_SQL_NULL) {
			bp_bucket_sums_add(bp_session_list_at(&reader->sessions, &reader->map.arena,
							      quarter_us, conversation,
							      text_or_empty(row, 2)),
					   &sums);
		}
	}
	return rc;
}

/* A session has no row of its own for them. */
static enum bp_rc take_habits(struct bp_bucket_reader *reader, struct bp_statement *row,
			      int64_t quarter_us, struct bp_err *err)
{
	static const struct bp_habit_view as_stored = {.settle = BP_HABITS_OPEN};
	const struct owner *owner = NULL;
	enum bp_rc rc = find_owner(reader, bp_column_int(row, 1), &owner, err);

	return rc == BP_OK ? bp_habits_decode(&bucket_of(reader, owner, quarter_us, NULL)->habits,
					      bp_column_blob(row, BP_BUCKET_TEXTS), &as_stored, err)
			   : rc;
}

static enum bp_rc take_part(struct bp_bucket_reader *reader, const struct bp_activity_part *part,
			    struct bp_err *err)
{
	const struct bp_bucket_sums sums = {.active_us = part->active_us, .events = part->events};
	const struct owner *owner = NULL;
	enum bp_rc rc = find_owner(reader, part->conversation, &owner, err);

	if (rc == BP_OK && owner->seen) {
		bp_bucket_sums_add(&bucket_of(reader, owner, part->quarter_us, NULL)->sums, &sums);
		if (reader->want_sessions) {
			bp_bucket_sums_add(bp_session_list_at(&reader->sessions, &reader->map.arena,
							      part->quarter_us, part->conversation,
							      BP_STR("")),
					   &sums);
		}
	}
	return rc;
}

static enum bp_rc hand_out(struct bp_bucket_reader *reader, const struct bp_bucket_sink *sink,
			   struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	bp_bucket_map_sort(&reader->map);
	for (size_t i = 0; i < reader->map.n && rc == BP_OK && sink->bucket; i++) {
		rc = sink->bucket(reader->map.items[i], sink->arg, err);
	}
	bp_session_list_sort(&reader->sessions);
	for (size_t i = 0; i < reader->sessions.n && rc == BP_OK && sink->session; i++) {
		rc = sink->session(&reader->sessions.items[i], sink->arg, err);
	}
	bp_bucket_map_clear(&reader->map); /* with the names of models in sessions */
	reader->sessions.n = 0;
	return rc;
}

/* The earliest quarter that has something left; false: there is none. */
static bool next_quarter(const struct bp_bucket_reader *reader, const struct bp_activity *activity,
			 int64_t *out)
{
	const struct bp_activity_part *part = bp_activity_next(activity);
	bool found = part != NULL;

	*out = part ? part->quarter_us : 0;
	for (size_t i = 0; i < BP_BUCKET_FACT_COUNT; i++) {
		if (reader->open[i]) {
			int64_t quarter_us = bp_quarter_start(bp_column_int(reader->open[i], 0));
			*out = !found || quarter_us < *out ? quarter_us : *out;
			found = true;
		}
	}
	return found;
}

static enum bp_rc read_quarter(struct bp_bucket_reader *reader, struct bp_activity *activity,
			       int64_t quarter_us, struct bp_err *err)
{
	const struct bp_activity_part *part;
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < BP_BUCKET_FACT_COUNT; i++) {
		struct bp_statement **row = &reader->open[i];
		while (rc == BP_OK && *row &&
		       bp_quarter_start(bp_column_int(*row, 0)) == quarter_us) {
			rc = bp_bucket_facts[i].take
				     ? take_fact(reader, &bp_bucket_facts[i], *row, quarter_us, err)
				     : take_habits(reader, *row, quarter_us, err);
			if (rc == BP_OK) {
				rc = advance(row, err);
			}
		}
	}
	while (rc == BP_OK && (part = bp_activity_next(activity)) != NULL &&
	       part->quarter_us == quarter_us) {
		rc = take_part(reader, part, err);
		bp_activity_skip(activity);
	}
	return rc;
}

enum bp_rc bp_bucket_reader_read(struct bp_bucket_reader *reader, const int64_t *conversation,
				 int64_t from_us, int64_t until_us,
				 const struct bp_bucket_sink *sink, struct bp_err *err)
{
	bool of_session = conversation != NULL;
	int64_t quarter_us = 0;
	enum bp_rc rc = BP_OK;

	if (!reader->activity[of_session]) {
		rc = prepare(reader, of_session, err);
	}
	struct bp_activity *activity = reader->activity[of_session];
	bp_arena_clear(&reader->arena);
	reader->n_owners = 0;
	reader->want_sessions = sink->session != NULL;
	reader->want_habits = sink->habits;
	memset(reader->open, 0, sizeof(reader->open));
	for (size_t i = 0; i < BP_BUCKET_FACT_COUNT && rc == BP_OK; i++) {
		struct bp_statement *statement = reader->statements[of_session][i];
		if (!bp_bucket_facts[i].take && !reader->want_habits) {
			continue;
		}
		bp_bind_int(statement, 1, from_us);
		bp_bind_int(statement, 2, until_us);
		if (of_session) {
			bp_bind_int(statement, 3, *conversation);
		}
		reader->open[i] = statement;
		rc = advance(&reader->open[i], err);
	}
	if (rc == BP_OK) {
		rc = bp_activity_read(activity, conversation, from_us, until_us, err);
	}
	while (rc == BP_OK && next_quarter(reader, activity, &quarter_us)) {
		rc = read_quarter(reader, activity, quarter_us, err);
		rc = rc == BP_OK ? hand_out(reader, sink, err) : rc;
	}
	for (size_t i = 0; i < BP_BUCKET_FACT_COUNT; i++) {
		bp_statement_reset(reader->statements[of_session][i]);
	}
	return rc;
}

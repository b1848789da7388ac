/* SPDX-License-Identifier: MIT */
/*
 * Each kind of fact is one statement whose rows come in the order of the bucket's key; the
 * statements are merged. A row carries the key and the sums of its kind; rows of the same key add
 * up, so the statement of latencies gives one row per call.
 */
#include "query/buckets.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

enum { KEY_COLUMNS = 5, SUMS_MAX = 16 };

#define IN_TIME(alias) alias ".ts_us >= ?1 AND " alias ".ts_us < ?2"
#define IN_SESSION(alias) IN_TIME(alias) " AND " alias ".conversation_id = ?3"

#define KEY(alias, model, tool)                                                                    \
	"SELECT " BP_RULE_BUCKET(alias ".ts_us") " AS bucket_us, coalesce(c.platform, '') AS "     \
						 "platform, coalesce(c.project_hash, '') AS "      \
						 "project_hash, coalesce(" model ", '') AS "       \
						 "model_key, coalesce(" tool ", '') AS tool_key"
#define OF_SESSION(alias) " LEFT JOIN conversations AS c ON c.id = " alias ".conversation_id"
#define BY_KEY " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"

#define TURNS(where)                                                                               \
	KEY("t", "NULL", "NULL")                                                                   \
	", count(*) FROM conversation_turns AS t" OF_SESSION("t") " WHERE " where(                 \
		"t") " AND " BP_RULE_PROMPT BY_KEY

#define MODEL_CALLS(where)                                                                         \
	KEY("m", "m.model", "NULL")                                                                \
	", count(*), sum(m.input), sum(m.output), sum(m.cache_write_5m), sum(m.cache_write_1h), "  \
	"sum(m.cache_read), sum(m.reasoning), sum(m.web_searches), coalesce(sum(m.cost_pusd), "    \
	"0), coalesce(sum(m.compat_pusd), 0), coalesce(sum(m.reported_pusd), 0), "                 \
	"count(m.reported_pusd), sum(m.cost_pusd IS NULL), sum(m.compat_pusd IS NULL) FROM "       \
	"model_calls AS m" OF_SESSION("m") " WHERE " where("m") " AND " BP_RULE_MODEL_CALL BY_KEY

#define ABORTED_CALLS(where)                                                                       \
	KEY("m", "m.model", "NULL")                                                                \
	", count(*), sum(m.input), sum(m.output), sum(m.cache_write_5m), sum(m.cache_write_1h), "  \
	"sum(m.cache_read), coalesce(sum(m.cost_pusd), 0), coalesce(sum(m.compat_pusd), 0) FROM "  \
	"model_calls AS m" OF_SESSION("m") " WHERE " where("m") " AND " BP_RULE_ABORTED BY_KEY

#define TOOL_CALLS(where)                                                                          \
	KEY("x", "NULL", "x.tool")                                                                 \
	", sum(x.outcome = 'ok'), sum(x.outcome = 'error'), sum(x.outcome = 'denied'), "           \
	"sum(x.outcome = 'rejected'), sum(x.outcome = 'interrupted'), sum(x.outcome = "            \
	"'pending'), "                                                                             \
	"sum(x.outcome = 'ok' AND " BP_RULE_EDIT "), sum(x.outcome = 'rejected' AND " BP_RULE_EDIT \
	") FROM tool_calls AS x" OF_SESSION("x") " WHERE " where("x") BY_KEY

#define LINES(where)                                                                               \
	KEY("x", "NULL", "x.tool")                                                                 \
	", coalesce(sum(e.lines_added), 0), coalesce(sum(e.lines_removed), 0) FROM tool_calls "    \
	"AS x JOIN code_changes AS e ON e.id = x.id" OF_SESSION("x") " WHERE " where(              \
		"x") " AND " BP_RULE_ACCEPTED BY_KEY

#define LATENCIES(where)                                                                           \
	KEY("x", "NULL", "x.tool")                                                                 \
	", x.latency_us FROM tool_calls AS x" OF_SESSION("x") " WHERE " where(                     \
		"x") " AND " BP_RULE_EXECUTED                                                      \
		     " AND x.latency_us IS NOT NULL ORDER BY 1, 2, 3, 4, 5"

#define API_ERRORS(where)                                                                          \
	KEY("a", "NULL", "NULL")                                                                   \
	", count(*) FROM api_errors AS a" OF_SESSION("a") " WHERE " where(                         \
		"a") " AND " BP_RULE_API_ERROR BY_KEY

#define COMPACTIONS(where)                                                                         \
	KEY("k", "NULL", "NULL")                                                                   \
	", count(*) FROM compactions AS k" OF_SESSION("k") " WHERE " where(                        \
		"k") " AND " BP_RULE_COMPACTION BY_KEY

/* One kind of fact. A row's sums go to these fields; without any, it is a latency. */
struct source {
	const char *in_time, *in_session;
	size_t sums[SUMS_MAX]; /* offsets into struct bp_bucket_sums */
	size_t n_sums;
};

#define AT(field) offsetof(struct bp_bucket_sums, field)

static const struct source SOURCES[] = {
	{TURNS(IN_TIME), TURNS(IN_SESSION), {AT(prompts)}, 1},
	{MODEL_CALLS(IN_TIME),
	 MODEL_CALLS(IN_SESSION),
	 {AT(model_calls), AT(input), AT(output), AT(cache_write_5m), AT(cache_write_1h),
	  AT(cache_read), AT(reasoning), AT(web_searches), AT(cost_pusd), AT(compat_pusd),
	  AT(reported_pusd), AT(reported_calls), AT(unpriced_calls), AT(compat_unpriced_calls)},
	 14},
	{ABORTED_CALLS(IN_TIME),
	 ABORTED_CALLS(IN_SESSION),
	 {AT(aborted_calls), AT(aborted_input), AT(aborted_output), AT(aborted_cache_write_5m),
	  AT(aborted_cache_write_1h), AT(aborted_cache_read), AT(aborted_cost_pusd),
	  AT(aborted_compat_pusd)},
	 8},
	{TOOL_CALLS(IN_TIME),
	 TOOL_CALLS(IN_SESSION),
	 {AT(tools_ok), AT(tools_error), AT(tools_denied), AT(tools_rejected),
	  AT(tools_interrupted), AT(tools_pending), AT(edits_ok), AT(edits_rejected)},
	 8},
	{LINES(IN_TIME), LINES(IN_SESSION), {AT(lines_added), AT(lines_removed)}, 2},
	{LATENCIES(IN_TIME), LATENCIES(IN_SESSION), {0}, 0},
	{API_ERRORS(IN_TIME), API_ERRORS(IN_SESSION), {AT(api_errors)}, 1},
	{COMPACTIONS(IN_TIME), COMPACTIONS(IN_SESSION), {AT(compactions)}, 1},
};

enum { SOURCE_COUNT = sizeof(SOURCES) / sizeof(SOURCES[0]) };

struct bp_bucket_reader {
	struct bp_statement *statements[SOURCE_COUNT];
	bool of_session; /* they have a third parameter */
};

struct cursor {
	struct bp_statement *statement; /* borrowed; NULL once it has no more rows */
	const struct source *source;
};

void bp_bucket_sums_add(struct bp_bucket_sums *into, const struct bp_bucket_sums *more)
{
#define ADD(name) into->name += more->name;
	BP_BUCKET_SUMS(ADD)
#undef ADD
}

static enum bp_rc advance(struct cursor *cursor, struct bp_err *err)
{
	enum bp_rc rc = bp_statement_step(cursor->statement, err);

	if (rc == BP_ENOTFOUND) {
		cursor->statement = NULL;
		return BP_OK;
	}
	return rc;
}

/* Below, at or above the bucket's key. */
static int compare_key(const struct cursor *cursor, const struct bp_bucket *bucket)
{
	int64_t bucket_us = bp_column_int(cursor->statement, 0);
	const struct bp_str *texts[] = {&bucket->platform, &bucket->project_hash, &bucket->model,
					&bucket->tool};
	int order = (bucket_us > bucket->bucket_us) - (bucket_us < bucket->bucket_us);

	for (int i = 0; i < KEY_COLUMNS - 1 && order == 0; i++) {
		order = bp_str_cmp(bp_column_text(cursor->statement, i + 1), *texts[i]);
	}
	return order;
}

static struct bp_str text_of(const struct cursor *cursor, int column)
{
	struct bp_str text = bp_column_text(cursor->statement, column);
	return text.ptr ? text : BP_STR("");
}

/* The key's texts are borrowed from the cursor, which must then be the last of its key to move. */
static void take_key(const struct cursor *cursor, struct bp_bucket *bucket)
{
	bucket->bucket_us = bp_column_int(cursor->statement, 0);
	bucket->platform = text_of(cursor, 1);
	bucket->project_hash = text_of(cursor, 2);
	bucket->model = text_of(cursor, 3);
	bucket->tool = text_of(cursor, 4);
}

static void take_sums(const struct cursor *cursor, struct bp_bucket *bucket)
{
	const struct source *source = cursor->source;

	for (size_t i = 0; i < source->n_sums; i++) {
		int64_t *sum = (int64_t *)(void *)((char *)&bucket->sums + source->sums[i]);
		*sum += bp_column_int(cursor->statement, (int)(KEY_COLUMNS + i));
	}
	if (source->n_sums == 0) {
		bp_sketch_add(&bucket->latency, bp_column_int(cursor->statement, KEY_COLUMNS));
	}
}

/* A key of our own, because the cursors move on while the bucket is put together. */
struct key_space {
	char *text;
	size_t cap;
};

static void keep_key(struct key_space *space, struct bp_bucket *bucket)
{
	struct bp_str *texts[] = {&bucket->platform, &bucket->project_hash, &bucket->model,
				  &bucket->tool};
	size_t need = 0;

	for (size_t i = 0; i < 4; i++) {
		need += texts[i]->len;
	}
	if (need + 1 > space->cap) {
		space->cap = 2 * need + 64;
		space->text = bp_realloc(space->text, space->cap, 1);
	}
	char *at = space->text;
	for (size_t i = 0; i < 4; i++) {
		memcpy(at, texts[i]->ptr, texts[i]->len);
		texts[i]->ptr = at;
		at += texts[i]->len;
	}
}

/* Put the bucket with the smallest key together and hand it out. *out_end: there was none. */
static enum bp_rc next_bucket(struct cursor *cursors, struct key_space *space, bp_bucket_each each,
			      void *arg, bool *out_end, struct bp_err *err)
{
	struct bp_bucket bucket = {0};
	const struct cursor *first = NULL;
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		if (cursors[i].statement && (!first || compare_key(&cursors[i], &bucket) < 0)) {
			first = &cursors[i];
			take_key(first, &bucket);
		}
	}
	*out_end = !first;
	if (!first) {
		return BP_OK;
	}
	keep_key(space, &bucket);
	for (size_t i = 0; i < SOURCE_COUNT && rc == BP_OK; i++) {
		while (rc == BP_OK && cursors[i].statement &&
		       compare_key(&cursors[i], &bucket) == 0) {
			take_sums(&cursors[i], &bucket);
			rc = advance(&cursors[i], err);
		}
	}
	if (rc == BP_OK) {
		rc = each(&bucket, arg, err);
	}
	bp_sketch_done(&bucket.latency);
	return rc;
}

static enum bp_rc reader_new(struct bp_sql *sql, bool of_session, struct bp_bucket_reader **out,
			     struct bp_err *err)
{
	struct bp_bucket_reader *reader = bp_calloc(1, sizeof(*reader));
	enum bp_rc rc = BP_OK;

	reader->of_session = of_session;
	for (size_t i = 0; i < SOURCE_COUNT && rc == BP_OK; i++) {
		rc = bp_statement_new(sql, of_session ? SOURCES[i].in_session : SOURCES[i].in_time,
				      &reader->statements[i], err);
	}
	if (rc != BP_OK) {
		bp_bucket_reader_free(reader);
		return rc;
	}
	*out = reader;
	return BP_OK;
}

enum bp_rc bp_bucket_reader_new(struct bp_sql *sql, struct bp_bucket_reader **out,
				struct bp_err *err)
{
	return reader_new(sql, false, out, err);
}

void bp_bucket_reader_free(struct bp_bucket_reader *reader)
{
	if (!reader) {
		return;
	}
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		bp_statement_free(reader->statements[i]);
	}
	free(reader);
}

static enum bp_rc read_all(struct bp_bucket_reader *reader, int64_t conversation, int64_t from_us,
			   int64_t until_us, bp_bucket_each each, void *arg, struct bp_err *err)
{
	struct cursor cursors[SOURCE_COUNT] = {0};
	struct key_space space = {0};
	enum bp_rc rc = BP_OK;
	bool end = false;

	for (size_t i = 0; i < SOURCE_COUNT && rc == BP_OK; i++) {
		cursors[i].source = &SOURCES[i];
		cursors[i].statement = reader->statements[i];
		bp_bind_int(cursors[i].statement, 1, from_us);
		bp_bind_int(cursors[i].statement, 2, until_us);
		if (reader->of_session) {
			bp_bind_int(cursors[i].statement, 3, conversation);
		}
		rc = advance(&cursors[i], err);
	}
	while (rc == BP_OK && !end) {
		rc = next_bucket(cursors, &space, each, arg, &end, err);
	}
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		bp_statement_reset(reader->statements[i]);
	}
	free(space.text);
	return rc;
}

enum bp_rc bp_bucket_reader_read(struct bp_bucket_reader *reader, int64_t from_us, int64_t until_us,
				 bp_bucket_each each, void *arg, struct bp_err *err)
{
	return read_all(reader, 0, from_us, until_us, each, arg, err);
}

static enum bp_rc read_once(struct bp_sql *sql, const int64_t *conversation, int64_t from_us,
			    int64_t until_us, bp_bucket_each each, void *arg, struct bp_err *err)
{
	struct bp_bucket_reader *reader = NULL;
	enum bp_rc rc = reader_new(sql, conversation != NULL, &reader, err);

	if (rc == BP_OK) {
		rc = read_all(reader, conversation ? *conversation : 0, from_us, until_us, each,
			      arg, err);
	}
	bp_bucket_reader_free(reader);
	return rc;
}

enum bp_rc bp_buckets_read(struct bp_sql *sql, int64_t from_us, int64_t until_us,
			   bp_bucket_each each, void *arg, struct bp_err *err)
{
	return read_once(sql, NULL, from_us, until_us, each, arg, err);
}

enum bp_rc bp_buckets_read_session(struct bp_sql *sql, int64_t conversation, int64_t from_us,
				   int64_t until_us, bp_bucket_each each, void *arg,
				   struct bp_err *err)
{
	return read_once(sql, &conversation, from_us, until_us, each, arg, err);
}

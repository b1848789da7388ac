/* SPDX-License-Identifier: MIT */
/*
 * Each kind of fact is one statement whose rows come in the order of time, so a quarter of an hour
 * is put together from all of them and handed out before the next one begins: memory is that of one
 * quarter, whatever the period. Columns 0 to 4 of every statement are time, conversation, model,
 * tool, agent type.
 */
#include "query/buckets.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "query/activity.h"
#include "query/bucket_code.h"
#include "query/bucket_map.h"
#include "query/rollup_span.h"

#define IN_TIME(ts, conversation) " WHERE " ts " >= ?1 AND " ts " < ?2"
#define IN_SESSION(ts, conversation) IN_TIME(ts, conversation) " AND " conversation " = ?3"
#define IN_ORDER(ts) " ORDER BY " ts

#define TURNS(where)                                                                               \
	"SELECT t.ts_us, t.conversation_id, NULL, NULL, NULL, t.length_chars, t.words, "           \
	"min(coalesce(t.latency_us, t.first_tool_us), coalesce(t.first_tool_us, t.latency_us)), "  \
	"t.complete_us, t.think_us, t.gap_us FROM conversation_turns AS t" where(                  \
		"t.ts_us", "t.conversation_id") " AND " BP_RULE_PROMPT IN_ORDER("t.ts_us")

#define MODEL_CALLS(where)                                                                         \
	"SELECT m.ts_us, m.conversation_id, m.model, NULL, " BP_RULE_AGENT_TYPE                    \
	", " BP_RULE_ABORTED ", m.input, m.output, m.cache_write_5m, m.cache_write_1h, "           \
	"m.cache_read, m.reasoning, m.web_searches, m.cost_pusd, m.compat_pusd, m.reported_pusd "  \
	"FROM model_calls AS m LEFT JOIN subagents AS s ON s.conversation_id = "                   \
	"m.conversation_id AND s.agent_id = m.agent_id" where("m.ts_us", "m.conversation_id")      \
		IN_ORDER("m.ts_us")

#define TOOL_CALLS(where)                                                                          \
	"SELECT x.ts_us, x.conversation_id, NULL, x.tool, NULL, x.outcome, x.error_class, "        \
	"x.recovered, " BP_RULE_EXECUTED ", x.latency_us, " BP_RULE_EDIT                           \
	", e.operation = 'create', e.revision, e.reverted, e.repeated, e.file_hash, "              \
	"e.lines_added, e.lines_removed FROM tool_calls AS x LEFT JOIN code_changes AS e ON e.id " \
	"= x.id" where("x.ts_us", "x.conversation_id") IN_ORDER("x.ts_us")

/* A call that ran was allowed when it began to run: its end less the time it took. */
#define PERMISSIONS(where)                                                                         \
	"SELECT x.ts_us, x.conversation_id, NULL, x.tool, NULL, coalesce(e.decided_us, "           \
	"x.ended_us - x.duration_us) - p.ts_us FROM tool_calls AS x CROSS JOIN "                   \
	"permission_requests AS p ON p.tool_call = x.id LEFT JOIN code_changes AS e ON e.id = "    \
	"x.id" where("x.ts_us", "x.conversation_id") " AND " BP_RULE_EXECUTED IN_ORDER("x.ts_us")

#define SUBAGENTS(where)                                                                           \
	"SELECT s.started_us, s.conversation_id, NULL, NULL, NULL, s.ended_us - s.started_us "     \
	"FROM subagents AS s" where("s.started_us", "s.conversation_id") IN_ORDER("s.started_us")

#define API_ERRORS(where)                                                                          \
	"SELECT a.ts_us, a.conversation_id, NULL, NULL, NULL FROM api_errors AS a" where(          \
		"a.ts_us", "a.conversation_id") " AND " BP_RULE_API_ERROR IN_ORDER("a.ts_us")

#define COMPACTIONS(where)                                                                         \
	"SELECT k.ts_us, k.conversation_id, NULL, NULL, NULL FROM compactions AS k" where(         \
		"k.ts_us", "k.conversation_id") " AND " BP_RULE_COMPACTION IN_ORDER("k.ts_us")

enum { FIRST = 5 }; /* column of a kind's own values */

/* Add a row to the sums; durations and files go to the bucket alone. */
typedef void (*take_row)(struct bp_statement *row, struct bp_bucket_sums *sums,
			 struct bp_bucket *bucket);

/* 0 for NULL. */
static int64_t number(struct bp_statement *row, int column)
{
	int64_t value = bp_column_int(row, column);
	return value == BP_SQL_NULL ? 0 : value;
}

static void add_duration(struct bp_sketch *sketch, struct bp_statement *row, int column)
{
	int64_t value = bp_column_int(row, column);

	if (value != BP_SQL_NULL) {
		bp_sketch_add(sketch, value);
	}
}

static void take_turn(struct bp_statement *row, struct bp_bucket_sums *sums,
		      struct bp_bucket *bucket)
{
	int64_t gap_us = bp_column_int(row, FIRST + 5);

	sums->prompts = 1;
	sums->prompts_sized = !bp_column_is_null(row, FIRST + 1);
	sums->prompt_chars = number(row, FIRST);
	sums->prompt_words = number(row, FIRST + 1);
	if (gap_us != BP_SQL_NULL) {
		sums->gaps_iterating = gap_us < BP_GAP_ITERATING_US;
		sums->gaps_moved_on = gap_us > BP_GAP_REVIEWING_US;
		sums->gaps_reviewing = !sums->gaps_iterating && !sums->gaps_moved_on;
	}
	add_duration(&bucket->sketches.response, row, FIRST + 2);
	add_duration(&bucket->sketches.complete, row, FIRST + 3);
	add_duration(&bucket->sketches.think, row, FIRST + 4);
	add_duration(&bucket->sketches.gap, row, FIRST + 5);
}

static void take_aborted(struct bp_statement *row, struct bp_bucket_sums *sums)
{
	sums->aborted_calls = 1;
	sums->aborted_input = number(row, FIRST + 1);
	sums->aborted_output = number(row, FIRST + 2);
	sums->aborted_cache_write_5m = number(row, FIRST + 3);
	sums->aborted_cache_write_1h = number(row, FIRST + 4);
	sums->aborted_cache_read = number(row, FIRST + 5);
	sums->aborted_cost_pusd = number(row, FIRST + 8);
	sums->aborted_compat_pusd = number(row, FIRST + 9);
}

static void take_model_call(struct bp_statement *row, struct bp_bucket_sums *sums,
			    struct bp_bucket *bucket)
{
	(void)bucket;
	if (bp_column_int(row, FIRST) != 0) {
		take_aborted(row, sums);
		return;
	}
	sums->model_calls = 1;
	sums->input = number(row, FIRST + 1);
	sums->output = number(row, FIRST + 2);
	sums->cache_write_5m = number(row, FIRST + 3);
	sums->cache_write_1h = number(row, FIRST + 4);
	sums->cache_read = number(row, FIRST + 5);
	sums->reasoning = number(row, FIRST + 6);
	sums->web_searches = number(row, FIRST + 7);
	sums->cost_pusd = number(row, FIRST + 8);
	sums->compat_pusd = number(row, FIRST + 9);
	sums->reported_pusd = number(row, FIRST + 10);
	sums->unpriced_calls = bp_column_is_null(row, FIRST + 8);
	sums->compat_unpriced_calls = bp_column_is_null(row, FIRST + 9);
	sums->reported_calls = !bp_column_is_null(row, FIRST + 10);
}

#define AT(field) offsetof(struct bp_bucket_sums, field)

struct named_sum {
	const char *name;
	size_t offset; /* in the sums */
};

static const struct named_sum OUTCOMES[] = {
	{"ok", AT(tools_ok)},
	{"error", AT(tools_error)},
	{"denied", AT(tools_denied)},
	{"rejected", AT(tools_rejected)},
	{"interrupted", AT(tools_interrupted)},
	{NULL, AT(tools_pending)},
};

/* Classes of metrics.md 2; the last for all else. */
static const struct named_sum ERRORS[] = {
	{"precondition", AT(errors_precondition)},
	{"not_found", AT(errors_not_found)},
	{"timeout", AT(errors_timeout)},
	{"permission", AT(errors_permission)},
	{"syntax", AT(errors_syntax)},
	{"exit_code", AT(errors_exit_code)},
	{"network", AT(errors_network)},
	{"edit_mismatch", AT(errors_edit_mismatch)},
	{"api", AT(errors_api)},
	{NULL, AT(errors_other)},
};

static void count_name(const struct named_sum *names, struct bp_str name,
		       struct bp_bucket_sums *sums)
{
	while (names->name && !bp_str_is(name, names->name)) {
		names++;
	}
	*(int64_t *)(void *)((char *)sums + names->offset) += 1;
}

static void take_edit(struct bp_statement *row, struct bp_bucket_sums *sums,
		      struct bp_bucket *bucket)
{
	struct bp_str file = bp_column_text(row, FIRST + 10);

	sums->edits_ok = 1;
	sums->files_created = number(row, FIRST + 6) != 0;
	sums->edits_revised = number(row, FIRST + 7) != 0;
	sums->edits_reverted = number(row, FIRST + 8) != 0;
	sums->edits_repeated = number(row, FIRST + 9) != 0;
	sums->edits_direct = !sums->edits_revised && !sums->edits_reverted;
	sums->edits_partial = sums->edits_revised && !sums->edits_reverted;
	if (file.len > 0) {
		bp_file_set_add(&bucket->files, file);
	}
}

static void take_tool_call(struct bp_statement *row, struct bp_bucket_sums *sums,
			   struct bp_bucket *bucket)
{
	bool edit = bp_column_int(row, FIRST + 5) != 0;

	count_name(OUTCOMES, bp_column_text(row, FIRST), sums);
	if (sums->tools_error) {
		count_name(ERRORS, bp_column_text(row, FIRST + 1), sums);
		sums->recovered = number(row, FIRST + 2) != 0;
	}
	if (bp_column_int(row, FIRST + 3) != 0) {
		add_duration(&bucket->sketches.tool_latency, row, FIRST + 4);
	}
	if (sums->tools_ok) { /* BP_RULE_ACCEPTED */
		sums->lines_added = number(row, FIRST + 11);
		sums->lines_removed = number(row, FIRST + 12);
	}
	if (edit && sums->tools_ok) {
		take_edit(row, sums, bucket);
	}
	sums->edits_rejected = edit && sums->tools_rejected;
}

static void take_permission(struct bp_statement *row, struct bp_bucket_sums *sums,
			    struct bp_bucket *bucket)
{
	int64_t value = bp_column_int(row, FIRST);

	(void)sums;
	if (value != BP_SQL_NULL && value >= 0) {
		bp_sketch_add(&bucket->sketches.accept, value);
	}
}

static void take_subagent(struct bp_statement *row, struct bp_bucket_sums *sums,
			  struct bp_bucket *bucket)
{
	sums->subagents = 1;
	add_duration(&bucket->sketches.agent, row, FIRST);
}

static void take_api_error(struct bp_statement *row, struct bp_bucket_sums *sums,
			   struct bp_bucket *bucket)
{
	(void)row;
	(void)bucket;
	sums->api_errors = 1;
}

static void take_compaction(struct bp_statement *row, struct bp_bucket_sums *sums,
			    struct bp_bucket *bucket)
{
	(void)row;
	(void)bucket;
	sums->compactions = 1;
}

/* One kind of fact. */
static const struct source {
	const char *in_time, *in_session;
	take_row take;
} SOURCES[] = {
	{TURNS(IN_TIME), TURNS(IN_SESSION), take_turn},
	{MODEL_CALLS(IN_TIME), MODEL_CALLS(IN_SESSION), take_model_call},
	{TOOL_CALLS(IN_TIME), TOOL_CALLS(IN_SESSION), take_tool_call},
	{PERMISSIONS(IN_TIME), PERMISSIONS(IN_SESSION), take_permission},
	{SUBAGENTS(IN_TIME), SUBAGENTS(IN_SESSION), take_subagent},
	{API_ERRORS(IN_TIME), API_ERRORS(IN_SESSION), take_api_error},
	{COMPACTIONS(IN_TIME), COMPACTIONS(IN_SESSION), take_compaction},
};

enum { SOURCE_COUNT = sizeof(SOURCES) / sizeof(SOURCES[0]) };

/* What a bucket's key says of a session. */
struct owner {
	int64_t conversation;
	struct bp_str platform, project_hash; /* in the reader's arena */
	bool seen;                            /* it is a session */
};

struct bp_bucket_reader {
	struct bp_sql *sql;
	/* [0] of a period, [1] of a session; prepared when first asked. */
	struct bp_statement *statements[2][SOURCE_COUNT];
	struct bp_activity *activity[2];
	struct bp_statement *find_owner;
	/* One reading: */
	struct bp_arena arena;
	struct owner *owners; /* by conversation */
	size_t n_owners, cap_owners;
	struct bp_statement *open[SOURCE_COUNT]; /* borrowed; NULL once it has no more rows */
	struct bp_bucket_map map;                /* of the quarter in hand */
	struct bp_session_list sessions;         /* of the quarter in hand */
	bool want_sessions;
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

	for (size_t i = 0; i < SOURCE_COUNT && rc == BP_OK; i++) {
		rc = bp_statement_new(reader->sql,
				      of_session ? SOURCES[i].in_session : SOURCES[i].in_time,
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
		for (size_t i = 0; i < SOURCE_COUNT; i++) {
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

static enum bp_rc take_fact(struct bp_bucket_reader *reader, const struct source *source,
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
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
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

	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		struct bp_statement **row = &reader->open[i];
		while (rc == BP_OK && *row &&
		       bp_quarter_start(bp_column_int(*row, 0)) == quarter_us) {
			rc = take_fact(reader, &SOURCES[i], *row, quarter_us, err);
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
	memset(reader->open, 0, sizeof(reader->open));
	for (size_t i = 0; i < SOURCE_COUNT && rc == BP_OK; i++) {
		struct bp_statement *statement = reader->statements[of_session][i];
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
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		bp_statement_reset(reader->statements[of_session][i]);
	}
	return rc;
}

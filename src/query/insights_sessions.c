/* SPDX-License-Identifier: MIT */
/*
 * What sessions tell the rules: their own sums, and, for the few with the most of something, their
 * calls one by one. A session belongs to a period when it was at work in it; its sums are of all of
 * it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "event/json.h"
#include "query/insights_numbers.h"
#include "query/rules.h"

enum { MODEL_BYTES = 256 };

struct session {
	int64_t id;
	const char *name;
	const char *model; /* the only one; NULL: several, or none */
	int64_t tool_calls, edits, compactions, lines, tokens, cost_pusd;
	bool priced;
};

struct sessions {
	struct session *items;
	size_t n, cap;
};

/* --- which there are --- */

/* The only model of a JSON list, or NULL. */
static const char *only_model(struct bp_arena *text, struct bp_str models)
{
	char space[MODEL_BYTES];
	struct bp_json list, first, second;

	if (models.len == 0 || !bp_json_open(models, &list)) {
		return NULL;
	}
	struct bp_json_iter iter = bp_json_each(list);
	if (!bp_json_next_element(&iter, &first) || bp_json_next_element(&iter, &second)) {
		return NULL;
	}
	return bp_arena_str(text, bp_json_text(first, space, sizeof(space))).ptr;
}

static int64_t count(struct bp_statement *row, int column)
{
	int64_t value = bp_column_int(row, column);

	return value == BP_SQL_NULL ? 0 : value;
}

static void take(struct sessions *sessions, struct bp_statement *row, struct bp_arena *text)
{
	if (sessions->n == sessions->cap) {
		sessions->cap = sessions->cap ? 2 * sessions->cap : 128;
		sessions->items =
			bp_realloc(sessions->items, sessions->cap, sizeof(sessions->items[0]));
	}
	sessions->items[sessions->n++] =
		(struct session){.id = bp_column_int(row, 0),
				 .name = bp_arena_str(text, bp_column_text(row, 1)).ptr,
				 .model = only_model(text, bp_column_text(row, 2)),
				 .tool_calls = count(row, 3),
				 .edits = count(row, 4),
				 .compactions = count(row, 5),
				 .lines = count(row, 6),
				 .tokens = count(row, 7),
				 .cost_pusd = count(row, 8),
				 .priced = count(row, 9) == 0 && !bp_column_is_null(row, 8)};
}

static enum bp_rc read_sessions(struct bp_sql *sql, const struct bp_scope *scope,
				struct sessions *out, struct bp_arena *text, struct bp_err *err)
{
#define SESSIONS(where)                                                                            \
	"SELECT c.id, c.external_id, c.models, c.tool_calls, c.total_changes, c.compactions, "     \
	"c.lines_added, c.total_tokens, c.cost_pusd, c.unpriced_calls FROM conversations AS c "    \
	"WHERE " BP_RULE_SESSION where
	static const char IN_TIME[] =
		SESSIONS(" AND c.last_event_us >= ?1 AND c.first_event_us < ?2");
	static const char IN_SESSION[] = SESSIONS(" AND ?1 IS NOT ?2 AND c.id = ?3");
	struct bp_statement *statement = NULL;
	struct bp_scope_set set;
	enum bp_rc rc = bp_scope_set_read(sql, scope->filter, &set, err);

	if (rc == BP_OK) {
		rc = bp_scope_statement(sql, scope, IN_TIME, IN_SESSION, &statement, err);
	}
	while (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK && bp_scope_set_has(&set, bp_column_int(statement, 0))) {
			take(out, statement, text);
		}
	}
	bp_statement_free(statement);
	bp_scope_set_done(&set);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static int by_edits(const void *a, const void *b)
{
	const struct session *x = a, *y = b;
	int order = (x->edits < y->edits) - (x->edits > y->edits);

	return order ? order : strcmp(x->name, y->name);
}

static int by_calls(const void *a, const void *b)
{
	const struct session *x = a, *y = b;
	int order = (x->tool_calls < y->tool_calls) - (x->tool_calls > y->tool_calls);

	return order ? order : strcmp(x->name, y->name);
}

static int by_tokens(const void *a, const void *b)
{
	const struct session *x = a, *y = b;
	int order = (x->tokens < y->tokens) - (x->tokens > y->tokens);

	return order ? order : strcmp(x->name, y->name);
}

static int by_compactions(const void *a, const void *b)
{
	const struct session *x = a, *y = b;
	int order = (x->compactions < y->compactions) - (x->compactions > y->compactions);

	return order ? order : strcmp(x->name, y->name);
}

static void sort(struct sessions *sessions, int (*order)(const void *a, const void *b))
{
	if (sessions->n > 0) {
		qsort(sessions->items, sessions->n, sizeof(sessions->items[0]), order);
	}
}

/* --- their own sums --- */

static void add_model(struct bp_insight_numbers *out, const struct session *session)
{
	size_t i = 0;

	while (i < out->n_models && strcmp(out->models[i].model, session->model) != 0) {
		i++;
	}
	if (i == BP_INSIGHT_MODELS_MAX) {
		return;
	}
	if (i == out->n_models) {
		out->models[out->n_models++] = (struct bp_insight_model){.model = session->model};
	}
	out->models[i].sessions++;
	out->models[i].lines += session->lines;
	out->models[i].cost_pusd += session->cost_pusd;
}

static void take_sums(struct bp_insight_numbers *out, struct sessions *sessions)
{
	sort(sessions, by_compactions);
	for (size_t i = 0; i < sessions->n; i++) {
		const struct session *session = &sessions->items[i];
		out->sessions += session->tool_calls > 0;
		out->compactions += session->compactions;
		if (session->compactions >= 2) {
			out->compacting++;
			if (out->n_compacting_ids < BP_INSIGHT_IDS_MAX) {
				out->compacting_ids[out->n_compacting_ids++] = session->name;
			}
		}
		if (session->model && session->priced) {
			add_model(out, session);
		}
	}
}

/* --- files that a session comes back to --- */

static enum bp_rc read_file(struct bp_sql *sql, const char *text, const struct session *session,
			    struct bp_arena *arena, struct bp_insight_file *file,
			    struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, text, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, session->id);
	rc = bp_statement_step(statement, err);
	if (rc == BP_OK && bp_column_int(statement, 1) > file->times) {
		struct bp_str extension = bp_column_text(statement, 2);
		*file = (struct bp_insight_file){
			.session = session->name,
			.extension = extension.len ? bp_arena_str(arena, extension).ptr : "",
			.times = bp_column_int(statement, 1)};
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc read_files(struct bp_sql *sql, struct bp_insight_numbers *out,
			     struct sessions *sessions, struct bp_err *err)
{
	static const char EDITED[] =
		"SELECT e.file_hash, count(*) AS n, max(e.extension) FROM tool_calls AS x JOIN "
		"code_changes AS e ON e.id = x.id WHERE x.conversation_id = ?1 AND e.file_hash IS "
		"NOT NULL AND " BP_RULE_EDIT " AND " BP_RULE_ACCEPTED
		" GROUP BY 1 ORDER BY n DESC, 1 LIMIT 1";
	static const char READ[] =
		"SELECT f.file_hash, count(*) AS n, max(f.extension) FROM tool_calls AS x JOIN "
		"file_access AS f ON f.tool_call = x.id WHERE x.conversation_id = ?1 AND f.kind = "
		"'read' AND f.file_hash IS NOT NULL AND x.outcome = 'ok' GROUP BY 1 ORDER BY n "
		"DESC, 1 LIMIT 1";
	enum bp_rc rc = BP_OK;

	sort(sessions, by_edits);
	for (size_t i = 0; i < sessions->n && i < BP_INSIGHT_SESSIONS_LOOKED_AT && rc == BP_OK;
	     i++) {
		/* No file can have been edited more often than all of them. */
		if (sessions->items[i].edits > out->edited.times) {
			rc = read_file(sql, EDITED, &sessions->items[i], &out->text, &out->edited,
				       err);
		}
	}
	sort(sessions, by_calls);
	for (size_t i = 0; i < sessions->n && i < BP_INSIGHT_SESSIONS_LOOKED_AT && rc == BP_OK;
	     i++) {
		if (sessions->items[i].tool_calls > out->read.times) {
			rc = read_file(sql, READ, &sessions->items[i], &out->text, &out->read, err);
		}
	}
	return rc;
}

/* --- what broke the cache --- */

/* The response before. */
struct response {
	int64_t ts_us, prompt_tokens;
	char model[128];
};

enum {
	BIG_CONTEXT = 20000, /* tokens: below, a cache that is lost costs little */
	/* Of the context before, in percent: less than this read from the cache is a break. */
	KEPT_PERCENT = 50
};

#define HOUR_US INT64_C(3600000000)
#define FIVE_MIN_US INT64_C(300000000)

static void judge(struct bp_insight_numbers *out, const struct response *before,
		  struct bp_statement *row)
{
	int64_t gap_us = bp_column_int(row, 0) - before->ts_us;
	int64_t read = bp_column_int(row, 2);

	if (before->prompt_tokens < BIG_CONTEXT ||
	    read * 100 >= before->prompt_tokens * KEPT_PERCENT) {
		return;
	}
	out->breaks_tokens += bp_column_int(row, 3) - read;
	if (!bp_str_is(bp_column_text(row, 1), before->model)) {
		out->breaks_model++;
	} else if (bp_column_int(row, 4) != 0) {
		out->breaks_compaction++;
	} else if (gap_us > HOUR_US) {
		out->breaks_hour++;
	} else if (gap_us > FIVE_MIN_US) {
		out->breaks_5min++;
	} else {
		out->breaks_other++;
	}
}

static enum bp_rc read_breaks_of(struct bp_sql *sql, struct bp_insight_numbers *out,
				 const struct session *session, struct bp_err *err)
{
	static const char RESPONSES[] =
		"SELECT m.ts_us, m.model, m.cache_read, m.input + m.cache_read + m.cache_write_5m "
		"+ m.cache_write_1h, EXISTS (SELECT 1 FROM compactions AS k WHERE "
		"k.conversation_id = ?1 AND k.ts_us <= m.ts_us AND k.ts_us > m.ts_us - 600000000 "
		"AND " BP_RULE_COMPACTION ") FROM model_calls AS m WHERE m.conversation_id = ?1 "
		"AND m.sidechain = 0 AND " BP_RULE_MODEL_CALL
		" AND m.ts_us >= ?2 AND m.ts_us < ?3 ORDER BY m.ts_us, m.id";
	struct response before = {0};
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, RESPONSES, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, session->id);
	bp_bind_int(statement, 2, out->period.from_us);
	bp_bind_int(statement, 3, out->period.until_us);
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		struct bp_str model = bp_column_text(statement, 1);
		judge(out, &before, statement);
		before.ts_us = bp_column_int(statement, 0);
		before.prompt_tokens = bp_column_int(statement, 3);
		size_t n = model.len < sizeof(before.model) ? model.len : sizeof(before.model) - 1;
		if (n > 0) {
			memcpy(before.model, model.ptr, n);
		}
		before.model[n] = '\0';
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc read_breaks(struct bp_sql *sql, struct bp_insight_numbers *out,
			      struct sessions *sessions, struct bp_err *err)
{
	const struct bp_insight_side *now = &out->now, *then = &out->then;
	enum bp_rc rc = BP_OK;

	/* now / now < then / then, without dividing by nothing */
	if (!out->has_before || (double)now->cache_read * (double)then->prompt_tokens >=
					(double)then->cache_read * (double)now->prompt_tokens) {
		return BP_OK;
	}
	sort(sessions, by_tokens);
	for (size_t i = 0; i < sessions->n && i < BP_INSIGHT_SESSIONS_LOOKED_AT && rc == BP_OK;
	     i++) {
		rc = read_breaks_of(sql, out, &sessions->items[i], err);
	}
	return rc;
}

/* --- thinking after answers --- */

struct turn {
	int64_t conversation, ts_us, complete_us, think_us;
};

static int by_session_and_time(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	int order = (x->conversation > y->conversation) - (x->conversation < y->conversation);

	return order ? order : (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t median(int64_t *values, int64_t n)
{
	if (n == 0) {
		return 0;
	}
	qsort(values, (size_t)n, sizeof(*values), by_value);
	return values[(n - 1) / 2];
}

static void take_thinking(struct bp_insight_numbers *out, struct turn *turns, size_t n)
{
	if (!turns) {
		return; /* nothing was said: no answer, and no time after one */
	}
	int64_t *after_long = bp_calloc(n + 1, sizeof(int64_t));
	int64_t *after_short = bp_calloc(n + 1, sizeof(int64_t));

	qsort(turns, n, sizeof(*turns), by_session_and_time);
	for (size_t i = 1; i < n; i++) {
		const struct turn *before = &turns[i - 1];
		if (turns[i].conversation != before->conversation ||
		    turns[i].think_us == BP_SQL_NULL || before->complete_us == BP_SQL_NULL) {
			continue;
		}
		if (before->complete_us >= BP_INSIGHT_LONG_ANSWER_US) {
			after_long[out->long_answers++] = turns[i].think_us;
		} else {
			after_short[out->short_answers++] = turns[i].think_us;
		}
	}
	out->think_long_us = median(after_long, out->long_answers);
	out->think_short_us = median(after_short, out->short_answers);
	free(after_long);
	free(after_short);
}

static enum bp_rc read_thinking(struct bp_sql *sql, const struct bp_scope *scope,
				struct bp_insight_numbers *out, struct bp_err *err)
{
#define TURNS(where)                                                                               \
	"SELECT t.conversation_id, t.ts_us, t.complete_us, t.think_us FROM conversation_turns AS " \
	"t WHERE t.ts_us >= ?1 AND t.ts_us < ?2 AND " BP_RULE_PROMPT where
	static const char IN_TIME[] = TURNS(" ORDER BY t.ts_us DESC");
	static const char IN_SESSION[] = TURNS(" AND t.conversation_id = ?3");
	struct bp_statement *statement = NULL;
	struct bp_scope_set set;
	struct turn *turns = NULL;
	size_t n = 0, cap = 0;
	enum bp_rc rc = bp_scope_set_read(sql, scope->filter, &set, err);

	if (rc == BP_OK) {
		rc = bp_scope_statement(sql, scope, IN_TIME, IN_SESSION, &statement, err);
	}
	/* The newest ones are enough to tell, and as many in a history of any size. */
	while (rc == BP_OK && n < BP_INSIGHT_TURNS_LOOKED_AT) {
		rc = bp_statement_step(statement, err);
		if (rc != BP_OK || !bp_scope_set_has(&set, bp_column_int(statement, 0))) {
			continue;
		}
		if (n == cap) {
			cap = cap ? 2 * cap : 512;
			turns = bp_realloc(turns, cap, sizeof(*turns));
		}
		turns[n++] = (struct turn){.conversation = bp_column_int(statement, 0),
					   .ts_us = bp_column_int(statement, 1),
					   .complete_us = bp_column_int(statement, 2),
					   .think_us = bp_column_int(statement, 3)};
	}
	bp_statement_free(statement);
	bp_scope_set_done(&set);
	take_thinking(out, turns, n);
	free(turns);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_insight_sessions_read(struct bp_sql *sql, const struct bp_scope *scope,
				    struct bp_insight_numbers *out, struct bp_err *err)
{
	struct sessions sessions = {0};
	enum bp_rc rc = read_sessions(sql, scope, &sessions, &out->text, err);

	if (rc == BP_OK) {
		take_sums(out, &sessions);
		rc = read_files(sql, out, &sessions, err);
	}
	if (rc == BP_OK) {
		rc = read_breaks(sql, out, &sessions, err);
	}
	if (rc == BP_OK) {
		rc = read_thinking(sql, scope, out, err);
	}
	free(sessions.items);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Buckets are folded into rows; a row remembers what each of its models cost, so that they can be
 * named dearest first.
 */
#include "query/costs.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/money.h"
#include "query/database.h"
#include "query/rollups.h"
#include "query/rules.h"
#include "query/span.h"

enum { MODELS_BYTES_MAX = 4096 };

const char *const bp_costs_by_names[] = {"model", "project", "session", "agent",    "hour",
					 "day",   "week",    "month",   "platform", NULL};

/* --- money --- */

void bp_cost_add(struct bp_cost *into, const struct bp_bucket_sums *sums, bool compat_ccusage)
{
	into->cost_pusd += compat_ccusage ? sums->compat_pusd : sums->cost_pusd;
	into->unpriced_calls += compat_ccusage ? sums->compat_unpriced_calls : sums->unpriced_calls;
	into->aborted_cost_pusd +=
		compat_ccusage ? sums->aborted_compat_pusd : sums->aborted_cost_pusd;
	into->reported_pusd += sums->reported_pusd;
	into->reported_calls += sums->reported_calls;
	into->model_calls += sums->model_calls;
	into->web_searches += sums->web_searches;
	into->tokens.input += sums->input;
	into->tokens.output += sums->output;
	into->tokens.cache_write_5m += sums->cache_write_5m;
	into->tokens.cache_write_1h += sums->cache_write_1h;
	into->tokens.cache_read += sums->cache_read;
	into->tokens.reasoning += sums->reasoning;
	into->aborted_tokens.input += sums->aborted_input;
	into->aborted_tokens.output += sums->aborted_output;
	into->aborted_tokens.cache_write_5m += sums->aborted_cache_write_5m;
	into->aborted_tokens.cache_write_1h += sums->aborted_cache_write_1h;
	into->aborted_tokens.cache_read += sums->aborted_cache_read;
}

static void join_tokens(struct bp_tokens *into, const struct bp_tokens *more)
{
	into->input += more->input;
	into->output += more->output;
	into->cache_write_5m += more->cache_write_5m;
	into->cache_write_1h += more->cache_write_1h;
	into->cache_read += more->cache_read;
	into->reasoning += more->reasoning;
}

void bp_cost_join(struct bp_cost *into, const struct bp_cost *more)
{
	into->cost_pusd += more->cost_pusd;
	into->unpriced_calls += more->unpriced_calls;
	into->aborted_cost_pusd += more->aborted_cost_pusd;
	into->reported_pusd += more->reported_pusd;
	into->reported_calls += more->reported_calls;
	into->model_calls += more->model_calls;
	into->web_searches += more->web_searches;
	join_tokens(&into->tokens, &more->tokens);
	join_tokens(&into->aborted_tokens, &more->aborted_tokens);
}

bool bp_cost_unknown(const struct bp_cost *cost)
{
	return cost->unpriced_calls > 0 && cost->unpriced_calls == cost->model_calls;
}

/* --- rows --- */

/* What one model cost in a row. */
struct part {
	char *model;
	int64_t cost_pusd, tokens;
};

struct fold {
	struct bp_cost_row row;
	struct part *parts;
	size_t n_parts;
};

/* Whose calls they were. */
struct session {
	int64_t id;
	struct bp_str external_id, platform, project_hash;
	size_t fold; /* 1 + its row; 0: none yet */
};

struct reading {
	struct bp_sql *sql;
	const struct bp_costs_question *question;
	struct bp_costs *out;
	struct fold *folds; /* by start, then key */
	size_t n, cap;
	struct bp_span span; /* of the bucket before this one */
	struct bp_arena arena;
	struct session *sessions; /* by id */
	size_t n_sessions;
	struct session nobody; /* no conversation has that id */
};

static bool by_time(enum bp_costs_by by)
{
	return by == BP_COSTS_HOUR || by == BP_COSTS_DAY || by == BP_COSTS_WEEK ||
	       by == BP_COSTS_MONTH;
}

static struct fold *insert_fold(struct reading *reading, size_t at, int64_t start_us,
				struct bp_str key)
{
	if (reading->n == reading->cap) {
		reading->cap = reading->cap ? 2 * reading->cap : 32;
		reading->folds =
			bp_realloc(reading->folds, reading->cap, sizeof(reading->folds[0]));
	}
	struct fold *fold = &reading->folds[at];
	memmove(fold + 1, fold, (reading->n - at) * sizeof(*fold));
	*fold = (struct fold){.row = {.start_us = start_us, .key = bp_strdup(key)}};
	reading->n++;
	return fold;
}

/* The row of that start and key, made when it is new. */
static struct fold *find_fold(struct reading *reading, int64_t start_us, struct bp_str key)
{
	size_t low = 0, high = reading->n;

	/* Buckets come by time: mostly it is the last, or a new one behind it. */
	if (high > 0 && reading->folds[high - 1].row.start_us < start_us) {
		return insert_fold(reading, high, start_us, key);
	}
	if (high > 0 && reading->folds[high - 1].row.start_us == start_us &&
	    bp_str_is(key, reading->folds[high - 1].row.key)) {
		return &reading->folds[high - 1];
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct fold *fold = &reading->folds[middle];
		int64_t other = fold->row.start_us;
		int order = (other > start_us) - (other < start_us);
		order = order ? order : bp_str_cmp(bp_str_from(fold->row.key), key);
		if (order == 0) {
			return fold;
		}
		low = order < 0 ? middle + 1 : low;
		high = order < 0 ? high : middle;
	}
	return insert_fold(reading, low, start_us, key);
}

static void add_model(struct fold *fold, struct bp_str model, const struct bp_cost *cost)
{
	size_t i = 0;

	if (model.len == 0) {
		return;
	}
	while (i < fold->n_parts && !bp_str_is(model, fold->parts[i].model)) {
		i++;
	}
	if (i == fold->n_parts) {
		fold->parts = bp_realloc(fold->parts, ++fold->n_parts, sizeof(fold->parts[0]));
		fold->parts[i] = (struct part){.model = bp_strdup(model)};
	}
	fold->parts[i].cost_pusd += cost->cost_pusd;
	fold->parts[i].tokens += bp_tokens_total(&cost->tokens);
}

/* The start of the span that holds the bucket; buckets come in order, so mostly the last one's. */
static int64_t span_start(struct reading *reading, int64_t bucket_us)
{
	static const enum bp_span_unit units[] = {[BP_COSTS_HOUR] = BP_SPAN_HOUR,
						  [BP_COSTS_DAY] = BP_SPAN_DAY,
						  [BP_COSTS_WEEK] = BP_SPAN_WEEK,
						  [BP_COSTS_MONTH] = BP_SPAN_MONTH};

	if (bucket_us < reading->span.from_us || bucket_us >= reading->span.until_us) {
		reading->span = bp_span_of(reading->question->period->tz,
					   units[reading->question->by], bucket_us);
	}
	return reading->span.from_us;
}

static struct fold *fold_of(struct reading *reading, const struct bp_bucket *bucket)
{
	switch (reading->question->by) {
	case BP_COSTS_TOTAL:
	case BP_COSTS_SESSION:
		break;
	case BP_COSTS_AGENT:
		return find_fold(reading, 0, bucket->agent_type);
	case BP_COSTS_MODEL:
		return find_fold(reading, 0, bucket->model);
	case BP_COSTS_PROJECT:
		return find_fold(reading, 0, bucket->project_hash);
	case BP_COSTS_PLATFORM:
		return find_fold(reading, 0, bucket->platform);
	case BP_COSTS_HOUR:
	case BP_COSTS_DAY:
	case BP_COSTS_WEEK:
	case BP_COSTS_MONTH:
		return find_fold(reading, span_start(reading, bucket->bucket_us), BP_STR(""));
	}
	return NULL;
}

static enum bp_rc take_bucket(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct reading *reading = arg;
	bool compat = reading->question->compat_ccusage;

	(void)err;
	if (bucket->sums.model_calls == 0 && bucket->sums.aborted_calls == 0) {
		return BP_OK;
	}
	if (reading->question->by != BP_COSTS_HOUR) { /* hours are added up in the end */
		bp_cost_add(&reading->out->total, &bucket->sums, compat);
	}
	struct fold *fold = fold_of(reading, bucket);
	if (fold) {
		struct bp_cost cost = {0};
		bp_cost_add(&cost, &bucket->sums, compat);
		bp_cost_add(&fold->row.cost, &bucket->sums, compat);
		add_model(fold, bucket->model, &cost);
	}
	return BP_OK;
}

/* --- sessions --- */

static const char SESSIONS[] = "SELECT id, external_id, platform, project_hash FROM conversations "
			       "ORDER BY id";

static struct bp_str keep_text(struct reading *reading, struct bp_statement *row, int column)
{
	struct bp_str text = bp_column_text(row, column);
	return text.ptr ? bp_arena_str(&reading->arena, text) : BP_STR("");
}

static enum bp_rc read_directory(struct reading *reading, struct bp_err *err)
{
	struct bp_statement *row = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_statement_new(reading->sql, SESSIONS, &row, err);

	if (rc != BP_OK) {
		return rc;
	}
	while ((rc = bp_statement_step(row, err)) == BP_OK) {
		if (reading->n_sessions == cap) {
			cap = cap ? 2 * cap : 64;
			reading->sessions =
				bp_realloc(reading->sessions, cap, sizeof(reading->sessions[0]));
		}
		reading->sessions[reading->n_sessions++] =
			(struct session){.id = bp_column_int(row, 0),
					 .external_id = keep_text(reading, row, 1),
					 .platform = keep_text(reading, row, 2),
					 .project_hash = keep_text(reading, row, 3)};
	}
	bp_statement_free(row);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static int by_id(const void *key, const void *item)
{
	int64_t id = *(const int64_t *)key;
	const struct session *session = item;

	return (id > session->id) - (id < session->id);
}

/* Rows of sessions stand in the order they are met: they are sorted by cost in the end. */
static struct fold *fold_of_session(struct reading *reading, struct session *session)
{
	if (!session->fold) {
		(void)insert_fold(reading, reading->n, 0, session->external_id);
		session->fold = reading->n;
	}
	return &reading->folds[session->fold - 1];
}

/* Of hours, too, whose days are not stored: sessions tell the same sums in fewer rows than buckets,
 * as they do not know tools. */
static enum bp_rc take_session(const struct bp_session_bucket *bucket, void *arg,
			       struct bp_err *err)
{
	struct reading *reading = arg;
	const struct bp_costs_question *question = reading->question;
	struct bp_cost cost = {0};

	(void)err;
	if (bucket->sums.model_calls == 0 && bucket->sums.aborted_calls == 0) {
		return BP_OK;
	}
	struct session *session =
		reading->n_sessions == 0
			? NULL
			: bsearch(&bucket->conversation, reading->sessions, reading->n_sessions,
				  sizeof(reading->sessions[0]), by_id);
	if (!session) {
		session = &reading->nobody;
	}
	if (!bp_filter_match(question->filter, session->platform, session->project_hash,
			     bucket->model, BP_STR(""))) {
		return BP_OK;
	}
	bp_cost_add(&cost, &bucket->sums, question->compat_ccusage);
	struct fold *fold =
		question->by == BP_COSTS_SESSION
			? fold_of_session(reading, session)
			: find_fold(reading, span_start(reading, bucket->bucket_us), BP_STR(""));
	bp_cost_join(&fold->row.cost, &cost);
	add_model(fold, bucket->model, &cost);
	return BP_OK;
}

static enum bp_rc read_rollups(struct reading *reading, struct bp_err *err)
{
	const struct bp_filter *filter = reading->question->filter;
	enum bp_costs_by by = reading->question->by;
	bool sessions = by == BP_COSTS_SESSION || by == BP_COSTS_HOUR;
	bool hours = by == BP_COSTS_HOUR && filter->n_projects == 0;
	const struct bp_rollups_question question = {
		.period = reading->question->period,
		.filter = filter,
		.pending_before_us = BP_TIME_FIRST,
		.largest = by == BP_COSTS_HOUR ? BP_ROLLUP_QUARTER
			   : by_time(by)       ? BP_ROLLUP_DAY
					       : BP_ROLLUP_MONTH,
		.no_tools = true,
		.by_project = by == BP_COSTS_PROJECT,
		.hours_of_calls = hours,
	};
	const struct bp_bucket_sink sink = {.bucket = sessions && !hours ? NULL : take_bucket,
					    .session = sessions ? take_session : NULL,
					    .arg = reading};
	/* What is of no session's name and of everything needs no session. */
	bool names = by == BP_COSTS_SESSION || filter->platform || filter->n_projects > 0;
	enum bp_rc rc = sessions && names ? read_directory(reading, err) : BP_OK;

	if (rc == BP_OK) {
		rc = bp_rollups_read(reading->sql, &question, &sink, err);
	}
	for (size_t i = 0; i < reading->n && sessions; i++) {
		bp_cost_join(&reading->out->total, &reading->folds[i].row.cost);
	}
	return rc;
}

/* --- labels and order --- */

static int dearest_part(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->cost_pusd != y->cost_pusd) {
		return x->cost_pusd < y->cost_pusd ? 1 : -1;
	}
	if (x->tokens != y->tokens) {
		return x->tokens < y->tokens ? 1 : -1;
	}
	return strcmp(x->model, y->model);
}

static void name_models(struct fold *fold)
{
	struct bp_buf text;

	if (fold->n_parts > 1) {
		qsort(fold->parts, fold->n_parts, sizeof(fold->parts[0]), dearest_part);
	}
	bp_buf_init(&text, MODELS_BYTES_MAX);
	for (size_t i = 0; i < fold->n_parts; i++) {
		if (text.len > 0) {
			bp_buf_add_char(&text, '\n');
		}
		bp_buf_add_str(&text, bp_str_from(fold->parts[i].model));
	}
	fold->row.models = bp_strdup(text.len ? bp_buf_str(&text) : BP_STR(""));
	bp_buf_done(&text);
}

/* People read a project's name, the last one it had; its key is the hash. */
static enum bp_rc name_projects(struct reading *reading, struct bp_err *err)
{
	/* Bare columns are those of the row with the maximum. */
	static const char NAMES[] =
		"SELECT project_hash, project_name, max(project_ts_us) FROM conversations WHERE "
		"project_hash IS NOT NULL AND project_name IS NOT NULL GROUP BY project_hash";
	struct bp_statement *row = NULL;
	enum bp_rc rc = bp_statement_new(reading->sql, NAMES, &row, err);

	if (rc != BP_OK) {
		return rc;
	}
	while ((rc = bp_statement_step(row, err)) == BP_OK) {
		struct bp_str hash = bp_column_text(row, 0);
		for (size_t i = 0; i < reading->n; i++) {
			if (bp_str_is(hash, reading->folds[i].row.key)) {
				reading->folds[i].row.label = bp_strdup(bp_column_text(row, 1));
				break;
			}
		}
	}
	bp_statement_free(row);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static void name_span(struct bp_cost_row *row, const struct bp_period *period, enum bp_costs_by by)
{
	free(row->key);
	row->key =
		bp_span_key(period->tz, by == BP_COSTS_HOUR, by == BP_COSTS_MONTH, row->start_us);
	if (by == BP_COSTS_HOUR) {
		/* "2026-01-31T09:00+01:00": people know their zone. */
		row->label = bp_strdup(bp_str_make(row->key, 16));
		row->label[10] = ' ';
	}
}

static enum bp_rc name_rows(struct reading *reading, struct bp_err *err)
{
	enum bp_costs_by by = reading->question->by;
	enum bp_rc rc = by == BP_COSTS_PROJECT ? name_projects(reading, err) : BP_OK;

	for (size_t i = 0; i < reading->n && rc == BP_OK; i++) {
		struct bp_cost_row *row = &reading->folds[i].row;
		name_models(&reading->folds[i]);
		if (by_time(by)) {
			name_span(row, reading->question->period, by);
		}
		if (!row->label && *row->key) {
			row->label = bp_strdup(bp_str_from(row->key));
		} else if (!row->label) {
			row->label = bp_strdup(by == BP_COSTS_AGENT ? BP_STR("(main)")
								    : BP_STR("(none)"));
		}
	}
	return rc;
}

static int dearest_row(const void *a, const void *b)
{
	const struct bp_cost_row *x = a, *y = b;
	int64_t p = bp_tokens_total(&x->cost.tokens), q = bp_tokens_total(&y->cost.tokens);

	if (x->cost.cost_pusd != y->cost.cost_pusd) {
		return x->cost.cost_pusd < y->cost.cost_pusd ? 1 : -1;
	}
	return p != q ? (p < q ? 1 : -1) : strcmp(x->key, y->key);
}

/* The rows become the answer's, whatever went wrong before. */
static void give_rows(struct reading *reading)
{
	struct bp_costs *out = reading->out;

	out->n = reading->n;
	out->rows = bp_calloc(reading->n ? reading->n : 1, sizeof(out->rows[0]));
	for (size_t i = 0; i < reading->n; i++) {
		struct fold *fold = &reading->folds[i];
		out->rows[i] = fold->row;
		for (size_t k = 0; k < fold->n_parts; k++) {
			free(fold->parts[k].model);
		}
		free(fold->parts);
	}
	free(reading->folds);
	if (out->n > 1 && !by_time(reading->question->by)) {
		qsort(out->rows, out->n, sizeof(out->rows[0]), dearest_row);
	}
}

/* --- all of it --- */

enum bp_rc bp_costs_collect(struct bp_sql *sql, const struct bp_costs_question *question,
			    struct bp_costs *out, struct bp_err *err)
{
	struct reading reading = {.sql = sql, .question = question, .out = out};
	*out = (struct bp_costs){0};
	reading.nobody = (struct session){
		.external_id = BP_STR(""), .platform = BP_STR(""), .project_hash = BP_STR("")};
	enum bp_rc rc = read_rollups(&reading, err);
	if (rc == BP_OK) {
		rc = name_rows(&reading, err);
	}
	give_rows(&reading);
	bp_arena_done(&reading.arena);
	free(reading.sessions);
	return rc;
}

enum bp_rc bp_costs_read(struct bp_sql *sql, const struct bp_costs_question *question,
			 struct bp_costs *out, struct bp_err *err)
{
	enum bp_rc rc = bp_query_begin(sql, err);

	*out = (struct bp_costs){0};
	if (rc == BP_OK) {
		rc = bp_costs_collect(sql, question, out, err);
		bp_query_end(sql);
	}
	return rc;
}

void bp_costs_done(struct bp_costs *costs)
{
	for (size_t i = 0; i < costs->n; i++) {
		free(costs->rows[i].key);
		free(costs->rows[i].label);
		free(costs->rows[i].models);
	}
	free(costs->rows);
	*costs = (struct bp_costs){0};
}

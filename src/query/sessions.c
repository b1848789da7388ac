/* SPDX-License-Identifier: MIT */
/*
 * First all sessions that match, with the numbers that the finaliser keeps beside them; of those
 * that it has not seen since they changed, or that have calls that may count as interrupted since,
 * the numbers come from facts: of the page alone, unless the order or a limit asks for all.
 */
#include "query/sessions.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/money.h"
#include "query/database.h"
#include "query/rules.h"
#include "query/score.h"

enum { MODELS_BYTES_MAX = 4096 };

const char *const bp_sessions_sorts[] = {"last",   "started", "duration",   "prompts",      "tools",
					 "tokens", "cost",    "acceptance", "productivity", NULL};

/* --- what the finaliser keeps --- */

#define KEPT_COLUMNS                                                                               \
	", d.conversation_id IS NULL AND c.pending_calls IS 0, c.prompts, c.tool_calls, "          \
	"c.responses, c.total_tokens, c.acceptance_rate, c.productivity, c.unpriced_calls, "       \
	"c.aborted_cost_pusd, c.cost_pusd, c.compat_pusd"

static int64_t int_or_0(struct bp_statement *row, int column)
{
	int64_t value = bp_column_int(row, column);
	return value == BP_SQL_NULL ? 0 : value;
}

static double real_or_nan(struct bp_statement *row, int column)
{
	return bp_column_is_null(row, column) ? (double)NAN : bp_column_real(row, column);
}

static void take_kept(struct bp_statement *from, struct bp_session_row *row, bool compat)
{
	int at = BP_SESSION_COLUMN_COUNT;

	if (bp_column_int(from, at) == 0) {
		return;
	}
	row->prompts = int_or_0(from, at + 1);
	row->tool_calls = int_or_0(from, at + 2);
	row->model_calls = int_or_0(from, at + 3);
	row->tokens_total = int_or_0(from, at + 4);
	row->acceptance_rate = real_or_nan(from, at + 5);
	row->productivity_score = real_or_nan(from, at + 6);
	row->unpriced_calls = int_or_0(from, at + 7);
	row->aborted_cost_pusd = int_or_0(from, at + 8);
	row->cost_pusd = int_or_0(from, at + (compat ? 10 : 9));
	if (bp_column_is_null(from, at + (compat ? 10 : 9))) {
		row->unpriced_calls = row->model_calls;
	}
	row->known = row->kept = true;
}

/* --- which --- */

static enum bp_rc list(struct bp_sql *sql, const struct bp_sessions_question *question,
		       struct bp_sessions *out, struct bp_err *err)
{
	static const char SESSIONS[] =
		"SELECT " BP_SESSION_COLUMNS KEPT_COLUMNS
		" FROM conversations AS c LEFT JOIN dirty_session AS d ON d.conversation_id = c.id "
		"WHERE " BP_RULE_SESSION " AND (" BP_RULE_SESSION_LAST
		" IS NULL OR " BP_RULE_SESSION_LAST " >= ?1) AND "
		"(" BP_RULE_SESSION_FIRST " IS NULL OR " BP_RULE_SESSION_FIRST " < ?2)";
	struct bp_statement *statement = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_statement_new(sql, SESSIONS, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, question->period->from_us);
	bp_bind_int(statement, 2, question->period->until_us);
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		if (!bp_filter_match(question->filter, bp_column_text(statement, 2),
				     bp_column_text(statement, 3), (struct bp_str){NULL, 0},
				     (struct bp_str){NULL, 0})) {
			continue;
		}
		if (out->n == cap) {
			cap = cap ? 2 * cap : 64;
			out->rows = bp_realloc(out->rows, cap, sizeof(out->rows[0]));
		}
		struct bp_session_row *row = &out->rows[out->n++];
		*row = (struct bp_session_row){0};
		bp_session_from_row(statement, &row->session);
		row->status = bp_session_status_of(&row->session, question->as_of_us);
		take_kept(statement, row, question->compat_ccusage);
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* --- their numbers --- */

/* The statements of one page, prepared once. ?1 the conversation, ?2 pending before. */
struct numbers {
	struct bp_statement *prompts, *calls, *tools, *models, *kept_models;
	int64_t pending_before_us;
	bool compat;
};

static const char PROMPTS[] = "SELECT count(*) FROM conversation_turns AS t WHERE "
			      "t.conversation_id = ?1 AND " BP_RULE_PROMPT;
/* Calls, tokens; what has a price and what has none, by our rules, then by ccusage's. */
static const char CALLS[] =
	"SELECT coalesce(sum(" BP_RULE_MODEL_CALL
	"), 0), coalesce(sum(CASE WHEN " BP_RULE_MODEL_CALL
	" THEN m.input + m.output + m.cache_write_5m + m.cache_write_1h + m.cache_read END), 0), "
	"coalesce(sum(CASE WHEN " BP_RULE_MODEL_CALL " THEN m.cost_pusd END), 0), "
	"coalesce(sum(" BP_RULE_MODEL_CALL " AND m.cost_pusd IS NULL), 0), "
	"coalesce(sum(CASE WHEN " BP_RULE_ABORTED " THEN m.cost_pusd END), 0), "
	"coalesce(sum(CASE WHEN " BP_RULE_MODEL_CALL " THEN m.compat_pusd END), 0), "
	"coalesce(sum(" BP_RULE_MODEL_CALL " AND m.compat_pusd IS NULL), 0), "
	"coalesce(sum(CASE WHEN " BP_RULE_ABORTED " THEN m.compat_pusd END), 0) "
	"FROM model_calls AS m WHERE m.conversation_id = ?1";
static const char TOOLS[] =
	"SELECT count(*), coalesce(sum(x.outcome = 'ok'), 0), coalesce(sum(x.outcome = 'error'), "
	"0), "
	"coalesce(sum(x.outcome = 'interrupted' OR (x.outcome = 'pending' AND x.ts_us < ?2)), 0), "
	"coalesce(sum(x.outcome = 'ok' AND " BP_RULE_EDIT
	"), 0), coalesce(sum(x.outcome = 'rejected' AND " BP_RULE_EDIT
	"), 0), coalesce(sum(CASE WHEN " BP_RULE_ACCEPTED
	" THEN e.lines_added END), 0) FROM tool_calls AS x LEFT JOIN code_changes AS e ON e.id = "
	"x.id WHERE x.conversation_id = ?1";
static const char MODELS[] = "SELECT m.model FROM model_calls AS m WHERE m.conversation_id = ?1 "
			     "AND m.model IS NOT NULL AND " BP_RULE_MODEL_CALL
			     " GROUP BY m.model ORDER BY min(m.ts_us), m.model";

/* As text, one a line, as the other statement's rows are put together. */
static const char KEPT_MODELS[] =
	"SELECT coalesce((SELECT group_concat(value, char(10)) FROM (SELECT value FROM "
	"json_each(c.models) ORDER BY key)), '') FROM conversations AS c WHERE c.id = ?1";

static void numbers_done(struct numbers *numbers)
{
	bp_statement_free(numbers->prompts);
	bp_statement_free(numbers->calls);
	bp_statement_free(numbers->tools);
	bp_statement_free(numbers->models);
	bp_statement_free(numbers->kept_models);
}

static enum bp_rc numbers_init(struct numbers *numbers, struct bp_sql *sql, struct bp_err *err)
{
	enum bp_rc rc = bp_statement_new(sql, PROMPTS, &numbers->prompts, err);

	if (rc == BP_OK) {
		rc = bp_statement_new(sql, CALLS, &numbers->calls, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, TOOLS, &numbers->tools, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, MODELS, &numbers->models, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, KEPT_MODELS, &numbers->kept_models, err);
	}
	return rc;
}

static enum bp_rc read_count(struct bp_statement *statement, int64_t conversation, int64_t *out,
			     struct bp_err *err)
{
	bp_bind_int(statement, 1, conversation);
	enum bp_rc rc = bp_statement_step(statement, err);
	if (rc == BP_OK) {
		*out = bp_column_int(statement, 0);
	}
	bp_statement_reset(statement);
	return rc;
}

static enum bp_rc read_calls(const struct numbers *numbers, struct bp_session_row *row,
			     struct bp_err *err)
{
	struct bp_statement *calls = numbers->calls;

	bp_bind_int(calls, 1, row->session.conversation);
	enum bp_rc rc = bp_statement_step(calls, err);
	if (rc == BP_OK) {
		int at = numbers->compat ? 5 : 2;
		row->model_calls = bp_column_int(calls, 0);
		row->tokens_total = bp_column_int(calls, 1);
		row->cost_pusd = bp_column_int(calls, at);
		row->unpriced_calls = bp_column_int(calls, at + 1);
		row->aborted_cost_pusd = bp_column_int(calls, at + 2);
	}
	bp_statement_reset(calls);
	return rc;
}

static enum bp_rc read_tools(const struct numbers *numbers, struct bp_session_row *row,
			     struct bp_err *err)
{
	struct bp_statement *tools = numbers->tools;

	bp_bind_int(tools, 1, row->session.conversation);
	bp_bind_int(tools, 2, numbers->pending_before_us);
	enum bp_rc rc = bp_statement_step(tools, err);
	if (rc == BP_OK) {
		int64_t ok = bp_column_int(tools, 4), rejected = bp_column_int(tools, 5);
		struct bp_score score = {.ok = bp_column_int(tools, 1),
					 .error = bp_column_int(tools, 2),
					 .interrupted = bp_column_int(tools, 3),
					 .lines = bp_column_int(tools, 6),
					 .ended = row->session.ended};
		row->tool_calls = bp_column_int(tools, 0);
		row->productivity_score = bp_score_of(&score);
		row->acceptance_rate =
			ok + rejected > 0 ? (double)ok / (double)(ok + rejected) : (double)NAN;
	}
	bp_statement_reset(tools);
	return rc;
}

static enum bp_rc read_models(struct bp_statement *models, int64_t conversation, char **out,
			      struct bp_err *err)
{
	struct bp_buf text;
	enum bp_rc rc;

	bp_buf_init(&text, MODELS_BYTES_MAX);
	bp_bind_int(models, 1, conversation);
	for (rc = bp_statement_step(models, err); rc == BP_OK;
	     rc = bp_statement_step(models, err)) {
		if (text.len > 0) {
			bp_buf_add_char(&text, '\n');
		}
		bp_buf_add_str(&text, bp_column_text(models, 0));
	}
	if (rc == BP_ENOTFOUND) {
		*out = bp_strdup(text.len ? bp_buf_str(&text) : BP_STR(""));
		rc = BP_OK;
	}
	bp_buf_done(&text);
	return rc;
}

static enum bp_rc read_kept_models(struct bp_statement *models, struct bp_session_row *row,
				   struct bp_err *err)
{
	bp_bind_int(models, 1, row->session.conversation);
	enum bp_rc rc = bp_statement_step(models, err);
	if (rc == BP_OK) {
		row->models = bp_strdup(bp_column_text(models, 0));
	}
	bp_statement_reset(models);
	return rc;
}

enum bp_rc bp_session_models(struct bp_sql *sql, int64_t conversation, char **out,
			     struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, MODELS, &statement, err);

	if (rc == BP_OK) {
		rc = read_models(statement, conversation, out, err);
		bp_statement_free(statement);
	}
	return rc;
}

static enum bp_rc read_numbers(struct numbers *numbers, struct bp_session_row *rows, size_t n,
			       struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		struct bp_session_row *row = &rows[i];
		if (row->known) {
			continue;
		}
		rc = read_count(numbers->prompts, row->session.conversation, &row->prompts, err);
		if (rc == BP_OK) {
			rc = read_calls(numbers, row, err);
		}
		if (rc == BP_OK) {
			rc = read_tools(numbers, row, err);
		}
		row->known = true;
	}
	return rc;
}

static enum bp_rc read_page_models(struct numbers *numbers, struct bp_sessions *out,
				   struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < out->n && rc == BP_OK; i++) {
		if (out->rows[i].kept) {
			rc = read_kept_models(numbers->kept_models, &out->rows[i], err);
		} else {
			rc = read_models(numbers->models, out->rows[i].session.conversation,
					 &out->rows[i].models, err);
		}
	}
	return rc;
}

/* --- order and page --- */

static double last_of(const struct bp_session_row *row)
{
	return row->session.last_us == BP_SQL_NULL ? (double)NAN : (double)row->session.last_us;
}

static double started_of(const struct bp_session_row *row)
{
	return row->session.first_us == BP_SQL_NULL ? (double)NAN : (double)row->session.first_us;
}

static double duration_of(const struct bp_session_row *row)
{
	return last_of(row) - started_of(row);
}

static double prompts_of(const struct bp_session_row *row)
{
	return (double)row->prompts;
}

static double tools_of(const struct bp_session_row *row)
{
	return (double)row->tool_calls;
}

static double tokens_of(const struct bp_session_row *row)
{
	return (double)row->tokens_total;
}

double bp_session_row_usd(const struct bp_session_row *row)
{
	bool unknown = row->unpriced_calls > 0 && row->unpriced_calls == row->model_calls;
	return unknown ? (double)NAN : (double)row->cost_pusd / (double)BP_USD;
}

static double acceptance_of(const struct bp_session_row *row)
{
	return row->acceptance_rate;
}

static double productivity_of(const struct bp_session_row *row)
{
	return row->productivity_score;
}

typedef double (*sort_value)(const struct bp_session_row *row);

static const sort_value SORT_VALUES[] = {
	last_of,   started_of,         duration_of,   prompts_of,     tools_of,
	tokens_of, bp_session_row_usd, acceptance_of, productivity_of};

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct bp_session_row *x = a, *y = b;
	sort_value value = *(const sort_value *)arg;
	double p = value(x), q = value(y);

	if (isnan(p) != isnan(q)) {
		return isnan(p) ? 1 : -1;
	}
	if (!isnan(p) && p != q) {
		return p < q ? 1 : -1;
	}
	return strcmp(x->session.id, y->session.id);
}

static void forget(struct bp_session_row *row)
{
	free(row->models);
	row->models = NULL;
}

/* Keep the rows that are good enough, in their order. */
static void keep_good(struct bp_sessions *out, const struct bp_sessions_question *question)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->n; i++) {
		struct bp_session_row *row = &out->rows[i];
		bool good = (isnan(question->min_acceptance) ||
			     row->acceptance_rate >= question->min_acceptance) &&
			    (isnan(question->min_productivity) ||
			     row->productivity_score >= question->min_productivity) &&
			    (isnan(question->min_cost_usd) ||
			     bp_session_row_usd(row) >= question->min_cost_usd);
		if (good) {
			out->rows[kept++] = *row;
		} else {
			forget(row);
		}
	}
	out->n = kept;
}

static void keep_page(struct bp_sessions *out, size_t offset, size_t limit)
{
	size_t from = offset < out->n ? offset : out->n;
	size_t until = limit < out->n - from ? from + limit : out->n;

	for (size_t i = 0; i < out->n; i++) {
		if (i < from || i >= until) {
			forget(&out->rows[i]);
		}
	}
	if (until > from) {
		memmove(out->rows, out->rows + from, (until - from) * sizeof(out->rows[0]));
	}
	out->n = until - from;
}

static enum bp_rc read_in_moment(struct bp_sql *sql, const struct bp_sessions_question *question,
				 struct bp_sessions *out, struct bp_err *err)
{
	struct numbers numbers = {.pending_before_us = question->as_of_us - BP_PENDING_US,
				  .compat = question->compat_ccusage};
	bool of_all = question->sort >= BP_SORT_PROMPTS || !isnan(question->min_acceptance) ||
		      !isnan(question->min_productivity) || !isnan(question->min_cost_usd);
	sort_value value = SORT_VALUES[question->sort];
	enum bp_rc rc = list(sql, question, out, err);

	if (rc == BP_OK) {
		rc = numbers_init(&numbers, sql, err);
	}
	if (rc == BP_OK && of_all) {
		rc = read_numbers(&numbers, out->rows, out->n, err);
	}
	if (rc == BP_OK) {
		keep_good(out, question);
		out->total = (int64_t)out->n;
		if (out->n > 0) {
			qsort_r(out->rows, out->n, sizeof(out->rows[0]), compare_rows, &value);
		}
		keep_page(out, question->offset, question->limit);
		rc = read_numbers(&numbers, out->rows, out->n, err);
	}
	if (rc == BP_OK) {
		rc = read_page_models(&numbers, out, err);
	}
	numbers_done(&numbers);
	return rc;
}

enum bp_rc bp_sessions_read(struct bp_sql *sql, const struct bp_sessions_question *question,
			    struct bp_sessions *out, struct bp_err *err)
{
	enum bp_rc rc = bp_query_begin(sql, err);

	*out = (struct bp_sessions){0};
	if (rc == BP_OK) {
		rc = read_in_moment(sql, question, out, err);
		bp_query_end(sql);
	}
	return rc;
}

void bp_sessions_done(struct bp_sessions *sessions)
{
	for (size_t i = 0; i < sessions->n; i++) {
		forget(&sessions->rows[i]);
	}
	free(sessions->rows);
	*sessions = (struct bp_sessions){0};
}

/* --- JSON --- */

int64_t bp_session_ended_us(const struct bp_session *session, enum bp_session_status status)
{
	return status == BP_SESSION_ACTIVE ? BP_SQL_NULL : session->last_us;
}

struct cJSON *bp_models_json(const char *models)
{
	cJSON *list_json = cJSON_CreateArray();

	for (const char *at = models; *at;) {
		size_t n = strcspn(at, "\n");
		char *name = bp_strdup(bp_str_make(at, n));
		(void)cJSON_AddItemToArray(list_json, cJSON_CreateString(name));
		free(name);
		at += n + (at[n] != '\0');
	}
	return list_json;
}

static void add_real(cJSON *json, const char *name, double value)
{
	(void)cJSON_AddItemToObject(json, name,
				    isnan(value) ? cJSON_CreateNull() : cJSON_CreateNumber(value));
}

static cJSON *row_json(const struct bp_session_row *row)
{
	const struct bp_session *session = &row->session;
	const char *project = bp_session_project(session);
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(json, "id", session->id);
	(void)cJSON_AddStringToObject(json, "platform", session->platform);
	(void)cJSON_AddItemToObject(json, "project",
				    project ? cJSON_CreateString(project) : cJSON_CreateNull());
	(void)cJSON_AddItemToObject(json, "started_at", bp_time_json(session->first_us));
	(void)cJSON_AddItemToObject(json, "ended_at",
				    bp_time_json(bp_session_ended_us(session, row->status)));
	(void)cJSON_AddStringToObject(json, "status", bp_session_status_name(row->status));
	add_real(json, "duration_s", duration_of(row) / 1e6);
	(void)cJSON_AddNumberToObject(json, "prompts", (double)row->prompts);
	(void)cJSON_AddNumberToObject(json, "tool_calls", (double)row->tool_calls);
	(void)cJSON_AddNumberToObject(json, "tokens_total", (double)row->tokens_total);
	add_real(json, "cost_usd", bp_session_row_usd(row));
	(void)cJSON_AddNumberToObject(json, "unpriced_calls", (double)row->unpriced_calls);
	add_real(json, "acceptance_rate", row->acceptance_rate);
	add_real(json, "productivity_score", row->productivity_score);
	(void)cJSON_AddItemToObject(json, "models", bp_models_json(row->models));
	return json;
}

struct cJSON *bp_sessions_json(const struct bp_sessions *sessions)
{
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	cJSON *rows = cJSON_AddArrayToObject(json, "sessions");
	for (size_t i = 0; i < sessions->n; i++) {
		(void)cJSON_AddItemToArray(rows, row_json(&sessions->rows[i]));
	}
	(void)cJSON_AddNumberToObject(json, "total", (double)sessions->total);
	return json;
}

/* SPDX-License-Identifier: MIT */
/*
 * First every session that matches, with its score; then what matched, of the page alone.
 */
#include "query/search.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/database.h"
#include "query/rules.h"
#include "query/search_text.h"

enum { SNIPPET_BYTES = 65536, SCORE_STEPS = 10, NO_FIELD = -1 };

/* The columns of the index in order of weight: title and project before what every session has. */
static const int BY_WEIGHT[BP_SEARCH_FIELDS] = {5, 0, 6, 1, 4, 3, 2};

static const char MATCHES[] =
	"SELECT " BP_SESSION_COLUMNS
	", bm25(session_search, 4.0, 1.0, 1.0, 1.0, 1.0, 8.0, 2.0), coalesce(c.title, '')"
	" FROM session_search JOIN conversations AS c ON c.id = session_search.rowid"
	" WHERE session_search MATCH ?1 AND " BP_RULE_SESSION " AND (" BP_RULE_SESSION_LAST
	" IS NULL OR " BP_RULE_SESSION_LAST " >= ?2)"
	" AND (" BP_RULE_SESSION_FIRST " IS NULL OR " BP_RULE_SESSION_FIRST " < ?3)";

#define SNIPPET(column) "snippet(session_search, " #column ", char(1), char(2), '...', 12)"
static const char SNIPPETS[] =
	"SELECT " SNIPPET(0) ", " SNIPPET(1) ", " SNIPPET(2) ", " SNIPPET(3) ", " SNIPPET(
		4) ", " SNIPPET(5) ", " SNIPPET(6) " FROM session_search WHERE session_search MATCH"
						   " ?1 AND rowid = ?2";

static const char KEPT[] = "SELECT EXISTS (SELECT 1 FROM session_text WHERE prompts <> ''),"
			   " EXISTS (SELECT 1 FROM session_text WHERE title <> '')";

static int compare(const void *a, const void *b)
{
	const struct bp_search_row *x = a, *y = b;
	/* A time that is not known is the least number. */
	int order = (y->score > x->score) - (y->score < x->score);

	if (order == 0) {
		order = (y->session.last_us > x->session.last_us) -
			(y->session.last_us < x->session.last_us);
	}
	return order != 0 ? order : strcmp(x->session.id, y->session.id);
}

static enum bp_rc read_matches(struct bp_sql *sql, const struct bp_search_question *question,
			       struct bp_str expression, struct bp_search *out, struct bp_err *err)
{
	struct bp_statement *matches = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_statement_new(sql, MATCHES, &matches, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_text(matches, 1, expression);
	bp_bind_int(matches, 2, question->period->from_us);
	bp_bind_int(matches, 3, question->period->until_us);
	while ((rc = bp_statement_step(matches, err)) == BP_OK) {
		if (!bp_filter_match(question->filter, bp_column_text(matches, 2),
				     bp_column_text(matches, 3), (struct bp_str){NULL, 0},
				     (struct bp_str){NULL, 0})) {
			continue;
		}
		if (out->n == cap) {
			cap = cap ? 2 * cap : 64;
			out->rows = bp_realloc(out->rows, cap, sizeof(out->rows[0]));
		}
		struct bp_search_row *row = &out->rows[out->n++];
		*row = (struct bp_search_row){.field = NO_FIELD};
		bp_session_from_row(matches, &row->session);
		/* Coarse: what matches about as well stands by time. */
		row->score =
			llround(-bp_column_real(matches, BP_SESSION_COLUMN_COUNT) * SCORE_STEPS);
		row->title = bp_strdup(bp_column_text(matches, BP_SESSION_COLUMN_COUNT + 1));
	}
	bp_statement_free(matches);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static void forget(struct bp_search_row *row)
{
	free(row->title);
	free(row->snippet);
	*row = (struct bp_search_row){.field = NO_FIELD};
}

static void keep_page(struct bp_search *out, const struct bp_search_question *question)
{
	size_t from = question->offset < out->n ? question->offset : out->n;
	size_t until = question->limit < out->n - from ? from + question->limit : out->n;

	if (out->n > 1) {
		qsort(out->rows, out->n, sizeof(out->rows[0]), compare);
	}
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

/** The weightiest field with a match in it, and what stands around it. */
static void take_snippet(struct bp_search_row *row, struct bp_statement *snippets)
{
	struct bp_buf text;

	for (int i = 0; i < BP_SEARCH_FIELDS; i++) {
		struct bp_str snippet = bp_column_text(snippets, BY_WEIGHT[i]);
		if (snippet.len == 0 || !memchr(snippet.ptr, BP_SEARCH_ON, snippet.len)) {
			continue;
		}
		bp_buf_init(&text, SNIPPET_BYTES);
		bp_search_join(snippet, &text);
		row->field = BY_WEIGHT[i];
		row->snippet = bp_strdup(bp_buf_str(&text));
		bp_buf_done(&text);
		return;
	}
}

static enum bp_rc read_snippets(struct bp_sql *sql, struct bp_str expression, struct bp_search *out,
				struct bp_err *err)
{
	struct bp_statement *snippets = NULL;
	enum bp_rc rc = bp_statement_new(sql, SNIPPETS, &snippets, err);

	for (size_t i = 0; rc == BP_OK && i < out->n; i++) {
		bp_bind_text(snippets, 1, expression);
		bp_bind_int(snippets, 2, out->rows[i].session.conversation);
		rc = bp_statement_step(snippets, err);
		if (rc == BP_OK) {
			take_snippet(&out->rows[i], snippets);
		}
		bp_statement_reset(snippets);
	}
	bp_statement_free(snippets);
	return rc;
}

static enum bp_rc read_kept(struct bp_sql *sql, struct bp_search *out, struct bp_err *err)
{
	struct bp_statement *kept = NULL;
	enum bp_rc rc = bp_statement_new(sql, KEPT, &kept, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(kept, err);
	}
	if (rc == BP_OK) {
		out->prompts_kept = bp_column_int(kept, 0) != 0;
		out->titles_kept = bp_column_int(kept, 1) != 0;
	}
	bp_statement_free(kept);
	return rc;
}

enum bp_rc bp_search_read(struct bp_sql *sql, const struct bp_search_question *question,
			  struct bp_search *out, struct bp_err *err)
{
	struct bp_buf expression;

	*out = (struct bp_search){.rows = NULL};
	bp_buf_init(&expression, 16 * BP_SEARCH_BYTES_MAX);
	enum bp_rc rc = bp_search_parse(question->text, &expression, err);
	if (rc == BP_OK) {
		rc = bp_query_begin(sql, err);
	}
	if (rc == BP_OK) {
		rc = read_matches(sql, question, bp_buf_str(&expression), out, err);
		out->total = (int64_t)out->n;
		keep_page(out, question);
		if (rc == BP_OK) {
			rc = read_snippets(sql, bp_buf_str(&expression), out, err);
		}
		/* Only who found nothing wants to know why. */
		if (rc == BP_OK && out->total == 0) {
			rc = read_kept(sql, out, err);
		}
		bp_query_end(sql);
	}
	bp_buf_done(&expression);
	return rc;
}

void bp_search_done(struct bp_search *search)
{
	for (size_t i = 0; i < search->n; i++) {
		forget(&search->rows[i]);
	}
	free(search->rows);
	*search = (struct bp_search){.rows = NULL};
}

/** The snippet without the marks around what matched. */
static cJSON *plain_json(const char *snippet)
{
	struct bp_buf text;

	bp_buf_init(&text, SNIPPET_BYTES);
	for (const char *at = snippet; *at; at++) {
		if (*at != BP_SEARCH_ON && *at != BP_SEARCH_OFF) {
			bp_buf_add_char(&text, *at);
		}
	}
	cJSON *json = cJSON_CreateString(text.ptr ? text.ptr : "");
	bp_buf_done(&text);
	return json;
}

static cJSON *row_json(const struct bp_search_row *row)
{
	const struct bp_session *session = &row->session;
	const char *project = bp_session_project(session);
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "id", session->id);
	cJSON_AddStringToObject(json, "platform", session->platform);
	cJSON_AddItemToObject(json, "project",
			      project ? cJSON_CreateString(project) : cJSON_CreateNull());
	cJSON_AddItemToObject(json, "title",
			      *row->title ? cJSON_CreateString(row->title) : cJSON_CreateNull());
	cJSON_AddItemToObject(json, "started_at", bp_time_json(session->first_us));
	cJSON_AddItemToObject(json, "last_event_at", bp_time_json(session->last_us));
	cJSON_AddItemToObject(json, "field",
			      row->field >= 0 ? cJSON_CreateString(bp_search_fields[row->field])
					      : cJSON_CreateNull());
	cJSON_AddItemToObject(json, "snippet",
			      row->snippet ? plain_json(row->snippet) : cJSON_CreateNull());
	cJSON_AddNumberToObject(json, "score", (double)row->score / SCORE_STEPS);
	return json;
}

cJSON *bp_search_json(const struct bp_search *search)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "schema_version", 1);
	cJSON_AddNumberToObject(json, "total", (double)search->total);
	cJSON *sessions = cJSON_AddArrayToObject(json, "sessions");
	for (size_t i = 0; i < search->n; i++) {
		cJSON_AddItemToArray(sessions, row_json(&search->rows[i]));
	}
	return json;
}

/* SPDX-License-Identifier: MIT */
/*
 * Tool calls, in one pass: what became of edits, and the outcomes of which scores are made. There
 * are more of them than of anything else, so nothing is looked up twice.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/totals_private.h"

/* ts, conversation, tool, outcome, is an accepted edit, created, revised, reverted, file, lines */
#define CALLS(where)                                                                               \
	"SELECT x.ts_us, x.conversation_id, x.tool, x.outcome, " BP_RULE_EDIT                      \
	" AND " BP_RULE_ACCEPTED ", e.operation = 'create', e.revision, e.reverted, e.file_hash, " \
	"CASE WHEN " BP_RULE_ACCEPTED " THEN e.lines_added END FROM tool_calls AS x LEFT JOIN "    \
	"code_changes AS e ON e.id = x.id WHERE x.ts_us >= ?1 AND x.ts_us < ?2" where

static const char CALLS_IN_TIME[] = CALLS("");
static const char CALLS_IN_SESSION[] = CALLS(" AND x.conversation_id = ?3");

/* An accepted edit of a file. */
struct edit {
	struct bp_group *group;
	const struct bp_totals_session *session;
	int64_t ts_us;
	char file_hash[BP_PROJECT_HASH_BYTES];
};

struct edits {
	struct edit *items;
	size_t n, cap;
};

static void note_file(struct edits *edits, struct bp_group *group,
		      const struct bp_totals_session *session, int64_t ts_us, struct bp_str hash)
{
	if (edits->n == edits->cap) {
		edits->cap = edits->cap ? 2 * edits->cap : 64;
		edits->items = bp_realloc(edits->items, edits->cap, sizeof(edits->items[0]));
	}
	struct edit *edit = &edits->items[edits->n++];
	*edit = (struct edit){.group = group, .session = session, .ts_us = ts_us};
	memcpy(edit->file_hash, hash.ptr,
	       hash.len < sizeof(edit->file_hash) ? hash.len : sizeof(edit->file_hash) - 1);
}

static bool is_set(struct bp_statement *row, int column)
{
	return !bp_column_is_null(row, column) && bp_column_int(row, column) != 0;
}

static void take_edit(struct edits *edits, struct bp_group *group,
		      const struct bp_totals_session *session, struct bp_statement *row)
{
	struct bp_totals *totals = &group->totals;
	bool revised = is_set(row, 6);
	bool reverted = is_set(row, 7);
	struct bp_str file = bp_column_text(row, 8);

	totals->edits++;
	totals->files_created += is_set(row, 5);
	totals->edits_revised += revised;
	totals->edits_reverted += reverted;
	totals->edits_direct += !revised && !reverted;
	totals->edits_partial += revised && !reverted;
	if (file.len > 0) {
		note_file(edits, group, session, bp_column_int(row, 0), file);
	}
}

static void take_outcome(struct bp_totals_reading *reading, struct bp_group *group,
			 struct bp_totals_session *session, struct bp_statement *row)
{
	struct bp_score *score = &bp_totals_part(reading, group, session)->score;
	struct bp_str outcome = bp_column_text(row, 3);

	if (bp_str_is(outcome, "ok")) {
		score->ok++;
	} else if (bp_str_is(outcome, "error")) {
		score->error++;
	} else if (bp_str_is(outcome, "interrupted") ||
		   (bp_str_is(outcome, "pending") &&
		    bp_column_int(row, 0) < reading->pending_before_us)) {
		score->interrupted++;
	}
	if (!bp_column_is_null(row, 9)) {
		score->lines += bp_column_int(row, 9);
	}
}

static void take_call(struct bp_totals_reading *reading, struct bp_statement *row, void *arg)
{
	struct bp_totals_session *session = bp_totals_session(reading, bp_column_int(row, 1));
	struct bp_str tool = bp_column_text(row, 2);
	struct bp_fact_key key = {
		.ts_us = bp_column_int(row, 0),
		.platform = session ? session->platform : BP_STR(""),
		.project_hash = session ? session->project_hash : BP_STR(""),
		.tool = tool.ptr ? tool : BP_STR(""),
	};
	struct bp_group *group = bp_totals_group(reading, &key);

	if (!group) {
		return;
	}
	if (is_set(row, 4)) {
		take_edit(arg, group, session, row);
	}
	if (session && session->seen && group->totals.whole) {
		take_outcome(reading, group, session, row);
	}
}

/* --- files --- */

static int by_group_and_file(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;
	int order = (x->group > y->group) - (x->group < y->group);

	return order ? order : strcmp(x->file_hash, y->file_hash);
}

static int by_session_file_and_time(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;
	int order = (x->session > y->session) - (x->session < y->session);

	order = order ? order : strcmp(x->file_hash, y->file_hash);
	return order ? order : (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us);
}

static void count_files(struct edits *edits)
{
	qsort(edits->items, edits->n, sizeof(edits->items[0]), by_group_and_file);
	for (size_t i = 0; i < edits->n; i++) {
		if (i == 0 || by_group_and_file(&edits->items[i - 1], &edits->items[i]) != 0) {
			edits->items[i].group->totals.files++;
		}
	}
}

/* Was the file edited in the session before the period began? */
static enum bp_rc edited_before(struct bp_totals_reading *reading, struct bp_statement *statement,
				const struct edit *edit, bool *out, struct bp_err *err)
{
	int64_t from_us = reading->question->period->from_us;
	const struct bp_totals_session *session = edit->session;

	*out = false;
	if (!session || (session->first_us != BP_SQL_NULL && session->first_us >= from_us)) {
		return BP_OK;
	}
	bp_bind_int(statement, 1, session->id);
	bp_bind_int(statement, 2, from_us);
	bp_bind_text(statement, 3, bp_str_from(edit->file_hash));
	enum bp_rc rc = bp_statement_step(statement, err);
	bp_statement_reset(statement);
	*out = rc == BP_OK;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc count_repeated(struct bp_totals_reading *reading, struct edits *edits,
				 struct bp_err *err)
{
	static const char BEFORE[] =
		"SELECT 1 FROM tool_calls AS x JOIN code_changes AS e ON e.id = x.id WHERE "
		"x.conversation_id = ?1 AND x.ts_us < ?2 AND e.file_hash = ?3 AND " BP_RULE_EDIT
		" AND " BP_RULE_ACCEPTED " LIMIT 1";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(reading->sql, BEFORE, &statement, err);

	qsort(edits->items, edits->n, sizeof(edits->items[0]), by_session_file_and_time);
	for (size_t i = 0; i < edits->n && rc == BP_OK; i++) {
		const struct edit *edit = &edits->items[i];
		bool repeated = i > 0 && edit[-1].session == edit->session &&
				strcmp(edit[-1].file_hash, edit->file_hash) == 0;
		if (!repeated) {
			rc = edited_before(reading, statement, edit, &repeated, err);
		}
		edit->group->totals.edits_repeated += repeated;
	}
	bp_statement_free(statement);
	return rc;
}

enum bp_rc bp_totals_tool_calls(struct bp_totals_reading *reading, struct bp_err *err)
{
	struct edits edits = {0};
	enum bp_rc rc =
		bp_totals_each(reading, CALLS_IN_TIME, CALLS_IN_SESSION, take_call, &edits, err);

	if (rc == BP_OK && edits.n > 0) {
		count_files(&edits);
		rc = count_repeated(reading, &edits, err);
	}
	free(edits.items);
	return rc;
}

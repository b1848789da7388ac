/* SPDX-License-Identifier: MIT */
#include "query/analyze.h"

#include <stdlib.h>

#include "base/mem.h"
#include "query/database.h"
#include "query/rules.h"
#include "query/sessions.h"

struct bp_tokens bp_analysis_tokens(const struct bp_bucket_sums *sums)
{
	return (struct bp_tokens){.input = sums->input,
				  .output = sums->output,
				  .cache_write_5m = sums->cache_write_5m,
				  .cache_write_1h = sums->cache_write_1h,
				  .cache_read = sums->cache_read,
				  .reasoning = sums->reasoning};
}

struct bp_tokens bp_analysis_aborted(const struct bp_bucket_sums *sums)
{
	return (struct bp_tokens){.input = sums->aborted_input,
				  .output = sums->aborted_output,
				  .cache_write_5m = sums->aborted_cache_write_5m,
				  .cache_write_1h = sums->aborted_cache_write_1h,
				  .cache_read = sums->aborted_cache_read};
}

static const char *keep(struct bp_arena *arena, struct bp_str text)
{
	return text.ptr ? bp_arena_str(arena, text).ptr : "";
}

static enum bp_rc read_files(struct bp_sql *sql, struct bp_analysis *out, struct bp_err *err)
{
	static const char FILES[] =
		"SELECT coalesce(e.extension, ''), count(*), sum(x.outcome = 'ok'), sum(x.outcome "
		"= "
		"'rejected'), sum(CASE WHEN " BP_RULE_ACCEPTED
		" THEN coalesce(e.lines_added, 0) ELSE 0 END), sum(CASE WHEN " BP_RULE_ACCEPTED
		" THEN coalesce(e.lines_removed, 0) ELSE 0 END) FROM tool_calls AS x LEFT JOIN "
		"code_changes AS e ON e.id = x.id WHERE x.conversation_id = ?1 AND " BP_RULE_EDIT
		" GROUP BY 1 ORDER BY 3 DESC, 1";
	struct bp_statement *statement = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_statement_new(sql, FILES, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, out->session.conversation);
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		if (out->n_files == cap) {
			cap = cap ? 2 * cap : 16;
			out->files = bp_realloc(out->files, cap, sizeof(out->files[0]));
		}
		out->files[out->n_files++] = (struct bp_analysis_file){
			.extension = keep(&out->text, bp_column_text(statement, 0)),
			.proposed = bp_column_int(statement, 1),
			.accepted = bp_column_int(statement, 2),
			.rejected = bp_column_int(statement, 3),
			.lines_added = bp_column_int(statement, 4),
			.lines_removed = bp_column_int(statement, 5)};
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc read_subagents(struct bp_sql *sql, struct bp_analysis *out, struct bp_err *err)
{
	static const char SUBAGENTS[] =
		"SELECT s.agent_id, s.agent_type, s.started_us, s.ended_us, (SELECT count(*) FROM "
		"tool_calls AS x WHERE x.conversation_id = s.conversation_id AND x.agent_id = "
		"s.agent_id), (SELECT coalesce(sum(m.input + m.output + m.cache_write_5m + "
		"m.cache_write_1h + m.cache_read), 0) FROM model_calls AS m WHERE "
		"m.conversation_id "
		"= s.conversation_id AND m.agent_id = s.agent_id AND " BP_RULE_MODEL_CALL
		") FROM subagents AS s WHERE s.conversation_id = ?1 ORDER BY s.started_us, "
		"s.agent_id";
	struct bp_statement *statement = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_statement_new(sql, SUBAGENTS, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, out->session.conversation);
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		if (out->n_subagents == cap) {
			cap = cap ? 2 * cap : 16;
			out->subagents = bp_realloc(out->subagents, cap, sizeof(out->subagents[0]));
		}
		out->subagents[out->n_subagents++] = (struct bp_analysis_subagent){
			.agent_id = keep(&out->text, bp_column_text(statement, 0)),
			.type = keep(&out->text, bp_column_text(statement, 1)),
			.started_us = bp_column_int(statement, 2),
			.ended_us = bp_column_int(statement, 3),
			.tool_calls = bp_column_int(statement, 4),
			.tokens_total = bp_column_int(statement, 5)};
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc read_totals(struct bp_sql *sql, int64_t as_of_us, struct bp_analysis *out,
			      struct bp_err *err)
{
	struct bp_filter filter = {.one_session = true, .conversation = out->session.conversation};
	struct bp_period period = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	struct bp_totals_question question = {
		.period = &period, .filter = &filter, .as_of_us = as_of_us};
	enum bp_rc rc = bp_totals_collect(sql, &question, &out->all, err);

	if (rc == BP_OK) {
		question.by = BP_GROUP_TOOL;
		rc = bp_totals_collect(sql, &question, &out->by_tool, err);
	}
	if (rc == BP_OK) {
		question.by = BP_GROUP_MODEL;
		rc = bp_totals_collect(sql, &question, &out->by_model, err);
	}
	if (rc == BP_OK) {
		const struct bp_bucket_sums *sums = &out->all.items[0]->totals.sums;
		out->tokens = bp_analysis_tokens(sums);
		out->aborted = bp_analysis_aborted(sums);
	}
	return rc;
}

static enum bp_rc read_in_moment(struct bp_sql *sql, bool timeline, int64_t as_of_us,
				 struct bp_analysis *out, struct bp_err *err)
{
	enum bp_rc rc = read_totals(sql, as_of_us, out, err);

	if (rc == BP_OK) {
		rc = bp_session_models(sql, out->session.conversation, &out->models, err);
	}
	if (rc == BP_OK) {
		rc = read_files(sql, out, err);
	}
	if (rc == BP_OK) {
		rc = read_subagents(sql, out, err);
	}
	if (rc == BP_OK && timeline) {
		out->has_timeline = true;
		rc = bp_timeline_read(sql, out->session.conversation, as_of_us - BP_PENDING_US,
				      &out->timeline, err);
	}
	return rc;
}

enum bp_rc bp_analysis_read(struct bp_sql *sql, const struct bp_session *session, bool timeline,
			    int64_t as_of_us, struct bp_analysis *out, struct bp_err *err)
{
	enum bp_rc rc = bp_query_begin(sql, err);

	*out = (struct bp_analysis){.session = *session,
				    .status = bp_session_status_of(session, as_of_us)};
	if (rc == BP_OK) {
		rc = read_in_moment(sql, timeline, as_of_us, out, err);
		bp_query_end(sql);
	}
	return rc;
}

void bp_analysis_done(struct bp_analysis *analysis)
{
	bp_groups_done(&analysis->all);
	bp_groups_done(&analysis->by_tool);
	bp_groups_done(&analysis->by_model);
	bp_timeline_done(&analysis->timeline);
	bp_arena_done(&analysis->text);
	free(analysis->models);
	free(analysis->files);
	free(analysis->subagents);
	*analysis = (struct bp_analysis){0};
}

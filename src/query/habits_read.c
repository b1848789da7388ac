/* SPDX-License-Identifier: MIT */
#include "query/habits_read.h"

#include <stdlib.h>

#include "base/mem.h"
#include "query/rollups.h"
#include "query/rules.h"

/* A part of a quarter of an hour, in which calls that wait are all over or all not. */
struct cut {
	int64_t from_us, until_us;
	bool over;
};

enum { CUTS_MAX = 6 }; /* three moments cut a quarter each, in two */

struct reading {
	struct bp_sql *sql;
	const struct bp_scope *scope;
	int64_t pending_before_us;
	struct bp_habits *out;
	struct cut cuts[CUTS_MAX];
	size_t n_cuts;
};

/* --- one session --- */

static enum bp_rc read_contexts(struct bp_sql *sql, int64_t conversation,
				struct bp_habit_session *out, struct bp_err *err)
{
	static const char CONTEXTS[] =
		"SELECT m.ts_us, m.input + m.cache_read + m.cache_write_5m + m.cache_write_1h FROM "
		"model_calls AS m WHERE m.conversation_id = ?1 AND m.sidechain = 0 "
		"AND " BP_RULE_MODEL_CALL;
	struct bp_statement *row = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_statement_new(sql, CONTEXTS, &row, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(row, 1, conversation);
	while ((rc = bp_statement_step(row, err)) == BP_OK) {
		if (out->n_contexts == cap) {
			cap = cap ? 2 * cap : 64;
			out->contexts = bp_realloc(out->contexts, cap, sizeof(out->contexts[0]));
		}
		out->contexts[out->n_contexts++] = (struct bp_habit_context){
			.ts_us = bp_column_int(row, 0), .tokens = bp_column_int(row, 1)};
	}
	bp_statement_free(row);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_habit_session_read(struct bp_sql *sql, int64_t conversation, int64_t as_of_us,
				 struct bp_habit_session *out, struct bp_err *err)
{
	const struct bp_period period = {.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST};
	const struct bp_filter filter = {.one_session = true, .conversation = conversation};
	const struct bp_scope scope = {.period = &period, .filter = &filter, .as_of_us = as_of_us};

	*out = (struct bp_habit_session){0};
	enum bp_rc rc = bp_tool_steps_read(sql, &scope, &out->steps, err);
	if (rc == BP_OK) {
		rc = bp_subagents_read(sql, &scope, &out->subagents, err);
	}
	out->agents = bp_calloc(out->subagents.n + 1, sizeof(out->agents[0]));
	for (size_t i = 0; i < out->subagents.n; i++) {
		const struct bp_subagent *agent = &out->subagents.items[i];
		out->agents[i] = (struct bp_habit_agent){
			.agent = bp_tool_step_agent(bp_str_from(agent->agent_id)),
			.type = bp_str_from(agent->type),
			.started_us = agent->started_us,
			.ended_us = agent->ended_us,
			.end = agent->told};
	}
	return rc == BP_OK ? read_contexts(sql, conversation, out, err) : rc;
}

void bp_habit_session_done(struct bp_habit_session *session)
{
	bp_tool_steps_done(&session->steps);
	bp_subagents_done(&session->subagents);
	free(session->agents);
	free(session->contexts);
	*session = (struct bp_habit_session){0};
}

struct bp_habit_source bp_habit_session_source(const struct bp_habit_session *session)
{
	return (struct bp_habit_source){.steps = &session->steps,
					.agents = session->agents,
					.n_agents = session->subagents.n,
					.contexts = session->contexts,
					.n_contexts = session->n_contexts};
}

/* --- quarters that are cut --- */

static void add_cut(struct reading *reading, int64_t from_us, int64_t until_us)
{
	if (from_us < until_us) {
		reading->cuts[reading->n_cuts++] =
			(struct cut){from_us, until_us, until_us <= reading->pending_before_us};
	}
}

/* The quarter that the moment lies inside of, as far as it is of the period. */
static void cut_at(struct reading *reading, int64_t moment_us)
{
	const struct bp_period *period = reading->scope->period;
	struct bp_stretch quarter = bp_rollup_span_of(NULL, BP_ROLLUP_QUARTER, moment_us);
	int64_t from_us = quarter.from_us > period->from_us ? quarter.from_us : period->from_us;
	int64_t until_us =
		quarter.until_us < period->until_us ? quarter.until_us : period->until_us;
	int64_t over_us = reading->pending_before_us;

	for (size_t i = 0; i < reading->n_cuts; i++) {
		if (reading->cuts[i].from_us == from_us) {
			return; /* two moments in one quarter */
		}
	}
	if (moment_us == quarter.from_us || moment_us == BP_TIME_FIRST ||
	    moment_us == BP_TIME_LAST) {
		return;
	}
	over_us = over_us < from_us ? from_us : over_us > until_us ? until_us : over_us;
	add_cut(reading, from_us, over_us);
	add_cut(reading, over_us, until_us);
}

/* What one session adds to the parts of quarters, each part settled in its own way. */
struct parts {
	const struct reading *reading;
	struct bp_habits habits[CUTS_MAX];
};

static struct bp_habits *of_moment(void *arg, int64_t ts_us)
{
	struct parts *parts = arg;

	for (size_t i = 0; i < parts->reading->n_cuts; i++) {
		const struct cut *cut = &parts->reading->cuts[i];
		if (ts_us >= cut->from_us && ts_us < cut->until_us) {
			return &parts->habits[i];
		}
	}
	return NULL;
}

static struct bp_habit_view view_of(const struct reading *reading, int64_t ts_us, bool over)
{
	struct bp_habit_view view = bp_habit_view_at(reading->scope->period->tz, ts_us);

	view.settle = over ? BP_HABITS_OVER : BP_HABITS_PENDING;
	return view;
}

static enum bp_rc take_session(struct parts *parts, int64_t conversation, struct bp_err *err)
{
	struct bp_habit_session session;
	/* Nothing is over here: each part is settled by itself. */
	enum bp_rc rc = bp_habit_session_read(parts->reading->sql, conversation, BP_TIME_FIRST,
					      &session, err);

	if (rc == BP_OK) {
		struct bp_habit_source source = bp_habit_session_source(&session);
		bp_habits_of(&source, of_moment, parts);
	}
	bp_habit_session_done(&session);
	return rc;
}

/* Sessions that have something in a part of a quarter. */
static enum bp_rc find_sessions(const struct reading *reading, int64_t **out, size_t *out_n,
				struct bp_err *err)
{
	static const char SESSIONS[] =
		"SELECT conversation_id FROM tool_calls WHERE ts_us >= ?1 AND ts_us < ?2 UNION "
		"SELECT conversation_id FROM model_calls WHERE ts_us >= ?1 AND ts_us < ?2 UNION "
		"SELECT conversation_id FROM subagents WHERE started_us >= ?1 AND started_us < ?2 "
		"UNION "
		"SELECT conversation_id FROM subagents WHERE ended_us >= ?1 AND ended_us < ?2";
	struct bp_statement *row = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_statement_new(reading->sql, SESSIONS, &row, err);

	for (size_t i = 0; i < reading->n_cuts && rc == BP_OK; i++) {
		bp_bind_int(row, 1, reading->cuts[i].from_us);
		bp_bind_int(row, 2, reading->cuts[i].until_us);
		while ((rc = bp_statement_step(row, err)) == BP_OK) {
			int64_t id = bp_column_int(row, 0);
			size_t k = 0;
			while (k < *out_n && (*out)[k] != id) {
				k++;
			}
			if (*out_n == cap) {
				cap = cap ? 2 * cap : 16;
				*out = bp_realloc(*out, cap, sizeof(**out));
			}
			(*out)[*out_n] = id;
			*out_n += k == *out_n && id != BP_SQL_NULL;
		}
		bp_statement_reset(row);
		rc = rc == BP_ENOTFOUND ? BP_OK : rc;
	}
	bp_statement_free(row);
	return rc;
}

static enum bp_rc read_cuts(struct reading *reading, struct bp_err *err)
{
	struct parts parts = {.reading = reading};
	struct bp_scope_set set;
	int64_t *sessions = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_scope_set_read(reading->sql, reading->scope->filter, &set, err);

	if (rc == BP_OK) {
		rc = find_sessions(reading, &sessions, &n, err);
	}
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		if (bp_scope_set_has(&set, sessions[i])) {
			rc = take_session(&parts, sessions[i], err);
		}
	}
	for (size_t i = 0; i < reading->n_cuts; i++) {
		const struct cut *cut = &reading->cuts[i];
		struct bp_habit_view view = view_of(reading, cut->from_us, cut->over);
		bp_habits_merge(reading->out, &parts.habits[i], &view);
		bp_habits_done(&parts.habits[i]);
	}
	free(sessions);
	bp_scope_set_done(&set);
	return rc;
}

/* --- a period --- */

static enum bp_rc take_bucket(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct reading *reading = arg;
	struct bp_habit_view view = view_of(reading, bucket->bucket_us, bucket->pending_is_over);

	return bp_bucket_add_habits(reading->out, bucket, &view, err);
}

enum bp_rc bp_habits_read(struct bp_sql *sql, const struct bp_scope *scope, struct bp_habits *out,
			  struct bp_err *err)
{
	struct reading reading = {.sql = sql,
				  .scope = scope,
				  .pending_before_us = scope->as_of_us - BP_PENDING_US,
				  .out = out};
	struct bp_filter filter = *scope->filter;
	const struct bp_rollups_question question = {.period = scope->period,
						     .filter = &filter,
						     .pending_before_us = reading.pending_before_us,
						     .largest = BP_ROLLUP_MONTH,
						     .habits = true};
	const struct bp_bucket_sink sink = {.bucket = take_bucket, .arg = &reading};

	filter.model = NULL; /* habits are of sessions */
	filter.tool = NULL;
	cut_at(&reading, scope->period->from_us);
	cut_at(&reading, scope->period->until_us);
	if (reading.pending_before_us > scope->period->from_us &&
	    reading.pending_before_us < scope->period->until_us) {
		cut_at(&reading, reading.pending_before_us);
	}
	enum bp_rc rc = bp_rollups_read(sql, &question, &sink, err);
	return rc == BP_OK ? read_cuts(&reading, err) : rc;
}

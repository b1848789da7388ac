/* SPDX-License-Identifier: MIT */
#include "query/insights_numbers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/rules.h"
#include "query/totals.h"

enum { CLASSES_MAX = 16 };

static void add_side(struct bp_insight_side *side, const struct bp_bucket_sums *sums)
{
	side->edits_ok += sums->edits_ok;
	side->edits_rejected += sums->edits_rejected;
	side->cache_read += sums->cache_read;
	side->prompt_tokens +=
		sums->input + sums->cache_write_5m + sums->cache_write_1h + sums->cache_read;
	side->cost_pusd += sums->cost_pusd;
}

/* --- hours and days --- */

static void add_day(struct bp_insight_numbers *out, size_t *cap, int64_t start_us)
{
	if (out->n_days == *cap) {
		*cap = *cap ? 2 * *cap : 64;
		out->day_pusd = bp_realloc(out->day_pusd, *cap, sizeof(int64_t));
		out->day_start_us = bp_realloc(out->day_start_us, *cap, sizeof(int64_t));
	}
	out->day_pusd[out->n_days] = 0;
	out->day_start_us[out->n_days++] = start_us;
}

/* A day without cost is a day too. */
static void make_days(struct bp_insight_numbers *out, int64_t first_us, int64_t last_us)
{
	const struct bp_tz *tz = out->period.tz;
	size_t cap = 0;

	for (int64_t day = bp_tz_day_start(tz, first_us); day <= last_us;) {
		add_day(out, &cap, day);
		/* 36 hours on is the next day, whatever the clocks do. */
		day = bp_tz_day_start(tz, day + INT64_C(36) * 3600 * 1000000);
	}
}

static void take_hours(struct bp_insight_numbers *out, const struct bp_groups *groups)
{
	size_t day = 0;

	if (groups->n > 0) {
		make_days(out, groups->items[0]->start_us, groups->items[groups->n - 1]->start_us);
	}
	for (size_t i = 0; i < groups->n; i++) {
		const struct bp_group *group = groups->items[i];
		const struct bp_bucket_sums *sums = &group->totals.sums;
		int hour = bp_tz_civil(out->period.tz, group->start_us).hour;
		add_side(&out->now, sums);
		out->hours[hour].ok += sums->edits_ok;
		out->hours[hour].rejected += sums->edits_rejected;
		while (day + 1 < out->n_days && out->day_start_us[day + 1] <= group->start_us) {
			day++;
		}
		out->day_pusd[day] += sums->cost_pusd;
	}
}

/* --- tools --- */

static int by_errors(const void *a, const void *b)
{
	const struct bp_insight_tool *x = a, *y = b;
	int order = (x->errors < y->errors) - (x->errors > y->errors);

	return order ? order : strcmp(x->tool, y->tool);
}

static void take_tools(struct bp_insight_numbers *out, const struct bp_groups *groups)
{
	struct bp_insight_tool *all = bp_calloc(groups->n + 1, sizeof(*all));

	for (size_t i = 0; i < groups->n; i++) {
		const struct bp_bucket_sums *sums = &groups->items[i]->totals.sums;
		all[i] = (struct bp_insight_tool){
			.tool = bp_arena_str(&out->text, bp_str_from(groups->items[i]->key)).ptr,
			.executed = sums->tools_ok + sums->tools_error + sums->tools_interrupted,
			.errors = sums->tools_error,
			.class = ""};
	}
	qsort(all, groups->n, sizeof(*all), by_errors);
	out->n_tools = groups->n < BP_INSIGHT_TOOLS_MAX ? groups->n : BP_INSIGHT_TOOLS_MAX;
	memcpy(out->tools, all, out->n_tools * sizeof(*all));
	free(all);
}

/* --- reading --- */

static enum bp_rc collect(struct bp_sql *sql, const struct bp_scope *scope,
			  const struct bp_period *period, enum bp_group_by by,
			  struct bp_groups *groups, struct bp_err *err)
{
	struct bp_totals_question question = {
		.period = period, .filter = scope->filter, .by = by, .as_of_us = scope->as_of_us};

	return bp_totals_collect(sql, &question, groups, err);
}

static enum bp_rc read_totals(struct bp_sql *sql, const struct bp_scope *scope,
			      struct bp_insight_numbers *out, struct bp_err *err)
{
	struct bp_groups hours = {0}, tools = {0}, before = {0};
	enum bp_rc rc = collect(sql, scope, &out->period, BP_GROUP_HOUR, &hours, err);

	if (rc == BP_OK) {
		take_hours(out, &hours);
		rc = collect(sql, scope, &out->period, BP_GROUP_TOOL, &tools, err);
	}
	if (rc == BP_OK) {
		take_tools(out, &tools);
	}
	if (rc == BP_OK && out->has_before) {
		rc = collect(sql, scope, &out->before, BP_GROUP_NONE, &before, err);
	}
	if (rc == BP_OK && out->has_before) {
		add_side(&out->then, &before.items[0]->totals.sums);
	}
	bp_groups_done(&hours);
	bp_groups_done(&tools);
	bp_groups_done(&before);
	return rc;
}

static void note_agent(struct bp_insight_numbers *out, const char *session)
{
	for (size_t i = 0; i < out->n_agent_ids; i++) {
		if (strcmp(out->agent_ids[i], session) == 0) {
			return;
		}
	}
	if (out->n_agent_ids < BP_INSIGHT_IDS_MAX) {
		out->agent_ids[out->n_agent_ids++] =
			bp_arena_str(&out->text, bp_str_from(session)).ptr;
	}
}

static enum bp_rc read_agents(struct bp_sql *sql, const struct bp_scope *scope,
			      struct bp_insight_numbers *out, struct bp_err *err)
{
	struct bp_subagents agents;
	enum bp_rc rc = bp_subagents_ends_read(sql, scope, &agents, err);

	out->agents_unfinished = agents.all.ends[BP_SUBAGENT_UNFINISHED];
	out->agents_interrupted = agents.all.ends[BP_SUBAGENT_INTERRUPTED];
	out->agents = agents.all.ends[BP_SUBAGENT_OK] + agents.all.ends[BP_SUBAGENT_FAILED] +
		      out->agents_unfinished + out->agents_interrupted;
	for (size_t i = agents.n; i > 0; i--) { /* the newest first */
		enum bp_subagent_end end = agents.items[i - 1].end;
		if (end == BP_SUBAGENT_UNFINISHED || end == BP_SUBAGENT_INTERRUPTED) {
			note_agent(out, agents.items[i - 1].session);
		}
	}
	bp_subagents_done(&agents);
	return rc;
}

/* Why the tools that fail most fail: the newest errors tell, and are found quickly. */
static enum bp_rc read_class(struct bp_sql *sql, const struct bp_scope *scope,
			     struct bp_scope_set *set, struct bp_arena *text,
			     struct bp_insight_tool *tool, struct bp_err *err)
{
#define CLASSES(where)                                                                             \
	"SELECT x.conversation_id, x.error_class FROM tool_calls AS x WHERE x.ts_us >= ?1 AND "    \
	"x.ts_us < ?2" where " AND x.tool = ?4 AND x.outcome = 'error' ORDER BY x.ts_us DESC"
	static const char IN_TIME[] = CLASSES("");
	static const char IN_SESSION[] = CLASSES(" AND x.conversation_id = ?3");
	struct {
		const char *name;
		int64_t n;
	} classes[CLASSES_MAX] = {0};
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_scope_statement(sql, scope, IN_TIME, IN_SESSION, &statement, err);

	if (rc == BP_OK) {
		bp_bind_text(statement, 4, bp_str_from(tool->tool));
	}
	while (rc == BP_OK && tool->looked_at < BP_INSIGHT_ERRORS_LOOKED_AT) {
		rc = bp_statement_step(statement, err);
		if (rc != BP_OK || !bp_scope_set_has(set, bp_column_int(statement, 0))) {
			continue;
		}
		struct bp_str name = bp_column_text(statement, 1);
		size_t i = 0;
		while (i + 1 < CLASSES_MAX && classes[i].name &&
		       !bp_str_is(name, classes[i].name)) {
			i++;
		}
		if (!classes[i].name) {
			classes[i].name = name.len ? bp_arena_str(text, name).ptr : "";
		}
		classes[i].n++;
		tool->looked_at++;
		if (*classes[i].name && classes[i].n > tool->class_errors) {
			tool->class = classes[i].name;
			tool->class_errors = classes[i].n;
		}
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc read_classes(struct bp_sql *sql, const struct bp_scope *scope,
			       struct bp_insight_numbers *out, struct bp_err *err)
{
	struct bp_scope_set set;
	enum bp_rc rc = bp_scope_set_read(sql, scope->filter, &set, err);

	for (size_t i = 0; i < out->n_tools && i < BP_INSIGHT_FAILING_MAX && rc == BP_OK; i++) {
		if (out->tools[i].errors > 0) {
			rc = read_class(sql, scope, &set, &out->text, &out->tools[i], err);
		}
	}
	bp_scope_set_done(&set);
	return rc;
}

enum bp_rc bp_insight_numbers_read(struct bp_sql *sql, const struct bp_scope *scope,
				   const char *home, struct bp_insight_numbers *out,
				   struct bp_err *err)
{
	*out = (struct bp_insight_numbers){.period = *scope->period, .as_of_us = scope->as_of_us};
	out->has_before =
		!scope->filter->one_session && bp_period_before(scope->period, &out->before);
	enum bp_rc rc = read_totals(sql, scope, out, err);

	if (rc == BP_OK) {
		rc = bp_insight_sessions_read(sql, scope, out, err);
	}
	if (rc == BP_OK) {
		rc = read_classes(sql, scope, out, err);
	}
	if (rc == BP_OK) {
		rc = read_agents(sql, scope, out, err);
	}
	if (rc == BP_OK && home) {
		rc = bp_limits_read(sql, home, scope->as_of_us, &out->limits, err);
	}
	return rc;
}

void bp_insight_numbers_done(struct bp_insight_numbers *numbers)
{
	free(numbers->day_pusd);
	free(numbers->day_start_us);
	bp_arena_done(&numbers->text);
	*numbers = (struct bp_insight_numbers){0};
}

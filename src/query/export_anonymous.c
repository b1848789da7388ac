/* SPDX-License-Identifier: MIT */
/*
 * Totals that name nobody: of each day of each platform one row of sessions, one a model family, one
 * a tool and extension. The first two are answers of totals.h and costs.h, so they agree with what
 * the commands say. Held are the rows of one day.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/anonymous.h"
#include "query/costs.h"
#include "query/export_days.h"
#include "query/rules.h"

struct anonymous {
	struct bp_export export;
	struct bp_export_days days;
	struct bp_statement *calls;
	struct bp_anonymous_row *rows; /* of the present day */
	size_t n, cap, at;
	struct bp_buf text; /* what a value points into */
};

static struct bp_anonymous_row *add_row(struct anonymous *anonymous, const struct bp_group *day,
					enum bp_anonymous_kind kind)
{
	const struct bp_export_question *question = anonymous->export.question;
	const char *platform = anonymous->days.platforms.filter.platform;

	if (anonymous->n == anonymous->cap) {
		anonymous->cap = anonymous->cap ? 2 * anonymous->cap : 64;
		anonymous->rows =
			bp_realloc(anonymous->rows, anonymous->cap, sizeof(anonymous->rows[0]));
	}
	struct bp_anonymous_row *row = &anonymous->rows[anonymous->n++];
	*row = (struct bp_anonymous_row){.kind = kind,
					 .platform = bp_anonymous_platform(bp_str_from(platform))};
	memcpy(row->source, question->source, strnlen(question->source, sizeof(row->source) - 1));
	memcpy(row->date, day->key, strnlen(day->key, sizeof(row->date) - 1));
	return row;
}

static void forget_rows(struct anonymous *anonymous)
{
	for (size_t i = 0; i < anonymous->n; i++) {
		bp_sketch_done(&anonymous->rows[i].sketch);
	}
	anonymous->n = anonymous->at = 0;
}

/* --- the day --- */

static void add_day(struct anonymous *anonymous, const struct bp_group *day)
{
	struct bp_anonymous_row *row = add_row(anonymous, day, BP_ANONYMOUS_DAY);
	const struct bp_totals *totals = &day->totals;

	row->sums.sessions = totals->sessions;
	row->sums.prompts = totals->sums.prompts;
	row->sums.subagents = totals->sums.subagents;
	row->sums.compactions = totals->sums.compactions;
	row->sums.api_errors = totals->sums.api_errors;
	row->sums.active_s = llround((double)totals->sums.active_us / 1e6);
	bp_sketch_merge(&row->sketch, &totals->response);
}

/* --- model families --- */

static struct bp_anonymous_row *family_row(struct anonymous *anonymous, const struct bp_group *day,
					   const char *family)
{
	for (size_t i = 0; i < anonymous->n; i++) {
		if (anonymous->rows[i].family == family) {
			return &anonymous->rows[i];
		}
	}
	struct bp_anonymous_row *row = add_row(anonymous, day, BP_ANONYMOUS_MODEL);
	row->family = family;
	return row;
}

static enum bp_rc add_models(struct anonymous *anonymous, const struct bp_group *day,
			     const struct bp_period *period, struct bp_err *err)
{
	struct bp_costs costs = {0};
	const struct bp_costs_question question = {
		.period = period,
		.filter = &anonymous->days.platforms.filter,
		.by = BP_COSTS_MODEL,
		.compat_ccusage = anonymous->export.question->compat_ccusage};
	enum bp_rc rc = bp_costs_collect(anonymous->export.sql, &question, &costs, err);

	for (size_t i = 0; rc == BP_OK && i < costs.n; i++) {
		const struct bp_cost *cost = &costs.rows[i].cost;
		const char *family = bp_anonymous_family(bp_str_from(costs.rows[i].key));
		struct bp_anonymous_sums *sums = &family_row(anonymous, day, family)->sums;

		sums->model_calls += cost->model_calls;
		sums->unpriced_calls += cost->unpriced_calls;
		sums->cost_usd += cost->cost_pusd;
		sums->tokens_input += cost->tokens.input;
		sums->tokens_output += cost->tokens.output;
		sums->tokens_cache_write_5m += cost->tokens.cache_write_5m;
		sums->tokens_cache_write_1h += cost->tokens.cache_write_1h;
		sums->tokens_cache_read += cost->tokens.cache_read;
		sums->tokens_reasoning += cost->tokens.reasoning;
	}
	bp_costs_done(&costs);
	return rc;
}

/* --- tools --- */

enum { TOOL, MCP, OUTCOME, LATENCY, IS_EDIT, EXTENSION, ADDED, REMOVED };

/* ?1 from, ?2 until, ?3 platform, ?4 pending before. A latency is that of a call that ran. */
static const char CALLS[] =
	"SELECT x.tool, x.mcp, CASE WHEN x.outcome = 'pending' AND x.ts_us < ?4 THEN 'interrupted' "
	"ELSE x.outcome END, CASE WHEN " BP_RULE_EXECUTED " THEN x.latency_us END, " BP_RULE_EDIT
	", e.extension, CASE WHEN " BP_RULE_ACCEPTED " THEN e.lines_added ELSE 0 END, "
	"CASE WHEN " BP_RULE_ACCEPTED " THEN e.lines_removed ELSE 0 END "
	"FROM tool_calls AS x LEFT JOIN conversations AS c ON c.id = x.conversation_id "
	"LEFT JOIN code_changes AS e ON e.id = x.id "
	"WHERE x.ts_us >= ?1 AND x.ts_us < ?2 AND c.platform = ?3";

static struct bp_anonymous_row *tool_row(struct anonymous *anonymous, const struct bp_group *day,
					 const char *tool, const char *extension)
{
	for (size_t i = 0; i < anonymous->n; i++) {
		struct bp_anonymous_row *row = &anonymous->rows[i];
		if (row->tool == tool && row->extension == extension) {
			return row;
		}
	}
	struct bp_anonymous_row *row = add_row(anonymous, day, BP_ANONYMOUS_TOOL);
	row->tool = tool;
	row->extension = extension;
	return row;
}

static void add_call(struct bp_anonymous_row *into, struct bp_statement *call)
{
	struct bp_anonymous_sums *sums = &into->sums;
	struct bp_str outcome = bp_column_text(call, OUTCOME);
	const struct {
		const char *name;
		int64_t *sum;
	} outcomes[] = {{"ok", &sums->tool_calls_ok},
			{"error", &sums->tool_calls_error},
			{"denied", &sums->tool_calls_denied},
			{"rejected", &sums->tool_calls_rejected},
			{"interrupted", &sums->tool_calls_interrupted},
			{"pending", &sums->tool_calls_pending}};
	bool edit = bp_column_int(call, IS_EDIT) == 1;

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		*outcomes[i].sum += bp_str_is(outcome, outcomes[i].name);
	}
	sums->edits_accepted += edit && bp_str_is(outcome, "ok");
	sums->edits_rejected += edit && bp_str_is(outcome, "rejected");
	if (!bp_column_is_null(call, ADDED)) {
		sums->lines_added += bp_column_int(call, ADDED);
	}
	if (!bp_column_is_null(call, REMOVED)) {
		sums->lines_removed += bp_column_int(call, REMOVED);
	}
	if (!bp_column_is_null(call, LATENCY)) {
		bp_sketch_add(&into->sketch, bp_column_int(call, LATENCY));
	}
}

static enum bp_rc add_tools(struct anonymous *anonymous, const struct bp_group *day,
			    const struct bp_period *period, struct bp_err *err)
{
	struct bp_statement *call = anonymous->calls;
	enum bp_rc rc;

	bp_bind_int(call, 1, period->from_us);
	bp_bind_int(call, 2, period->until_us);
	bp_bind_text(call, 3, bp_str_from(anonymous->days.platforms.filter.platform));
	bp_bind_int(call, 4, anonymous->export.question->as_of_us - BP_PENDING_US);
	while ((rc = bp_statement_step(call, err)) == BP_OK) {
		struct bp_str extension = bp_column_text(call, EXTENSION);
		const char *tool = bp_column_int(call, MCP) == 1
					   ? bp_anonymous_tool(BP_STR("mcp"))
					   : bp_anonymous_tool(bp_column_text(call, TOOL));
		add_call(tool_row(anonymous, day, tool,
				  extension.ptr ? bp_anonymous_extension(extension) : NULL),
			 call);
	}
	bp_statement_reset(call);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* --- the cursor --- */

/* Kind, family, tool, extension: the order of reading tells nothing then. */
static int compare(const void *a, const void *b)
{
	const struct bp_anonymous_row *x = a, *y = b;
	const char *const keys[][2] = {
		{x->family, y->family}, {x->tool, y->tool}, {x->extension, y->extension}};
	int order = (x->kind > y->kind) - (x->kind < y->kind);

	for (size_t i = 0; order == 0 && i < sizeof(keys) / sizeof(keys[0]); i++) {
		order = strcmp(keys[i][0] ? keys[i][0] : "", keys[i][1] ? keys[i][1] : "");
	}
	return order;
}

static enum bp_rc next_day(struct anonymous *anonymous, struct bp_err *err)
{
	const struct bp_group *day = NULL;

	forget_rows(anonymous);
	enum bp_rc rc = bp_export_days_next(&anonymous->days, anonymous->export.sql, &day, err);
	if (rc != BP_OK) {
		return rc;
	}
	struct bp_period period = bp_export_day(anonymous->export.question->period, day->start_us);
	add_day(anonymous, day);
	rc = add_models(anonymous, day, &period, err);
	if (rc == BP_OK) {
		rc = add_tools(anonymous, day, &period, err);
	}
	qsort(anonymous->rows, anonymous->n, sizeof(anonymous->rows[0]), compare);
	return rc;
}

static enum bp_rc next(struct bp_export *export, struct bp_err *err)
{
	struct anonymous *anonymous = (struct anonymous *)export;

	while (anonymous->at == anonymous->n) {
		enum bp_rc rc = next_day(anonymous, err);
		if (rc != BP_OK) {
			return rc;
		}
	}
	bp_anonymous_values(&anonymous->rows[anonymous->at++], export->values, &anonymous->text);
	return BP_OK;
}

static enum bp_rc open_anonymous(const struct bp_export_question *question, struct bp_sql *sql,
				 struct bp_export **out, struct bp_err *err)
{
	struct anonymous *anonymous = bp_calloc(1, sizeof(*anonymous));

	anonymous->export.columns = bp_anonymous_columns;
	anonymous->export.n_columns = BP_ANONYMOUS_COLUMN_COUNT;
	bp_buf_init(&anonymous->text, 2 * BP_SKETCH_BYTES_MAX + 1);
	*out = &anonymous->export;
	enum bp_rc rc = bp_export_days_init(&anonymous->days, question, sql, err);
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, CALLS, &anonymous->calls, err);
	}
	return rc;
}

static void done(struct bp_export *export)
{
	struct anonymous *anonymous = (struct anonymous *)export;

	forget_rows(anonymous);
	free(anonymous->rows);
	bp_statement_free(anonymous->calls);
	bp_export_days_done(&anonymous->days);
	bp_buf_done(&anonymous->text);
	free(anonymous);
}

const struct bp_export_dataset bp_export_anonymous = {.name = "anonymous",
						      .filters = BP_EXPORT_BY_PLATFORM,
						      .open = open_anonymous,
						      .next = next,
						      .close = done};

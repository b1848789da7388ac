/* SPDX-License-Identifier: MIT */
#include "query/insights_numbers.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/rollups.h"
#include "query/rules.h"

static void add_side(struct bp_insight_side *side, const struct bp_bucket_sums *sums)
{
	side->edits_ok += sums->edits_ok;
	side->edits_rejected += sums->edits_rejected;
	side->cache_read += sums->cache_read;
	side->prompt_tokens +=
		sums->input + sums->cache_write_5m + sums->cache_write_1h + sums->cache_read;
	side->cost_pusd += sums->cost_pusd;
}

/* --- days and tools: one pass over days --- */

/* Of sums, the classes of errors. */
static const struct {
	const char *name;
	size_t offset;
} CLASSES[] = {
#define CLASS(name)                                                                                \
	{                                                                                          \
#name, offsetof(struct bp_bucket_sums, errors_##name)                              \
	}
	CLASS(precondition), CLASS(not_found), CLASS(timeout), CLASS(permission),
	CLASS(syntax),       CLASS(exit_code), CLASS(network), CLASS(edit_mismatch),
	CLASS(api),          CLASS(other),
#undef CLASS
};

/* What is being read. */
struct reading {
	struct bp_insight_numbers *out;
	struct tool {
		const char *name;
		struct bp_bucket_sums sums;
	} * tools;
	size_t n_tools, cap_tools;
	struct day {
		int64_t start_us, pusd;
	} * days; /* those with something; a day can stand there more than once */
	size_t n_days, cap_days;
	int64_t next_day_us; /* the last day's end, or earlier: asked again then */
};

static struct tool *tool_of(struct reading *reading, struct bp_str name)
{
	for (size_t i = 0; i < reading->n_tools; i++) {
		if (bp_str_is(name, reading->tools[i].name)) {
			return &reading->tools[i];
		}
	}
	if (reading->n_tools == reading->cap_tools) {
		reading->cap_tools = reading->cap_tools ? 2 * reading->cap_tools : 32;
		reading->tools =
			bp_realloc(reading->tools, reading->cap_tools, sizeof(reading->tools[0]));
	}
	struct tool *tool = &reading->tools[reading->n_tools++];
	*tool = (struct tool){.name = bp_arena_str(&reading->out->text, name).ptr};
	return tool;
}

static struct day *day_of(struct reading *reading, int64_t ts_us)
{
	struct day *last = reading->n_days ? &reading->days[reading->n_days - 1] : NULL;

	if (last && ts_us >= last->start_us && ts_us < reading->next_day_us) {
		return last;
	}
	int64_t start_us = bp_tz_day_start(reading->out->period.tz, ts_us);
	/* 36 hours on is in the next day, whatever the clocks do. */
	reading->next_day_us =
		bp_tz_day_start(reading->out->period.tz, start_us + INT64_C(36) * 3600 * 1000000);
	if (last && last->start_us == start_us) {
		return last;
	}
	if (reading->n_days == reading->cap_days) {
		reading->cap_days = reading->cap_days ? 2 * reading->cap_days : 64;
		reading->days =
			bp_realloc(reading->days, reading->cap_days, sizeof(reading->days[0]));
	}
	reading->days[reading->n_days] = (struct day){.start_us = start_us};
	return &reading->days[reading->n_days++];
}

static enum bp_rc take_bucket(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct reading *reading = arg;

	(void)err; /* cannot fail */
	add_side(&reading->out->now, &bucket->sums);
	day_of(reading, bucket->bucket_us)->pusd += bucket->sums.cost_pusd;
	if (bucket->tool.len > 0) {
		bp_bucket_sums_add(&tool_of(reading, bucket->tool)->sums, &bucket->sums);
	}
	return BP_OK;
}

static int by_day(const void *a, const void *b)
{
	const struct day *x = a, *y = b;

	return (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

static void end_days(struct reading *reading)
{
	struct bp_insight_numbers *out = reading->out;

	out->day_pusd = bp_calloc(reading->n_days + 1, sizeof(int64_t));
	out->day_start_us = bp_calloc(reading->n_days + 1, sizeof(int64_t));
	if (reading->n_days > 0) {
		qsort(reading->days, reading->n_days, sizeof(reading->days[0]), by_day);
	}
	for (size_t i = 0; i < reading->n_days; i++) {
		if (i == 0 || reading->days[i].start_us != out->day_start_us[out->n_days - 1]) {
			out->day_start_us[out->n_days++] = reading->days[i].start_us;
		}
		out->day_pusd[out->n_days - 1] += reading->days[i].pusd;
	}
}

static int by_errors(const void *a, const void *b)
{
	const struct bp_insight_tool *x = a, *y = b;
	int order = (x->errors < y->errors) - (x->errors > y->errors);

	return order ? order : strcmp(x->tool, y->tool);
}

static struct bp_insight_tool end_tool(const struct tool *from)
{
	struct bp_insight_tool tool = {.tool = from->name,
				       .executed = from->sums.tools_ok + from->sums.tools_error +
						   from->sums.tools_interrupted,
				       .errors = from->sums.tools_error,
				       .class = ""};

	for (size_t i = 0; i < sizeof(CLASSES) / sizeof(CLASSES[0]); i++) {
		int64_t n;
		memcpy(&n, (const char *)&from->sums + CLASSES[i].offset, sizeof(n));
		if (n > tool.class_errors) {
			tool.class_errors = n;
			tool.class = CLASSES[i].name;
		}
	}
	return tool;
}

static void end_tools(struct reading *reading)
{
	struct bp_insight_numbers *out = reading->out;
	struct bp_insight_tool *all = bp_calloc(reading->n_tools + 1, sizeof(*all));

	for (size_t i = 0; i < reading->n_tools; i++) {
		all[i] = end_tool(&reading->tools[i]);
	}
	qsort(all, reading->n_tools, sizeof(*all), by_errors);
	out->n_tools =
		reading->n_tools < BP_INSIGHT_TOOLS_MAX ? reading->n_tools : BP_INSIGHT_TOOLS_MAX;
	memcpy(out->tools, all, out->n_tools * sizeof(*all));
	free(all);
}

static enum bp_rc read_days(struct bp_sql *sql, const struct bp_scope *scope,
			    struct bp_insight_numbers *out, struct bp_err *err)
{
	struct reading reading = {.out = out};
	const struct bp_rollups_question question = {.period = &out->period,
						     .filter = scope->filter,
						     .pending_before_us =
							     scope->as_of_us - BP_PENDING_US,
						     .largest = BP_ROLLUP_DAY};
	const struct bp_bucket_sink sink = {.bucket = take_bucket, .arg = &reading};
	enum bp_rc rc = bp_rollups_read(sql, &question, &sink, err);

	end_days(&reading);
	end_tools(&reading);
	free(reading.days);
	free(reading.tools);
	return rc;
}

/* --- the period before --- */

static enum bp_rc take_before(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct bp_insight_numbers *out = arg;

	(void)err;
	add_side(&out->then, &bucket->sums);
	return BP_OK;
}

static enum bp_rc read_before(struct bp_sql *sql, const struct bp_scope *scope,
			      struct bp_insight_numbers *out, struct bp_err *err)
{
	const struct bp_rollups_question question = {.period = &out->before,
						     .filter = scope->filter,
						     .pending_before_us =
							     scope->as_of_us - BP_PENDING_US,
						     .largest = BP_ROLLUP_MONTH};
	const struct bp_bucket_sink sink = {.bucket = take_before, .arg = out};

	return bp_rollups_read(sql, &question, &sink, err);
}

/* --- hours of the day --- */

static enum bp_rc take_hour(const struct bp_bucket *bucket, void *arg, struct bp_err *err)
{
	struct bp_insight_numbers *out = arg;

	(void)err;
	if (bucket->sums.edits_ok > 0 || bucket->sums.edits_rejected > 0) {
		int hour = bp_tz_civil(out->period.tz, bucket->bucket_us).hour;
		out->hours[hour].ok += bucket->sums.edits_ok;
		out->hours[hour].rejected += bucket->sums.edits_rejected;
	}
	return BP_OK;
}

/* Quarters of an hour are many: where nothing was rejected, no hour is better than another. */
static enum bp_rc read_hours(struct bp_sql *sql, const struct bp_scope *scope,
			     struct bp_insight_numbers *out, struct bp_err *err)
{
	const struct bp_rollups_question question = {.period = &out->period,
						     .filter = scope->filter,
						     .pending_before_us =
							     scope->as_of_us - BP_PENDING_US,
						     .largest = BP_ROLLUP_QUARTER};
	const struct bp_bucket_sink sink = {.bucket = take_hour, .arg = out};

	return out->now.edits_rejected > 0 ? bp_rollups_read(sql, &question, &sink, err) : BP_OK;
}

/* --- sub-agents --- */

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
	enum bp_rc rc =
		bp_subagents_newest_read(sql, scope, BP_INSIGHT_AGENTS_LOOKED_AT, &agents, err);

	out->agents_unfinished = agents.ends[BP_SUBAGENT_UNFINISHED];
	out->agents_interrupted = agents.ends[BP_SUBAGENT_INTERRUPTED];
	out->agents = agents.ends[BP_SUBAGENT_OK] + agents.ends[BP_SUBAGENT_FAILED] +
		      out->agents_unfinished + out->agents_interrupted;
	for (size_t i = 0; i < agents.n; i++) { /* the newest first */
		enum bp_subagent_end end = agents.items[i].end;
		if (end == BP_SUBAGENT_UNFINISHED || end == BP_SUBAGENT_INTERRUPTED) {
			note_agent(out, agents.items[i].session);
		}
	}
	bp_subagents_done(&agents);
	return rc;
}

enum bp_rc bp_insight_numbers_read(struct bp_sql *sql, const struct bp_scope *scope,
				   const char *home, struct bp_insight_numbers *out,
				   struct bp_err *err)
{
	*out = (struct bp_insight_numbers){.period = *scope->period, .as_of_us = scope->as_of_us};
	out->has_before =
		!scope->filter->one_session && bp_period_before(scope->period, &out->before);
	enum bp_rc rc = read_days(sql, scope, out, err);

	if (rc == BP_OK && out->has_before) {
		rc = read_before(sql, scope, out, err);
	}
	if (rc == BP_OK) {
		rc = read_hours(sql, scope, out, err);
	}
	if (rc == BP_OK) {
		rc = bp_insight_sessions_read(sql, scope, out, err);
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

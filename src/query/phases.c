/* SPDX-License-Identifier: MIT */
#include "query/phases.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/period.h"

static const char *const NAMES[BP_PHASES] = {"explore", "edit", "verify", "other"};

const char *bp_phase_name(enum bp_phase phase)
{
	return NAMES[phase];
}

static bool is_one_of(const char *text, const char *const *list)
{
	while (*list && strcmp(*list, text) != 0) {
		list++;
	}
	return *list != NULL;
}

enum bp_phase bp_phase_of(const struct bp_tool_steps *steps, const struct bp_tool_step *step)
{
	static const char *const exploring[] = {
		"Read",       "Glob", "Grep", "LS",   "NotebookRead", "WebFetch", "WebSearch",
		"ToolSearch", "read", "glob", "grep", "list",         "webfetch", NULL};
	static const char *const kinds_exploring[] = {"read", "search", NULL};
	static const char *const kinds_verifying[] = {"test", "build", NULL};

	if (step->edit) {
		return BP_PHASE_EDIT;
	}
	if (is_one_of(steps->names[step->tool], exploring) ||
	    is_one_of(steps->names[step->cmd_kind], kinds_exploring)) {
		return BP_PHASE_EXPLORE;
	}
	return is_one_of(steps->names[step->cmd_kind], kinds_verifying) ? BP_PHASE_VERIFY
									: BP_PHASE_OTHER;
}

static int64_t end_of(const struct bp_tool_step *step)
{
	return step->latency_us == BP_SQL_NULL ? step->ts_us : step->ts_us + step->latency_us;
}

/* A plan or a commit between two edits does not end editing. */
static void add_span(struct bp_phase_spans *spans, enum bp_phase phase,
		     const struct bp_tool_step *step)
{
	struct bp_phase_span *last = spans->n > 0 ? &spans->items[spans->n - 1] : NULL;

	if (step->agent != 0 || phase == BP_PHASE_OTHER) {
		return;
	}
	last = last && last->conversation == step->conversation ? last : NULL;
	if (last && last->phase == phase) {
		last->calls++;
		last->until_us = end_of(step) > last->until_us ? end_of(step) : last->until_us;
		return;
	}
	spans->items[spans->n++] = (struct bp_phase_span){
		.phase = phase,
		.conversation = step->conversation,
		.from_us = step->ts_us,
		.until_us = end_of(step),
		.calls = 1,
		.verifies = phase == BP_PHASE_VERIFY && last && last->phase == BP_PHASE_EDIT};
}

struct bp_phase_spans bp_phase_spans_of(const struct bp_tool_steps *steps)
{
	struct bp_phase_spans spans = {
		.items = bp_calloc(steps->n + 1, sizeof(struct bp_phase_span))};

	for (size_t i = 0; i < steps->n; i++) {
		add_span(&spans, bp_phase_of(steps, &steps->items[i]), &steps->items[i]);
	}
	return spans;
}

void bp_phase_spans_done(struct bp_phase_spans *spans)
{
	free(spans->items);
	*spans = (struct bp_phase_spans){0};
}

struct bp_phases bp_phases_of(const struct bp_habits *habits)
{
	struct bp_phases phases = {0};

	for (size_t i = 0; i < BP_PHASES; i++) {
		const struct bp_habit *habit =
			bp_habits_find(habits, BP_HABIT_PHASE, bp_str_from(NAMES[i]));
		if (habit) {
			phases.calls[i] = habit->values[BP_PHASE_CALLS];
			phases.latency_us[i] = habit->values[BP_PHASE_LATENCY_US];
			phases.edits_verified += habit->values[BP_PHASE_VERIFIED];
			phases.edits_spans +=
				i == BP_PHASE_EDIT ? habit->values[BP_PHASE_SPANS] : 0;
		}
	}
	return phases;
}

struct cJSON *bp_phases_json(const struct bp_phases *phases)
{
	cJSON *json = cJSON_CreateObject();
	int64_t all = 0;

	for (size_t i = 0; i < BP_PHASES; i++) {
		all += phases->calls[i];
	}
	for (size_t i = 0; i < BP_PHASES; i++) {
		cJSON *item = cJSON_AddObjectToObject(json, NAMES[i]);
		(void)cJSON_AddNumberToObject(item, "calls", (double)phases->calls[i]);
		(void)cJSON_AddItemToObject(
			item, "share",
			all ? cJSON_CreateNumber((double)phases->calls[i] / (double)all)
			    : cJSON_CreateNull());
		(void)cJSON_AddNumberToObject(item, "time_s", (double)phases->latency_us[i] / 1e6);
	}
	(void)cJSON_AddItemToObject(json, "verified_rate",
				    phases->edits_spans
					    ? cJSON_CreateNumber((double)phases->edits_verified /
								 (double)phases->edits_spans)
					    : cJSON_CreateNull());
	return json;
}

struct cJSON *bp_phase_spans_json(const struct bp_phase_spans *spans)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < spans->n; i++) {
		const struct bp_phase_span *span = &spans->items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "phase", NAMES[span->phase]);
		(void)cJSON_AddItemToObject(item, "started_at", bp_time_json(span->from_us));
		(void)cJSON_AddItemToObject(item, "ended_at", bp_time_json(span->until_us));
		(void)cJSON_AddNumberToObject(item, "calls", (double)span->calls);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

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
static void add_span(struct bp_phases *phases, enum bp_phase phase, const struct bp_tool_step *step)
{
	struct bp_phase_span *last = phases->n > 0 ? &phases->spans[phases->n - 1] : NULL;

	if (step->agent != 0 || phase == BP_PHASE_OTHER) {
		return;
	}
	if (last && last->phase == phase && last->conversation == step->conversation) {
		last->calls++;
		last->until_us = end_of(step) > last->until_us ? end_of(step) : last->until_us;
		return;
	}
	if (phase == BP_PHASE_VERIFY && last && last->phase == BP_PHASE_EDIT &&
	    last->conversation == step->conversation) {
		phases->edits_verified++;
	}
	phases->edits_spans += phase == BP_PHASE_EDIT;
	phases->spans[phases->n++] = (struct bp_phase_span){.phase = phase,
							    .conversation = step->conversation,
							    .from_us = step->ts_us,
							    .until_us = end_of(step),
							    .calls = 1};
}

struct bp_phases bp_phases_of(const struct bp_tool_steps *steps)
{
	struct bp_phases phases = {.spans = bp_calloc(steps->n + 1, sizeof(struct bp_phase_span))};

	for (size_t i = 0; i < steps->n; i++) {
		const struct bp_tool_step *step = &steps->items[i];
		enum bp_phase phase = bp_phase_of(steps, step);
		phases.calls[phase]++;
		if (step->latency_us != BP_SQL_NULL && bp_outcome_executed(step->outcome)) {
			phases.latency_us[phase] += step->latency_us;
		}
		add_span(&phases, phase, step);
	}
	return phases;
}

void bp_phases_done(struct bp_phases *phases)
{
	free(phases->spans);
	*phases = (struct bp_phases){0};
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

struct cJSON *bp_phase_spans_json(const struct bp_phases *phases)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < phases->n; i++) {
		const struct bp_phase_span *span = &phases->spans[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "phase", NAMES[span->phase]);
		(void)cJSON_AddItemToObject(item, "started_at", bp_time_json(span->from_us));
		(void)cJSON_AddItemToObject(item, "ended_at", bp_time_json(span->until_us));
		(void)cJSON_AddNumberToObject(item, "calls", (double)span->calls);
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

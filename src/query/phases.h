/* SPDX-License-Identifier: MIT */
/**
 * phases.h - what work was: looking around, changing, checking.
 *
 * Source:  metrics.md 2, workflow. A phase is decided by the tool, and for a shell command by what
 *          kind of command it was (event/projection: cmd_kind).
 * Threads: pure functions.
 */
#ifndef BP_QUERY_PHASES_H
#define BP_QUERY_PHASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query/habits.h"
#include "query/tool_steps.h"

struct cJSON;

enum bp_phase {
	BP_PHASE_EXPLORE, /* reads and searches */
	BP_PHASE_EDIT,    /* tools that edit files */
	BP_PHASE_VERIFY,  /* shell: tests, builds */
	BP_PHASE_OTHER,   /* plans, sub-agents, other commands */
	BP_PHASES
};

/** "explore", "edit", "verify", "other". */
const char *bp_phase_name(enum bp_phase phase);
enum bp_phase bp_phase_of(const struct bp_tool_steps *steps, const struct bp_tool_step *step);

/** Steps of the main line in a row that are of one phase. */
struct bp_phase_span {
	enum bp_phase phase;
	int64_t conversation;
	int64_t from_us, until_us; /* first call, last call's end */
	int64_t calls;
	bool verifies; /* checks, right behind edits */
};

/** Session by session, in order; without OTHER, which joins. */
struct bp_phase_spans {
	struct bp_phase_span *items;
	size_t n;
};

/** Owns: bp_phase_spans_done(). */
struct bp_phase_spans bp_phase_spans_of(const struct bp_tool_steps *steps);
void bp_phase_spans_done(struct bp_phase_spans *spans);

struct bp_phases {
	int64_t calls[BP_PHASES];
	int64_t latency_us[BP_PHASES]; /* of calls whose time is known */
	int64_t edits_verified;        /* spans of edits that a span of checks followed */
	int64_t edits_spans;
};

struct bp_phases bp_phases_of(const struct bp_habits *habits);

/** {"explore":{"calls","share","time_s"},...,"verified_rate"}. Owns: the caller. */
struct cJSON *bp_phases_json(const struct bp_phases *phases);

/** [{"phase","started_at","ended_at","calls"}]. Owns: the caller. */
struct cJSON *bp_phase_spans_json(const struct bp_phase_spans *spans);

#endif

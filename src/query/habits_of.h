/* SPDX-License-Identifier: MIT */
/**
 * habits_of.h - the counts of habits.h from a session's calls: their one definition.
 *
 * Place:   steps, sub-agents -> [habits_of] -> habits, by moment. The finaliser counts each quarter
 *          of an hour of a session, `analyze` a whole one.
 * Threads: pure functions.
 */
#ifndef BP_QUERY_HABITS_OF_H
#define BP_QUERY_HABITS_OF_H

#include <stddef.h>
#include <stdint.h>

#include "query/habits.h"
#include "query/tool_steps.h"

/** How a sub-agent ended, as far as its facts tell without a clock. */
enum bp_habit_end {
	BP_HABIT_END_OK,
	BP_HABIT_END_FAILED,
	BP_HABIT_END_INTERRUPTED,
	BP_HABIT_END_OPEN_INTERRUPTED, /* still running; interrupted once it is heard of no more */
	BP_HABIT_END_OPEN_UNFINISHED,
	BP_HABIT_END_OPEN_UNKNOWN
};

/** What habits need to know of a sub-agent. */
struct bp_habit_agent {
	uint64_t agent;               /* bp_tool_step.agent of its calls */
	struct bp_str type;           /* "" not known */
	int64_t started_us, ended_us; /* first and last event */
	enum bp_habit_end end;
};

/** What a response of the main line was given. */
struct bp_habit_context {
	int64_t ts_us, tokens;
};

/** One session. Everything is borrowed. */
struct bp_habit_source {
	const struct bp_tool_steps *steps; /* in their order; outcomes may be pending */
	const struct bp_habit_agent *agents;
	size_t n_agents;
	const struct bp_habit_context *contexts;
	size_t n_contexts;
};

/** Where the counts of a moment go; NULL: they are not wanted. */
typedef struct bp_habits *(*bp_habits_of_moment)(void *arg, int64_t ts_us);

/** Count a session's habits, each into the set of its moment. */
void bp_habits_of(const struct bp_habit_source *source, bp_habits_of_moment where, void *arg);

/** From the outcome of the call that started the agent ("" none, or it was in the background) and
 *  why its last response ended ("" not known). */
enum bp_habit_end bp_habit_end_of(struct bp_str outcome, struct bp_str stop_reason);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * tool_steps.h - tool calls as steps: session after session, agent after agent, turn after turn.
 *
 * Why:     sequences, phases, patterns, error classes and latencies by hour are all made of the
 *          same calls; there are more of them than of anything else, so they are read once.
 * Order:   (conversation, agent, time, id); the main line of a session is its agent 0. A turn's
 *          steps of one agent stand together.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_TOOL_STEPS_H
#define BP_QUERY_TOOL_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/scope.h"

/** As tool_calls.outcome, in the order of metrics.md 1. */
enum bp_outcome {
	BP_OUTCOME_OK,
	BP_OUTCOME_ERROR,
	BP_OUTCOME_REJECTED,
	BP_OUTCOME_DENIED,
	BP_OUTCOME_INTERRUPTED,
	BP_OUTCOME_PENDING,
	BP_OUTCOMES
};

/** "ok", "error", ... */
const char *bp_outcome_name(enum bp_outcome outcome);

/** The outcome of that name; one that is pending since before pending_before_us is interrupted. */
enum bp_outcome bp_outcome_of(struct bp_str name, int64_t ts_us, int64_t pending_before_us);

/** It ran: its time is a latency. */
bool bp_outcome_executed(enum bp_outcome outcome);

/** What is longer is cut where names become keys. */
enum { BP_TOOL_NAME_BYTES_MAX = 256 };

struct bp_tool_step {
	int64_t id; /* tool_calls.id */
	int64_t conversation;
	int64_t turn; /* BP_SQL_NULL: before the first prompt */
	int64_t ts_us;
	int64_t latency_us;             /* BP_SQL_NULL: not known */
	uint64_t agent;                 /* 0: the main line; else a hash of the agent's id */
	uint16_t tool;                  /* in names */
	uint16_t error_class, cmd_kind; /* in names; 0 is "" */
	uint8_t outcome;                /* enum bp_outcome */
	bool edit;                      /* a tool that edits files; then, as far as it was told: */
	bool created;                   /* the file */
	uint16_t extension;             /* in names */
	int64_t lines_added, lines_removed;
};

/** The names of a step; absent is "". */
struct bp_tool_step_names {
	struct bp_str tool, error_class, cmd_kind, extension;
};

struct bp_tool_steps {
	struct bp_tool_step *items;
	size_t n, cap;
	char **names; /* the first is "" */
	size_t n_names, cap_names;
};

/** Owns: the caller, bp_tool_steps_done(), also after an error. Errors: those of bp_statement_step();
 *  BP_ELIMIT more names than there can be. */
BP_MUSTUSE enum bp_rc bp_tool_steps_read(struct bp_sql *sql, const struct bp_scope *scope,
					 struct bp_tool_steps *out, struct bp_err *err);
void bp_tool_steps_done(struct bp_tool_steps *steps);

/** Add a step whose names are told as texts; its place is told by bp_tool_steps_sort(). Errors:
 *  BP_ELIMIT more names than there can be. */
BP_MUSTUSE enum bp_rc bp_tool_steps_add(struct bp_tool_steps *steps,
					const struct bp_tool_step *step,
					const struct bp_tool_step_names *names, struct bp_err *err);

/** Put steps in their order. */
void bp_tool_steps_sort(struct bp_tool_steps *steps);

/** An agent's place in bp_tool_step.agent, from its id; 0 for none. */
uint64_t bp_tool_step_agent(struct bp_str agent_id);

/** How many steps from i on are of the same session, agent and turn (at least 1). */
size_t bp_tool_steps_in_turn(const struct bp_tool_steps *steps, size_t i);

#endif

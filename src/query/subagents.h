/* SPDX-License-Identifier: MIT */
/**
 * subagents.h - what sub-agents did: each one, and by type.
 *
 * Success: the call that started an agent tells (a background call returns at once and tells
 *          nothing); without it the agent's last response does: one that ends its turn finished. An
 *          agent heard of within 30 min that did not finish is running, later it is unfinished.
 * Types:   an agent belongs to the moment of its last event, a call of a tool or model to its own;
 *          so sums of two periods are those of both.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_SUBAGENTS_H
#define BP_QUERY_SUBAGENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "query/habits_of.h"
#include "query/scope.h"
#include "query/totals.h"

struct cJSON;

enum bp_subagent_end {
	BP_SUBAGENT_OK,
	BP_SUBAGENT_FAILED,      /* its call: error, rejected, denied */
	BP_SUBAGENT_INTERRUPTED, /* its call was */
	BP_SUBAGENT_UNFINISHED,  /* it stopped in the middle */
	BP_SUBAGENT_RUNNING,
	BP_SUBAGENT_UNKNOWN, /* nothing tells */
	BP_SUBAGENT_ENDS
};

/** "ok", "failed", "interrupted", "unfinished", "running", "unknown". */
const char *bp_subagent_end_name(enum bp_subagent_end end);

struct bp_subagent {
	int64_t conversation;
	const char *session;         /* its session's id */
	const char *agent_id, *type; /* type "" when not known */
	int64_t started_us, ended_us;
	enum bp_habit_end told;
	enum bp_subagent_end end;
	int64_t tool_calls, tokens_total;
	int64_t cost_pusd, model_calls, unpriced_calls;
};

/** Agents of one type. */
struct bp_subagent_type {
	const char *type; /* "" when not known */
	int64_t agents;
	int64_t ends[BP_SUBAGENT_ENDS];
	int64_t duration_us; /* of all */
	int64_t tool_calls, tokens_total;
	int64_t cost_pusd, model_calls, unpriced_calls;
	int64_t peak; /* most of a session at work at one moment */
};

/** Agents that started in the scope, by start. */
struct bp_subagents {
	struct bp_subagent *items;
	size_t n;
	int64_t ends[BP_SUBAGENT_ENDS]; /* how many ended so */
	struct bp_arena text;
};

/** The outcome of the call that started the sub-agent s, and why its last response ended, in SQL.
 *  The call stands near the start: the session's other calls need not be looked at. */
#define BP_SUBAGENT_CALL                                                                           \
	"(SELECT x.outcome FROM tool_calls AS x WHERE x.conversation_id = s.conversation_id AND "  \
	"x.ts_us >= s.started_us - 120000000 AND x.ts_us <= s.started_us + 10000000 AND "          \
	"x.spawned_agent_id = s.agent_id AND x.background = 0 ORDER BY x.ts_us DESC LIMIT 1)"
#define BP_SUBAGENT_STOP                                                                           \
	"(SELECT m.stop_reason FROM model_calls AS m WHERE m.conversation_id = "                   \
	"s.conversation_id AND m.ts_us >= s.started_us AND m.ts_us <= s.ended_us AND m.agent_id "  \
	"= s.agent_id ORDER BY m.ts_us DESC LIMIT 1)"

/** Owns: bp_subagents_done(), also after an error. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_subagents_read(struct bp_sql *sql, const struct bp_scope *scope,
					struct bp_subagents *out, struct bp_err *err);

/** The newest max of a period (of a session: the first), without tools, tokens and money: only how
 *  each ended; in no order that means anything. Owns, Errors: the same. */
BP_MUSTUSE enum bp_rc bp_subagents_newest_read(struct bp_sql *sql, const struct bp_scope *scope,
					       size_t max, struct bp_subagents *out,
					       struct bp_err *err);
void bp_subagents_done(struct bp_subagents *agents);

/** By number. */
struct bp_subagent_types {
	struct bp_subagent_type *items;
	size_t n;
	struct bp_subagent_type all;
};

/** Sub-agents of a period by type: what they did from the habits (borrowed), what they used from
 *  the totals. Owns: bp_subagent_types_done(). */
struct bp_subagent_types bp_subagent_types_of(const struct bp_habits *habits,
					      const struct bp_totals *totals);
void bp_subagent_types_done(struct bp_subagent_types *types);

/** ok / (ok + failed + interrupted + unfinished); NAN when nothing is known. */
double bp_subagent_success(const int64_t ends[BP_SUBAGENT_ENDS]);

/** [{"type","agents","success_rate","duration_s","peak_parallel",...}]. Owns: the caller. */
struct cJSON *bp_subagent_types_json(const struct bp_subagent_types *types);

/** [{"agent_id","type","started_at","ended_at","duration_s","outcome",...}]. Owns: the caller. */
struct cJSON *bp_subagents_json(const struct bp_subagents *agents);

#endif

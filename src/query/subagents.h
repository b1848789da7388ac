/* SPDX-License-Identifier: MIT */
/**
 * subagents.h - what sub-agents did: each one, and by type.
 *
 * Success: the call that started an agent tells (a background call returns at once and tells
 *          nothing); without it the agent's last response does: one that ends its turn finished. An
 *          agent heard of within 30 min that did not finish is running, later it is unfinished.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_SUBAGENTS_H
#define BP_QUERY_SUBAGENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "query/scope.h"

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
	int64_t peak; /* most at work at one moment */
};

/** Agents that started in the scope, by start; types by number. */
struct bp_subagents {
	struct bp_subagent *items;
	size_t n;
	struct bp_subagent_type *types;
	size_t n_types;
	struct bp_subagent_type all;
	struct bp_arena text;
};

/** Owns: bp_subagents_done(), also after an error. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_subagents_read(struct bp_sql *sql, const struct bp_scope *scope,
					struct bp_subagents *out, struct bp_err *err);

/** The newest max of a period (of a session: the first), without tools, tokens and money: only how
 *  each ended; in no order that means anything. Owns, Errors: the same. */
BP_MUSTUSE enum bp_rc bp_subagents_newest_read(struct bp_sql *sql, const struct bp_scope *scope,
					       size_t max, struct bp_subagents *out,
					       struct bp_err *err);
void bp_subagents_done(struct bp_subagents *agents);

/** ok / (ok + failed + interrupted + unfinished); NAN when nothing is known. */
double bp_subagent_success(const struct bp_subagent_type *type);

/** [{"type","agents","success_rate","duration_s","peak_parallel",...}]. Owns: the caller. */
struct cJSON *bp_subagent_types_json(const struct bp_subagents *agents);

/** [{"agent_id","type","started_at","ended_at","duration_s","outcome",...}]. Owns: the caller. */
struct cJSON *bp_subagents_json(const struct bp_subagents *agents);

#endif

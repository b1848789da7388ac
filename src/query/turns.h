/* SPDX-License-Identifier: MIT */
/**
 * turns.h - the turns of a session: what was asked, how long it took, what it used.
 *
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_TURNS_H
#define BP_QUERY_TURNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "query/tool_steps.h"

struct cJSON;

/** A prompt of a person and what came of it. Times are BP_SQL_NULL when not known. */
struct bp_turn_row {
	int64_t id;     /* conversation_turns.id */
	int64_t number; /* 1..; BP_SQL_NULL: not numbered yet */
	int64_t ts_us;
	int64_t words;
	int64_t latency_us;    /* to the first answer */
	int64_t first_tool_us; /* to the first tool call */
	int64_t complete_us;   /* to the last answer */
	int64_t think_us;      /* from the last result before */
	const char *model;     /* of the first answer; "" when not known */
	int64_t tool_calls, errors, edits_ok, edits_rejected; /* sub-agents' too */
};

struct bp_turns {
	struct bp_turn_row *items; /* by time */
	size_t n;
	struct bp_arena text;
};

/** The turns of a session, their tools counted from its steps. Owns: bp_turns_done(), also after an
 *  error. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_turns_read(struct bp_sql *sql, int64_t conversation,
				    const struct bp_tool_steps *steps, struct bp_turns *out,
				    struct bp_err *err);
void bp_turns_done(struct bp_turns *turns);

/** [{"number","at","model","words","latency_ms",...}]. Owns: the caller. */
struct cJSON *bp_turns_json(const struct bp_turns *turns);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * context.h - how full the context was: compactions, what lay between them, tokens in use.
 *
 * Source:  metrics.md 2, context. The context of a response is what it was given: input + cache
 *          read + cache writes of a call of the main line. Operations of a compaction are the tool
 *          calls of the main line since the one before (or since the session's start).
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_CONTEXT_H
#define BP_QUERY_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "query/habits.h"
#include "query/scope.h"
#include "query/totals.h"

struct cJSON;

struct bp_compaction {
	int64_t conversation;
	int64_t ts_us;
	const char *trigger;             /* manual auto; "" when not known */
	int64_t pre_tokens, post_tokens; /* BP_SQL_NULL when not told */
	int64_t gap_us; /* since the one before in its session; BP_SQL_NULL: first */
	int64_t operations;
};

struct bp_context {
	struct bp_compaction *items; /* by session and time */
	size_t n;
	struct bp_arena text;
	int64_t min_gap_us; /* BP_SQL_NULL: no session compacted twice */
	int64_t operations; /* of all compactions */
	/* Of bp_context_use(): */
	int64_t responses; /* of the main line */
	double used_avg;   /* tokens; NAN: no response */
	int64_t used_peak; /* also before a compaction, where it was told */
};

/** Compactions. Owns: bp_context_done(), also after an error. Errors: those of
 *  bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_context_read(struct bp_sql *sql, const struct bp_scope *scope,
				      struct bp_context *out, struct bp_err *err);
void bp_context_done(struct bp_context *context);

/** Add how much was in use, from the same scope's totals and habits. */
void bp_context_use(struct bp_context *context, const struct bp_totals *totals,
		    const struct bp_habits *habits);

/** {"compactions","min_gap_s","operations_per_compaction","used_avg","used_peak"}. Owns: the
 *  caller. */
struct cJSON *bp_context_json(const struct bp_context *context);

/** [{"at","trigger","pre_tokens","post_tokens","gap_s","operations"}]. Owns: the caller. */
struct cJSON *bp_compactions_json(const struct bp_context *context);

#endif

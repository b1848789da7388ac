/* SPDX-License-Identifier: MIT */
/**
 * analyze_parts.h - what analyze says of a session beside its sums: turns, habits, files, agents,
 * context.
 *
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_ANALYZE_PARTS_H
#define BP_QUERY_ANALYZE_PARTS_H

#include <stdint.h>

#include "base/err.h"
#include "query/context.h"
#include "query/distributions.h"
#include "query/habits_read.h"
#include "query/phases.h"
#include "query/sequences.h"
#include "query/subagents.h"
#include "query/turns.h"
#include "store/sqlite.h"

struct cJSON;

struct bp_analysis_parts {
	struct bp_habit_session session;
	struct bp_habits habits; /* of it; what the next ones borrow from */
	struct bp_turns turns;
	struct bp_sequences sequences;
	struct bp_phases phases;
	struct bp_phase_spans spans;
	struct bp_shares errors;
	struct bp_file_types files;
	struct bp_context context;
};

/** Read them inside the caller's moment; totals: of the session. Owns: bp_analysis_parts_done(), also after an error.
 *  Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_analysis_parts_read(struct bp_sql *sql, int64_t conversation,
					     int64_t as_of_us, const struct bp_totals *totals,
					     struct bp_analysis_parts *out, struct bp_err *err);
void bp_analysis_parts_done(struct bp_analysis_parts *parts);

/** Add "files", "subagents", "turns", "sequences", "phases", "phase_spans",
 *  "error_classes", "context", "compaction_list" to the analysis. */
void bp_analysis_parts_add(struct cJSON *json, const struct bp_analysis_parts *parts);

#endif

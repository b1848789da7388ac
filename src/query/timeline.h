/* SPDX-License-Identifier: MIT */
/**
 * timeline.h - what happened in a session, in order.
 */
#ifndef BP_QUERY_TIMELINE_H
#define BP_QUERY_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/sqlite.h"

struct cJSON;

/** One entry; texts are NULL, numbers BP_SQL_NULL when they mean nothing here. */
struct bp_timeline_entry {
	int64_t ts_us;
	const char *kind; /* prompt model_call tool api_error compaction subagent start end */
	const char *name; /* of the tool, model, error class, trigger, agent type, reason */
	const char *outcome;
	int64_t duration_us;
	int64_t amount; /* words of a prompt, tokens of a model call */
	int64_t lines_added, lines_removed;
	const char *agent_id;
};

struct bp_timeline {
	struct bp_timeline_entry *items;
	size_t n;
	struct bp_arena text;
};

/** Read a session's timeline inside the caller's moment; calls pending since before
 *  pending_before_us are interrupted. Owns: the caller, bp_timeline_done(), also after an error.
 *  Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_timeline_read(struct bp_sql *sql, int64_t conversation,
				       int64_t pending_before_us, struct bp_timeline *out,
				       struct bp_err *err);
void bp_timeline_done(struct bp_timeline *timeline);

/** An array of objects; what means nothing in an entry is left out. Owns: the caller. */
struct cJSON *bp_timeline_json(const struct bp_timeline *timeline);

#endif

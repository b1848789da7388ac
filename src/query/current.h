/* SPDX-License-Identifier: MIT */
/**
 * current.h - the present: what runs now, today's sums, the last hour by minute, what just happened.
 *
 * Why:     `top` shows it, HTTP's metrics/current will; both from one moment of the database.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_CURRENT_H
#define BP_QUERY_CURRENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/tz.h"
#include "query/sessions.h"
#include "query/totals.h"
#include "store/sqlite.h"

struct cJSON;

enum { BP_CURRENT_MINUTES = 60, BP_CURRENT_EVENTS = 64 };

/** One minute of the last hour. */
struct bp_current_minute {
	int64_t prompts, model_calls, tool_calls, tokens;
	int64_t cost_pusd;
	int64_t latency_us, latencies; /* of executed tool calls: sum and count */
};

/** What just happened: a prompt, a model call or a tool call. */
struct bp_current_event {
	int64_t id, ts_us;
	const char *kind;    /* prompt model_call tool */
	const char *name;    /* of the model or tool; NULL */
	const char *outcome; /* NULL for a prompt */
	const char *project; /* name, else hash; NULL */
	int64_t amount;      /* words of a prompt, tokens of a model call; else BP_SQL_NULL */
	int64_t duration_us; /* of a tool call, BP_SQL_NULL when not known */
};

struct bp_current {
	int64_t as_of_us;
	struct bp_groups today;                               /* one group: since midnight */
	struct bp_groups tools;                               /* the same by tool */
	struct bp_sessions sessions;                          /* active ones, heard of last first */
	struct bp_current_minute minutes[BP_CURRENT_MINUTES]; /* oldest first; the last is now's */
	struct bp_current_event events[BP_CURRENT_EVENTS];    /* newest first */
	size_t n_events;
	struct bp_arena text; /* the strings of events */
};

struct bp_current_question {
	const struct bp_tz *tz;
	int64_t now_us;
	bool compat_ccusage; /* costs.compat */
};

/** Owns: the caller, bp_current_done(), also after an error.
 *  Errors: those of bp_totals_read() and bp_sessions_read(). */
BP_MUSTUSE enum bp_rc bp_current_read(struct bp_sql *sql,
				      const struct bp_current_question *question,
				      struct bp_current *out, struct bp_err *err);
void bp_current_done(struct bp_current *current);

/** The documented object (docs/schema/top.json). Owns: the caller. */
struct cJSON *bp_current_json(const struct bp_current *current);

#endif

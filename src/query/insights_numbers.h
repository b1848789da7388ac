/* SPDX-License-Identifier: MIT */
/**
 * insights_numbers.h - the numbers that rules look at, read once.
 *
 * Why:     a rule is a function of these, so it is tested without a database; reading is bounded,
 *          so it is quick on any history: sums come from rollups, and only a few sessions (those
 *          with the most edits, calls or tokens) are looked at call by call.
 * Place:   facts, rollups -> [numbers] -> insights_rules.c -> insights.c.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_INSIGHTS_NUMBERS_H
#define BP_QUERY_INSIGHTS_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "query/limits.h"
#include "query/scope.h"
#include "query/subagents.h"

enum {
	BP_INSIGHT_TOOLS_MAX = 64,
	BP_INSIGHT_MODELS_MAX = 32,
	BP_INSIGHT_IDS_MAX = 5,
	BP_INSIGHT_FAILING_MAX = 3,        /* tools that are told of */
	BP_INSIGHT_SESSIONS_LOOKED_AT = 2, /* call by call */
	BP_INSIGHT_TURNS_LOOKED_AT = 1000, /* the newest */
	BP_INSIGHT_AGENTS_LOOKED_AT = 100  /* the newest */
};

/** Sums of a period. */
struct bp_insight_side {
	int64_t edits_ok, edits_rejected;
	int64_t cache_read, prompt_tokens; /* prompt: input + cache writes + cache read */
	int64_t cost_pusd;
};

struct bp_insight_tool {
	const char *tool;
	int64_t executed, errors;
	const char *class; /* of most of its errors; "" when not known */
	int64_t class_errors;
};

/** Sessions that used one model only. */
struct bp_insight_model {
	const char *model;
	int64_t sessions, lines, cost_pusd; /* lines added by accepted edits */
};

/** A file that a session came back to. */
struct bp_insight_file {
	const char *session; /* its id; NULL: there is none */
	const char *extension;
	int64_t times;
};

struct bp_insight_numbers {
	struct bp_period period, before;
	bool has_before;
	int64_t as_of_us;
	struct bp_insight_side now, then; /* then: of the period before */

	int64_t *day_pusd; /* cost of the days on which something happened, oldest first */
	int64_t *day_start_us;
	size_t n_days;
	struct {
		int64_t ok, rejected; /* edits */
	} hours[24];                  /* read only where edits were rejected */
	struct bp_insight_tool tools[BP_INSIGHT_TOOLS_MAX];
	size_t n_tools;

	int64_t sessions;                               /* with a tool call */
	int64_t compacting;                             /* compacted twice or more */
	int64_t compactions;                            /* of all */
	const char *compacting_ids[BP_INSIGHT_IDS_MAX]; /* most often first */
	size_t n_compacting_ids;
	struct bp_insight_model models[BP_INSIGHT_MODELS_MAX];
	size_t n_models;

	struct bp_insight_file edited, read; /* most often in one session */

	int64_t long_answers, short_answers;   /* that a prompt followed */
	int64_t think_long_us, think_short_us; /* medians of what it took to follow */

	/* What broke the cache; looked for only where it is hit less than before. */
	int64_t breaks_model, breaks_compaction, breaks_hour, breaks_5min, breaks_other;
	int64_t breaks_tokens; /* that had to be read anew */

	int64_t agents; /* of which it is known how they ended */
	int64_t agents_unfinished, agents_interrupted;
	const char *agent_ids[BP_INSIGHT_IDS_MAX]; /* sessions of such */
	size_t n_agent_ids;

	struct bp_limits limits;
	struct bp_arena text;
};

/** An answer that took this long or longer is a long one. */
#define BP_INSIGHT_LONG_ANSWER_US INT64_C(120000000)

/** Read inside the caller's moment. home: NULL without limits. Owns: bp_insight_numbers_done(),
 *  also after an error. Errors: those of bp_totals_collect(). */
BP_MUSTUSE enum bp_rc bp_insight_numbers_read(struct bp_sql *sql, const struct bp_scope *scope,
					      const char *home, struct bp_insight_numbers *out,
					      struct bp_err *err);
void bp_insight_numbers_done(struct bp_insight_numbers *numbers);

/** What sessions tell: insights_sessions.c. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_insight_sessions_read(struct bp_sql *sql, const struct bp_scope *scope,
					       struct bp_insight_numbers *out, struct bp_err *err);

#endif

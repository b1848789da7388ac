/* SPDX-License-Identifier: MIT */
/**
 * stats.h - usage of a period: totals, models, tools, files, habits, hours, sub-agents.
 *
 * Why:     everything that `stats` shows is read in one moment; no call is looked at, sums and habits
 *          of days and months are.
 * Source:  seed 001 (usage statistics, model distribution), metrics.md 2.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_STATS_H
#define BP_QUERY_STATS_H

#include <stdbool.h>

#include "base/err.h"
#include "query/context.h"
#include "query/distributions.h"
#include "query/learning.h"
#include "query/phases.h"
#include "query/scope.h"
#include "query/sequences.h"
#include "query/subagents.h"
#include "query/totals.h"

struct cJSON;

/** A period of this many days or more has two weeks to compare: "learning". */
enum { BP_STATS_LEARNING_DAYS = 14 };

struct bp_stats {
	struct bp_period period;
	struct bp_groups all, by_model, by_tool; /* all: one group */
	struct bp_habits habits;                 /* what the next ones borrow from */
	struct bp_file_types files;
	struct bp_sequences sequences;
	struct bp_patterns patterns;
	struct bp_phases phases;
	struct bp_hours hours;
	struct bp_shares errors, sources, gaps;
	struct bp_subagent_types agents;
	struct bp_context context;
	bool has_learning;
	struct bp_learning learning;
};

/** Owns: bp_stats_done(), also after an error. Errors: those of bp_totals_read(). */
BP_MUSTUSE enum bp_rc bp_stats_read(struct bp_sql *sql, const struct bp_scope *scope,
				    struct bp_stats *out, struct bp_err *err);
void bp_stats_done(struct bp_stats *stats);

/** The share of a model in all model calls, 0..1; 0 without calls. */
double bp_stats_share(const struct bp_stats *stats, const struct bp_group *model);

/** Dollars of some calls; NAN when calls were made and none has a price. */
double bp_stats_cost_usd(const struct bp_bucket_sums *sums);

/** The documented object (docs/schema/stats.json). Owns: the caller. */
struct cJSON *bp_stats_json(const struct bp_stats *stats);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * budget.h - what was spent against what the user wanted to spend.
 *
 * Rule:    from 80 % on it is a warning, from 100 % on it is over.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_BUDGET_H
#define BP_QUERY_BUDGET_H

#include <stdint.h>

#include "base/err.h"
#include "base/tz.h"
#include "query/options.h"
#include "query/projection.h"
#include "store/sqlite.h"

struct cJSON;

enum bp_budget_state { BP_BUDGET_NONE, BP_BUDGET_FINE, BP_BUDGET_NEAR, BP_BUDGET_OVER };

struct bp_budget {
	int64_t limit_pusd; /* 0: none */
	int64_t spent_pusd;
};

/** The budgets of everybody's day and month, of everything whatever a filter says. */
struct bp_budgets {
	struct bp_budget daily, monthly;
};

enum bp_budget_state bp_budget_state(const struct bp_budget *budget);

/** "fine", "near", "over"; NULL for none. */
const char *bp_budget_state_name(enum bp_budget_state state);

/** From what was read for a projection of everything. */
struct bp_budgets bp_budgets_of(const struct bp_query_config *config,
				const struct bp_projection *projection);

/** Read them in a moment of their own; nothing is read when there is no budget.
 *  Errors: as bp_costs_read(). */
BP_MUSTUSE enum bp_rc bp_budgets_read(struct bp_sql *sql, const struct bp_query_config *config,
				      const struct bp_tz *tz, int64_t now_us,
				      struct bp_budgets *out, struct bp_err *err);

/** {"daily":{"limit_usd","spent_usd","share","state"}|null,"monthly":...}. Owns: the caller. */
struct cJSON *bp_budgets_json(const struct bp_budgets *budgets);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * costs.h - what cmd_costs.c and costs_*.c share: the question, all that was read, showing it.
 *
 * Place:   private to cmd_costs.c and costs_*.c.
 */
#ifndef BP_CLI_COSTS_H
#define BP_CLI_COSTS_H

#include <stdbool.h>

#include "cli/cmd.h"
#include "query/blocks.h"
#include "query/budget.h"
#include "query/costs.h"
#include "query/limits.h"
#include "query/options.h"
#include "query/projection.h"

struct bp_costs_request {
	struct bp_sql *sql;
	struct bp_tz *tz;
	struct bp_query_config config;
	struct bp_filter filter;
	struct bp_period period;
	enum bp_costs_by by;
	bool compat;         /* by ccusage's rules */
	bool reported;       /* --reported */
	bool all;            /* of everything: no filter was given */
	bool blocks_wanted;  /* --blocks */
	int64_t token_limit; /* 0: none */
	size_t limit;        /* rows that are shown; the others are one */
	struct bp_costs costs;
	struct bp_costs days;    /* of the same, for the sparkline; empty unless wanted */
	struct bp_blocks blocks; /* --blocks, else the active one */
	struct bp_projection projection;
	struct bp_budgets budgets;
	struct bp_limits limits;
};

/** Tables, and the lines around them. */
void bp_costs_show(const struct bp_costs_request *request, const struct bp_cli *cli);

/**
 * --format chart: cost and tokens over time, by hour up to 48 h, else by day. request->costs are by
 * day; they may be by hour afterwards. Errors: those of bp_costs_read().
 */
BP_MUSTUSE enum bp_rc bp_costs_chart(struct bp_costs_request *request, const struct bp_cli *cli,
				     struct bp_err *err);

/** `costs reprice`. Returns the exit code. */
int bp_costs_reprice(const struct bp_cli *cli);

#endif

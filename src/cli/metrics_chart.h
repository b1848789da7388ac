/* SPDX-License-Identifier: MIT */
/**
 * metrics_chart.h - `metrics --format chart`: the main metrics over time.
 *
 * Threads: one.
 */
#ifndef BP_CLI_METRICS_CHART_H
#define BP_CLI_METRICS_CHART_H

#include "cli/cmd.h"
#include "query/totals.h"

/**
 * Draw what the question is about, by hour up to 48 h, else by day, whatever question->by says; a
 * period without an end is as long as there is data. whole: of all the period. all: every metric, not only the ones most
 * wanted. What is nowhere known is left out; without any data nothing is drawn.
 * Errors: those of bp_totals_read().
 */
BP_MUSTUSE enum bp_rc bp_metrics_chart(const struct bp_cli *cli, struct bp_sql *sql,
				       const struct bp_totals_question *question,
				       const struct bp_totals *whole, bool all, struct bp_err *err);

#endif

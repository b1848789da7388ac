/* SPDX-License-Identifier: MIT */
/**
 * show.h - numbers as people read them: 1.2M, 84.0 %, 3:05 h, +12.3 %.
 */
#ifndef BP_CLI_SHOW_H
#define BP_CLI_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tz.h"
#include "cli/print.h"
#include "query/budget.h"
#include "query/metrics.h"
#include "query/trends.h"

enum { BP_SHOW_BYTES = 48 };

/** 987, 12.3k, 4.56M; exact: the number itself. */
void bp_show_count(char out[BP_SHOW_BYTES], double value, bool exact);

/** "$12.34", "$0.0042": two digits that count; exact: dollars alone, all digits. */
void bp_show_usd(char out[BP_SHOW_BYTES], int64_t pusd, bool exact);

/** The same of dollars; NAN: "no price". */
void bp_show_cost(char out[BP_SHOW_BYTES], double usd, bool exact);

/** A metric's value by its unit; "-" for NAN. exact: for CSV and Markdown, without rounding. */
void bp_show_metric(char out[BP_SHOW_BYTES], const struct bp_metric *metric, double value,
		    bool exact);

/** "+12.3 %" with an arrow before it (ASCII: + and - alone); "new" from 0; "" when not known. */
void bp_show_trend(char out[BP_SHOW_BYTES], struct bp_trend trend, bool arrow);

/** A line for each budget that is nearly or wholly spent. */
void bp_show_budgets(const struct bp_print *print, const struct bp_budgets *budgets);

/** Green for a change to the better, red for the worse. */
enum bp_paint bp_show_paint(const struct bp_metric *metric, struct bp_trend trend);

/** "2026-01-31 09:30" in the zone; "-" for BP_SQL_NULL. */
void bp_show_time(char out[BP_SHOW_BYTES], const struct bp_tz *tz, int64_t ts_us);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * insights_show.h - insights as people read them: what, the numbers, what to do.
 *
 * Threads: one.
 */
#ifndef BP_CLI_INSIGHTS_SHOW_H
#define BP_CLI_INSIGHTS_SHOW_H

#include "cli/print.h"
#include "query/insights.h"

/** Paragraphs; a sentence when there is nothing to say. */
void bp_insights_show(const struct bp_insights *insights, const struct bp_print *print);

/** One row each, for CSV and Markdown. */
void bp_insights_table(const struct bp_insights *insights, const struct bp_print *print);

#endif

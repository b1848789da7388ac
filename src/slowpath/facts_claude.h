/* SPDX-License-Identifier: MIT */
/**
 * facts_claude.h - the parts of what a row of Claude Code says.
 *
 * Place:   inside src/slowpath; facts_claude.c calls them for each row.
 * Threads: the caller's.
 */
#ifndef BP_SLOWPATH_FACTS_CLAUDE_H
#define BP_SLOWPATH_FACTS_CLAUDE_H

#include "slowpath/row_view.h"

/** Join the model's response of an assistant line, and the advisors' that it asked. */
void bp_claude_model_call(const struct bp_row_view *row);

/** Join the calls and results of tools. */
void bp_claude_tools(const struct bp_row_view *row);

#endif

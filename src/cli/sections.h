/* SPDX-License-Identifier: MIT */
/**
 * sections.h - pieces of screens that stats and analyze share: a title and a table each.
 *
 * Why:     the same thing looks the same wherever it is shown. A section without rows prints
 *          nothing.
 * Threads: one.
 */
#ifndef BP_CLI_SECTIONS_H
#define BP_CLI_SECTIONS_H

#include "base/tz.h"
#include "cli/print.h"
#include "query/context.h"
#include "query/distributions.h"
#include "query/phases.h"
#include "query/sequences.h"
#include "query/subagents.h"
#include "query/turns.h"

/** A blank line and the title; nothing in CSV, which is one table. */
void bp_section_title(const struct bp_print *print, const char *text);

/** Edits by extension. */
void bp_section_files(const struct bp_file_types *files, const struct bp_print *print);

/** One line a prompt. */
void bp_section_turns(const struct bp_turns *turns, const struct bp_print *print,
		      const struct bp_tz *tz);

/** The tools that most often follow each other. */
void bp_section_habits(const struct bp_sequences *sequences, const struct bp_print *print);

/** How turns went on after the prompt. */
void bp_section_patterns(const struct bp_patterns *patterns, const struct bp_print *print);

/** Exploring, editing, checking. */
void bp_section_phases(const struct bp_phases *phases, const struct bp_print *print);

/** Each sub-agent. */
void bp_section_subagents(const struct bp_subagents *agents, const struct bp_print *print);

/** Sub-agents by type. */
void bp_section_subagent_types(const struct bp_subagent_types *types, const struct bp_print *print);

/** How full the context was, and, with a zone, each compaction. */
void bp_section_context(const struct bp_context *context, const struct bp_print *print,
			const struct bp_tz *tz);

/** Labels with a bar each. */
void bp_section_shares(const char *title, const char *heading, const struct bp_shares *shares,
		       const struct bp_print *print);

/** A share of 0..1 as a bar in a cell; nothing on a screen too narrow for bars (below 60). */
void bp_section_bar(struct bp_table *table, double share, const struct bp_print *print);

#endif

/* SPDX-License-Identifier: MIT */
/**
 * platform.h - how one platform's rows become evidence. One file facts_<platform>.c each, listed
 * in platforms.c.
 */
#ifndef BP_SLOWPATH_PLATFORM_H
#define BP_SLOWPATH_PLATFORM_H

#include "slowpath/fact_set.h"
#include "store/raw.h"

struct bp_platform {
	const char *name; /* as in events: claude_code */

	/** Join the evidence of one row into the set: a pure function of the row. NULL, or why the
	 *  row cannot be used (a literal for fact_error). */
	const char *(*evidence)(const struct bp_raw_row *row, struct bp_fact_set *set);
};

/** The platform of that name, NULL when its rows make no facts. */
const struct bp_platform *bp_platform_find(struct bp_str name);

extern const struct bp_platform bp_platform_claude;

#endif

/* SPDX-License-Identifier: MIT */
/**
 * top_view.h - what `top` looks like: the present as a frame.
 *
 * Threads: pure.
 */
#ifndef BP_CLI_TOP_VIEW_H
#define BP_CLI_TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/tz.h"
#include "cli/frame.h"
#include "query/current.h"

enum bp_top_sort { BP_TOP_LAST, BP_TOP_TOKENS, BP_TOP_TOOLS, BP_TOP_SORT_COUNT };

/** What the user chose. */
struct bp_top_view {
	const struct bp_tz *tz;
	enum bp_top_sort sort; /* of sessions */
	size_t scroll;         /* events passed over */
	bool paused, help;
	const char *notice; /* in the last line; NULL */
};

/** Fill the frame. current is only read; its sessions are put into the order of view->sort. */
void bp_top_draw(struct bp_frame *frame, struct bp_current *current,
		 const struct bp_top_view *view);

#endif

/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "capture/capture.h"

#define AT(member) offsetof(struct bp_capture_config, member)

const struct bp_option bp_capture_options[] = {
	{"capture.rescan", BP_OPTION_DURATION, AT(rescan_us), "10s", 100000, 3600000000, NULL,
	 false, "how often all sources are looked at again, behind inotify"},
	{"capture.depth_max", BP_OPTION_INT, AT(depth_max), "10000", 100, 10000000, NULL, false,
	 "entries in the queue at which files wait"},
	{"sources.claude_code.enabled", BP_OPTION_BOOL, AT(claude_enabled), "true", 0, 0, NULL,
	 false, "read Claude Code's transcripts"},
	{"sources.claude_code.roots", BP_OPTION_LIST, AT(claude_roots), "", 0, 0, NULL, false,
	 "its config folders; empty: CLAUDE_CONFIG_DIR, ~/.claude, ~/.config/claude"},
	{.name = NULL},
};

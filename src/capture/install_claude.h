/* SPDX-License-Identifier: MIT */
/**
 * install_claude.h - inside src/capture: our entries in the text of Claude Code's settings.
 */
#ifndef BP_CAPTURE_INSTALL_CLAUDE_H
#define BP_CAPTURE_INSTALL_CLAUDE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/** How many entries of ours there are. */
size_t bp_claude_hooks_count(const struct bp_buf *text);

/** Add our command to every event that has none, and bring others of ours up to date. text is one
 *  JSON object. Errors: BP_EINVAL "hooks" has another shape; text is to be thrown away. */
BP_MUSTUSE enum bp_rc bp_claude_hooks_add(struct bp_buf *text, const char *command,
					  struct bp_err *err);

/** Take out every entry of ours, and what it leaves empty. */
void bp_claude_hooks_remove(struct bp_buf *text);

#endif

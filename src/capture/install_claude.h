/* SPDX-License-Identifier: MIT */
/**
 * install_claude.h - inside src/capture: our entries in the text of Claude Code's settings.
 */
#ifndef BP_CAPTURE_INSTALL_CLAUDE_H
#define BP_CAPTURE_INSTALL_CLAUDE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/** How many entries of ours there are: hooks, the guard, the status line. */
size_t bp_claude_hooks_count(const struct bp_buf *text);

/** Add our command to every event that has none, and bring others of ours up to date. text is one
 *  JSON object. Errors: BP_EINVAL "hooks" has another shape; text is to be thrown away. */
BP_MUSTUSE enum bp_rc bp_claude_hooks_add(struct bp_buf *text, const char *command,
					  struct bp_err *err);

/** Add the guard's command to the events at which it can stop a session, or bring it up to date.
 *  Errors: as bp_claude_hooks_add(). */
BP_MUSTUSE enum bp_rc bp_claude_guard_add(struct bp_buf *text, const char *command,
					  struct bp_err *err);

/** Make ours the status line, or bring it up to date. Errors: BP_EINVAL there is another one
 *  already; text is to be thrown away. */
BP_MUSTUSE enum bp_rc bp_claude_statusline_add(struct bp_buf *text, const char *command,
					       struct bp_err *err);

/** Take out every entry of ours, and what it leaves empty. */
void bp_claude_hooks_remove(struct bp_buf *text);

#endif
